"""Membership inference: detecting training clips by the discriminator's logits."""

from dataclasses import dataclass

import numpy as np

from vidgan.metrics.checks import logits
from vidgan.metrics.interval import LEVEL, Interval, check_level


@dataclass(frozen=True)
class Membership:
    """Success of a membership inference attack.

    Attributes:
        auc: area under the ROC curve: the probability that a training clip has a higher logit than
            a test clip. 0.5 without any leak, 1 for a complete one.
        advantage: the largest difference between true and false positive rate over all thresholds
            (arXiv 1709.01604), in [0, 1]. Positively biased, since the threshold is chosen on the
            same clips: see ``p_value``.
        p_value: of the two-sample Kolmogorov–Smirnov test.
    """

    auc: Interval
    advantage: float
    p_value: float


def membership_inference(train: np.ndarray, test: np.ndarray, level: float = LEVEL) -> Membership:
    """Attack with the discriminator's logits, as LOGAN does (arXiv 1705.07663).

    Args:
        train: logits of training clips, ``(n,)``; positive means real.
        test: logits of held-out clips from the same source, ``(m,)``.
        level: confidence level of the interval of the area, in (0, 1).

    Raises:
        InputError: no logits, wrong shapes, or NaN.
        OptionError: the level is not between 0 and 1.
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
    """Return the ends of the interval of the area, by method 5 of Newcombe (2006, Stat. Med. 25).

    The variance (Hanley and McNeil) is evaluated at the ends and not at the estimate, so that the
    interval has a width for areas of 0 and 1 as well.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    z, half = float(norm.ppf((1 + level) / 2)), (n + m) / 2 - 1

    def excess(end: float) -> float:
        spread = 1 + half * ((1 - end) / (2 - end) + end / (1 + end))
        return (auc - end) ** 2 - z**2 * end * (1 - end) * spread / (n * m)

    # Areas of 0 and 1 are trivial solutions.
    low = brentq(excess, 0.0, min(auc, 1 - 1e-9)) if auc > 0 else 0.0
    high = brentq(excess, max(auc, 1e-9), 1.0) if auc < 1 else 1.0
    return float(low), float(high)
