"""The replicas of a training: on one device, on several, or on those of several machines."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from vidgan import replicas, runtime
from vidgan.errors import TrainingError

# What TensorFlow raises when another worker has stopped or can't be reached.
WORKER_ERRORS = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)
MakeData = Callable[[tf.distribute.InputContext], tf.data.Dataset]


def _own_copies(create: Callable[..., tf.Variable], **options: Any) -> tf.Variable:
    """Create a variable of which each replica updates its own copy.

    What replicas write is equal on all of them, so nothing has to be aggregated; and aggregation
    would not be allowed in conditional updates.
    """
    return create(**{**options, "aggregation": tf.VariableAggregation.NONE})


def open_distribution(device: str) -> "Distribution":
    """Return the devices of a training: all that ``--device`` names, of all workers.

    With several workers it waits for them, and no operation may have run before.

    Args:
        device: see :func:`vidgan.runtime.choose_devices`.

    Raises:
        OptionError: there is no such device, or ``TF_CONFIG`` is no cluster of workers.
        TrainingError: the workers can't reach each other.
    """
    devices = runtime.choose_devices(device)
    if runtime.find_worker().count > 1:
        try:
            # This strategy takes all GPUs that TensorFlow sees.
            gpus = tf.config.list_physical_devices("GPU")
            names = tuple(name.strip("/") for name in devices)
            chosen = [gpu for gpu in gpus if gpu.name.endswith(names)]
            tf.config.set_visible_devices(chosen, "GPU")
            first = "/GPU:0" if chosen else "/CPU:0"
            return Distribution(tf.distribute.MultiWorkerMirroredStrategy(), first)
        except (*WORKER_ERRORS, RuntimeError) as error:
            raise TrainingError(
                f"the workers of TF_CONFIG can't connect ({str(error)[:120]})"
            ) from None
    if len(devices) > 1:
        return Distribution(tf.distribute.MirroredStrategy(devices), devices[0])
    return Distribution(None, devices[0])


class Distribution:
    """The devices that a model is trained on; see :mod:`vidgan.replicas`.

    Args:
        strategy: of data-parallel training; None for a single device.
        device: name of the device, of the first of several.

    Attributes:
        replicas: number of copies of the model over all workers.
        workers: number of processes that train the model together.
        is_chief: whether this is the one that writes the run.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None, device: str) -> None:
        self.device, self._given = device, strategy
        self.strategy = strategy or tf.distribute.get_strategy()
        self.replicas = self.strategy.num_replicas_in_sync
        multiple = isinstance(self.strategy, tf.distribute.MultiWorkerMirroredStrategy)
        worker = runtime.find_worker() if multiple else runtime.Worker()
        self.workers, self.is_chief = worker.count, worker.is_chief
        self._total = tf.function(self._sum, autograph=False)

    @property
    def description(self) -> str:
        """The devices, for messages."""
        name = self.device.strip("/")
        if self.replicas == 1:
            return name
        kind = name.partition(":")[0]
        others = f" of {self.workers} workers" if self.workers > 1 else ""
        return f"{self.replicas} {kind}s{others}"

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """Create variables on all devices; all workers must create the same."""
        if self._given is None:
            yield
        else:
            with self._given.scope(), tf.variable_creator_scope(_own_copies):
                yield

    def trace(self, step: Callable[[Any], dict[str, tf.Tensor]]) -> Any:
        """Return a function of a batch that takes a training step on all replicas.

        Args:
            step: a function of a replica's part of the batch that returns scalars.

        Returns:
            A ``tf.function``, which returns the means of the scalars over the replicas.
        """

        def whole(batch: Any) -> dict[str, tf.Tensor]:
            logs = self.strategy.run(lambda own: replicas.mean(step(own)), args=(batch,))
            return {name: self._local(value)[0] for name, value in logs.items()}

        # No function of vidgan needs AutoGraph, whose translation takes seconds. XLA is very slow
        # for Conv3DTranspose on a CPU.
        return tf.function(whole, autograph=False, jit_compile=False, reduce_retracing=True)

    def batches(self, make: MakeData) -> Any:
        """Return an iterable of batches, each divided over the replicas.

        Args:
            make: returns the part of the data for a worker, in batches for a replica.
        """
        return self.strategy.distribute_datasets_from_function(make)

    def batch_size(self, batch: Any) -> int:
        """Return the number of clips of a batch over all replicas."""
        parts = self._local(tf.nest.flatten(batch)[0])
        return self.workers * sum(int(part.shape[0]) for part in parts)

    def agree(self, budget_used: float, *stops: bool) -> tuple[float, list[bool]]:
        """Return the same for all workers, which must all call this before each step.

        Args:
            budget_used: fraction of the budget that is used.
            *stops: reasons to stop, whether this worker has them.

        Returns:
            The chief's fraction, and which reasons any worker has.
        """
        if self.workers == 1:
            return budget_used, list(stops)
        used, *totals = self._total(tf.constant([budget_used * self.is_chief, *map(float, stops)]))
        return float(used), [float(total) > 0 for total in totals]

    @contextlib.contextmanager
    def worker_errors(self) -> Iterator[None]:
        """Turn the errors that follow from another worker's end into a TrainingError."""
        try:
            yield
        except WORKER_ERRORS:
            if self.workers == 1:
                raise
            raise TrainingError(
                "another worker has stopped or can't be reached; start all workers again with "
                "--resume to go on from the last checkpoint"
            ) from None

    def _sum(self, values: tf.Tensor) -> tf.Tensor:
        """Return the sum of a tensor over all workers."""
        mean = self.strategy.run(lambda: replicas.mean(values))
        return self._local(mean)[0] * self.workers

    def _local(self, value: Any) -> tuple[Any, ...]:
        results: tuple[Any, ...] = self.strategy.experimental_local_results(value)
        return results
