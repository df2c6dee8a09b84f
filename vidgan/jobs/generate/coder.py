"""Codes of real clips: finding, varying and decoding them."""

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np

from vidgan import latents, pixels
from vidgan.config import GenerateConfig
from vidgan.errors import OptionError
from vidgan.jobs.generate import codes as coding
from vidgan.jobs.generate import conditions
from vidgan.jobs.generate.clip_plan import seed_numbers
from vidgan.jobs.generate.sampler import Sampler
from vidgan.latents import CATEGORICAL, LABEL, NORMAL, UNIFORM, Noise

# Gradient steps that refine a code, and clips that are refined at once.
REFINE_STEPS = 40
REFINE_BATCH = 4


class Coder(Sampler):
    """The generator of a run, with codes of clips; see :mod:`vidgan.jobs.generate.clip_sampler`.

    Methods that need the encoder, which is loaded when one is called, raise RunError for a run that
    has none.
    """

    def encode(
        self, clips: np.ndarray, *, label: str | None = None, steps: int = REFINE_STEPS
    ) -> Noise:
        """Find the codes of real clips: by the encoder, then by gradient steps.

        Args:
            clips: uint8 RGB ``(n, frames, height, width, 3)``, of the run's size and frames.
            label: of all clips, for a conditional run. By default the label, as well as the
                category of an infogan, with which a clip is reconstructed best.
            steps: number of gradient steps; 0 for the encoder alone.

        Returns:
            The codes of the clips.

        Raises:
            RunError: the run has no encoder.
            OptionError: clips of another shape, or an unknown label.
        """
        self.run.check_encoder()
        self._check_size(clips, self.frames)
        clips, given = self.shrink(clips), self._labels(label)
        parts = [
            self._encode_batch(clips[start : start + REFINE_BATCH], given, steps)
            for start in range(0, len(clips), REFINE_BATCH)
        ]
        return coding.joined(parts)

    def decode(self, codes: Noise, *, batch_size: int = GenerateConfig.batch_size) -> np.ndarray:
        """Decode codes; those of :meth:`encode` give reconstructions.

        Args:
            codes: of n clips.
            batch_size: clips of the training length per batch; fewer if they are longer.

        Returns:
            uint8 RGB ``(n, frames, height, width, 3)``.
        """
        count = len(codes["latent"])
        single = (coding.selected(codes, slice(i, i + 1)) for i in range(count))
        return np.concatenate(list(self.stream(single, batch_size)))

    def vary(
        self,
        codes: Noise,
        seeds: str | int | Iterable[int],
        *,
        strength: float = 1.0,
        frames: int | None = None,
        fps: float | None = None,
    ) -> Noise:
        """Vary the codes of one clip.

        The code ``latent`` moves as those of similar training clips differ from each other; the
        motion, for models with a separate one, is mixed with a new one.

        Args:
            codes: of one clip, from :meth:`encode`.
            seeds: as ``"0,1,4-6"`` or numbers, one variation for each.
            strength: 0 to 1; with 1 the difference is as that of similar clips, and all motion
                new.
            frames: of a clip, for models with times among their inputs; default: as in training.
            fps: frames per second, for models of continuous time; default: as in training.

        Returns:
            The codes of one clip for each seed.

        Raises:
            RunError: the run has no encoder.
            OptionError: a value is out of bounds or not supported by the model.
        """
        self.run.check_encoder()
        if not 0 <= strength <= 1:
            raise OptionError(f"strength {strength} is not from 0 to 1")
        numbers = seed_numbers(seeds)
        noise = latents.from_seeds(self.inputs(frames, fps), numbers)
        varied = coding.extended(coding.repeated(codes, len(numbers)), noise)
        varied = coding.with_new_motion(varied, noise, self.decoder_inputs, strength)
        code = self._code_sampler.vary(varied["latent"], noise["latent"] * np.float32(strength))
        return varied | {"latent": np.asarray(code)}

    def sample_codes(
        self, seeds: str | int | Iterable[int], *, strength: float = 1.0, label: str | None = None
    ) -> Noise:
        """Draw the codes of new clips, as :meth:`generate` does.

        Args:
            seeds: as ``"0,1,4-6"`` or numbers, one clip for each.
            strength: truncation; see :meth:`generate`.
            label: of all clips, for a conditional run; default: drawn from the seeds.

        Returns:
            The codes of one clip for each seed.

        Raises:
            RunError: the run has no encoder.
            OptionError: a value is out of bounds, or an unknown label.
        """
        self.run.check_encoder()
        numbers = seed_numbers(seeds)
        noise = latents.truncate(self.latents, latents.from_seeds(self.latents, numbers), strength)
        for condition in self._labels(label):
            noise = condition.apply(noise)
        return self._codes(noise)

    def interpolate(self, start: Noise, end: Noise, n: int) -> Noise:
        """Interpolate linearly between the codes of two clips.

        Args:
            start: codes of the first clip.
            end: codes of the last clip.
            n: number of clips, at least 2, ``start`` and ``end`` included.

        Returns:
            The codes of n clips.

        Raises:
            OptionError: n is too small.
        """
        if n < 2:
            raise OptionError(f"n={n}: an interpolation has 2 clips or more")
        return coding.interpolate(start, end, n)

    def posterior(self, clips: np.ndarray) -> tuple[Noise, Noise]:
        """Return what the encoder says of clips: means and standard deviations of normal codes.

        Args:
            clips: uint8 RGB ``(n, frames, height, width, 3)``.

        Raises:
            RunError: the run has no encoder.
        """
        import tensorflow as tf

        from vidgan.tasks.vae_gan import moments

        means, deviations = {}, {}
        with tf.device(self._device):
            small = pixels.to_model(self.shrink(clips))
            for name, values in self._encoder(small, training=False).items():
                mean, log_variance = moments(values)
                means[name], deviations[name] = mean.numpy(), np.exp(0.5 * log_variance.numpy())
        return means, deviations

    def refine(self, codes: Noise, clips: np.ndarray, steps: int = REFINE_STEPS) -> Noise:
        """Move normal codes by gradient steps such that what they decode to begins like ``clips``.

        Args:
            codes: of n clips.
            clips: uint8 RGB ``(n, up to frames, height, width, 3)``, their first frames.
            steps: number of gradient steps.
        """
        clips, parts = self.shrink(clips), []
        for start in range(0, len(clips), REFINE_BATCH):
            part = slice(start, start + REFINE_BATCH)
            few = coding.selected(codes, part)
            parts.append(self._refine_batch(few, pixels.to_model(clips[part]), steps)[0])
        return coding.joined(parts)

    @property
    def decoder_inputs(self) -> tuple[latents.Latent, ...]:
        """The inputs of the decoder, the names and shapes of codes."""
        return tuple(each for each in self.latents if each.name != "anchor")

    def _encode_batch(
        self, clips: np.ndarray, given: tuple[conditions.Condition, ...], steps: int
    ) -> Noise:
        target = pixels.to_model(clips)
        codes = latents.from_seeds(self.decoder_inputs, [0] * len(clips))
        codes |= self.posterior(clips)[0]
        for condition in given:
            codes = condition.apply(codes)
        for each in self.decoder_inputs:
            if each.kind == UNIFORM:
                codes[each.name] = np.zeros_like(codes[each.name])
            elif each.kind == CATEGORICAL or (each.kind == LABEL and not given):
                codes[each.name] = self._best_value(codes, each, target)
        return self._refine_batch(codes, target, steps)[0] if steps else codes

    def _best_value(self, codes: Noise, choice: latents.Latent, target: np.ndarray) -> np.ndarray:
        """Return the label or category of each clip with which it is reconstructed best."""
        count = choice.classes or choice.shape[0]
        one_hot = choice.kind == CATEGORICAL
        values = np.asarray(np.eye(count, dtype=np.float32) if one_hot else np.arange(count))
        errors = []
        for value in values:
            trial = codes | {
                choice.name: np.stack([value] * len(target)).astype(codes[choice.name].dtype)
            }
            errors.append(self._refine_batch(trial, target, 0)[1])
        return np.asarray(values[np.argmin(errors, axis=0)], codes[choice.name].dtype)

    def _refine_batch(
        self, codes: Noise, target: np.ndarray, steps: int
    ) -> tuple[Noise, np.ndarray]:
        free = [each.name for each in self.decoder_inputs if each.kind == NORMAL]
        refined: tuple[Noise, np.ndarray] = self._refiner(codes, free, target, steps)
        return refined

    def _codes(self, noise: Noise) -> Noise:
        """Return the codes that inputs of the generator lead to; codes as they are."""
        if "anchor" not in noise:
            return noise
        used = {name: noise[name] for name in ("anchor", "latent", "label") if name in noise}
        codes = {name: values for name, values in noise.items() if name != "anchor"}
        return codes | {"latent": np.asarray(self._code_sampler(used))}

    def _network(self, noise: Noise) -> Any:
        """Return the generator, or the decoder for codes."""
        is_codes = "anchor" in {each.name for each in self.latents} - set(noise)
        return self._decoder if is_codes else self._generator

    def shrink(self, clips: np.ndarray) -> np.ndarray:
        """Return clips of the run's size at that of its generator, uint8 ``(n, frames, …, 3)``."""
        import tensorflow as tf

        from vidgan.dataset.pipeline import resize

        size = self.run.base.size
        if clips.shape[2:4] == size[::-1]:
            return clips
        return np.stack([resize(tf.constant(clip), size).numpy() for clip in clips])

    def _labels(self, label: str | None) -> tuple[conditions.Condition, ...]:
        return conditions.parse_labels(None if label is None else [label], self.run.model)

    def _check_size(self, clips: np.ndarray, frames: int | None) -> None:
        """Raise OptionError unless clips are as the run's."""
        width, height = self.size
        fits = clips.ndim == 5 and clips.dtype == np.uint8 and len(clips) > 0
        if fits and clips.shape[2:] == (height, width, 3):
            length = clips.shape[1]
            if length == frames or (frames is None and length >= self.frames):
                return
        raise OptionError(
            f"clips: {clips.dtype} {clips.shape}, but this run takes uint8 (n, "
            f"{self.frames if frames else f'{self.frames} or more'}, {height}, {width}, 3)"
        )

    @functools.cached_property
    def _encoder(self) -> Any:
        import tensorflow as tf

        from vidgan.tasks.load import load_encoder

        with tf.device(self._device):
            return load_encoder(self.run, self._checkpoint)

    @functools.cached_property
    def _refiner(self) -> Any:
        from vidgan.jobs.generate.refiner import Refiner

        return Refiner(self._decoder, self._device)

    @property
    def _decoder(self) -> Any:
        """The network from codes to clips: without an encoder the generator itself."""
        from vidgan.models.autoencoder import DECODER

        has_codes = self.run.model.reconstruction
        return self._generator.get_layer(DECODER) if has_codes else self._generator

    @property
    def _code_sampler(self) -> Any:
        from vidgan.models.autoencoder import SAMPLER

        return self._generator.get_layer(SAMPLER)
