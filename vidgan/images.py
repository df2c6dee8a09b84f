"""Single images: RGB arrays to encoded bytes and back, through OpenCV."""

from typing import Any

import cv2
import numpy as np

JPEG_QUALITY = 95


def encode(rgb: np.ndarray, suffix: str) -> bytes:
    """Encode uint8 RGB ``(height, width, 3)`` as ``.jpg`` (95, full colour resolution) or ``.png``.

    Raises:
        ValueError: OpenCV cannot write that format.
    """
    # At 64 × 64 the usual halved colour resolution of JPEG would leave 32 × 32 colours.
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


def decode(data: bytes | np.ndarray) -> np.ndarray | None:
    """Decode any image to uint8 RGB ``(height, width, 3)``; None where it is damaged.

    Grey becomes RGB, 16 bits become 8, transparent shows black, and a photo's orientation is
    honoured.
    """
    buffer = np.frombuffer(data, np.uint8)
    if buffer.size == 0:
        return None
    try:
        image: Any = cv2.imdecode(buffer, cv2.IMREAD_COLOR)
        # Whether there is opacity only the unchanged image says, which ignores the orientation.
        if image is not None and _may_have_alpha(buffer):
            raw = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
            if raw is not None and raw.ndim == 3 and raw.shape[2] == 4:
                scale = 255 if raw.dtype == np.uint8 else 65535
                opacity = raw[..., 3:].astype(np.float32) / scale
                image = np.rint(image * opacity).astype(np.uint8)
    except cv2.error:
        return None
    return None if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _may_have_alpha(buffer: np.ndarray) -> bool:
    head = buffer[:12].tobytes()
    return head.startswith(b"\x89PNG") or head[8:12] == b"WEBP" or head[:2] in (b"II", b"MM")
