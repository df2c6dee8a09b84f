"""Reading the pictures that vidgan writes."""

from pathlib import Path

import cv2
import numpy as np


def read_picture(path: Path | str) -> np.ndarray:
    """Return uint8 BGR ``(height, width, 3)``."""
    return decoded_picture(Path(path).read_bytes())


def decoded_picture(data: bytes) -> np.ndarray:
    """Return uint8 BGR ``(height, width, 3)``."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture
