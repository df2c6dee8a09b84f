"""Puppets: a canvas with soft edges and a jointed figure, for ``make_video.py``."""

from dataclasses import dataclass

import cv2
import numpy as np

Color = tuple[int, int, int]
Point = np.ndarray

# Everything is drawn for a picture 240 high and scaled to the size asked for.
BASE_HEIGHT = 240
FLOOR = 208
# OpenCV draws with this many binary digits behind the point: motion between pixels stays smooth.
SHIFT = 4

# shirt, trousers, hair, skin
Outfit = tuple[Color, Color, Color, Color]


@dataclass
class Canvas:
    """A picture being drawn on, with its scale."""

    image: np.ndarray
    scale: float

    def at(self, point: Point | tuple[float, float]) -> tuple[int, int]:
        """Return a point in OpenCV's fixed-point pixels."""
        factor = self.scale * (1 << SHIFT)
        return round(float(point[0]) * factor), round(float(point[1]) * factor)

    def limb(self, points: list[Point], width: float, color: Color) -> None:
        """Draw a bent bar with round ends and a dark rim."""
        for extra, paint in ((2.0, shade(color, 0.55)), (0.0, color)):
            thickness = max(1, round((width + extra) * self.scale))
            line = np.array([self.at(point) for point in points], np.int32)
            cv2.polylines(self.image, [line], False, paint, thickness, cv2.LINE_AA, SHIFT)

    def disc(self, center: Point, radii: tuple[float, float], color: Color) -> None:
        """Draw a filled ellipse."""
        axes = self.at(radii)
        cv2.ellipse(
            self.image, self.at(center), axes, 0, 0, 360, color, cv2.FILLED, cv2.LINE_AA, SHIFT
        )

    def shadow(self, x: float, width: float, strength: float) -> None:
        """Darken the floor softly below ``x``."""
        height, full = self.image.shape[:2]
        center, half = self.scale * step(x, FLOOR), max(2.0, self.scale * width)
        left, right = int(max(0, center[0] - 2 * half)), int(min(full, center[0] + 2 * half))
        top = int(max(0, center[1] - half))
        bottom = int(min(height, center[1] + half))
        if right <= left:
            return
        rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
        distance = ((columns - center[0]) / half) ** 2 + ((rows - center[1]) / (half * 0.3)) ** 2
        light = 1 - strength * np.exp(-distance)
        part = self.image[top:bottom, left:right]
        part[:] = (part * light[..., None]).astype(np.uint8)


def step(x: float, y: float) -> Point:
    """Return a point or step from its coordinates."""
    return np.array((x, y), float)


def shade(color: Color, factor: float = 1.0, lift: int = 0) -> Color:
    """Return a darker or lighter colour."""
    red, green, blue = (min(255, int(part * factor) + lift) for part in color)
    return red, green, blue


def polar(degrees: float, length: float) -> Point:
    """Return the step of ``length`` at an angle from straight down, positive to the right."""
    angle = np.radians(degrees)
    return np.array((np.sin(angle), np.cos(angle))) * length


def chain(start: Point, *bones: tuple[float, float]) -> list[Point]:
    """Return the joints of a limb whose bones are ``(degrees, length)``."""
    points = [start]
    for degrees, length in bones:
        points.append(points[-1] + polar(degrees, length))
    return points


def person(
    canvas: Canvas,
    outfit: Outfit,
    hip: Point,
    arms: list[tuple[float, float]],
    legs: list[tuple[float, float]],
    lean: float = 0.0,
    side: bool = False,
) -> None:
    """Draw a person.

    Args:
        canvas: what to draw on.
        outfit: shirt, trousers, hair and skin.
        hip: the middle of the hips.
        arms: degrees of upper and lower arm, the far (or left) arm first.
        legs: degrees of thigh and shin, the far (or left) leg first.
        lean: degrees by which the trunk leans.
        side: seen from the side rather than from the front.
    """
    shirt, trousers, hair, skin = outfit
    neck = hip + polar(180 + lean, 48)
    across = 3.0 if side else 13.0
    shoulders = [neck + step(-across, 6), neck + step(across, 6)]
    hips = [hip - step(across * 0.5, 0), hip + step(across * 0.5, 0)]
    darker = shade(shirt, 0.75), shade(trousers, 0.75)

    def leg(index: int, color: Color) -> None:
        joints = chain(hips[index], (legs[index][0], 31), (legs[index][1], 30))
        canvas.limb(joints, 11, color)
        toe = joints[-1] + step(5.0 if side else 5.0 * (2 * index - 1), 0)
        canvas.limb([joints[-1], toe], 7, (50, 40, 36))

    def arm(index: int, color: Color) -> None:
        joints = chain(shoulders[index], (arms[index][0], 24), (arms[index][1], 23))
        canvas.limb(joints, 9, color)
        canvas.disc(joints[-1], (5.5, 5.5), skin)

    leg(0, darker[1])
    if side:
        arm(0, darker[0])
    leg(1, trousers)
    canvas.limb([hip - step(0, 7), neck + step(0, 8)], 20 if side else 28, shirt)
    head = neck + polar(180 + lean, 13)
    canvas.limb([neck, head], 8, skin)
    canvas.disc(head + step(-3 if side else 0, -3), (14, 15), hair)
    canvas.disc(head + step(2 if side else 0, 1), (12, 13), skin)
    for x in (6,) if side else (-4.5, 4.5):
        canvas.disc(head + step(x, -1), (1.8, 2.2), (30, 24, 24))
    if not side:
        arm(0, shirt)
    arm(1, shirt)
