"""``report.html``: what ``vidgan evaluate`` found, as one page to look at.

The file holds all that it shows and loads nothing: no script, no font, no picture from elsewhere. A
content security policy in its head makes browsers refuse whatever would.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidgan.files import atomic_path
from vidgan.jobs.evaluate.report.page import charts, figures, histograms, pictures

if TYPE_CHECKING:
    from vidgan.jobs.evaluate.report.page.pictures import Still, Video

# All pictures and videos of a page together, before base64 makes them a third larger. A page of a
# few MB opens at once and can be sent by mail.
MEDIA_BYTES = 3 << 20
# What one of them may take where there are few.
PICTURE_BYTES = 640 << 10


@dataclass(frozen=True)
class Media:
    """What the page shows of a run beside its figures.

    Attributes:
        clips: uint8 RGB ``(n, frames, height, width, 3)`` by the name of their set, such as
            ``real`` and ``generated``; ``n`` may be 0.
        fps: frames a second at which the clips play.
        sheets: uint8 RGB ``(height, width, 3)`` by caption.
        log: the run's ``log.csv``, for curves; None, or a file that is not there, gives none.
        strips: videos as wide as the page, uint8 RGB ``(frames, height, width, 3)`` by caption.
    """

    clips: Mapping[str, np.ndarray]
    fps: float
    sheets: Mapping[str, np.ndarray]
    log: Path | None = None
    strips: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportView:
    """A report and its media as the template takes them.

    Attributes:
        label: how the page names it among several.
        report: the report.
        videos: by the name of their set.
        strips: by caption.
        sheets: by caption.
        charts: SVG elements.
        histograms: of motion, likewise.
    """

    label: str
    report: dict[str, Any]
    videos: "dict[str, Video]"
    strips: "dict[str, Video]"
    sheets: "dict[str, Still]"
    charts: list[str]
    histograms: list[str]


def write(path: Path, reports: list[dict[str, Any]], media: list[Media]) -> None:
    """Write the page of one report, or one that compares several.

    Clips and pictures are thinned out until they fit ``MEDIA_BYTES``; their captions say so. With
    several reports a row's best value is marked if all were measured alike.

    Args:
        path: an ``.html`` file; it appears whole or not at all.
        reports: as ``vidgan evaluate`` writes them, at least one.
        media: one for each.

    Raises:
        ExportError: the page, or a video on the way to it, cannot be written.
        ValueError: there are not as many media as reports, or none.
    """
    if not reports or len(reports) != len(media):
        raise ValueError(f"expected a Media for each report, found {len(media)}, {len(reports)}")
    text = render(reports, media)
    with atomic_path(path) as temporary:
        # A file name that is no UTF-8 must not cost the report.
        temporary.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")


def render(reports: list[dict[str, Any]], media: list[Media]) -> str:
    """Return the page that :func:`write` writes."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("vidgan.jobs.evaluate.report.page", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": figures.number, "plain": figures.plain}
    labels = figures.labels(len(reports))
    shown = sum(len(each.clips) + len(each.strips) + len(each.sheets) for each in media)
    budget = min(PICTURE_BYTES, MEDIA_BYTES // max(1, shown))
    drawn = charts.draw([each.log for each in media])
    runs = [
        ReportView(
            label,
            report,
            {
                name: pictures.video(clips, each.fps, budget)
                for name, clips in each.clips.items()
                if len(clips)
            },
            {
                caption: pictures.video(strip[None], each.fps, budget, pictures.WIDE)
                for caption, strip in each.strips.items()
            },
            {caption: pictures.still(sheet, budget) for caption, sheet in each.sheets.items()},
            curves,
            moving,
        )
        for label, report, each, curves, moving in zip(
            labels, reports, media, drawn, histograms.draw(reports), strict=True
        )
    ]
    return environment.get_template("page.html").render(
        runs=runs, groups=figures.groups(reports), differences=figures.differences(reports)
    )
