"""Copying metadata from one video to another: title, date, languages, chapters."""

from fractions import Fraction
from typing import Any

from av.container import InputContainer, OutputContainer
from av.stream import Stream

from vidgan.video.containers import Container

# What describes the container, not the video.
_CONTAINER_KEYS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
_STREAM_KEYS = ("language", "title")


def copy_metadata(
    source: InputContainer,
    output: OutputContainer,
    container: Container,
    begin: Fraction,
    end: Fraction | None,
) -> bool:
    """Copy a file's metadata and chapters; call it before the first packet is written.

    Args:
        source: the open file.
        output: the file being written.
        container: the type of ``output``.
        begin: start of the output, in seconds of the source.
        end: its end, in seconds of the source; None for the end of the source.

    Returns:
        Whether all chapters between ``begin`` and ``end`` were copied.
    """
    for key, value in source.metadata.items():
        if key.lower() not in _CONTAINER_KEYS:
            output.metadata[key] = value
    chapters: list[Any] = [_shifted(chapter, begin, end) for chapter in source.chapters()]
    chapters = [chapter for chapter in chapters if chapter["end"] > chapter["start"]]
    if not container.chapters:
        return not chapters
    output.set_chapters(chapters)
    return True


def _shifted(chapter: Any, begin: Fraction, end: Fraction | None) -> dict[str, Any]:
    """Return a chapter clipped to a span, relative to its start; empty if it lies outside."""
    time_base = chapter["time_base"]
    last = chapter["end"] if end is None else min(chapter["end"], round(end / time_base))
    shift = round(begin / time_base)
    return {**chapter, "start": max(0, chapter["start"] - shift), "end": last - shift}


def copy_stream_metadata(source: Stream, output: Stream) -> None:
    """Copy a stream's language, title and disposition (whether players choose it by default)."""
    for key in _STREAM_KEYS:
        if key in source.metadata:
            output.metadata[key] = source.metadata[key]
    output.disposition = source.disposition
