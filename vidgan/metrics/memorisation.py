"""Memorisation: the training clips nearest to generated clips, and a statistical test."""

from dataclasses import dataclass

import cv2
import numpy as np

from vidgan.errors import InputError, OptionError
from vidgan.metrics.checks import clip_set, feature_set
from vidgan.metrics.interval import Interval, proportion_interval
from vidgan.metrics.pairwise import BLOCK, blocks, noise, squared_distances

# The quantile of the test clips' distances below which a generated clip is suspiciously near.
QUANTILE = 0.05
# Significance level of the verdict.
SIGNIFICANCE = 0.01
# Height and width of frames that are compared as pixels.
_PIXEL_SIDE = 32
# Most numbers in a block of vectors: vectors of pixels are long.
_MAX_NUMBERS = 2**22

MEMORISED = "memorised"
NOT_MEMORISED = "no sign of memorisation"
UNDECIDED = "too few test clips to decide"


class Nearest:
    """For each clip of a set, the nearest clip of a stream that does not fit in memory.

    Memory is that of the set and of a block of the stream.

    Attributes:
        seen: number of clips of the stream so far.
    """

    def __init__(self, queries: np.ndarray, rounding: float = 0.0) -> None:
        """Start with an empty stream.

        Args:
            queries: the set: features or :func:`pixel_vectors`, float ``(n, d)``.
            rounding: squared distances up to this count as 0; see ``pairwise.rounding``.

        Raises:
            InputError: no clips, a wrong shape, or NaN.
        """
        self._origin = feature_set(queries, least=1).mean(axis=0)
        self._queries = np.asarray(queries)
        self._rounding = rounding
        self._squares = np.full(len(self._queries), np.inf)
        self._indices = np.full(len(self._queries), -1, np.int64)
        self._size = min(BLOCK, max(1, _MAX_NUMBERS // len(self._origin)))
        self._pending: list[np.ndarray] = []
        self.seen = 0

    @property
    def distances(self) -> np.ndarray:
        """The distance of each clip to the nearest so far, float64 ``(n,)``; infinity if none."""
        self._compare()
        distances: np.ndarray = np.sqrt(self._squares)
        return distances

    @property
    def indices(self) -> np.ndarray:
        """The index in the stream of the nearest clip so far, int64 ``(n,)``; -1 if none."""
        self._compare()
        return self._indices

    def add(self, vectors: np.ndarray) -> None:
        """Add the next clips of the stream.

        Args:
            vectors: of the same kind as the queries, ``(m, d)``; m may be 0.

        Raises:
            InputError: a wrong shape, or NaN.
        """
        batch, dim = np.asarray(vectors), len(self._origin)
        if batch.ndim != 2 or batch.shape[1] != dim:
            raise InputError(f"vectors of shape {batch.shape} are not (clips, {dim})")
        if not len(batch):
            return
        feature_set(batch, least=1)
        self._pending.append(batch)
        self.seen += len(batch)
        # Comparing a few clips with all queries takes as long as comparing a block.
        if sum(map(len, self._pending)) >= self._size:
            self._compare()

    def _compare(self) -> None:
        """Compare the pending clips with all queries."""
        if not self._pending:
            return
        batch = np.concatenate(self._pending)
        self._pending = []
        first = self.seen - len(batch)
        for columns in blocks(len(batch), self._size):
            others = batch[columns] - self._origin
            for rows in blocks(len(self._queries), self._size):
                queries = self._queries[rows] - self._origin
                squares, found = _nearest(queries, others)
                squares[squares <= self._rounding] = 0.0
                better = squares < self._squares[rows]
                self._squares[rows] = np.where(better, squares, self._squares[rows])
                found += first + columns.start
                self._indices[rows] = np.where(better, found, self._indices[rows])


def _nearest(queries: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared distance of each query to the nearest of the others, and its index."""
    apart = squared_distances(queries, others)
    found = apart.argmin(axis=1)
    squares = apart[np.arange(len(found)), found]
    # The distance of copies must be exactly 0: compute those that may be rounding directly.
    for row in np.flatnonzero(squares <= 1e3 * noise(queries, others)):
        squares[row] = np.square(queries[row] - others[found[row]]).sum()
    return squares, found


def pixel_vectors(clips: np.ndarray) -> np.ndarray:
    """Return clips as vectors whose Euclidean distance is in grey levels.

    Frames are resized to 32 × 32 by averaging. The distance is the root mean square difference of
    pixels and channels, frame by frame: clips of one video that start at different frames are far
    from each other.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``.

    Returns:
        float32 ``(n, frames · 32 · 32 · 3)``.

    Raises:
        InputError: a wrong shape or dtype.
    """
    clips = clip_set(clips)
    n, frames = clips.shape[:2]
    size = (_PIXEL_SIDE, _PIXEL_SIDE)
    out = np.empty((n, frames, *size, 3), np.float32)
    for place in np.ndindex(n, frames):
        out[place] = cv2.resize(clips[place].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    vectors = out.reshape(n, -1)
    return vectors / np.float32(np.sqrt(vectors.shape[1]))


@dataclass(frozen=True)
class Memorisation:
    """Distances of generated clips to training clips, compared with those of test clips.

    Attributes:
        verdict: ``MEMORISED``, ``NOT_MEMORISED`` or ``UNDECIDED``.
        p_value: probability that new clips are as near as the generated ones.
        border: the distance that ``expected`` of the test clips are below.
        expected: fraction of new clips that is nearer than the border.
        fraction: fraction of the generated clips that is, with Wilson's interval.
        nearer_than_any: number of generated clips nearer than the nearest test clip.
        copies: number of generated clips at distance 0 from a training clip.
        order: int64 ``(n,)``, indices of the generated clips, nearest first.
    """

    verdict: str
    p_value: float
    border: float
    expected: float
    fraction: Interval
    nearer_than_any: int
    copies: int
    order: np.ndarray


def assess_memorisation(
    generated: np.ndarray,
    test: np.ndarray,
    quantile: float = QUANTILE,
    significance: float = SIGNIFICANCE,
) -> Memorisation:
    """Test whether generated clips are nearer to training clips than test clips are.

    Test clips are not copies of training clips, so a model that does not copy is about as near. The
    border is the r-th smallest of the m test distances, r the largest for which r / (m + 1) is at
    most ``quantile``, at least 1. If the n generated distances have the same distribution, whatever
    it is, the number below the border is beta-binomial with n, r and m + 1 − r, which gives the
    p-value of a number at least as large. The same test at the nearest test distance (r = 1)
    detects a few copies among many new clips; the smaller p-value is doubled (Bonferroni).

    The verdict is *memorised* if the p-value is at most ``significance``, or if a generated clip is
    a copy and no test clip is; *too few to decide* if the p-value would be larger even if all clips
    were copies.

    The test assumes independent clips. Clips of few videos are not, so the p-value is too small
    then. In pixels, blurred clips are near to everything: prefer the features, and inspect the
    pairs.

    Args:
        generated: distances of generated clips to their nearest training clips, ``(n,)``.
        test: those of test clips, ``(m,)``.
        quantile: fraction of the test clips below the border, in (0, 1).
        significance: largest p-value for the verdict of memorisation, in (0, 1).

    Raises:
        InputError: no distances, a wrong shape, or a value that is negative or not finite.
        OptionError: a quantile or significance outside (0, 1).
    """
    for value in (quantile, significance):
        if not 0 < value < 1:
            raise OptionError(f"a quantile and a significance lie between 0 and 1, found {value}")
    generated, test = _distances(generated, "generated"), _distances(test, "test")
    rank = max(1, int(quantile * (len(test) + 1) + 1e-9))
    ordered = np.sort(test)
    below = {each: int(np.sum(generated < ordered[each - 1])) for each in (1, rank)}
    p_value = _p_value(below, len(generated), len(test))
    copies = int(np.sum(generated == 0))
    if p_value <= significance or (copies and ordered[0] > 0):
        verdict = MEMORISED
    elif _p_value(dict.fromkeys(below, len(generated)), len(generated), len(test)) > significance:
        verdict = UNDECIDED
    else:
        verdict = NOT_MEMORISED
    return Memorisation(
        verdict=verdict,
        p_value=p_value,
        border=float(ordered[rank - 1]),
        expected=rank / (len(test) + 1),
        fraction=proportion_interval(generated < ordered[rank - 1]),
        nearer_than_any=below[1],
        copies=copies,
        order=np.argsort(generated, kind="stable"),
    )


def _p_value(below: dict[int, int], generated: int, test: int) -> float:
    """Return the p-value of the numbers of generated clips below test distances, by rank."""
    from scipy.stats import betabinom

    p_values = [
        betabinom.sf(count - 1, generated, rank, test + 1 - rank) for rank, count in below.items()
    ]
    return float(min(1.0, len(p_values) * min(p_values)))


def _distances(values: np.ndarray, name: str) -> np.ndarray:
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or not len(found):
        raise InputError(f"distances of {name} clips need the shape (clips,), found {found.shape}")
    if not np.isfinite(found).all() or found.min() < 0:
        raise InputError(f"distances of {name} clips hold NaN, infinity or negative values")
    return found
