"""Random masks for training inpainting, modelled on what people remove from video."""

from collections.abc import Callable, Sequence
from pkgutil import resolve_name

import cv2
import numpy as np

from vidgan.config import MASKS
from vidgan.degradations import scratches

Shape = tuple[int, int, int]
MaskFunction = Callable[[Shape, np.random.Generator], np.ndarray]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# OpenCV draws polygons in units of 2 ** -_SHIFT pixels, so that slow motion stays smooth.
_SHIFT = 4


def draw(kinds: Sequence[str], shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Return a random mask of one of several kinds, all equally likely.

    Args:
        kinds: keys of ``vidgan.config.MASKS``.
        shape: ``(frames, height, width)``.
        random: source of random numbers.

    Returns:
        bool ``(frames, height, width)``, True where pixels are to be filled: some, but not all.
    """
    kind = kinds[int(random.integers(len(kinds)))]
    draw_kind: MaskFunction = resolve_name(MASKS[kind])
    while True:
        mask = draw_kind(shape, random)
        if mask.any() and not mask.all():
            return mask


def free_form(shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Return brush strokes (arXiv 1806.03589), half of which move."""
    frames, height, width = shape
    side = min(height, width)
    mask = np.zeros(shape, np.uint8)
    for _ in range(random.integers(1, 4)):
        corners = int(random.integers(3, 9))
        angles = np.cumsum(random.uniform(0.4, 2.4, corners) * random.choice((-1, 1), corners))
        lengths = random.uniform(0.06, 0.25, corners) * side
        steps = np.array([np.cos(angles), np.sin(angles)]).T * lengths[:, None]
        stroke = random.uniform(0.1, 0.9, 2) * (width, height) + np.cumsum(steps, axis=0)
        thickness = max(1, round(random.uniform(0.05, 0.14) * side))
        for image, place in zip(mask, _travel(frames, side, random), strict=True):
            cv2.polylines(image, [_fixed(stroke + place)], False, 1, thickness, shift=_SHIFT)
            for corner in np.rint(stroke + place).astype(int):
                cv2.circle(image, corner.tolist(), thickness // 2, 1, cv2.FILLED)
    return mask > 0


def box(shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Return a rectangle, which moves with probability 1/2."""
    frames, height, width = shape
    mask = np.zeros(shape, bool)
    sides = random.uniform(0.15, 0.5, 2) * (width, height)
    corner = random.uniform(0, 1, 2) * ((width, height) - sides)
    for image, place in zip(mask, _travel(frames, min(height, width), random), strict=True):
        left, top = np.rint(np.clip(corner + place, 0, (width, height) - sides)).astype(int)
        across, down = np.maximum(np.rint(sides), 1).astype(int)
        image[top : top + down, left : left + across] = True
    return mask


def moving_object(shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Return an object that crosses the frame: a deforming blob or a walking person."""
    frames, height, width = shape
    side = min(height, width)
    size = random.uniform(0.12, 0.25) * side
    form = _blob if random.random() < 0.5 else _walker
    outlines = form(frames, size, random)
    # The path passes through a point inside the frame at a random time of the clip.
    through = random.uniform(0.15, 0.85, 2) * (width, height)
    heading, speed = random.uniform(0, 2 * np.pi), random.uniform(0.01, 0.06) * side
    times = np.arange(frames) - random.uniform(0, frames)
    sway = 0.1 * side * np.sin(times * random.uniform(0.1, 0.4))
    mask = np.zeros(shape, np.uint8)
    for image, parts, time, aside in zip(mask, outlines, times, sway, strict=True):
        ahead = np.array([np.cos(heading), np.sin(heading)])
        place = through + ahead * speed * time + ahead[::-1] * (-1, 1) * aside
        for part in parts:
            cv2.fillPoly(image, [_fixed(part + place)], 1, shift=_SHIFT)
    return mask > 0


def text(shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Return a static overlay as TV stations add it: lines of text, or a logo."""
    _, height, width = shape
    side = min(height, width)
    image = np.zeros((height, width), np.uint8)
    thickness = max(1, round(random.uniform(0.015, 0.04) * side))
    font = int(random.choice((cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX)))
    scale = random.uniform(0.1, 0.25) * side / 22
    for _ in range(random.integers(1, 4)):
        letters = "".join(random.choice(list(_LETTERS), int(random.integers(3, 14))))
        place = int(random.uniform(-0.1, 0.5) * width), int(random.uniform(0.2, 1) * height)
        cv2.putText(image, letters, place, font, scale, 1, thickness)
    if random.random() < 0.5:
        radius = max(2, round(random.uniform(0.06, 0.15) * side))
        corner = random.choice((0.15, 0.85), 2) * (width, height)
        filled = cv2.FILLED if random.random() < 0.5 else thickness
        cv2.circle(image, np.rint(corner).astype(int).tolist(), radius, 1, filled)
    return np.repeat(image[None] > 0, shape[0], axis=0)


def scratches_and_dust(shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Return scratches and dust of old film, dilated by a pixel like a mask drawn by hand."""
    marks = scratches.draw_marks(shape, random).mask
    wide = np.ones((3, 3), np.uint8)
    return np.stack([cv2.dilate(mask.astype(np.uint8), wide) for mask in marks]) > 0


def _travel(frames: int, side: int, random: np.random.Generator) -> np.ndarray:
    """Return the displacement of an object, float ``(frames, 2)``; half of them do not move."""
    if random.random() < 0.5:
        return np.zeros((frames, 2))
    return random.normal(0, 0.015 * side, 2) * np.arange(frames)[:, None]


def _fixed(points: np.ndarray) -> np.ndarray:
    rounded: np.ndarray = np.rint(points * (1 << _SHIFT))
    return rounded.astype(np.int32)


def _blob(frames: int, size: float, random: np.random.Generator) -> list[list[np.ndarray]]:
    """Return the outline ``(points, 2)`` of a blob around the origin for each frame."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    orders = np.arange(2, 6)[:, None]
    swings, phases = random.uniform(0, 0.35, (4, 1)) / orders * 2, random.uniform(0, 6.3, (4, 1))
    turns, stretch = random.normal(0, 0.15, (4, 1)), random.uniform(0.5, 1.2)
    outlines = []
    for frame in range(frames):
        radii = size * (1 + (swings * np.cos(orders * angles + phases + turns * frame)).sum(0))
        outlines.append([np.array([np.cos(angles), stretch * np.sin(angles)]).T * radii[:, None]])
    return outlines


def _walker(frames: int, size: float, random: np.random.Generator) -> list[list[np.ndarray]]:
    """Return the outlines of a walking person's body parts for each frame."""
    speed, phase = random.uniform(0.2, 0.5), random.uniform(0, 6.3)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    head = np.array([np.cos(angles), np.sin(angles)]).T * 0.35 * size + (0, -1.5 * size)
    trunk = np.array([[-0.4, -1.2], [0.4, -1.2], [0.35, 0.3], [-0.35, 0.3]]) * size

    def limb(top: tuple[float, float], angle: float, length: float) -> np.ndarray:
        along = np.array([np.sin(angle), np.cos(angle)])
        across = np.array([along[1], -along[0]]) * 0.14
        start, end = np.array(top), np.array(top) + along * length
        return np.array([start - across, start + across, end + across, end - across]) * size

    outlines = []
    for frame in range(frames):
        swing = 0.5 * np.sin(speed * frame + phase)
        arms = [limb((x, -1.1), turn * swing, 1.3) for x, turn in ((-0.4, 1), (0.4, -1))]
        legs = [limb((x, 0.2), turn * swing, 1.7) for x, turn in ((-0.2, -1), (0.2, 1))]
        outlines.append([head, trunk, *arms, *legs])
    return outlines
