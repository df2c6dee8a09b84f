"""What goes wrong in GAN training, told from what a run measures: rules on numbers, no networks.

Every threshold was measured (``benchmarks/stability.md``): runs that were made to fail pass it,
runs with the default recipe keep away from it.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vidgan.config import TrainConfig
from vidgan.losses import LOSSES

HEALTH_NAME = "health.jsonl"
# Steps whose means are judged together.
WINDOW = 50

Figures = dict[str, float]


@dataclass(frozen=True)
class HealthRule:
    """Something that can be wrong with a training.

    Attributes:
        name: what it is called.
        advice: what to change, options by name.
        seen: from the figures so far, oldest first, to what is wrong with the newest, or None.
        patience: how often in a row it must be seen, or not be seen, to be believed.
        grace: steps of a training in which it does not count.
        applies: whether it is a trouble at all with these options.
    """

    name: str
    advice: str
    seen: Callable[[Sequence[Figures]], str | None]
    patience: int
    grace: int = 0
    applies: Callable[[TrainConfig], bool] = lambda train: True


@dataclass(frozen=True)
class HealthEvent:
    """That a trouble has appeared or has gone.

    Attributes:
        step: when.
        trouble: its name.
        gone: whether it has gone.
        text: what was seen and what to do about it.
    """

    step: int
    trouble: str
    gone: bool
    text: str

    def __str__(self) -> str:
        return f"step {self.step}: {self.text}"


WON = 0.98
# The generator is catching up where its loss falls by this share from one window to the next.
CATCHING_UP = 0.1
# A discriminator that is right less often, over both sides, cannot tell them apart ...
CHANCE = 0.6
# ... which is how training should end, unless it takes nearly all of one side for the other ...
FOOLED = 0.05
# ... or the generator gets no gradient from it.
VANISHED = 3e-3
# A Wasserstein critic on black pictures, which learns, has 500; a generator late in a long training
# 180; learning rates fifty times too high give thousands.
EXPLODED = 1000.0


def _right(figures: Figures) -> float:
    return (figures["d_acc_real"] + figures["d_acc_fake"]) / 2


def _discriminator_won(history: Sequence[Figures]) -> str | None:
    now, before = history[-1], history[-2 if len(history) > 1 else -1]
    if min(now["d_acc_real"], now["d_acc_fake"]) < WON:
        return None
    if before["g_loss"] - now["g_loss"] > CATCHING_UP * abs(before["g_loss"]):
        return None
    return (
        f"the discriminator has won (right on {now['d_acc_real']:.0%} of real and "
        f"{now['d_acc_fake']:.0%} of generated clips, the generator's loss is {now['g_loss']:.3g})"
    )


def _discriminator_gave_up(history: Sequence[Figures]) -> str | None:
    now = history[-1]
    fooled = min(now["d_acc_real"], now["d_acc_fake"]) < FOOLED
    if _right(now) > CHANCE or not (fooled or now.get("g_norm", VANISHED) < VANISHED):
        return None
    return (
        f"the discriminator has given up (right on {now['d_acc_real']:.0%} of real and "
        f"{now['d_acc_fake']:.0%} of generated clips)"
    )


def _exploding_gradient(history: Sequence[Figures]) -> str | None:
    norms = {
        "generator": history[-1].get("g_norm", 0),
        "discriminator": history[-1].get("d_norm", 0),
    }
    network = max(norms, key=lambda name: norms[name])
    if norms[network] < EXPLODED:
        return None
    return f"the gradient of the {network} explodes (its norm is {norms[network]:.0f})"


def _vanishing_gradient(history: Sequence[Figures]) -> str | None:
    now = history[-1]
    if _right(now) <= CHANCE or now.get("g_norm", VANISHED) >= VANISHED:
        return None
    return f"the gradient of the generator has vanished (its norm is {now['g_norm']:.1g})"


ALIKE = 1 / 3
# Clips that differ more from check to check, by this factor, are on their way.
RISING = 1.1
BY_HEART = 0.6


def _mode_collapse(history: Sequence[Figures]) -> str | None:
    now = history[-1].get("diversity", 1.0)
    before = history[-2].get("diversity", 1.0) if len(history) > 1 else now
    if now > ALIKE or now > RISING * before:
        return None
    return f"mode collapse (generated clips differ {now:.0%} as much as training clips do)"


def _memorisation(history: Sequence[Figures]) -> str | None:
    now = history[-1]
    gap = now.get("overfitting", 0.0)
    if gap < BY_HEART:
        return None
    return (
        f"the discriminator knows the training clips by heart (a held-out clip passes for real "
        f"{gap:.0%} less often than one of them)"
    )


# Told from the means of WINDOW steps.
OF_STEPS = (
    HealthRule(
        "winning discriminator",
        "halve --d-lr, raise --r1 or use --augment translation,color",
        _discriminator_won,
        # One that judges pairs wins the first 200 steps of healthy trainings, too.
        patience=5,
        # A Wasserstein critic is meant to lead; its penalty keeps the gradient alive.
        applies=lambda train: not LOSSES[train.loss].discriminator_leads,
    ),
    HealthRule(
        "idle discriminator", "raise --d-lr or lower --r1", _discriminator_gave_up, patience=3
    ),
    HealthRule(
        "exploding gradient",
        "lower --g-lr and --d-lr, or raise --r1",
        _exploding_gradient,
        patience=2,
    ),
    HealthRule(
        "vanishing gradient",
        "use --loss non-saturating, or lower --d-lr and --g-lr",
        _vanishing_gradient,
        patience=2,
    ),
)
# Told from generated clips.
OF_SAMPLES = (
    HealthRule(
        "mode collapse",
        "lower --g-lr, raise --r1 or use --unroll 3",
        _mode_collapse,
        patience=2,
        grace=200,
    ),
    HealthRule(
        "memorisation",
        "preprocess more video, or use --augment translation,color,cutout",
        _memorisation,
        patience=3,
    ),
)


class Watch:
    """Follows figures, one set after the other, and tells which troubles come and go.

    Args:
        troubles: what to look for.
        train: the options of training.
        standing: troubles that are there already.
    """

    def __init__(
        self, troubles: Iterable[HealthRule], train: TrainConfig, standing: Iterable[str] = ()
    ) -> None:
        self.troubles = [trouble for trouble in troubles if trouble.applies(train)]
        self.standing = set(standing)
        # Rules compare with the figures before; none looks further back.
        self.history: deque[Figures] = deque(maxlen=2)
        self.changing = dict.fromkeys((trouble.name for trouble in self.troubles), 0)

    def add(self, step: int, figures: Figures) -> list[HealthEvent]:
        """Take in the newest figures; return what has appeared or gone."""
        self.history.append(figures)
        found = (self._ask(each, step) for each in self.troubles if step > each.grace)
        return [finding for finding in found if finding is not None]

    def _ask(self, trouble: HealthRule, step: int) -> HealthEvent | None:
        name, text = trouble.name, trouble.seen(self.history)
        stands = name in self.standing
        self.changing[name] = self.changing[name] + 1 if (text is not None) != stands else 0
        if self.changing[name] < trouble.patience:
            return None
        self.changing[name] = 0
        self.standing ^= {name}
        if text is None:
            return HealthEvent(step, name, True, f"{name}: over")
        return HealthEvent(step, name, False, f"{text}: {trouble.advice}")


def read(path: Path) -> list[HealthEvent]:
    """Read ``health.jsonl``; a line that a kill cut off is left out."""
    findings = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            findings.append(HealthEvent(**json.loads(line)))
        except (TypeError, ValueError):
            continue
    return findings


def as_line(finding: HealthEvent) -> str:
    """Return a finding as a line of ``health.jsonl``."""
    return json.dumps(asdict(finding), ensure_ascii=False) + "\n"


def standing(findings: Iterable[HealthEvent]) -> list[HealthEvent]:
    """Return the findings that have not gone, in the order in which they appeared."""
    last = {finding.trouble: finding for finding in findings}
    return sorted((each for each in last.values() if not each.gone), key=lambda each: each.step)
