"""Continuing a clip where it ends.

Models for clips of any length decode the clip's own code for more times, with motion that is new
after its end. Of other models a code is sought whose first frames are the last frames of the clip:
the best of some candidates (new clips of the model, and variations of the given one), moved by
gradient steps. Its other frames are new. They are continued in turn.
"""

from collections.abc import Sequence

import numpy as np

from vidgan import latents
from vidgan.jobs.generate import codes as coding
from vidgan.jobs.generate.coder import Coder
from vidgan.latents import Noise

# Frames over which given ones fade into their reconstruction.
FADE = 4
# Codes among which the best is taken, half of them of new clips, half variations.
CANDIDATES = 32


def continue_frames(
    sampler: Coder,
    clip: np.ndarray,
    frames: int,
    seeds: Sequence[int],
    strength: float,
    label: str | None,
    steps: int,
) -> np.ndarray:
    """Continue a clip of the length of training.

    Args:
        sampler: of a run with an encoder.
        clip: uint8 RGB ``(frames of training, height, width, 3)``.
        frames: number of new frames.
        seeds: one continuation for each.
        strength: of the differences between them, 0 to 1.
        label: of the clip; None to find it.
        steps: number of gradient steps for each part.

    Returns:
        uint8 RGB ``(seeds, frames of training + frames, height, width, 3)``.
    """
    from vidgan.models import find_architecture

    codes = sampler.encode(clip[None], label=label, steps=steps)
    if find_architecture(sampler.run.model.model).any_length:
        return _extend(sampler, clip, codes, frames, seeds, strength, steps)
    made = np.repeat(clip[None], len(seeds), axis=0)
    overlap = sampler.frames // 2
    for part in range(-(-frames // (sampler.frames - overlap))):
        end = made[:, -overlap:]
        found = _find_codes(sampler, codes, end, [(seed, part) for seed in seeds], strength)
        new = sampler.decode(sampler.refine(found, end, steps))
        made = _join(made, new, overlap)
        codes = sampler.encode(made[:, -sampler.frames :], label=label, steps=0)
    return made[:, : len(clip) + frames]


def _extend(
    sampler: Coder,
    clip: np.ndarray,
    codes: Noise,
    frames: int,
    seeds: Sequence[int],
    strength: float,
    steps: int,
) -> np.ndarray:
    """Decode the clip's own code for more times."""
    inputs = sampler.inputs(len(clip) + frames)
    noise = latents.truncate(inputs, latents.from_seeds(inputs, seeds), strength)
    # Of motion that the clip leaves open, such as that after its end, each seed has its own.
    _, deviations = sampler.posterior(clip[None])
    start = coding.repeated(codes, len(seeds))
    for name, deviation in deviations.items():
        if name != "latent":
            known = start[name].shape[1]
            start[name] = start[name] + deviation * noise[name][:, :known]
    given = np.repeat(clip[None], len(seeds), axis=0)
    start = sampler.refine(start, given, steps)
    return _join(given, sampler.decode(coding.extended(start, noise)), len(clip))


def _find_codes(
    sampler: Coder,
    codes: Noise,
    end: np.ndarray,
    keys: Sequence[tuple[int, ...]],
    strength: float,
) -> Noise:
    """Return for each key the candidate that begins most like the end of its clip.

    Args:
        sampler: of a run with an encoder.
        codes: of the clips, or of the one that is common to all.
        end: uint8 ``(clips, frames, height, width, 3)``, their last frames.
        keys: one for each clip; they draw the candidates.
        strength: of the noise.
    """
    found = []
    for index, key in enumerate(keys):
        drawn = np.random.SeedSequence(key).generate_state(CANDIDATES, np.uint32)
        first, second = np.split(drawn.astype(np.int64), 2)
        place = min(index, len(codes["latent"]) - 1)
        own = coding.selected(codes, slice(place, place + 1))
        label = sampler.run.model.labels[int(own["label"][0])] if "label" in own else None
        new = sampler.sample_codes(first, strength=strength, label=label)
        varied = sampler.vary(own, second, strength=strength)
        candidates = coding.joined([new, varied])
        begin = sampler.decode(candidates)[:, : end.shape[1]].astype(np.float32)
        errors = np.square(begin - end[index]).mean(axis=(1, 2, 3, 4))
        best = int(np.argmin(errors))
        found.append(coding.selected(candidates, slice(best, best + 1)))
    return coding.joined(found)


def _join(given: np.ndarray, new: np.ndarray, overlap: int) -> np.ndarray:
    """Append clips to others, which they overlap, with a short fade.

    Args:
        given: uint8 ``(clips, frames, height, width, 3)``.
        new: likewise; the first ``overlap`` frames are at the times of the last given ones.
        overlap: number of frames, at least ``FADE``.
    """
    share = (np.arange(FADE, dtype=np.float32) + 1).reshape(-1, 1, 1, 1) / (FADE + 1)
    before, after = given[:, -FADE:], new[:, overlap - FADE : overlap]
    faded = np.rint(before * (1 - share) + after * share).astype(np.uint8)
    return np.concatenate([given[:, :-FADE], faded, new[:, overlap:]], axis=1)
