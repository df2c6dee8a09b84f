"""Registry of the groups of metrics that ``vidgan evaluate`` computes.

Declarative, so that ``--help`` can list the groups without loading what computes them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Flag, auto
from functools import reduce
from operator import or_
from pkgutil import resolve_name
from typing import Any


class Need(Flag):
    """What a group reads of the evaluation; nothing else is collected.

    Attributes:
        CLIP_FEATURES: the clips embedded with ``--clip-features``.
        FRAME_FEATURES: their frames embedded with ``--frame-features``.
        MOTION: optical flow and warping errors of the clips.
        PIXELS: the clips at a low resolution.
        NEAREST_TRAINING_CLIPS: which training clips generated clips are nearest to; takes a pass
            over the training clips.
        DISCRIMINATOR: the discriminator's logits of the clips; there is none without a run.
        LABELS: labels of all clips, of two classes or more.
        SAMPLER: the run's sampler, to generate further clips.
    """

    CLIP_FEATURES = auto()
    FRAME_FEATURES = auto()
    MOTION = auto()
    PIXELS = auto()
    NEAREST_TRAINING_CLIPS = auto()
    DISCRIMINATOR = auto()
    LABELS = auto()
    SAMPLER = auto()


NOTHING = Need(0)


@dataclass(frozen=True)
class MetricGroup:
    """Metrics that are computed together.

    Attributes:
        name: the group's name in ``--measures`` and in reports.
        title: its heading on the page.
        needs: what it reads. A group whose needs cannot be met is left out of the report.
        compute: the function that computes it, ``package.module:function``, from
            ``vidgan.jobs.evaluate.metric_inputs.MetricInputs`` to a list of
            ``vidgan.metrics.result.MetricResult``. None for results of another command path.
        selectable: whether ``--measures`` lists it; other groups are computed whenever their needs
            are met.
    """

    name: str
    title: str
    needs: Need
    compute: str | None
    selectable: bool = True

    def load(self) -> Callable[[Any], list[Any]]:
        """Import and return the function that computes the group."""
        assert self.compute is not None, f"{self.name} has nothing to compute"
        function: Callable[[Any], list[Any]] = resolve_name(self.compute)
        return function


_PACKAGE = "vidgan.jobs.evaluate.groups"
# In the order of reports and pages.
METRIC_GROUPS: dict[str, MetricGroup] = {
    group.name: group
    for group in (
        MetricGroup(
            "distance",
            "Distance from the real clips",
            Need.CLIP_FEATURES,
            f"{_PACKAGE}.distances:clip_distances",
        ),
        MetricGroup(
            "frames",
            "Single frames",
            Need.FRAME_FEATURES,
            f"{_PACKAGE}.distances:frame_distances",
        ),
        MetricGroup(
            "coverage",
            "Precision and coverage",
            Need.CLIP_FEATURES,
            f"{_PACKAGE}.coverage:coverage",
        ),
        MetricGroup(
            "diversity",
            "Diversity",
            Need.CLIP_FEATURES,
            f"{_PACKAGE}.diversity:diversity",
        ),
        MetricGroup(
            "motion",
            "Motion",
            Need.MOTION,
            f"{_PACKAGE}.motion:motion",
        ),
        MetricGroup(
            "memorisation",
            "Memorisation",
            Need.CLIP_FEATURES | Need.PIXELS | Need.NEAREST_TRAINING_CLIPS,
            f"{_PACKAGE}.memorisation:memorisation",
        ),
        MetricGroup(
            "discriminator",
            "Discriminator",
            Need.DISCRIMINATOR,
            f"{_PACKAGE}.discriminator:discriminator",
        ),
        # Computed by --paired.
        MetricGroup("fidelity", "Fidelity to the original", NOTHING, None, selectable=False),
        MetricGroup(
            "labels",
            "Labels",
            Need.CLIP_FEATURES | Need.LABELS,
            f"{_PACKAGE}.labels:labels",
        ),
        MetricGroup(
            "speed",
            "Speed",
            Need.SAMPLER,
            f"{_PACKAGE}.speed:speed",
            selectable=False,
        ),
    )
}


def selectable_groups() -> tuple[str, ...]:
    """Return the names that ``--measures`` takes."""
    return tuple(name for name, group in METRIC_GROUPS.items() if group.selectable)


def chosen_groups(measures: str) -> list[MetricGroup]:
    """Return the groups to compute, in the registry's order.

    Args:
        measures: names of selectable groups, joined by commas.
    """
    names = measures.split(",")
    return [
        group
        for group in METRIC_GROUPS.values()
        if group.compute is not None and (group.name in names or not group.selectable)
    ]


def all_needs(groups: Iterable[MetricGroup]) -> Need:
    """Return what some groups need together."""
    return reduce(or_, (group.needs for group in groups), NOTHING)
