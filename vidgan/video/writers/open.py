"""Opening a video for writing: the suffix and the codec choose the writer."""

from importlib import import_module
from pathlib import Path

from vidgan.errors import OptionError
from vidgan.video.containers import CODECS, CONTAINERS, Container
from vidgan.video.writers.base import VideoWriter
from vidgan.video.writers.encoders import installed_encoder


def container_of(path: Path | str) -> Container:
    """Return the container that a file's suffix stands for.

    Raises:
        OptionError: no container has this suffix.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in CONTAINERS:
        raise OptionError(
            f"{path}: unknown video type {suffix or '(none)'!r}; known are {', '.join(CONTAINERS)}"
        )
    return CONTAINERS[suffix]


def choose_codec(path: Path | str, codec: str = "auto") -> str:
    """Return the codec that a file will be encoded with.

    Args:
        path: the file; its suffix is the container.
        codec: a key of :data:`CODECS`, or ``auto``.

    Raises:
        OptionError: the suffix or codec is unknown, or the container does not take the codec.
    """
    container = container_of(path)
    if codec == "auto":
        installed = (name for name in container.codecs if installed_encoder(name))
        return next(installed, container.codecs[-1])
    if codec not in CODECS:
        raise OptionError(f"--codec {codec!r} is none of auto, {', '.join(CODECS)}")
    if codec not in container.codecs:
        raise OptionError(
            f"{path}: --codec {codec} does not go into {container.suffix}; "
            f"use {' or '.join(container.codecs)}"
        )
    return codec


def check_rate(path: Path | str, fps: float) -> None:
    """Check a frame rate against the container's limit.

    Raises:
        OptionError: the rate is higher.
    """
    container = container_of(path)
    if container.max_fps is not None and fps > container.max_fps:
        raise OptionError(
            f"{path}: a {container.suffix} file plays at most {container.max_fps:g} frames a "
            f"second, not {fps:g}; lower the frame rate or use another type, such as "
            f"{next(iter(CONTAINERS))}"
        )


def open_writer(
    path: Path | str, fps: float, size: tuple[int, int], codec: str = "auto"
) -> VideoWriter:
    """Open a video file for writing.

    Args:
        path: the file, its suffix a key of :data:`vidgan.video.containers.CONTAINERS`; missing
            parent folders are created.
        fps: frames a second.
        size: ``(width, height)`` of the frames.
        codec: a key of :data:`vidgan.video.containers.CODECS`; ``auto`` is the container's first
            codec that the installed libraries can encode.

    Raises:
        ExportError: the file cannot be written, or the installed libraries lack the codec.
        OptionError: the suffix or codec is unknown, the container does not take the codec or the
            frame rate, or the rate or size is impossible.
    """
    codec = choose_codec(path, codec)
    check_rate(path, fps)
    module = import_module(f"vidgan.video.writers.{CODECS[codec].writer}")
    writer: VideoWriter = module.WRITER(path, fps, size, codec)
    return writer
