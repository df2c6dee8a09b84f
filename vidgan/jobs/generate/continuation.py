"""Continuing a clip where it ends.

Models for clips of any length decode the clip's own code for more times, with motion that is new
after its end. Other models decode windows: codes are sought whose clips follow the given one and
each other, as for long clips; see :mod:`vidgan.jobs.generate.long_sampler`.
"""

from collections.abc import Sequence

import numpy as np

from vidgan import latents
from vidgan.errors import OptionError
from vidgan.jobs.generate import codes as coding
from vidgan.jobs.generate.long_sampler import LongSampler
from vidgan.jobs.generate.transitions import thumbnails
from vidgan.jobs.generate.windows import Windows, fade
from vidgan.latents import Noise

# Frames over which given ones fade into their reconstruction, for models of any length.
FADE = 4


def continue_frames(
    sampler: LongSampler,
    clip: np.ndarray,
    frames: int,
    seeds: Sequence[int],
    strength: float,
    label: str | None,
    steps: int,
    loop: bool = False,
) -> np.ndarray:
    """Continue a clip.

    Args:
        sampler: of a run with an encoder.
        clip: uint8 RGB ``(length, height, width, 3)``, at least as long as in training.
        frames: number of new frames.
        seeds: one continuation for each.
        strength: of the differences between them, 0 to 1.
        label: of the clip; None to find it.
        steps: number of gradient steps that find the clip's own code.
        loop: whether the last new frame leads to the first frame of the clip.

    Returns:
        uint8 RGB ``(seeds, length + frames, height, width, 3)``.

    Raises:
        OptionError: a loop with a model of any length.
    """
    codes = sampler.encode(clip[None, -sampler.frames :], label=label, steps=steps)
    if not sampler.architecture.any_length:
        return np.stack(
            [_append(sampler, clip, codes, frames, seed, strength, loop) for seed in seeds]
        )
    if loop:
        raise OptionError(
            f"--loop: the continuation by a {sampler.run.model.model} does not return to the "
            "beginning of the video; leave it out or train another model"
        )
    return _extend(sampler, clip, codes, frames, seeds, strength, steps)


def _append(
    sampler: LongSampler,
    clip: np.ndarray,
    codes: Noise,
    frames: int,
    seed: int,
    strength: float,
    loop: bool,
) -> np.ndarray:
    """Append windows, the first of which overlaps the clip by half."""
    size = sampler.frames
    overlap = size // 2
    before, after = clip[-overlap:], clip[:overlap]
    small_before, small_after = sampler.shrink(np.stack([before, after]))
    windows = Windows.until(frames, size) if loop else Windows.cover(frames + overlap, size)
    known = sampler.known(codes)
    path = known.path(
        thumbnails(before),
        thumbnails(after) if loop else None,
        (overlap, *windows.overlaps, *([overlap] if loop else [])),
        strength,
        np.random.default_rng(seed),
    )

    def pin(made: np.ndarray) -> None:
        made[:overlap] = small_before
        if loop:
            made[-overlap:] = small_after

    made = sampler.finish(sampler.join(path, windows, known, pin))
    whole = [clip[:-overlap], fade(before, made[:overlap]), made[overlap:][:frames]]
    if loop:
        whole[0] = np.concatenate([fade(made[-overlap:], after), clip[overlap:-overlap]])
    return np.concatenate(whole)


def _extend(
    sampler: LongSampler,
    clip: np.ndarray,
    codes: Noise,
    frames: int,
    seeds: Sequence[int],
    strength: float,
    steps: int,
) -> np.ndarray:
    """Decode the clip's own code for more times."""
    size = sampler.frames
    inputs = sampler.inputs(size + frames)
    noise = latents.truncate(inputs, latents.from_seeds(inputs, seeds), strength)
    # Of motion that the clip leaves open, such as that after its end, each seed has its own.
    _, deviations = sampler.posterior(clip[None, -size:])
    start = coding.repeated(codes, len(seeds))
    for name, deviation in deviations.items():
        if name != "latent":
            own = start[name].shape[1]
            start[name] = start[name] + deviation * noise[name][:, :own]
    given = np.repeat(clip[None], len(seeds), axis=0)
    start = sampler.refine(start, given[:, -size:], steps)
    made = sampler.decode(coding.extended(start, noise))
    return np.stack(
        [
            np.concatenate([clip[:-FADE], fade(clip[-FADE:], new[size - FADE : size]), new[size:]])
            for new in made
        ]
    )
