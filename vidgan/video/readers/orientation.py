"""How the stored picture is turned and mirrored for display."""

from typing import Any, NamedTuple

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame


class Orientation(NamedTuple):
    """One of the eight ways to turn and mirror a picture by right angles.

    Attributes:
        transpose: whether rows become columns, before anything is mirrored.
        mirror_x: whether left and right are exchanged.
        mirror_y: whether top and bottom are exchanged.
    """

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Return a stored picture ``(height, width, channels)`` as it is displayed."""
        if not any(self):
            return pixels
        if self.transpose:
            pixels = pixels.transpose(1, 0, 2)
        if self.mirror_x:
            pixels = pixels[:, ::-1]
        if self.mirror_y:
            pixels = pixels[::-1]
        return np.ascontiguousarray(pixels)


def orientation_of(frame: VideoFrame) -> Orientation:
    """Return the orientation in a frame's display matrix; angles are rounded to right ones."""
    # frame.side_data would refer back to the frame, whose memory is then freed late. The class's
    # stub lacks the argument.
    data: Any = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]
    if data is None:
        return Orientation()
    # Stored x and y become a·x + c·y and b·x + d·y.
    (a, b, _), (c, d, _), _ = np.frombuffer(data, np.int32).astype(float).reshape(3, 3)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(False, bool(a < 0), bool(d < 0))
    return Orientation(True, bool(c < 0), bool(b < 0))
