"""Taking over what a video says about itself and its parts: title, date, languages, chapters."""

from fractions import Fraction
from typing import Any

# What a container says of itself, not of the video.
_OF_THE_FILE = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
_OF_A_TRACK = ("language", "title")
# Containers with room for chapters.
_TAKES_CHAPTERS = frozenset({".mp4", ".mkv", ".webm"})


def label(source: Any, output: Any, suffix: str, begin: Fraction, end: Fraction | None) -> bool:
    """Copy metadata and chapters; to be called before the first packet.

    Args:
        source: an open PyAV container.
        output: likewise.
        suffix: its kind, such as ``.mp4``.
        begin: where the output begins, in seconds of the source.
        end: where it ends; None for the end of the source.

    Returns:
        Whether all chapters of that span could be kept.
    """
    for key, value in source.metadata.items():
        if key.lower() not in _OF_THE_FILE:
            output.metadata[key] = value
    chapters = [_shifted(chapter, begin, end) for chapter in source.chapters()]
    chapters = [chapter for chapter in chapters if chapter["end"] > chapter["start"]]
    if suffix not in _TAKES_CHAPTERS:
        return not chapters
    output.set_chapters(chapters)
    return True


def _shifted(chapter: dict[str, Any], begin: Fraction, end: Fraction | None) -> dict[str, Any]:
    """Return what of a chapter lies in a span, in its own clock; empty where nothing does."""
    tick = chapter["time_base"]
    last = chapter["end"] if end is None else min(chapter["end"], round(end / tick))
    shift = round(begin / tick)
    return chapter | {"start": max(0, chapter["start"] - shift), "end": last - shift}


def label_track(source: Any, made: Any) -> None:
    """Copy a stream's language, title and whether it is played unless another is chosen."""
    for key in _OF_A_TRACK:
        if key in source.metadata:
            made.metadata[key] = source.metadata[key]
    made.disposition = source.disposition
