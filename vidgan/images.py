"""Single images: RGB arrays to encoded bytes and back, through OpenCV."""

import io
import struct
from pathlib import Path
from typing import Any

import cv2
import imagesize
import numpy as np

from vidgan.errors import ExportError
from vidgan.files import atomic_path
from vidgan.pixel_limit import check_pixels

JPEG_QUALITY = 95


def encode(rgb: np.ndarray, suffix: str) -> bytes:
    """Encode an image; JPEG has quality 95 and full colour resolution.

    Args:
        rgb: uint8 RGB ``(height, width, 3)``.
        suffix: of the format, such as ``.png``.

    Raises:
        ValueError: OpenCV cannot write that format.
    """
    # JPEG's default of halved colour resolution would leave 32 × 32 colours at 64 × 64.
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        JPEG_QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    try:
        done, data = cv2.imencode(
            suffix or ".",
            cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR),
            options if suffix in (".jpg", ".jpeg") else [],
        )
    except cv2.error:
        done = False
    if not done:
        raise ValueError(f"no image format {suffix!r}")
    return data.tobytes()


def save_image(path: Path, rgb: np.ndarray) -> None:
    """Write an image atomically: the file appears complete or not at all.

    Args:
        path: the file; its suffix is the format (.png, .jpg, .webp, …). Missing folders are
            created.
        rgb: uint8 RGB ``(height, width, 3)``.

    Raises:
        ExportError: the suffix is no image format, or the file cannot be written.
    """
    path = Path(path)
    try:
        # Encoded in memory: OpenCV's own writing fails silently on a full disk.
        data = encode(rgb, path.suffix.lower())
    except ValueError:
        raise ExportError(
            f"{path}: cannot be written as {path.suffix or 'a file without suffix'}; "
            "use .png, .jpg or .webp"
        ) from None
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def decode(data: bytes | np.ndarray, name: Path | str = "image") -> np.ndarray | None:
    """Decode an image of any format.

    Grey levels become RGB, 16 bits become 8, transparent pixels become black, and the orientation
    of photos is applied.

    Args:
        data: the bytes of the file.
        name: of the file, for the error.

    Returns:
        uint8 RGB ``(height, width, 3)``; None if the data are damaged.

    Raises:
        InputError: the image has too many pixels; see :mod:`vidgan.pixel_limit`.
    """
    buffer = np.frombuffer(data, np.uint8)
    if buffer.size == 0:
        return None
    check_pixels(name, *_declared_size(buffer))
    try:
        image: Any = cv2.imdecode(buffer, cv2.IMREAD_COLOR)
        # Only the unchanged image has an alpha channel, and it ignores the orientation.
        if image is not None and _may_have_alpha(buffer):
            raw = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
            if raw is not None and raw.ndim == 3 and raw.shape[2] == 4:
                scale = 255 if raw.dtype == np.uint8 else 65535
                opacity = raw[..., 3:].astype(np.float32) / scale
                image = np.rint(image * opacity).astype(np.uint8)
    except cv2.error:
        return None
    return None if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _declared_size(buffer: np.ndarray) -> tuple[int, int]:
    """Return ``(width, height)`` from the header; zeros if it cannot be read."""
    try:
        width, height = imagesize.get(io.BytesIO(buffer.tobytes()))
    except (ValueError, ArithmeticError, LookupError, struct.error, OSError):
        return 0, 0
    return max(0, int(width)), max(0, int(height))


def _may_have_alpha(buffer: np.ndarray) -> bool:
    head = buffer[:12].tobytes()
    return head.startswith(b"\x89PNG") or head[8:12] == b"WEBP" or head[:2] in (b"II", b"MM")
