"""Simulated damage of old film: vertical scratches, dust on single frames, and flicker."""

from collections.abc import Collection
from dataclasses import dataclass

import cv2
import numpy as np

from vidgan import pixels

# Mean number of blotches (dust) a frame, and mean frames between scratches.
BLOTCHES = 1.5
SCRATCH_EVERY = 24
# Relative to the frame's shorter side.
BLOTCH_RADII = (0.012, 0.06)
SCRATCH_WIDTHS = (1 / 400, 3 / 400)
# Standard deviation of a frame's gain at full strength.
FLICKER = 0.06


@dataclass(frozen=True)
class Marks:
    """Scratches and dust on the frames of a clip.

    Attributes:
        mask: bool ``(frames, height, width)``, True on marks.
        shade: float32 of the same shape, the grey level of the marks.
    """

    mask: np.ndarray
    shade: np.ndarray

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> "Marks":
        """Return no marks, for a clip of ``(frames, height, width)``."""
        return cls(np.zeros(shape, bool), np.zeros(shape, np.float32))

    def add(self, frame: int, mask: np.ndarray, shade: float) -> None:
        """Add a mark of a grey level to a frame, ``mask`` being bool ``(height, width)``."""
        self.mask[frame] |= mask
        self.shade[frame][mask] = shade


def scratch(marks: Marks, random: np.random.Generator) -> None:
    """Add a scratch: thin, nearly vertical, mostly of full height.

    It lasts for several frames and moves a little from frame to frame, as film does in its gate.
    """
    frames, height, width = marks.mask.shape
    first = int(random.integers(-frames // 2, frames))
    last = max(first, 0) + int(random.integers(3, 40))
    at, drift = random.uniform(0, width), random.normal(0, width / 400)
    tilt = random.normal(0, width / 100)
    top, bottom = 0.0, float(height)
    if random.random() < 0.4:
        top = random.uniform(0, height / 2)
        bottom = top + random.uniform(0.4, 1) * height
    thickness = max(1, round(random.uniform(*SCRATCH_WIDTHS) * min(height, width)))
    shade = _shade(random)
    for frame in range(max(first, 0), min(last, frames)):
        at += drift + random.normal(0, width / 400)
        drawn = np.zeros((height, width), np.uint8)
        ends = (round(at), round(top)), (round(at + tilt), round(bottom))
        cv2.line(drawn, *ends, 1, thickness)
        marks.add(frame, drawn.astype(bool), shade)


def blotch(marks: Marks, frame: int, random: np.random.Generator) -> None:
    """Add a blotch (dust or dirt) of irregular outline to one frame."""
    _, height, width = marks.mask.shape
    radius = min(height, width) * np.exp(random.uniform(*np.log(BLOTCH_RADII)))
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    waves = sum(
        random.uniform(-0.4, 0.4) / order * np.cos(order * angles + random.uniform(0, 6.3))
        for order in (1, 2, 3, 5)
    )
    center = random.uniform(0, 1, 2) * (width, height)
    radii = np.maximum(radius * (1 + waves), 0.7) * np.array([[1], [random.uniform(0.5, 1)]])
    outline = center + (np.array([np.cos(angles), np.sin(angles)]) * radii).T
    drawn = np.zeros((height, width), np.uint8)
    cv2.fillPoly(drawn, [np.rint(outline).astype(np.int32)], 1)
    marks.add(frame, drawn.astype(bool), _shade(random))


def draw_marks(
    shape: tuple[int, int, int],
    random: np.random.Generator,
    kinds: Collection[str] = ("scratches", "dust"),
) -> Marks:
    """Return random scratches and blotches for a clip.

    Args:
        shape: ``(frames, height, width)``.
        random: source of random numbers.
        kinds: any of ``scratches`` and ``dust``.
    """
    marks = Marks.empty(shape)
    if "scratches" in kinds:
        for _ in range(1 + random.poisson(shape[0] / SCRATCH_EVERY)):
            scratch(marks, random)
    if "dust" in kinds:
        for frame in range(shape[0]):
            for _ in range(random.poisson(BLOTCHES)):
                blotch(marks, frame, random)
    return marks


def overlay_marks(clip: np.ndarray, marks: Marks, opacity: float = 1.0) -> np.ndarray:
    """Draw marks on a clip.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        marks: for a clip of that shape.
        opacity: of the marks, 0 to 1.

    Returns:
        uint8 of the same shape.
    """
    # Marks have soft edges.
    covers = np.stack([cv2.GaussianBlur(m.astype(np.float32), (0, 0), 0.5) for m in marks.mask])
    share = (opacity * covers * marks.mask)[..., None]
    covered = clip + share * (marks.shade[..., None] - clip)
    return pixels.rounded(covered)


def flicker(clip: np.ndarray, random: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Vary the brightness of a clip from frame to frame.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        random: source of random numbers.
        strength: factor for :data:`FLICKER`; 0 for no flicker.

    Returns:
        uint8 of the same shape.
    """
    gain = 1 + strength * FLICKER * random.standard_normal((len(clip), 1, 1, 1)).astype(np.float32)
    return pixels.rounded(clip * gain)


def _shade(random: np.random.Generator) -> float:
    """Return a grey level: bright (damage of the negative) or dark (damage of the print)."""
    return float(random.uniform(200, 255) if random.random() < 0.5 else random.uniform(0, 50))
