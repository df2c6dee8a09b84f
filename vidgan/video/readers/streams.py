"""Which of a file's picture streams is the video."""

from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

_STILLS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


def choose_stream(container: InputContainer) -> VideoStream | None:
    """Return the stream that players show; None if there is none.

    Covers and thumbnails are no video. Of several videos the one is taken that has more than one
    frame, then the default one, then the largest, then the first.
    """
    videos = [stream for stream in container.streams.video if not stream.disposition & _STILLS] or [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
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
