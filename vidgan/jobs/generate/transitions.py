"""Which clip can follow which: paths through the known codes of a run.

As in "Video Textures" (Schödl et al., SIGGRAPH 2000), a clip may be followed by one that begins as
it ends. Here the clips are decoded from codes, so that gradient steps can bring them closer.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from vidgan.latents import Noise

# Sides of the frames that are compared, in pixels.
SIDE = 16
# Paths are found in parts: so many clips ahead, of which the first half is kept.
AHEAD = 16
# How clips that were shown are avoided: each time multiplies the cost by one more, less for clips
# that are less alike (at this share of the usual squared difference by 1/e), and less with each
# clip since. So that this is also true of a perfect transition, each costs something.
ALIKE, MEMORY, LEAST_COST = 0.1, 0.98, 0.01


def thumbnails(clips: np.ndarray) -> np.ndarray:
    """Return small frames, float32 ``(…, SIDE * SIDE * 3)``, of uint8 ``(…, height, width, 3)``."""
    *shape, height, width, _ = clips.shape
    small = [
        cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        for frame in clips.reshape(-1, height, width, 3)
    ]
    return np.stack(small).reshape(*shape, -1).astype(np.float32)


class Transitions:
    """Known codes and what they show.

    Args:
        codes: of n clips.
        clips: what they decode to, uint8 ``(n, frames, height, width, 3)``.

    Attributes:
        codes: as given.
        spread: median root mean squared difference of the thumbnails of two clips.
    """

    def __init__(self, codes: Noise, clips: np.ndarray) -> None:
        self.codes = codes
        self._small = thumbnails(clips)
        self._costs: dict[int, np.ndarray] = {}
        differences = _differences(self._small, self._small)
        usual = np.median(differences) + 1e-6
        self.spread = float(np.sqrt(usual))
        self._alike = np.exp(-differences / (ALIKE * usual))
        self._least = LEAST_COST * usual

    def path(
        self,
        before: np.ndarray,
        after: np.ndarray | None,
        overlaps: Sequence[int],
        strength: float,
        random: np.random.Generator,
    ) -> Noise:
        """Find the codes of clips that follow a given one and each other.

        The path is the one of least cost (Viterbi's algorithm), where the cost of each clip at each
        step is multiplied by a random number, and by more for clips like those that were shown
        already.

        Args:
            before: thumbnails of the given clip.
            after: thumbnails of a clip that follows the last one; None if none does.
            overlaps: frames that each clip has in common with the next, from the given one on.
            strength: of the random numbers, 0 to 1.
            random: draws them.

        Returns:
            One code for each overlap, less one if a clip follows.
        """
        count = len(overlaps) - (after is not None)
        goal = None if after is None else _cost(self._small, after[None], overlaps[-1])[:, 0]
        places: list[int] = []
        shown = np.zeros(len(self._small))
        while len(places) < count:
            ahead = overlaps[len(places) : count][:AHEAD]
            whole = len(places) + len(ahead) == count
            if places:
                first = self._between(ahead[0])[places[-1]]
            else:
                first = _cost(before[None], self._small, ahead[0])[0]
            chance = 1 + strength * random.exponential(size=(len(ahead), len(shown)))
            found = self._shortest(first, ahead[1:], (1 + shown) * chance, goal if whole else None)
            for place in found if whole else found[: AHEAD // 2]:
                places.append(place)
                shown = MEMORY * shown + self._alike[place]
        return {name: values[places] for name, values in self.codes.items()}

    def _shortest(
        self,
        first: np.ndarray,
        overlaps: Sequence[int],
        factors: np.ndarray,
        goal: np.ndarray | None,
    ) -> list[int]:
        """Find the path of least cost by Viterbi's algorithm.

        Args:
            first: cost of each clip at the first step, ``(n,)``.
            overlaps: frames in common at the steps after it.
            factors: of the costs at all steps, ``(steps, n)``.
            goal: cost of each clip at the end, ``(n,)``, if any.

        Returns:
            The number of a clip for each step.
        """
        total, origins = (first + self._least) * factors[0], []
        for overlap, factor in zip(overlaps, factors[1:], strict=True):
            through = total[:, None] + (self._between(overlap) + self._least) * factor
            origins.append(through.argmin(axis=0))
            total = through.min(axis=0)
        places = [int((total if goal is None else total + goal).argmin())]
        for origin in reversed(origins):
            places.append(int(origin[places[-1]]))
        return places[::-1]

    def _between(self, overlap: int) -> np.ndarray:
        """Return the cost of each known clip after each other one, ``(n, n)``."""
        if overlap not in self._costs:
            self._costs[overlap] = _cost(self._small, self._small, overlap)
        return self._costs[overlap]


def mismatch(before: np.ndarray, after: np.ndarray, overlap: int) -> float:
    """Return the root mean squared difference of two clips' thumbnails in their common frames."""
    return float(np.sqrt(_differences(before[None, -overlap:], after[None, :overlap])[0, 0]))


def _cost(before: np.ndarray, after: np.ndarray, overlap: int) -> np.ndarray:
    """Return how badly each of ``after`` follows each of ``before``, float32 ``(n, m)``.

    Args:
        before: thumbnails ``(n, frames, …)``.
        after: likewise, ``(m, frames, …)``.
        overlap: frames in common.
    """
    return _differences(before[:, -overlap:], after[:, :overlap])


def _differences(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the mean squared difference of each of ``first`` and each of ``second``."""
    a, b = first.reshape(len(first), -1), second.reshape(len(second), -1)
    squares = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * a @ b.T
    differences: np.ndarray = np.maximum(squares / a.shape[1], 0)
    return differences
