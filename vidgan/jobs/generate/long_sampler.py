"""Long clips and loops of any model.

Models for clips of any length decode them at once; others decode windows of the training length.
The first window is the clip that the inputs lead to. Others follow along a path through the codes
of known clips; see :mod:`vidgan.jobs.generate.transitions`. Gradient steps then move all codes such
that windows agree where they overlap, and they fade into each other there. As all codes stay near
those of known clips, a long clip does not get worse with time.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from vidgan import latents
from vidgan.config import GenerateConfig
from vidgan.jobs.generate import codes as coding
from vidgan.jobs.generate.coder import Coder
from vidgan.jobs.generate.transitions import Transitions, mismatch, thumbnails
from vidgan.jobs.generate.windows import Windows
from vidgan.latents import CATEGORICAL, LABEL, Noise
from vidgan.training.run import Run

# Times that windows are blended and codes are moved towards the result, by so many gradient steps.
ROUNDS, STEPS = 3, 4
# Known clips of a run without an encoder: those of so many seeds.
KNOWN = 256
# Windows that differ by more than this share of the usual difference of two clips dissolve into
# each other visibly.
VISIBLE = 0.5


class LongSampler(Coder):
    """A :class:`Coder` of clips of any length, and of loops.

    Attributes:
        dissolves: the number of places, in all clips so far, at which no known clip continues what
            is there, so that it visibly dissolves into something else.
    """

    dissolves = 0

    def __init__(self, run: Run, checkpoint: str = "latest", device: str = "auto") -> None:
        """Load the generator; see :class:`Sampler`."""
        super().__init__(run, checkpoint, device)
        self._transitions: dict[tuple[object, ...], Transitions] = {}

    def stream(
        self,
        noises: Iterable[Noise],
        batch_size: int = GenerateConfig.batch_size,
        *,
        frames: int | None = None,
        loop: bool = False,
        trunc: float = 1.0,
    ) -> Iterator[np.ndarray]:
        """Generate clips batch by batch; see :meth:`Sampler.stream`."""
        for batch in self._unfinished(noises, batch_size, frames, loop, trunc):
            yield np.stack([self.finish(clip, loop) for clip in batch])

    def _unfinished(
        self,
        noises: Iterable[Noise],
        batch_size: int,
        frames: int | None,
        loop: bool,
        trunc: float,
    ) -> Iterator[np.ndarray]:
        """Yield the clips of :meth:`stream` as the generator makes them, of its own size."""
        architecture = self.architecture
        if architecture.any_length:
            if loop:
                assert architecture.periodic is not None, "any length"
                noises = map(architecture.periodic, noises)
            yield from self._batches(noises, batch_size)
        elif not loop and frames in (None, self.frames):
            yield from self._batches(noises, batch_size)
        else:
            for noise in noises:
                yield self._lengthen(noise, frames or self.frames, loop, trunc)[None]

    def known(self, like: Noise, trunc: float = 1.0) -> Transitions:
        """Return known clips: of the queue of codes, or of seeds if the run has no encoder.

        Args:
            like: codes of one clip, whose label and category they have.
            trunc: truncation, for a run without an encoder.
        """
        kept = [each.name for each in self.decoder_inputs if each.kind in (LABEL, CATEGORICAL)]
        if self.run.model.reconstruction:
            label = int(like["label"][0]) if "label" in like else 0
            codes = {"latent": np.asarray(self._code_sampler.stored(label))}
            key: tuple[object, ...] = ()
        else:
            codes, key = {}, (trunc,)
        key += tuple(like[name].tobytes() for name in kept)
        if key not in self._transitions:
            count = len(codes["latent"]) if codes else KNOWN
            drawn = latents.from_seeds(self.decoder_inputs, range(count))
            codes = latents.truncate(self.decoder_inputs, drawn, trunc) | codes
            codes |= {name: np.repeat(like[name], count, axis=0) for name in kept}
            self._transitions[key] = Transitions(codes, np.stack(list(self._decoded(codes))))
        return self._transitions[key]

    def join(
        self,
        codes: Noise,
        windows: Windows,
        known: Transitions,
        pin: Callable[[np.ndarray], None] = lambda clip: None,
    ) -> np.ndarray:
        """Decode windows that follow each other, and fade them into each other.

        Args:
            codes: of the windows.
            windows: where they are.
            known: the clips that the codes are of.
            pin: sets frames of the clip, uint8 ``(frames, height, width, 3)``, that are given.

        Returns:
            uint8 ``(frames, height, width, 3)``.
        """
        for _ in range(ROUNDS):
            clip = windows.blend(self._decoded(codes))
            pin(clip)
            codes = self.refine(codes, windows.cut(clip), STEPS)
        small: list[np.ndarray] = []

        def kept() -> Iterator[np.ndarray]:
            for each in self._decoded(codes):
                small.append(thumbnails(each))
                yield each

        clip = windows.blend(kept())
        following = [*small[1:], *small[:1]]
        for before, after, overlap in zip(small, following, windows.overlaps, strict=False):
            self.dissolves += mismatch(before, after, overlap) > VISIBLE * known.spread
        return clip

    def _lengthen(self, noise: Noise, frames: int, loop: bool, trunc: float) -> np.ndarray:
        """Return a clip of so many frames that begins as that of the inputs."""
        first = self._codes(noise)
        cover = Windows.around if loop else Windows.cover
        windows = cover(frames, self.frames)
        known, small = self.known(first, trunc), thumbnails(next(self._decoded(first)))
        # The same inputs lead to the same clip.
        random = np.random.default_rng(zlib.crc32(first["latent"].tobytes()))
        path = known.path(small, small if loop else None, windows.overlaps, 1.0, random)
        codes = coding.joined([first, path])
        fixed = [each.name for each in self.decoder_inputs if each.kind == latents.UNIFORM]
        codes |= {name: np.repeat(first[name], len(windows), axis=0) for name in fixed}
        return self.join(codes, windows, known)[:frames]

    def _decoded(self, codes: Noise) -> Iterator[np.ndarray]:
        """Yield the clips of codes, uint8 ``(frames, height, width, 3)``, as they are decoded."""
        count = len(codes["latent"])
        single = (coding.selected(codes, slice(i, i + 1)) for i in range(count))
        for batch in self._batches(single, GenerateConfig.batch_size):
            yield from batch
