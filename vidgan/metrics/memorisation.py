"""Whether generated clips are training clips: their nearest neighbours, and a verdict."""

from dataclasses import dataclass

import cv2
import numpy as np

from vidgan.errors import InputError, OptionError
from vidgan.metrics.checks import clip_set, feature_set
from vidgan.metrics.interval import Interval, proportion_interval
from vidgan.metrics.pairwise import BLOCK, blocks, noise, squared_distances

# Below which share of the test clips' distances a generated clip counts as suspiciously near.
QUANTILE = 0.05
# The verdict speaks of memorisation where chance would do as much in one of so many cases.
SIGNIFICANCE = 0.01
# Frames are compared as pixels at this side: enough to tell clips apart, and small.
_PIXEL_SIDE = 32
# Numbers of a block of vectors: vectors of pixels are long.
_HELD = 2**22

MEMORISED = "memorised"
NOT_MEMORISED = "no sign of memorisation"
UNDECIDED = "too few test clips to decide"


class Nearest:
    """For every clip of a set the nearest clip of a stream that is too long to be held.

    Memory is that of the set and of a block of the stream, which is looked at once.

    Attributes:
        seen: clips of the stream so far.
    """

    def __init__(self, queries: np.ndarray, rounding: float = 0.0) -> None:
        """Start with no stream.

        Args:
            queries: features or :func:`pixel_vectors`, real numbers ``(n, d)``.
            rounding: squared distances up to this count as 0; see ``pairwise.rounding``.

        Raises:
            InputError: no clips, another shape, or NaN.
        """
        self._origin = feature_set(queries, least=1).mean(axis=0)
        self._queries = np.asarray(queries)
        self._rounding = rounding
        self._squares = np.full(len(self._queries), np.inf)
        self._indices = np.full(len(self._queries), -1, np.int64)
        self._size = min(BLOCK, max(1, _HELD // len(self._origin)))
        self._waiting: list[np.ndarray] = []
        self.seen = 0

    @property
    def distances(self) -> np.ndarray:
        """Each clip's Euclidean distance to its nearest so far, float64 ``(n,)``; else infinity."""
        self._compare()
        distances: np.ndarray = np.sqrt(self._squares)
        return distances

    @property
    def indices(self) -> np.ndarray:
        """Which clip of the stream is the nearest so far, counted from 0; -1 before there were any.

        int64 ``(n,)``.
        """
        self._compare()
        return self._indices

    def add(self, vectors: np.ndarray) -> None:
        """Look at the next clips of the stream.

        Args:
            vectors: of the same kind as the queries, ``(m, d)``; m may be 0.

        Raises:
            InputError: another shape, or NaN.
        """
        batch, dim = np.asarray(vectors), len(self._origin)
        if batch.ndim != 2 or batch.shape[1] != dim:
            raise InputError(f"vectors of shape {batch.shape} are not (clips, {dim})")
        if not len(batch):
            return
        feature_set(batch, least=1)
        self._waiting.append(batch)
        self.seen += len(batch)
        # A few at a time would cost as much as a block: all queries are gone through for them.
        if sum(map(len, self._waiting)) >= self._size:
            self._compare()

    def _compare(self) -> None:
        """Compare the clips that wait with all queries."""
        if not self._waiting:
            return
        batch = np.concatenate(self._waiting)
        self._waiting = []
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
    """Return each query's squared distance to its nearest of the others, and which that is."""
    apart = squared_distances(queries, others)
    found = apart.argmin(axis=1)
    squares = apart[np.arange(len(found)), found]
    # Copies must be seen to be copies: what may be rounding is measured anew.
    for row in np.flatnonzero(squares <= 1e3 * noise(queries, others)):
        squares[row] = np.square(queries[row] - others[found[row]]).sum()
    return squares, found


def pixel_vectors(clips: np.ndarray) -> np.ndarray:
    """Return clips as vectors whose Euclidean distance is their difference in grey levels.

    Frames are brought to 32 × 32 by averaging. The distance of two vectors is the root mean square
    difference of the clips' pixels and channels, frame by frame: two cuts of one video at other
    times are far apart, so stream all cuts.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``.

    Returns:
        float32 ``(n, frames · 32 · 32 · 3)``.

    Raises:
        InputError: another shape or dtype.
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
    """How near generated clips lie to training clips, beside how near test clips do.

    Attributes:
        verdict: ``MEMORISED``, ``NOT_MEMORISED`` or ``UNDECIDED``.
        p_value: how often new clips like the test clips would come as near as the generated ones.
        border: the distance below which ``expected`` of the test clips lie.
        expected: share of clips like the test clips that is nearer than the border.
        share: share of the generated clips that is, with Wilson's interval.
        nearer_than_any: generated clips that are nearer than the nearest test clip.
        copies: generated clips at distance 0 of a training clip.
        order: int64 ``(n,)``, the generated clips from the nearest on, for a picture of the pairs.
    """

    verdict: str
    p_value: float
    border: float
    expected: float
    share: Interval
    nearer_than_any: int
    copies: int
    order: np.ndarray


def assess_memorisation(
    generated: np.ndarray,
    test: np.ndarray,
    quantile: float = QUANTILE,
    significance: float = SIGNIFICANCE,
) -> Memorisation:
    """Judge generated clips' distances to their nearest training clips by test clips' distances.

    Test clips are new by construction: a model that has learned and not copied may come as near.
    The border is the r-th smallest of the m test distances, r the largest for which r / (m + 1) is
    at most ``quantile``, at least 1. If the n generated distances came from the same distribution,
    the number below the border would be beta-binomial of n, r and m + 1 − r, whatever that
    distribution is; that gives the chance of so many or more. The same is asked of the nearest test
    distance (r = 1), which notices the few copies among many new clips, and the smaller chance is
    doubled for being chosen.

    The verdict is *memorised* where that chance is at most ``significance``, or where a generated
    clip is a copy and no test clip is; *too few to decide* where not even copies throughout would
    make the chance that small.

    The rule takes clips for independent. Test clips that are cuts of few videos are not; the chance
    is then larger than it says. In pixels, blurred clips come near to everything: trust the
    features first, and look at the pairs.

    Args:
        generated: distances of generated clips to their nearest training clips, ``(n,)``.
        test: those of test clips, ``(m,)``, measured alike.
        quantile: share of the test clips that lies below the border, in (0, 1).
        significance: chance at which the verdict speaks of memorisation, in (0, 1).

    Raises:
        InputError: no distances, another shape, or a value that is negative or not finite.
        OptionError: a quantile or significance that cannot be.
    """
    for value in (quantile, significance):
        if not 0 < value < 1:
            raise OptionError(f"a quantile and a significance lie between 0 and 1, found {value}")
    generated, test = _distances(generated, "generated"), _distances(test, "test")
    rank = max(1, int(quantile * (len(test) + 1) + 1e-9))
    ordered = np.sort(test)
    below = {each: int(np.sum(generated < ordered[each - 1])) for each in (1, rank)}
    p_value = _chance(below, len(generated), len(test))
    copies = int(np.sum(generated == 0))
    if p_value <= significance or (copies and ordered[0] > 0):
        verdict = MEMORISED
    elif _chance(dict.fromkeys(below, len(generated)), len(generated), len(test)) > significance:
        verdict = UNDECIDED
    else:
        verdict = NOT_MEMORISED
    return Memorisation(
        verdict=verdict,
        p_value=p_value,
        border=float(ordered[rank - 1]),
        expected=rank / (len(test) + 1),
        share=proportion_interval(generated < ordered[rank - 1]),
        nearer_than_any=below[1],
        copies=copies,
        order=np.argsort(generated, kind="stable"),
    )


def _chance(below: dict[int, int], generated: int, test: int) -> float:
    """Return how often as many of the generated clips, or more, lie below the test's ranks."""
    from scipy.stats import betabinom

    chances = [
        betabinom.sf(count - 1, generated, rank, test + 1 - rank) for rank, count in below.items()
    ]
    return float(min(1.0, len(chances) * min(chances)))


def _distances(values: np.ndarray, name: str) -> np.ndarray:
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or not len(found):
        raise InputError(f"distances of {name} clips need the shape (clips,), found {found.shape}")
    if not np.isfinite(found).all() or found.min() < 0:
        raise InputError(f"distances of {name} clips hold NaN, infinity or less than 0")
    return found
