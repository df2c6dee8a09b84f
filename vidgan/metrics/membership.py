"""Membership inference: whether a discriminator's logits tell training clips from test clips."""

from dataclasses import dataclass

import numpy as np

from vidgan.metrics.checks import logits
from vidgan.metrics.interval import LEVEL, Interval, check_level


@dataclass(frozen=True)
class Membership:
    """What an attacker with the discriminator can know of who was trained on.

    Attributes:
        auc: the chance that a training clip has the higher logit than a test clip, ties by half:
            0.5 where the discriminator gives nothing away, 1 where it gives everything away.
        advantage: the largest true positive rate minus false positive rate of any threshold
            (1709.01604), in [0, 1]. The threshold is chosen on the same clips, so chance gives more
            than 0: see ``p_value``.
        p_value: how often chance gives so large an advantage in either direction (the two-sample
            test of Kolmogorov and Smirnov).
    """

    auc: Interval
    advantage: float
    p_value: float


def membership_inference(train: np.ndarray, test: np.ndarray, level: float = LEVEL) -> Membership:
    """Attack by the discriminator's logits, as 1705.07663 (LOGAN) does.

    Args:
        train: logits of training clips, ``(n,)``; the more real a clip is taken for, the higher.
        test: logits of clips from the same source that were not trained on, ``(m,)``.
        level: of confidence of the area's interval, in (0, 1).

    Raises:
        InputError: no logits, another shape, or NaN.
        OptionError: a level that cannot be.
    """
    from scipy.stats import ks_2samp, rankdata

    check_level(level)
    train, test = logits(train, "training clips"), logits(test, "test clips")
    n, m = len(train), len(test)
    ranks = rankdata(np.concatenate([train, test]))
    auc = float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
    both = np.sort(np.concatenate([train, test]))
    below = [np.searchsorted(np.sort(each), both, "right") / len(each) for each in (test, train)]
    return Membership(
        auc=Interval(auc, *_auc_bounds(auc, n, m, level), level),
        advantage=max(0.0, float(np.max(below[0] - below[1]))),
        p_value=float(ks_2samp(train, test).pvalue),
    )


def _auc_bounds(auc: float, n: int, m: int, level: float) -> tuple[float, float]:
    """Return the ends of the area's interval, by method 5 of Newcombe (2006, Stat. Med. 25).

    The variance is Hanley's and McNeil's at the end itself, not at the estimate, so that areas of
    0 and 1 have an interval with a width, too.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    z, half = float(norm.ppf((1 + level) / 2)), (n + m) / 2 - 1

    def excess(end: float) -> float:
        spread = 1 + half * ((1 - end) / (2 - end) + end / (1 + end))
        return (auc - end) ** 2 - z**2 * end * (1 - end) * spread / (n * m)

    # Areas of 0 and 1 are ends by themselves; the ends wanted lie inside.
    low = brentq(excess, 0.0, min(auc, 1 - 1e-9)) if auc > 0 else 0.0
    high = brentq(excess, max(auc, 1e-9), 1.0) if auc < 1 else 1.0
    return float(low), float(high)
