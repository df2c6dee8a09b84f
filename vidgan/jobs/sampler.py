"""A trained generator that is ready to make clips."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from vidgan import latents, pixels, runtime
from vidgan.config import DEFAULT_CLIPS, GenerateConfig
from vidgan.errors import OptionError
from vidgan.jobs.clips import as_ranges


class Sampler:
    """A run's generator. Made by :func:`vidgan.load`.

    Attributes:
        run: the run it comes from.
        frames: frames of a clip.
        size: ``(width, height)`` in pixels.
        fps: frames a second.
        latents: the generator's inputs.
    """

    def __init__(self, run: Any, checkpoint: str = "latest", device: str = "auto") -> None:
        """Load the generator.

        Args:
            run: a :class:`vidgan.training.run.Run`.
            checkpoint: ``latest`` or the step of one.
            device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.

        Raises:
            RunError: the run has no such checkpoint, or a damaged one.
            OptionError: the device is not there.
        """
        runtime.prepare()
        import tensorflow as tf

        self.run = run
        self.frames: int = run.frames
        self.size: tuple[int, int] = run.size
        self.fps: float = run.fps
        self.latents = run.latents()
        self._device = runtime.choose_device(device)
        with tf.device(self._device):
            self._generator = run.load_generator(checkpoint)

    def noises(self, seeds: Iterable[int], trunc: float = 1.0) -> Iterator[latents.Noise]:
        """Yield the generator's inputs, one clip at a time; a seed makes the same clip each time.

        Args:
            seeds: non-negative integers.
            trunc: pull towards the average clip, from 1 (off) down to 0.01.
        """
        for seed in seeds:
            yield latents.truncate(self.latents, latents.from_seeds(self.latents, [seed]), trunc)

    def generate(
        self,
        n: int | None = None,
        *,
        seeds: str | int | Iterable[int] | None = None,
        trunc: float = GenerateConfig.trunc,
        batch_size: int = GenerateConfig.batch_size,
    ) -> np.ndarray:
        """Make clips and return them all; use :meth:`stream` for more than fit in memory.

        Args:
            n: how many; by default as many as seeds, else 16.
            seeds: as ``"0,1,4-6"`` or numbers; by default 0 to ``n - 1``. A seed makes the same
                clip each time.
            trunc: pull towards the average clip, from 1 (off) down to 0.01.
            batch_size: clips made at once.

        Returns:
            uint8 RGB of shape ``(n, frames, height, width, 3)``.

        Raises:
            OptionError: a value is out of bounds.
        """
        if seeds is None:
            seeds = range(n or DEFAULT_CLIPS)
        numbers = [seed for part in as_ranges(seeds) for seed in part]
        config = GenerateConfig(n=n, trunc=trunc, batch_size=batch_size)
        if config.n not in (None, len(numbers)):
            raise OptionError(f"n={n} contradicts the seeds, which are {len(numbers)}")
        width, height = self.size
        clips = np.empty((len(numbers), self.frames, height, width, 3), np.uint8)
        done = 0
        for batch in self.stream(self.noises(numbers, trunc), batch_size):
            clips[done : done + len(batch)] = batch
            done += len(batch)
        return clips

    def stream(
        self, noises: Iterable[latents.Noise], batch_size: int = GenerateConfig.batch_size
    ) -> Iterator[np.ndarray]:
        """Make clips batch by batch.

        Args:
            noises: the generator's inputs, see :mod:`vidgan.latents`, of one clip each; read as
                far as the next batch needs.
            batch_size: clips made at once.

        Yields:
            uint8 RGB of shape ``(up to batch_size, frames, height, width, 3)``.
        """
        waiting: list[latents.Noise] = []
        for noise in noises:
            waiting.append(noise)
            if len(waiting) == batch_size:
                yield self._make(waiting)
                waiting = []
        if waiting:
            yield self._make(waiting)

    def _make(self, noises: list[latents.Noise]) -> np.ndarray:
        import tensorflow as tf

        joined = {
            latent.name: np.concatenate([noise[latent.name] for noise in noises])
            for latent in self.latents
        }
        # Called as it is, not through predict(): tracing a graph takes longer than a few clips.
        with tf.device(self._device):
            inputs = {name: tf.constant(values) for name, values in joined.items()}
            clips = self._generator(inputs, training=False)
        return pixels.to_uint8(np.asarray(clips, np.float32))
