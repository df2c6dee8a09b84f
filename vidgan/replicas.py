"""Data-parallel training: what the replicas of a model draw and average.

Under a ``tf.distribute`` strategy each replica has a copy of all variables, and takes every step
with its own part of the batch. Gradients and statistics of the batch are averaged over the
replicas, and each replica updates its own copies, which so stay equal. Random numbers are drawn for
the whole batch, of which each replica takes those of its items. So a step does not depend on the
number of replicas, but for rounding.

Without a strategy, and outside of a step, these functions do what their names say for one replica.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from vidgan.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow as tf
else:
    tf = LazyModule("tensorflow")

T = TypeVar("T")


def _context() -> Any:
    """Return the context of a step with several replicas, else None."""
    context = tf.distribute.get_replica_context()
    return context if context is not None and context.num_replicas_in_sync > 1 else None


def count() -> int:
    """Return the number of replicas that take a step."""
    context = _context()
    return 1 if context is None else int(context.num_replicas_in_sync)


def mean(values: T) -> T:
    """Return the mean over all replicas of a tensor, or of each in a nested structure."""
    context = _context()
    if context is None:
        return values
    # TensorFlow reduces to where a tensor is, which tensors from outside of the step do not say.
    placed: T = tf.nest.map_structure(tf.identity, values)
    reduced: T = context.all_reduce(tf.distribute.ReduceOp.MEAN, placed)
    return reduced


def gather(items: tf.Tensor) -> tf.Tensor:
    """Return the items of all replicas, ``(replicas · batch, …)``."""
    context = _context()
    return items if context is None else context.all_gather(items, axis=0)


def normal(shape: Sequence[int], seed: tf.Tensor, pairs: bool = False) -> tf.Tensor:
    """Draw standard normal numbers for a batch.

    Args:
        shape: of the result, static; the batch comes first.
        seed: int32 ``(2,)``, stateless, the same on all replicas.
        pairs: whether the batch holds real items, then as many generated ones.

    Returns:
        Float32 of that shape.
    """
    return _draw(lambda whole: tf.random.stateless_normal(whole, seed), shape, pairs)


def uniform(
    shape: Sequence[int],
    seed: tf.Tensor,
    low: float = 0,
    high: float = 1,
    dtype: tf.DType | None = None,
    pairs: bool = False,
) -> tf.Tensor:
    """Draw uniform numbers in [low, high), float32 by default; see :func:`normal`."""
    kind = dtype or tf.float32
    return _draw(
        lambda whole: tf.random.stateless_uniform(whole, seed, low, high, kind), shape, pairs
    )


def _draw(
    sample: Callable[[Sequence[int]], tf.Tensor], shape: Sequence[int], pairs: bool
) -> tf.Tensor:
    context = _context()
    if context is None:
        return sample(shape)
    replicas, (batch, *rest) = count(), shape
    halves = 2 if pairs else 1
    every = tf.reshape(
        sample((replicas * batch, *rest)), (halves, replicas, batch // halves, *rest)
    )
    return tf.reshape(tf.gather(every, context.replica_id_in_sync_group, axis=1), shape)
