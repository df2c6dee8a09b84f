"""The page of a report: an HTML file that plays the clips.

The file contains everything it shows and loads nothing: no script, font or picture from elsewhere.
A content security policy in its head makes browsers refuse anything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vidgan.files import atomic_path
from vidgan.jobs.evaluate.report.page import charts, encoding, histograms, rows
from vidgan.jobs.evaluate.report.page.encoding import EncodedImage, EncodedVideo
from vidgan.jobs.evaluate.report.report import Report
from vidgan.remote.places import shown

# Size of all pictures and videos of a page together, before base64 adds a third. A page of a few MB
# opens at once and can be sent by mail.
MEDIA_BYTES = 3 << 20
# Largest size of one of them.
PICTURE_BYTES = 640 << 10


@dataclass(frozen=True)
class PageMedia:
    """The clips, pictures and curves that a page shows of a report.

    Attributes:
        clips: by the name of their set, such as ``real`` and ``generated``, uint8 RGB
            ``(n, frames, height, width, 3)``; ``n`` may be 0.
        fps: frames per second at which the clips play.
        pictures: by caption, uint8 RGB ``(height, width, 3)``.
        log: the run's ``log.csv``, for curves; None, or a missing file, gives none.
        wide_videos: by caption, videos as wide as the page, uint8 RGB
            ``(frames, height, width, 3)``.
    """

    clips: Mapping[str, np.ndarray]
    fps: float
    pictures: Mapping[str, np.ndarray]
    log: Path | None = None
    wide_videos: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportView:
    """A report and its encoded media, as the template takes them.

    Attributes:
        label: short name of the report where there are several.
        report: the report.
        videos: clips by the name of their set.
        wide_videos: by caption.
        pictures: by caption.
        charts: curves of the training, SVG elements.
        histograms: of motion, SVG elements.
    """

    label: str
    report: Report
    videos: dict[str, EncodedVideo]
    wide_videos: dict[str, EncodedVideo]
    pictures: dict[str, EncodedImage]
    charts: list[str]
    histograms: list[str]


def write(path: Path, reports: Sequence[Report], media: Sequence[PageMedia]) -> None:
    """Write the page of one report, or a page that compares several.

    Clips and pictures are reduced until they fit ``MEDIA_BYTES``; their captions say so. The best
    value of several reports is marked if all have the same protocol.

    Args:
        path: an ``.html`` file; it appears complete or not at all.
        reports: at least one.
        media: one for each report.

    Raises:
        ExportError: the page, or a temporary video, cannot be written.
        ValueError: the numbers of reports and media differ, or there is no report.
    """
    if not reports or len(reports) != len(media):
        raise ValueError(
            f"expected a PageMedia for each report, found {len(media)} for {len(reports)}"
        )
    text = shown(render(reports, media))
    with atomic_path(path) as temporary:
        # File names need not be valid UTF-8.
        temporary.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")


def render(reports: Sequence[Report], media: Sequence[PageMedia]) -> str:
    """Return the page that :func:`write` writes."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("vidgan.jobs.evaluate.report.page", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": rows.number, "plain": rows.plain}
    count = sum(len(each.clips) + len(each.wide_videos) + len(each.pictures) for each in media)
    budget = min(PICTURE_BYTES, MEDIA_BYTES // max(1, count))
    views = [
        _view(label, report, each, budget, curves, motion)
        for label, report, each, curves, motion in zip(
            rows.labels(len(reports)),
            reports,
            media,
            charts.draw([each.log for each in media]),
            histograms.draw(reports),
            strict=True,
        )
    ]
    return environment.get_template("page.html").render(
        runs=views, groups=rows.groups(reports), differences=rows.differences(reports)
    )


def _view(
    label: str,
    report: Report,
    media: PageMedia,
    budget: int,
    curves: list[str],
    motion: list[str],
) -> ReportView:
    return ReportView(
        label,
        report,
        {
            name: encoding.encode_clips(clips, media.fps, budget)
            for name, clips in media.clips.items()
            if len(clips)
        },
        {
            caption: encoding.encode_clips(video[None], media.fps, budget, encoding.WIDE)
            for caption, video in media.wide_videos.items()
        },
        {
            caption: encoding.encode_image(picture, budget)
            for caption, picture in media.pictures.items()
        },
        curves,
        motion,
    )
