"""Conclusions from the metrics, in words."""

from collections.abc import Mapping, Sequence

from vidgan.jobs.evaluate.report.report import Verdict
from vidgan.jobs.evaluate.report.table import number
from vidgan.metrics import Memorisation
from vidgan.metrics.memorisation import MEMORISED
from vidgan.metrics.result import MetricResult

# A Fréchet distance below this multiple of the floor is good.
_GOOD_RATIO = 2


def conclude(
    results: Sequence[MetricResult], memorisation: Mapping[str, Memorisation] | None
) -> list[Verdict]:
    """Return verdicts on Fréchet distances and on memorisation.

    Args:
        results: the metrics.
        memorisation: by ``features`` and ``pixels``; None if not computed.
    """
    distances = [_on_distance(each) for each in results if each.key.startswith("frechet.")]
    return [
        *(verdict for verdict in distances if verdict is not None),
        *(_on_memorisation(space, each) for space, each in (memorisation or {}).items()),
    ]


def _on_distance(result: MetricResult) -> Verdict | None:
    if result.value is None or not result.floor:
        return None
    ratio = result.value / result.floor
    return Verdict(
        "Distance" if result.group == "distance" else "Frames",
        f"{result.title} {number(result.value)}, {ratio:.2g} times the floor of "
        f"{number(result.floor)} between real clips",
        ratio < _GOOD_RATIO,
    )


def _on_memorisation(space: str, found: Memorisation) -> Verdict:
    return Verdict(
        f"Memorisation, by {space}",
        f"{found.verdict} ({found.fraction.value:.0%} of the generated clips are as near to a "
        f"training clip as {found.expected:.0%} of real ones; {found.copies} exact copies)",
        found.verdict != MEMORISED,
    )
