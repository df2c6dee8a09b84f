"""Health rules: detect common failures of GAN training from logged values, without networks.

Every threshold was measured (``benchmarks/stability.md``): runs that were set up to fail exceed it,
runs with the default options stay clear of it.
"""

import contextlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from vidgan import json_files
from vidgan.config import TrainConfig
from vidgan.json_files import Count, Text
from vidgan.losses import LOSSES

HEALTH_NAME = "health.jsonl"
# Names of events that decide about more than a message.
DIVERGENCE, WORTHLESS = "divergence", "worthless samples"
WORTHLESS_ADVICE = "train longer, or lower --g-lr and --d-lr"
# Steps that are averaged before the rules on steps are checked.
WINDOW = 50

Figures = dict[str, float]


@dataclass(frozen=True)
class HealthRule:
    """A problem that a training can have, and how to detect it.

    Attributes:
        name: name of the problem.
        advice: what to change, with the names of options.
        detect: from the values so far, oldest first, to a description of the problem, or None.
        patience: number of consecutive checks that must agree before the state changes.
        grace: steps at the start of a training in which the rule is not checked.
        applies: whether the rule is checked at all with these options.
    """

    name: str
    advice: str
    detect: Callable[[Sequence[Figures]], str | None]
    patience: int
    grace: int = 0
    applies: Callable[[TrainConfig], bool] = lambda train: True


@dataclass(frozen=True)
class HealthEvent:
    """A problem that was detected, or is resolved: a line of ``health.jsonl``.

    Attributes:
        step: training step.
        rule: name of the :class:`HealthRule`.
        resolved: whether the problem is over.
        message: description and advice.
    """

    step: int
    rule: str
    resolved: bool
    message: str

    def __str__(self) -> str:
        return f"step {self.step}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; the keys are those of the file format since version 0.1.0."""
        return {
            "step": self.step,
            "trouble": self.rule,
            "gone": self.resolved,
            "text": self.message,
        }

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Read the values of :meth:`to_json`.

        Raises:
            ValueError: they are no event.
        """
        line = json_files.convert(values, _Line)
        return cls(line.step, line.trouble, line.gone, line.text)


class _Line(msgspec.Struct):
    step: Count
    trouble: Text
    gone: bool
    text: Text


WON = 0.98
# The generator is catching up if its loss falls by this fraction from one window to the next.
CATCHING_UP = 0.1
# Below this accuracy, the mean over real and generated clips, the discriminator is guessing ...
CHANCE = 0.6
# ... which is how training should end, unless nearly all clips of one kind are misclassified ...
FOOLED = 0.05
# ... or gives the generator no gradient.
VANISHED = 3e-3
# A healthy Wasserstein critic on black frames reaches 500, a generator late in a long training 180;
# learning rates fifty times too high give thousands.
EXPLODED = 1000.0


def _accuracy(figures: Figures) -> float:
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
    if _accuracy(now) > CHANCE or not (fooled or now.get("g_norm", VANISHED) < VANISHED):
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
    if _accuracy(now) <= CHANCE or now.get("g_norm", VANISHED) >= VANISHED:
        return None
    return f"the gradient of the generator has vanished (its norm is {now['g_norm']:.1g})"


ALIKE = 1 / 3
# Diversity that grows by this factor from check to check is recovering.
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


# Steps in which the samples of a healthy training take shape, so that they say nothing of it.
GRACE = 200
TOO_EARLY = f"too early to judge; a training needs more than {GRACE} steps for that"
# Limits of the figures of vidgan.training.sample_quality for clips that show something.
CLIPPED, FLAT, BLANK, NOISY, GRAINY, UNLIKE = 0.4, 0.15, 0.25, 4.0, 2.5, 0.35
# Contrast below which samples are blank even at a time when healthy ones are faint.
EMPTY = 0.05


def _empty(now: Figures, least: float) -> str | None:
    if now.get("clipped", 0.0) > CLIPPED:
        return f"samples are black or white ({now['clipped']:.0%} of their pixels)"
    if now.get("contrast", 1.0) < least:
        return f"samples are blank (contrast {now['contrast']:.0%} of the training clips')"
    return None


def _worthless(history: Sequence[Figures]) -> str | None:
    now = history[-1]
    if empty := _empty(now, FLAT):
        return empty
    if now.get("blank", 0.0) > BLANK:
        return f"{now['blank']:.0%} of the samples are blank"
    if now.get("detail", 1.0) > NOISY:
        return f"samples are noise (detail {now['detail']:.1f} times that of training clips)"
    if now.get("grain", 1.0) > GRAINY:
        return f"samples are noise (grain {now['grain']:.1f} times that of training clips)"
    if now.get("resemblance", 1.0) < UNLIKE:
        return (
            "samples resemble no training clip (correlation with the nearest one "
            f"{now['resemblance']:.2f})"
        )
    return None


def early_failure(step: int, figures: Figures) -> HealthEvent | None:
    """Return the event of a training that ends within :data:`GRACE` with samples of nothing.

    Other problems cannot be told so early, so this is None for samples that show anything.
    """
    if step > GRACE or (empty := _empty(figures, EMPTY)) is None:
        return None
    return HealthEvent(step, WORTHLESS, False, f"{empty}: {WORTHLESS_ADVICE}")


# Checked on the means of WINDOW steps.
STEP_RULES = (
    HealthRule(
        "winning discriminator",
        "halve --d-lr, raise --r1 or use --augment translation,color",
        _discriminator_won,
        # A discriminator of pairs of clips wins the first 200 steps of healthy trainings, too.
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
# Checked on generated clips.
SAMPLE_RULES = (
    HealthRule(
        "mode collapse",
        "lower --g-lr, raise --r1 or use --unroll 3",
        _mode_collapse,
        patience=2,
        grace=GRACE,
    ),
    HealthRule(
        WORTHLESS,
        WORTHLESS_ADVICE,
        _worthless,
        patience=1,
        grace=GRACE,
    ),
    HealthRule(
        "memorisation",
        "preprocess more video, or use --augment translation,color,cutout",
        _memorisation,
        patience=3,
    ),
)


class HealthTracker:
    """Checks rules on successive values and returns an event whenever a problem comes or goes.

    Args:
        rules: the rules to check.
        train: the options of training.
        active: names of problems that are present at the start.
    """

    def __init__(
        self, rules: Iterable[HealthRule], train: TrainConfig, active: Iterable[str] = ()
    ) -> None:
        self.rules = [rule for rule in rules if rule.applies(train)]
        self.active = set(active)
        # Rules compare with the previous values only.
        self.history: deque[Figures] = deque(maxlen=2)
        # Consecutive checks that contradict the current state, by rule.
        self.contradictions = dict.fromkeys((rule.name for rule in self.rules), 0)

    def add(self, step: int, figures: Figures) -> list[HealthEvent]:
        """Add the newest values; return the events that follow."""
        self.history.append(figures)
        events = (self._check(rule, step) for rule in self.rules if step > rule.grace)
        return [event for event in events if event is not None]

    def _check(self, rule: HealthRule, step: int) -> HealthEvent | None:
        name, description = rule.name, rule.detect(self.history)
        contradicts = (description is not None) != (name in self.active)
        self.contradictions[name] = self.contradictions[name] + 1 if contradicts else 0
        if self.contradictions[name] < rule.patience:
            return None
        self.contradictions[name] = 0
        self.active ^= {name}
        if description is None:
            return HealthEvent(step, name, True, f"{name}: over")
        return HealthEvent(step, name, False, f"{description}: {rule.advice}")


def read_events(path: Path) -> list[HealthEvent]:
    """Read ``health.jsonl``; skip a line that was cut off when the process was killed."""
    events = []
    with path.open("rb") as file:
        for line in file.read(json_files.MAX_BYTES).decode(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                events.append(HealthEvent.from_json(json_files.decode(line)))
    return events


def to_json_line(event: HealthEvent) -> str:
    """Return an event as a line of ``health.jsonl``."""
    return json.dumps(event.to_json(), ensure_ascii=False) + "\n"


def unresolved(events: Iterable[HealthEvent]) -> list[HealthEvent]:
    """Return the events of problems that are not resolved, by step."""
    last = {event.rule: event for event in events}
    return sorted(
        (event for event in last.values() if not event.resolved), key=lambda event: event.step
    )
