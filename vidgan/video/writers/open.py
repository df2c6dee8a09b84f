"""Opening a video for writing: which writer is for which file and codec."""

from pathlib import Path

from vidgan.errors import ExportError, OptionError
from vidgan.video.containers import AUTOMATIC, CODECS
from vidgan.video.writers.base import VideoWriter


def choose_codec(path: Path | str, codec: str = "auto") -> str:
    """Return the codec that a file will get.

    Args:
        path: the file; its suffix is the container.
        codec: a key of :data:`CODECS`, or ``auto``.

    Raises:
        OptionError: the suffix or codec is unknown, or the two do not go together.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in AUTOMATIC:
        raise OptionError(
            f"{path}: unknown video type {suffix or '(none)'!r}; known are {', '.join(AUTOMATIC)}"
        )
    if codec == "auto":
        *preferred, last = AUTOMATIC[suffix]
        return next((name for name in preferred if _pyav_encoder(name)), last)
    if codec not in CODECS:
        raise OptionError(f"--codec {codec!r} is none of auto, {', '.join(CODECS)}")
    if suffix not in CODECS[codec].suffixes:
        fitting = [name for name, entry in CODECS.items() if suffix in entry.suffixes]
        raise OptionError(
            f"{path}: --codec {codec} does not go into {suffix}; use {' or '.join(fitting)}"
        )
    return codec


def open_writer(
    path: Path | str, fps: float, size: tuple[int, int], codec: str = "auto"
) -> VideoWriter:
    """Open a video file for writing.

    Args:
        path: ``.mp4``, ``.webm``, ``.avi``, ``.gif`` or ``.mkv``; missing parent folders are made.
        fps: frames a second.
        size: ``(width, height)`` of the frames.
        codec: a key of :data:`CODECS`; ``auto`` is H.264 for .mp4 and .mkv, VP9 for .webm, motion
            JPEG for .avi and GIF for .gif. ``ffv1`` is lossless.

    Raises:
        ExportError: the file cannot be written, or the installed libraries lack the codec.
        OptionError: the suffix, codec, rate or size cannot be.
    """
    codec = choose_codec(path, codec)
    entry = CODECS[codec]
    if entry.library == "gif":
        from vidgan.video.writers.gif import GifWriter

        return GifWriter(path, fps, size)
    if entry.library == "opencv":
        from vidgan.video.writers.opencv import OpenCVWriter

        return OpenCVWriter(path, fps, size, codec)
    encoder = _pyav_encoder(codec)
    if encoder is None:
        others = [name for name in AUTOMATIC[Path(path).suffix.lower()] if name != codec]
        raise ExportError(
            f"{path}: the installed PyAV has no {codec} encoder; use --codec {' or '.join(others)}"
        )
    from vidgan.video.writers.pyav import PyAVWriter

    return PyAVWriter(path, fps, size, encoder)


def _pyav_encoder(codec: str) -> str | None:
    """Return FFmpeg's name of an encoder that the installed PyAV has, None if it has none."""
    entry = CODECS[codec]
    if entry.library != "pyav":
        return None
    import av

    return next((name for name in entry.names if name in av.codecs_available), None)
