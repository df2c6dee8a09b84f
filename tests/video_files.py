"""Videos that the tests make for themselves: small, with something moving, of any oddity."""

import struct
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

CODECS = {
    ".mp4": ("libx264", "yuv420p"),
    ".mov": ("libx264", "yuv420p"),
    ".mkv": ("libx264", "yuv420p"),
    ".webm": ("libvpx-vp9", "yuv420p"),
    ".avi": ("mpeg4", "yuv420p"),
    ".gif": ("gif", "rgb8"),
}


def scene(frames: int = 40, size: tuple[int, int] = (96, 64), seed: int = 0) -> np.ndarray:
    """Return uint8 RGB ``(frames, height, width, 3)``: a disc and a bar moving over a background.

    Scenes of different seeds look nothing alike.
    """
    rng = np.random.default_rng(seed)
    width, height = size
    coarse = rng.integers(30, 220, (4, 6, 3), dtype=np.uint8)
    background = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    colours = rng.integers(0, 256, (2, 3)).tolist()
    speed, phase = rng.uniform(0.15, 0.3), rng.uniform(0, 6)
    clip = np.empty((frames, height, width, 3), np.uint8)
    for i in range(frames):
        frame = background.copy()
        x = width / 2 + width / 3 * np.sin(i * speed + phase)
        y = height / 2 + height / 4 * np.cos(i * speed)
        radius = max(1, min(size) // 6)
        cv2.circle(frame, (int(x), int(y)), radius, colours[0], -1)
        left = (3 * i) % width
        frame[: max(1, height // 8), left : left + max(1, width // 6)] = colours[1]
        clip[i] = frame
    return clip


def write_video(
    path: Path,
    frames: Iterable[np.ndarray],
    fps: float = 25,
    codec: str | None = None,
    pix_fmt: str | None = None,
    times: Iterable[float] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode uint8 RGB, RGBA ``(height, width, 4)`` or grey ``(height, width)`` frames.

    Args:
        path: its suffix chooses container and codec.
        frames: the pictures.
        fps: frames a second.
        codec: another than the suffix's own.
        pix_fmt: another than the codec's own.
        times: of every frame in seconds, for a variable rate.
        options: for the encoder.
    """
    usual = CODECS.get(path.suffix.lower(), ("libx264", "yuv420p"))
    times = None if times is None else iter(times)
    path.parent.mkdir(parents=True, exist_ok=True)
    container_options = {"movflags": "+faststart"} if path.suffix in (".mp4", ".mov") else {}
    with av.open(str(path.absolute()), "w", options=container_options) as container:
        stream = container.add_stream(codec or usual[0], rate=Fraction(fps).limit_denominator(1001))
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt = pix_fmt or usual[1]
        stream.options = {**({"crf": "18"} if stream.name == "libx264" else {}), **(options or {})}
        # Matroska's own clock ticks in milliseconds; a coarser one would round here already.
        tick = Fraction(1, 1000) if times is not None else 1 / Fraction(fps).limit_denominator(1001)
        stream.codec_context.time_base = tick
        stream.width = stream.height = 64
        for index, picture in enumerate(frames):
            if index == 0:
                stream.height, stream.width = picture.shape[:2]
            kind = {2: "gray", 3: "rgb24", 4: "rgba"}[2 if picture.ndim == 2 else picture.shape[2]]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=kind)
            time = index / fps if times is None else next(times)
            frame.time_base, frame.pts = tick, round(time / tick)
            container.mux(stream.encode(frame))
        if not stream.codec_context.is_open:
            container.start_encoding()
        container.mux(stream.encode())
    return path


def make_video(
    path: Path,
    frames: int = 40,
    size: tuple[int, int] = (96, 64),
    fps: float = 25,
    seed: int = 0,
    **kwargs: object,
) -> Path:
    """Encode one scene."""
    return write_video(path, scene(frames, size, seed), fps, **kwargs)  # type: ignore[arg-type]


def make_images(
    folder: Path, frames: int = 40, size: tuple[int, int] = (96, 64), seed: int = 0
) -> Path:
    """Write one scene as a folder of numbered PNG images."""
    folder.mkdir(parents=True)
    for i, frame in enumerate(scene(frames, size, seed)):
        cv2.imwrite(str(folder / f"frame{i + 1}.png"), frame[..., ::-1])
    return folder


def rotate_mp4(path: Path) -> Path:
    """Set the header so that players turn the picture by 90° clockwise, as phones do."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    data[matrix : matrix + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path
