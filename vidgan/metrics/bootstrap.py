"""Bootstrap confidence intervals of metrics: the variation between samples of clips.

Clips are resampled with replacement, represented by weights: a clip that is drawn twice has weight
2. The plain bootstrap gives wrong intervals for distances, since duplicates look like a loss of
diversity, and the distance of resampled sets is far above the value (``benchmarks/intervals.md``).
So distances are linearised in the weights or leave out pairs of a clip with itself, and the
bootstrap distribution of other metrics is centred on the value.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from vidgan.errors import InputError, OptionError
from vidgan.metrics.checks import feature_set, feature_sets
from vidgan.metrics.covariance import EMPIRICAL
from vidgan.metrics.frechet import frechet_distance, frechet_influence
from vidgan.metrics.interval import LEVEL, Interval, check_level
from vidgan.metrics.kernel import kernel_blocks
from vidgan.metrics.moments import Moments

REPLICATES = 1000
# Fewest clips of an interval.
FEWEST = 10
# Replicates processed at once.
_CHUNK = 100


def bootstrap_mean(
    values: np.ndarray, level: float = LEVEL, replicates: int = REPLICATES, seed: int = 0
) -> Interval:
    """Return the mean of one value per clip with its interval.

    For the fraction of clips with a property use ``proportion_interval``.

    Args:
        values: float ``(n,)``, such as ``Neighbourhoods.dense``.
        level: confidence level, in (0, 1).
        replicates: number of resamples.
        seed: of the resampling; the same seed gives the same interval bit for bit.

    Raises:
        InputError: fewer than 10 values, another shape, or NaN.
        OptionError: an invalid level or number of replicates.
    """
    if np.ndim(values) != 1:
        raise InputError(f"values must have the shape (clips,), found {np.shape(values)}")
    found = feature_set(np.reshape(values, (-1, 1)), FEWEST, "values")[:, 0]
    [stream] = _streams(seed, 1)
    drawn = _drawn_means(found, stream, replicates)
    return _interval(float(found.mean()), drawn, level)


def bootstrap_frechet(
    real: np.ndarray,
    fake: np.ndarray,
    estimator: str = EMPIRICAL,
    level: float = LEVEL,
    replicates: int = REPLICATES,
    seed: int = 0,
    per_clip: int = 1,
) -> Interval:
    """Return the Fréchet distance with its interval.

    The interval is for the expected distance of sets of the same size, on which the distance
    depends. Distances of resampled sets are computed to first order in the weights of the clips
    (``frechet_influence``): a thousand replicates take as long as a few distances.

    Args:
        real: features ``(n, d)``.
        fake: features ``(m, d)``.
        estimator: of the covariances, a name in ``ESTIMATORS``.
        level: confidence level, in (0, 1).
        replicates: number of resamples.
        seed: of the resampling; the same seed gives the same interval bit for bit.
        per_clip: consecutive features that belong to one clip, such as its frames; resampled
            together.

    Raises:
        InputError: fewer than 10 clips in a set, incomplete clips, wrong shapes, vectors of two
            lengths, or NaN.
        OptionError: an unknown estimator, or an invalid level or number of replicates.
    """
    real, fake = _clips(real, fake, per_clip)
    value = frechet_distance(Moments.of(real), Moments.of(fake), estimator)
    influences = frechet_influence(real, fake, estimator)
    moved = sum(
        _drawn_means(influence.reshape(-1, per_clip).mean(axis=1), stream, replicates)
        for influence, stream in zip(influences, _streams(seed, 2), strict=True)
    )
    return _interval(value, np.maximum(value + moved, 0.0), level)


def bootstrap_kernel(
    real: np.ndarray,
    fake: np.ndarray,
    level: float = LEVEL,
    replicates: int = REPLICATES,
    seed: int = 0,
    per_clip: int = 1,
) -> Interval:
    """Return the kernel distance with its interval.

    A clip is never paired with a copy of itself, so the distance of resampled sets is unbiased. The
    kernel is computed once, block by block; a replicate costs as much as one more feature.

    Args:
        real: features ``(n, d)``.
        fake: features ``(m, d)``.
        level: confidence level, in (0, 1).
        replicates: number of resamples.
        seed: of the resampling; the same seed gives the same interval bit for bit.
        per_clip: consecutive features that belong to one clip, such as its frames; resampled
            together.

    Raises:
        InputError: fewer than 10 clips in a set, incomplete clips, wrong shapes, vectors of two
            lengths, or NaN.
        OptionError: an invalid level or number of replicates.
    """
    real, fake = _clips(real, fake, per_clip)
    counts = len(real) // per_clip, len(fake) // per_clip
    # The first row is the sets themselves.
    weights = [
        np.concatenate(
            [np.ones((1, clips), np.int16), *_weights(clips, stream, replicates)]
        ).repeat(per_clip, axis=1)
        for clips, stream in zip(counts, _streams(seed, 2), strict=True)
    ]
    across = _weighted_sums(kernel_blocks(real, fake), *weights)
    drawn = -2.0 * across / (len(real) * len(fake))
    for each, of in zip((real, fake), weights, strict=True):
        pairs = len(each) ** 2 - np.square(of.astype(np.float64)).sum(axis=1)
        drawn += _weighted_sums(kernel_blocks(each), of, of) / pairs
    value, resampled = float(drawn[0]), drawn[1:]
    if per_clip > 1:  # Pairs of frames of a clip with weight 2 have weight 4: remove the bias.
        resampled = resampled - resampled.mean() + value
    return _interval(value, resampled, level)


def bootstrap_interval(
    statistic: Callable[..., float],
    *samples: np.ndarray,
    level: float = LEVEL,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval:
    """Return any statistic with its interval, by computing it for resampled sets.

    The bootstrap distribution is centred on the value: duplicates bias many statistics.

    Args:
        statistic: from the samples to a number.
        samples: arrays whose first axis is clips; resampled independently.
        level: confidence level, in (0, 1).
        replicates: number of resamples; the statistic is computed once more than that.
        seed: of the resampling; the same seed gives the same interval bit for bit.

    Raises:
        InputError: fewer than 10 clips in a sample.
        OptionError: an invalid level or number of replicates.
    """
    for sample in samples:
        if len(sample) < FEWEST:
            raise InputError(f"an interval needs at least {FEWEST} clips, found {len(sample)}")
    streams, value = _streams(seed, len(samples)), float(statistic(*samples))
    drawn = np.array(
        [
            statistic(
                *(
                    sample[stream.integers(0, len(sample), len(sample))]
                    for sample, stream in zip(samples, streams, strict=True)
                )
            )
            for _ in range(replicates)
        ]
    )
    return _interval(value, drawn - drawn.mean() + value, level)


def _clips(real: np.ndarray, fake: np.ndarray, per_clip: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of two sets of complete clips, enough for the bootstrap."""
    found = feature_sets(real, fake)
    for each in found:
        clips, rest = divmod(len(each), per_clip)
        if rest:
            raise InputError(f"{len(each)} features are not complete clips of {per_clip}")
        if clips < FEWEST:
            raise InputError(f"an interval needs at least {FEWEST} clips, found {clips}")
    return found


def _streams(seed: int, count: int) -> list[np.random.Generator]:
    """Return independent random generators, one per sample."""
    seeds = np.random.SeedSequence(seed).spawn(count)
    return [np.random.Generator(np.random.Philox(each)) for each in seeds]


def _weights(count: int, stream: np.random.Generator, replicates: int) -> Iterator[np.ndarray]:
    """Yield how often each clip is drawn, int16 ``(up to _CHUNK, count)``."""
    even = np.full(count, 1 / count)
    for start in range(0, replicates, _CHUNK):
        rows = min(_CHUNK, replicates - start)
        yield stream.multinomial(count, even, size=rows).astype(np.int16)


def _drawn_means(values: np.ndarray, stream: np.random.Generator, replicates: int) -> np.ndarray:
    chunks = [weights @ values for weights in _weights(len(values), stream, replicates)]
    return np.concatenate([np.empty(0), *chunks]) / len(values)


def _weighted_sums(
    kernel: Iterable[tuple[slice, slice, np.ndarray]], of_rows: np.ndarray, of_columns: np.ndarray
) -> np.ndarray:
    """Return the weighted sums of a kernel over all pairs, ``(replicates,)``."""
    sums = np.zeros(len(of_rows))
    for rows, columns, values in kernel:
        left, right = of_rows[:, rows] @ values, of_columns[:, columns]
        sums += np.einsum("ij,ij->i", left, right)
    return sums


def _interval(value: float, drawn: np.ndarray, level: float) -> Interval:
    check_level(level)
    least = round(2 / (1 - level))
    if len(drawn) < least:
        raise OptionError(
            f"{len(drawn)} replicates are too few for an interval of {level:g}; use {least} or more"
        )
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), level)
