"""Which of a file's picture streams is the video."""

from collections.abc import Iterator

from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

_STILLS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


def streams_left_out(container: InputContainer, chosen: VideoStream) -> Iterator[str]:
    """Yield notes on the picture streams that are not read, such as ``it has a cover …``."""
    others = [stream for stream in container.streams.video if stream.index != chosen.index]
    videos = [each for each in others if not each.disposition & _STILLS and each.frames != 1]
    if len(videos) < len(others):
        yield "it has a cover or another still picture; left out"
    if videos:
        width, height = chosen.codec_context.width, chosen.codec_context.height
        yield (
            f"it has {len(videos) + 1} videos; the one of {width}x{height} is read, stream "
            f"{chosen.index}, the others are left out"
        )


def choose_stream(container: InputContainer) -> VideoStream | None:
    """Return the stream that players show; None if there is none.

    Covers and thumbnails are no video. Of several videos the one is taken that has more than one
    frame, then the default one, then the largest, then the first.
    """
    # PyAV has no context for a codec that FFmpeg does not know.
    known = [stream for stream in container.streams.video if stream.codec_context is not None]
    videos = [stream for stream in known if not stream.disposition & _STILLS] or [
        stream for stream in known if not stream.disposition & Disposition.attached_pic
    ]

    def preference(stream: VideoStream) -> tuple[bool, bool, int]:
        context = stream.codec_context
        return (
            # The header of some formats has no number of frames: 0.
            stream.frames != 1,
            bool(stream.disposition & Disposition.default),
            context.width * context.height,
        )

    # The first of the best.
    return max(videos, key=preference, default=None)
