"""Shots of photographs by a camera that moves, or with things that move before them.

The photographs are those that scikit-image ships; ``portfolio_videos.py`` makes videos of them.
Each function yields uint8 RGB frames ``(height, width, 3)``, the same ones each time.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import skimage.data

FPS = 25
# A camera's noise, in grey levels: without it frames in which little moves would be copies.
NOISE = 1.5


def view(
    photo: np.ndarray, middle: tuple[float, float], zoom: float, turn: float, size: tuple[int, int]
) -> np.ndarray:
    """Return what a camera sees of a photograph.

    Args:
        photo: uint8 RGB ``(height, width, 3)``.
        middle: what the camera points at, as shares of width and height.
        zoom: height of the photograph over that of the view.
        turn: degrees.
        size: ``(width, height)`` of the view.
    """
    # Twice as large, so that shrinking takes the mean of pixels.
    width, height = 2 * size[0], 2 * size[1]
    at = middle[0] * photo.shape[1], middle[1] * photo.shape[0]
    move = cv2.getRotationMatrix2D(at, turn, zoom * height / photo.shape[0])
    move[:, 2] += np.array((width, height)) / 2 - at
    large = cv2.warpAffine(
        photo, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return cv2.resize(large, size, interpolation=cv2.INTER_AREA)


def noisy(image: np.ndarray, random: np.random.Generator, amount: float = NOISE) -> np.ndarray:
    """Return uint8 with a camera's noise; ``image`` has values of 0…255."""
    grain = random.normal(0, amount, image.shape[:2]).astype(np.float32)
    clipped: np.ndarray = np.clip(np.rint(image + grain[..., None]), 0, 255).astype(np.uint8)
    return clipped


def wander(frames: int, dimensions: int, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Return a smooth path ``(frames, dimensions)`` of mean 0 and standard deviation 1.

    Args:
        frames: length of the path.
        dimensions: of a point.
        sigma: frames for which it keeps its direction, about.
        random: draws it.
    """
    steps = random.normal(size=(frames + 8 * int(sigma), dimensions))
    path = cv2.GaussianBlur(steps, (1, 0), sigmaX=1, sigmaY=sigma)[4 * int(sigma) :][:frames]
    scaled: np.ndarray = (path - path.mean(0)) / path.std(0)
    return scaled


def pan(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A camera on a tripod turns from left to right, and halfway back."""
    photo = skimage.data.stereo_motorcycle()[0]
    random = np.random.default_rng(4)
    for t in np.linspace(0, 1.5, frames):
        across = 0.5 - 0.5 * np.cos(np.pi * t)
        seen = view(photo, (0.27 + 0.46 * across, 0.55), 1.5, 0, (width, height))
        yield noisy(seen, random)


def zoom(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A camera zooms in on a face, and out again."""
    photo = skimage.data.astronaut()
    random = np.random.default_rng(5)
    for t in np.linspace(0, 1, frames):
        near = 0.5 - 0.5 * np.cos(2 * np.pi * t)
        middle = 0.5 - 0.07 * near, 0.45 - 0.2 * near
        yield noisy(view(photo, middle, 1.3 * 3**near, 0, (width, height)), random)


def shake(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A cat, by a camera in unsteady hands."""
    photo = skimage.data.chelsea()
    random = np.random.default_rng(6)
    drift, tremor = wander(frames, 3, 14, random), wander(frames, 3, 2, random)
    for x, y, turn in drift + 0.25 * tremor:
        middle = 0.5 + 0.035 * x, 0.45 + 0.05 * y
        yield noisy(view(photo, middle, 1.45, 1.8 * turn, (width, height)), random)


def ball(image: np.ndarray, x: float, y: float, radius: float, color: np.ndarray) -> None:
    """Draw a ball, lit from above on the left, into float32 RGB."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    away = np.hypot(columns - x, rows - y)
    light = 1.15 - 0.8 * np.hypot(columns - x + 0.35 * radius, rows - y + 0.35 * radius) / radius
    inside = np.clip(radius - away + 0.5, 0, 1)[..., None]
    image += inside * (np.clip(light, 0.15, 1.1)[..., None] * color - image)


def bounce(t: float, width: int, height: int) -> tuple[float, float]:
    """Return where a ball is that crosses the picture in bounces."""
    hop = 2.1 * t % 1
    return width * (0.1 + 0.45 * t), height * (0.85 - 2.2 * hop * (1 - hop))


def swing(t: float, width: int, height: int) -> tuple[float, float]:
    """Return where a pendulum is."""
    angle = 0.9 * np.cos(5 * t)
    return width * (0.5 + 0.42 * np.sin(angle)), height * (0.7 * np.cos(angle))


def circle(t: float, width: int, height: int) -> tuple[float, float]:
    """Return where a ball is that goes round."""
    return width * (0.5 + 0.3 * np.cos(4 * t)), height * (0.5 + 0.32 * np.sin(4 * t))


def cuts(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """Six scenes: a ball moves before photographs, in each in another way."""
    data = skimage.data
    photos = (data.coffee(), data.astronaut(), data.rocket(), data.chelsea())
    random = np.random.default_rng(7)
    shots = np.array_split(np.arange(frames), 6)
    for number, shot in enumerate(shots):
        photo = photos[number % len(photos)]
        motion = (bounce, swing, circle)[number % 3]
        color = random.permutation(np.array((240.0, 150, 40)))
        middle = tuple(random.uniform(0.42, 0.58, 2))
        behind = view(photo, middle, random.uniform(1.1, 1.4), 0, (width, height))
        for t in (shot - shot[0]) / FPS:
            image = behind.astype(np.float32)
            ball(image, *motion(t, width, height), 0.13 * height, color)
            yield noisy(image, random)


def dark(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A torch goes over things in a dark room; the picture is as noisy as such pictures are."""
    photo = skimage.data.stereo_motorcycle()[0]
    random = np.random.default_rng(8)
    room = view(photo, (0.5, 0.55), 1.15, 0, (width, height)).astype(np.float32) / 255
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    for x, y in wander(frames, 2, 18, random):
        away = np.hypot(columns - width * (0.5 + 0.2 * x), rows - height * (0.5 + 0.15 * y))
        light = 18 + 75 * np.exp(-((away / (0.24 * height)) ** 2))
        yield noisy(room * light[..., None], random, 3.0)


def still(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A cup of coffee; all that moves is a moth above the saucer."""
    behind = view(skimage.data.coffee(), (0.5, 0.5), 1.05, 0, (width, height))
    random = np.random.default_rng(9)
    path = wander(frames, 2, 16, random)
    headings = np.gradient(path, axis=0)
    for (x, y), (dx, dy) in zip(path, headings, strict=True):
        image = behind.copy()
        place = round(16 * width * (0.26 + 0.05 * x)), round(16 * height * (0.5 + 0.13 * y))
        axes = round(16 * 0.045 * height), round(16 * 0.026 * height)
        turn = float(np.degrees(np.arctan2(dy, dx)))
        cv2.ellipse(image, place, axes, turn, 0, 360, (238, 234, 214), cv2.FILLED, cv2.LINE_AA, 4)
        yield noisy(image, random)
