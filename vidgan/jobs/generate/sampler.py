"""Sampling clips from a trained generator."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from vidgan import latents, pixels, runtime
from vidgan.config import DEFAULT_CLIPS, DEFAULT_PLAYBACK_FPS, SWEEP_SEEDS, GenerateConfig
from vidgan.errors import OptionError
from vidgan.jobs.generate import conditions
from vidgan.jobs.generate.clip_plan import seed_numbers, share_with_first
from vidgan.training.run import Run

# Long clips are finished in parts, with so many frames before and after each: more than upsamplers
# look at. Both are even, so that patches are at the same frames.
FRAMES_AT_ONCE, CONTEXT = 64, 8


class Sampler(ABC):
    """The generator of a run.

    Attributes:
        run: the run.
        frames: of a clip in training.
        size: ``(width, height)`` in pixels.
        fps: frames per second.
        latents: the generator inputs.
        architecture: of the model.
    """

    def __init__(self, run: Run, checkpoint: str = "latest", device: str = "auto") -> None:
        """Load the generator.

        Args:
            run: the run.
            checkpoint: ``latest``, ``best`` or the step of a checkpoint.
            device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.

        Raises:
            RunError: the checkpoint is missing or damaged.
            OptionError: there is no such device.
        """
        runtime.prepare()
        import tensorflow as tf

        from vidgan.models import find_architecture, upsampler
        from vidgan.tasks.load import load_generator

        self.run = run
        self.architecture = find_architecture(run.model.model)
        self.frames: int = run.frames
        self.size: tuple[int, int] = run.size
        self.fps: float = run.fps
        self.latents = run.latents()
        self._checkpoint = checkpoint
        self._device = runtime.choose_device(device)
        self._graphs: dict[str, Any] = {}
        with tf.device(self._device):
            self._generator, self._upsampler = upsampler.split(load_generator(run, checkpoint))

    def inputs(
        self, frames: int | None = None, fps: float | None = None
    ) -> tuple[latents.Latent, ...]:
        """Return the generator inputs for clips of another length or frame rate.

        Args:
            frames: of a clip, for models with times among their inputs; default: as in training.
            fps: frames per second; default: as in training.

        Raises:
            OptionError: the model cannot generate such clips.
        """
        spacing = 1.0 if fps is None else (self.fps or DEFAULT_PLAYBACK_FPS) / fps
        return self.run.latents(frames if self.architecture.any_length else None, spacing)

    def noises(
        self,
        seeds: Iterable[int],
        trunc: float = 1.0,
        inputs: tuple[latents.Latent, ...] | None = None,
    ) -> Iterator[latents.Noise]:
        """Yield the generator inputs of one clip after another.

        Args:
            seeds: non-negative integers; a seed always gives the same clip.
            trunc: truncation, from 1 (off) down to 0.01 (close to the average clip).
            inputs: see :meth:`inputs`; default: as in training.
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
        loop: bool = False,
        fps: float | None = None,
        same_content: bool = False,
        same_motion: bool = False,
        batch_size: int = GenerateConfig.batch_size,
    ) -> np.ndarray:
        """Generate clips and return all of them; see :meth:`stream` for more than fit in memory.

        Args:
            n: number of clips; default: one per seed, or 16.
            seeds: as ``"0,1,4-6"`` or numbers; default: 0 to ``n - 1``. A seed always gives the
                same clip.
            label: label of the clips, for a conditional run; several, as ``"walk,run"`` or a list,
                are used in turn. Default: drawn from the seeds.
            trunc: truncation, from 1 (off) down to 0.01 (close to the average clip).
            frames: of a clip; default: as in training, twice as many for a loop.
            loop: whether the last frame of each clip leads to its first.
            fps: frames per second, for models of continuous time; default: as in training.
            same_content: give all clips the content of the first seed, each with its own motion.
            same_motion: give all clips the motion of the first seed, each with its own content.
            batch_size: clips of the training length per batch; fewer if they are longer.

        Returns:
            uint8 RGB of shape ``(n, frames, height, width, 3)``.

        Raises:
            OptionError: a value is out of bounds or not supported by the model.
        """
        if seeds is None:
            seeds = range(n or DEFAULT_CLIPS)
        numbers = seed_numbers(seeds)
        config = GenerateConfig(
            n=n,
            trunc=trunc,
            frames=frames,
            loop=loop,
            fps=fps,
            same_content=same_content,
            same_motion=same_motion,
            batch_size=batch_size,
        )
        if config.n not in (None, len(numbers)):
            raise OptionError(f"n={n} contradicts the number of seeds, {len(numbers)}")
        width, height = self.size
        length = config.length(self.frames)
        clips = np.empty((len(numbers), length, height, width, 3), np.uint8)
        inputs = self.inputs(length, fps)
        labels = conditions.parse_labels(label, self.run.model)
        noises = conditions.cycle_conditions(self.noises(numbers, trunc, inputs), labels)
        noises = share_with_first(noises, inputs, config)
        done = 0
        for batch in self.stream(noises, batch_size, frames=length, loop=loop, trunc=trunc):
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
        """Vary one code and keep all other inputs.

        Args:
            code: ``"category"`` or ``"codes:0"``, ``"codes:1"`` … of an infogan, ``"label"`` of a
                conditional run.
            seeds: of the other inputs.
            trunc: truncation, from 1 (off) down to 0.01 (close to the average clip).
            batch_size: clips per batch.

        Returns:
            uint8 RGB of shape ``(seeds, values, frames, height, width, 3)``.

        Raises:
            OptionError: the model has no such code, or a value is out of bounds.
        """
        config = GenerateConfig(trunc=trunc, batch_size=batch_size)
        values = conditions.parse_sweep(code, self.run.model)
        numbers = seed_numbers(seeds)
        swept = (
            value.apply(noise) for noise in self.noises(numbers, config.trunc) for value in values
        )
        made = np.concatenate(list(self.stream(swept, config.batch_size)))
        return made.reshape(len(numbers), len(values), *made.shape[1:])

    @abstractmethod
    def stream(
        self,
        noises: Iterable[latents.Noise],
        batch_size: int = GenerateConfig.batch_size,
        *,
        frames: int | None = None,
        loop: bool = False,
        trunc: float = 1.0,
    ) -> Iterator[np.ndarray]:
        """Generate clips batch by batch.

        Args:
            noises: generator inputs of one clip each, see :mod:`vidgan.latents`; read lazily.
            batch_size: clips of the training length per batch; fewer if they are longer.
            frames: of a clip, for models without times among their inputs; default: as in training.
            loop: whether the last frame of each clip leads to its first.
            trunc: truncation of the inputs.

        Yields:
            uint8 RGB of shape ``(up to batch_size, frames, height, width, 3)``.
        """

    def finish(self, clip: np.ndarray, loop: bool = False) -> np.ndarray:
        """Return a clip of the generator as the sampler returns it: of the run's size.

        Args:
            clip: uint8 ``(frames, height, width, 3)`` of the generator's size, ``run.base.size``.
            loop: whether its last frame leads to the first.
        """
        places, parts = np.arange(-CONTEXT, len(clip) + CONTEXT), []
        for start in range(0, len(clip), FRAMES_AT_ONCE):
            count = min(FRAMES_AT_ONCE, len(clip) - start)
            around = places[start : start + count + 2 * CONTEXT]
            kept = slice(CONTEXT, CONTEXT + count)
            if loop:
                around = around % len(clip)
            else:
                kept = slice(min(start, CONTEXT), min(start, CONTEXT) + count)
                around = around[(around >= 0) & (around < len(clip))]
            parts.append(self._finish_part(clip[around])[kept])
        return np.concatenate(parts)

    def _finish_part(self, clip: np.ndarray) -> np.ndarray:
        """Return a few frames as :meth:`finish` does: enlarged by the upsampler of a cascade."""
        import tensorflow as tf

        if self._upsampler is None:
            return clip
        with tf.device(self._device):
            large = self._upsampler(tf.constant(pixels.to_model(clip[None])), training=False)
        return np.asarray(pixels.to_uint8(large[0].numpy()))

    def _batches(self, noises: Iterable[latents.Noise], batch_size: int) -> Iterator[np.ndarray]:
        """Yield what the generator makes of inputs, batch by batch, of its own size."""
        max_frames = batch_size * self.frames
        pending: list[latents.Noise] = []
        for noise in noises:
            length = self._length(noise)
            if length > max_frames:
                yield self._generate_in_parts(noise, max_frames)
                continue
            pending.append(noise)
            if (len(pending) + 1) * length > max_frames:
                yield self._generate_batch(pending)
                pending = []
        if pending:
            yield self._generate_batch(pending)

    def _length(self, noise: latents.Noise) -> int:
        """Return the number of frames of the clip that inputs lead to."""
        return noise["times"].shape[1] if "times" in noise else self.frames

    def _generate_batch(self, noises: list[latents.Noise]) -> np.ndarray:
        joined = {name: np.concatenate([noise[name] for noise in noises]) for name in noises[0]}
        # Eagerly: tracing a graph takes longer than generating a few clips.
        return self._call(self._network(joined), joined)

    def _network(self, noise: latents.Noise) -> Any:
        """Return the network that takes these inputs."""
        return self._generator

    def _generate_in_parts(self, noise: latents.Noise, max_frames: int) -> np.ndarray:
        """Generate one long clip in parts: each frame depends on its own time only."""
        times, graph = noise["times"], self._graph(self._network(noise))
        clip = np.empty((1, times.shape[1], *self.run.base.size[::-1], 3), np.uint8)
        for start in range(0, times.shape[1], max_frames):
            part = slice(start, start + max_frames)
            clip[:, part] = self._call(graph, noise | {"times": times[:, part]})
        return clip

    def _call(self, generator: Any, noise: latents.Noise) -> np.ndarray:
        import tensorflow as tf

        with tf.device(self._device):
            inputs = {name: tf.constant(values) for name, values in noise.items()}
            clips = generator(inputs, training=False)
        return np.asarray(pixels.to_uint8(np.asarray(clips, np.float32)))

    def _graph(self, network: Any) -> Any:
        """Return a network as a graph: recurrent networks are slow in eager mode."""
        import tensorflow as tf

        if network.name not in self._graphs:
            self._graphs[network.name] = tf.function(
                network, reduce_retracing=True, autograph=False, jit_compile=False
            )
        return self._graphs[network.name]
