"""A trained generator that is ready to make clips."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from vidgan import latents, pixels, runtime
from vidgan.config import DEFAULT_CLIPS, DEFAULT_PLAYBACK_FPS, SWEEP_SEEDS, GenerateConfig
from vidgan.errors import OptionError
from vidgan.jobs.generate import conditions
from vidgan.jobs.generate.clip_plan import as_ranges, share


class Sampler:
    """A run's generator. Made by :func:`vidgan.load`.

    Attributes:
        run: the run it comes from.
        frames: frames of a clip in training.
        size: ``(width, height)`` in pixels.
        fps: frames a second.
        latents: the generator's inputs.
    """

    def __init__(self, run: Any, checkpoint: str = "latest", device: str = "auto") -> None:
        """Load the generator.

        Args:
            run: a :class:`vidgan.training.run.Run`.
            checkpoint: ``latest``, ``best`` or the step of one.
            device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.

        Raises:
            RunError: the run has no such checkpoint, or a damaged one.
            OptionError: the device is not there.
        """
        runtime.prepare()
        import tensorflow as tf

        from vidgan.tasks.load import load_generator

        self.run = run
        self.frames: int = run.frames
        self.size: tuple[int, int] = run.size
        self.fps: float = run.fps
        self.latents = run.latents()
        self._device = runtime.choose_device(device)
        with tf.device(self._device):
            self._generator = load_generator(run, checkpoint)

    def inputs(
        self, frames: int | None = None, fps: float | None = None
    ) -> tuple[latents.Latent, ...]:
        """Return the generator's inputs for other clips than those of training.

        Args:
            frames: of a clip; as in training by default.
            fps: frames a second at which they are made; as in training by default.

        Raises:
            OptionError: the model cannot make such clips.
        """
        spacing = 1.0 if fps is None else (self.fps or DEFAULT_PLAYBACK_FPS) / fps
        return self.run.latents(frames, spacing)

    def noises(
        self,
        seeds: Iterable[int],
        trunc: float = 1.0,
        inputs: tuple[latents.Latent, ...] | None = None,
    ) -> Iterator[latents.Noise]:
        """Yield the generator's inputs, one clip at a time; a seed makes the same clip each time.

        Args:
            seeds: non-negative integers.
            trunc: pull towards the average clip, from 1 (off) down to 0.01.
            inputs: see :meth:`inputs`; those of training by default.
        """
        inputs = inputs or self.latents
        for seed in seeds:
            yield latents.truncate(inputs, latents.from_seeds(inputs, [seed]), trunc)

    def generate(
        self,
        n: int | None = None,
        *,
        seeds: str | int | Iterable[int] | None = None,
        label: str | Iterable[str] | None = None,
        trunc: float = GenerateConfig.trunc,
        frames: int | None = None,
        fps: float | None = None,
        same_content: bool = False,
        same_motion: bool = False,
        batch_size: int = GenerateConfig.batch_size,
    ) -> np.ndarray:
        """Make clips and return them all; use :meth:`stream` for more than fit in memory.

        Args:
            n: how many; by default as many as seeds, else 16.
            seeds: as ``"0,1,4-6"`` or numbers; by default 0 to ``n - 1``. A seed makes the same
                clip each time.
            label: of a conditional run, the clips' label; several, as ``"walk,run"`` or a list,
                take turns. By default the seeds draw it.
            trunc: pull towards the average clip, from 1 (off) down to 0.01.
            frames: frames of a clip, for models that make any number; as in training by default.
            fps: frames a second, for models of continuous time; as in training by default.
            same_content: all clips show what the first seed's shows, each with its own motion.
            same_motion: all clips move as the first seed's, each with its own content.
            batch_size: clips of training's length made at once; fewer if they are longer.

        Returns:
            uint8 RGB of shape ``(n, frames, height, width, 3)``.

        Raises:
            OptionError: a value is out of bounds, or nothing for this model.
        """
        if seeds is None:
            seeds = range(n or DEFAULT_CLIPS)
        numbers = [seed for part in as_ranges(seeds) for seed in part]
        config = GenerateConfig(
            n=n,
            trunc=trunc,
            frames=frames,
            fps=fps,
            same_content=same_content,
            same_motion=same_motion,
            batch_size=batch_size,
        )
        if config.n not in (None, len(numbers)):
            raise OptionError(f"n={n} contradicts the seeds, which are {len(numbers)}")
        width, height = self.size
        clips = np.empty((len(numbers), frames or self.frames, height, width, 3), np.uint8)
        inputs = self.inputs(frames, fps)
        labels = conditions.parse_labels(label, self.run.model)
        noises = conditions.in_turn(self.noises(numbers, trunc, inputs), labels)
        noises = share(noises, inputs, config)
        done = 0
        for batch in self.stream(noises, batch_size):
            clips[done : done + len(batch)] = batch
            done += len(batch)
        return clips

    def sweep(
        self,
        code: str,
        *,
        seeds: str | int | Iterable[int] = range(SWEEP_SEEDS),
        trunc: float = GenerateConfig.trunc,
        batch_size: int = GenerateConfig.batch_size,
    ) -> np.ndarray:
        """Show what a code does: it goes through its values while all else stays.

        Args:
            code: ``"category"`` or ``"codes:0"``, ``"codes:1"`` … of an infogan, ``"label"`` of a
                conditional run.
            seeds: of what stays.
            trunc: pull towards the average clip, from 1 (off) down to 0.01.
            batch_size: clips made at once.

        Returns:
            uint8 RGB of shape ``(seeds, values, frames, height, width, 3)``.

        Raises:
            OptionError: the model has no such code, or a value is out of bounds.
        """
        config = GenerateConfig(trunc=trunc, batch_size=batch_size)
        values = conditions.parse_sweep(code, self.run.model)
        numbers = [seed for part in as_ranges(seeds) for seed in part]
        swept = (
            value.apply(noise) for noise in self.noises(numbers, config.trunc) for value in values
        )
        made = np.concatenate(list(self.stream(swept, config.batch_size)))
        return made.reshape(len(numbers), len(values), *made.shape[1:])

    def stream(
        self, noises: Iterable[latents.Noise], batch_size: int = GenerateConfig.batch_size
    ) -> Iterator[np.ndarray]:
        """Make clips batch by batch.

        Args:
            noises: the generator's inputs, see :mod:`vidgan.latents`, of one clip each; read as
                far as the next batch needs.
            batch_size: clips of training's length made at once; fewer if they are longer.

        Yields:
            uint8 RGB of shape ``(up to batch_size, frames, height, width, 3)``.
        """
        at_once = batch_size * self.frames
        waiting: list[latents.Noise] = []
        for noise in noises:
            length = self._length(noise)
            if length > at_once:
                yield self._make_in_parts(noise, at_once)
                continue
            waiting.append(noise)
            if (len(waiting) + 1) * length > at_once:
                yield self._make(waiting)
                waiting = []
        if waiting:
            yield self._make(waiting)

    def _length(self, noise: latents.Noise) -> int:
        """Return the number of frames that come of inputs."""
        return noise["times"].shape[1] if "times" in noise else self.frames

    def _make(self, noises: list[latents.Noise]) -> np.ndarray:
        joined = {
            latent.name: np.concatenate([noise[latent.name] for noise in noises])
            for latent in self.latents
        }
        # As it is, not through predict(): tracing a graph takes longer than a few clips.
        return self._call(self._generator, joined)

    def _make_in_parts(self, noise: latents.Noise, at_once: int) -> np.ndarray:
        """Make one long clip, so many frames at once; each depends on its own time alone."""
        times = noise["times"]
        clip = np.empty((1, times.shape[1], *self.size[::-1], 3), np.uint8)
        for start in range(0, times.shape[1], at_once):
            part = slice(start, start + at_once)
            clip[:, part] = self._call(self._traced, noise | {"times": times[:, part]})
        return clip

    def _call(self, generator: Any, noise: latents.Noise) -> np.ndarray:
        import tensorflow as tf

        with tf.device(self._device):
            inputs = {name: tf.constant(values) for name, values in noise.items()}
            clips = generator(inputs, training=False)
        return pixels.to_uint8(np.asarray(clips, np.float32))

    @functools.cached_property
    def _traced(self) -> Any:
        """The generator as a graph: recurrent networks take very long step by step."""
        import tensorflow as tf

        return tf.function(self._generator, reduce_retracing=True, jit_compile=False)
