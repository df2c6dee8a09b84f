"""Old film: vertical scratches that stay for a while, blotches of a single frame, and flicker."""

from collections.abc import Collection
from dataclasses import dataclass

import cv2
import numpy as np

# A frame has about so many blotches, and a clip a scratch every so many frames and one at least.
BLOTCHES = 1.5
SCRATCH_EVERY = 24
# Relative to the frame's shorter side.
BLOTCH_RADII = (0.012, 0.06)
SCRATCH_WIDTHS = (1 / 400, 3 / 400)
# Standard deviation of a frame's brightness at full strength, as a share of it.
FLICKER = 0.06


@dataclass(frozen=True)
class Marks:
    """What lies on the film.

    Attributes:
        mask: bool ``(frames, height, width)``, where the picture is covered.
        shade: float32 of the same shape, the grey level of what covers it.
    """

    mask: np.ndarray
    shade: np.ndarray

    @classmethod
    def none(cls, shape: tuple[int, int, int]) -> "Marks":
        """Return a film without marks."""
        return cls(np.zeros(shape, bool), np.zeros(shape, np.float32))

    def add(self, frame: int, mask: np.ndarray, shade: float) -> None:
        """Lay ``mask``, bool ``(height, width)``, over a frame."""
        self.mask[frame] |= mask
        self.shade[frame][mask] = shade


def scratch(marks: Marks, random: np.random.Generator) -> None:
    """Add one scratch: thin, all but upright, at most times over the whole height.

    It stays for some frames and strays a little from one to the next, as film does in its gate.
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
    """Add one blotch to one frame: dust or dirt, of irregular outline."""
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
        random: where everything random comes from.
        kinds: any of ``scratches`` and ``dust``.
    """
    marks = Marks.none(shape)
    if "scratches" in kinds:
        for _ in range(1 + random.poisson(shape[0] / SCRATCH_EVERY)):
            scratch(marks, random)
    if "dust" in kinds:
        for frame in range(shape[0]):
            for _ in range(random.poisson(BLOTCHES)):
                blotch(marks, frame, random)
    return marks


def lay_over(clip: np.ndarray, marks: Marks, opacity: float = 1.0) -> np.ndarray:
    """Lay marks over a clip.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        marks: for a clip of that shape.
        opacity: of the marks, 0…1.

    Returns:
        uint8 of the same shape.
    """
    # Emulsion is soft: the rim of a mark lets some of the picture through.
    covers = np.stack([cv2.GaussianBlur(m.astype(np.float32), (0, 0), 0.5) for m in marks.mask])
    share = (opacity * covers * marks.mask)[..., None]
    covered = clip + share * (marks.shade[..., None] - clip)
    return np.clip(np.rint(covered), 0, 255).astype(np.uint8)


def flicker(clip: np.ndarray, random: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Let the brightness of a clip vary from frame to frame.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        random: where everything random comes from.
        strength: 0 is none.

    Returns:
        uint8 of the same shape.
    """
    gain = 1 + strength * FLICKER * random.standard_normal((len(clip), 1, 1, 1)).astype(np.float32)
    return np.clip(np.rint(clip * gain), 0, 255).astype(np.uint8)


def _shade(random: np.random.Generator) -> float:
    """Return a grey level: bright where the negative was damaged, dark where the print was."""
    return float(random.uniform(200, 255) if random.random() < 0.5 else random.uniform(0, 50))
