"""Which clips are measured: those of a dataset, of video files, of an array or of a run.

A set says what it holds before it decodes anything, and can be gone through more than once. Clips
are windows side by side: none shares a frame with another.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidgan.dataset.manifest import MANIFEST_NAME, Manifest, span
from vidgan.errors import DatasetError, InputError
from vidgan.jobs import choices
from vidgan.video.discover import discover
from vidgan.video.fit import Fit
from vidgan.video.rate import resample, resampled_length
from vidgan.video.reader import VideoReader, open_video

if TYPE_CHECKING:
    from vidgan.jobs.sampler import Sampler

# A clip, uint8 (frames, height, width, 3), and its label, -1 without.
Clip = tuple[np.ndarray, int]


@dataclass(frozen=True)
class Shape:
    """What all clips of a comparison have in common.

    Attributes:
        frames: of a clip.
        stride: frames of the source from one frame of a clip to the next.
        size: ``(width, height)`` in pixels, or None for the source's own.
        fps: video files are brought to this rate first; None leaves them theirs.
    """

    frames: int
    stride: int = 1
    size: tuple[int, int] | None = None
    fps: float | None = None

    @property
    def span(self) -> int:
        """Frames of the source that a clip covers."""
        return span(self.frames, self.stride)


class ClipSet(ABC):
    """Clips that can be gone through, always the same ones in the same order.

    Attributes:
        title: what they are.
        path: where they come from.
        shape: of the clips; the size is known.
        fps: frames a second of a clip; None where unknown.
        total: how many there are to choose from.
        count: how many are chosen.
        labels: names of their labels.
        notes: what a reader of the figures must know; grows while clips are read.
    """

    labels: tuple[str, ...] = ()

    def __init__(self, title: str, path: Path, shape: Shape, fps: float | None, total: int) -> None:
        self.title = title
        self.path = path
        self.shape = shape
        self.fps = fps
        self.total = self.count = total
        self.notes: list[str] = []
        self._chosen: np.ndarray | None = None

    def choose(self, count: int, seed: int) -> None:
        """Take ``count`` of the clips at random; all, if there are no more."""
        if count < self.total:
            random = np.random.Generator(np.random.Philox(seed))
            self._chosen = np.sort(random.permutation(self.total)[:count])
        self.count = min(count, self.total)

    def keep(self, chosen: np.ndarray) -> None:
        """Take the clips of these numbers."""
        self._chosen = np.sort(chosen)
        self.count = len(chosen)

    @property
    def chosen(self) -> np.ndarray:
        """The numbers of the clips that are taken, in order."""
        return np.arange(self.total) if self._chosen is None else self._chosen

    @abstractmethod
    def __iter__(self) -> Iterator[Clip]:
        """Yield the chosen clips.

        Raises:
            VidganError: what they come from is damaged.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """Return text that is another one where the clips may be others."""

    @property
    def key(self) -> str:
        """The SHA-256 of all that decides about the clips."""
        parts = [self.fingerprint(), repr(self.shape), self.chosen.tobytes().hex()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class SplitSet(ClipSet):
    """Windows of a dataset's split.

    Args:
        manifest: the dataset.
        split: ``train`` or ``test``.
        shape: of the clips.
        numbers: what the manifest's labels are called by, where not by their own numbers.
    """

    def __init__(
        self, manifest: Manifest, split: str, shape: Shape, numbers: list[int] | None = None
    ) -> None:
        if shape.size not in (None, manifest.size):
            width, height = shape.size or manifest.size
            raise InputError(
                f"{manifest.path}: frames are {manifest.width}x{manifest.height}, not "
                f"{width}x{height}; preprocess with --size {width}x{height}"
            )
        shape = replace(shape, size=manifest.size)
        total = manifest.splits[split].clips(shape.span)
        fps = manifest.fps / shape.stride
        super().__init__(f"{split} clips", manifest.path, shape, fps, total)
        self.manifest, self.split, self.labels = manifest, split, tuple(manifest.labels)
        self.numbers = numbers

    def __iter__(self) -> Iterator[Clip]:
        """Yield clips; a shard that is damaged is a DatasetError."""
        from vidgan.dataset.pipeline import labelled_clips

        chosen, found = set(self.chosen.tolist()), 0
        frames, stride = self.shape.frames, self.shape.stride
        clips = labelled_clips(self.manifest, self.split, frames, stride)
        for number, (clip, label) in enumerate(clips):
            if number in chosen:
                found += 1
                yield clip, int(label) if self.numbers is None else self.numbers[label]
        if found != self.count:
            raise DatasetError(
                f"{self.path}: its shards hold other clips than its manifest says; make the "
                "dataset again with vidgan preprocess --overwrite"
            )

    def fingerprint(self) -> str:
        """Return the manifest, which has the sources' hashes."""
        manifest = (self.path / MANIFEST_NAME).read_text("utf-8")
        return f"{manifest} {self.split} {self.numbers}"


class VideoSet(ClipSet):
    """Windows of video files, GIFs and folders of numbered images.

    Frames are counted before anything is decoded, where the files tell; a file that turns out to be
    shorter, or broken, gives fewer clips and a note.

    Args:
        path: a file, or a folder that is searched.
        shape: of the clips; without a size the first file's.
    """

    def __init__(self, path: Path, shape: Shape) -> None:
        self.windows: list[tuple[Path, int]] = []
        notes, sizes, rates = [], set(), set()
        for source in discover([path]):
            try:
                if source.error is not None:
                    raise InputError(source.error)
                with open_video(source.path) as reader:
                    info = reader.info
                    frames = info.frames or sum(1 for _ in iter(reader.grab, None))
            except InputError as error:
                notes.append(f"left out: {error}")
                continue
            if shape.fps and info.fps and frames:
                frames = resampled_length(frames, info.fps, shape.fps)
            count = frames // shape.span
            if not count:
                notes.append(
                    f"left out: {source.path} has {frames} frames, a clip needs {shape.span}"
                )
                continue
            if shape.size is None:
                shape = replace(shape, size=(info.width, info.height))
            sizes.add((info.width, info.height))
            rates.add(info.fps)
            self.windows += [(source.path, number) for number in range(count)]
        if not self.windows:
            raise InputError(
                f"{path}: no video of it gives a clip ({'; '.join(notes)})"
                if notes
                else f"{path}: no video in it"
            )
        rate = shape.fps or next(iter(rates))
        fps = None if rate is None else rate / shape.stride
        super().__init__("clips", path, shape, fps, len(self.windows))
        self.notes += notes
        width, height = self.shape.size or (0, 0)
        if others := sizes - {(width, height)}:
            shown = ", ".join(f"{w}x{h}" for w, h in sorted(others))
            self.notes.append(f"{path}: frames of {shown} were fitted to {width}x{height}")
        if len(rates) > 1 and shape.fps is None:
            shown = ", ".join(sorted(f"{rate or 0:g}" for rate in rates))
            self.notes.append(
                f"{path}: its videos play at {shown} frames/s, so that equal motion differs; "
                "--fps brings them to one rate"
            )

    def __iter__(self) -> Iterator[Clip]:
        """Yield the clips that can be decoded."""
        chosen: dict[Path, list[int]] = {}
        for number in self.chosen.tolist():
            path, window = self.windows[number]
            chosen.setdefault(path, []).append(window)
        for path, windows in chosen.items():
            found = 0
            for clip in self._read(path, windows):
                found += 1
                yield clip, -1
            if found < len(windows):
                self.notes.append(f"{path}: {len(windows) - found} clips could not be decoded")

    def _read(self, path: Path, windows: list[int]) -> Iterator[np.ndarray]:
        shape = self.shape
        width, height = shape.size or (0, 0)
        wanted = set(windows)
        frames: list[np.ndarray] = []
        with open_video(path, Fit(width, height)) as reader:
            for number, pixels in _frames(reader, shape, wanted):
                if number % shape.span == 0:
                    frames = []
                frames.append(pixels)
                if len(frames) == shape.frames:
                    yield np.stack(frames)
                    wanted.discard(number // shape.span)
                    if not wanted:
                        return

    def fingerprint(self) -> str:
        """Return the files' names, sizes and times."""
        paths = sorted({path for path, _ in self.windows})
        return json.dumps([_stamp(path) for path in paths])


def _frames(
    reader: VideoReader, shape: Shape, windows: set[int]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the numbers and pixels of the frames that the windows' clips are made of."""

    def needed(number: int) -> bool:
        return number // shape.span in windows and number % shape.span % shape.stride == 0

    if shape.fps is None:
        number = 0
        while reader.grab() is not None:
            if needed(number):
                yield number, reader.retrieve()
            number += 1
        return
    number = 0
    for sample in resample(reader, shape.fps):
        for _ in range(sample.copies):
            if needed(number):
                yield number, sample.pixels
            number += 1


def _stamp(path: Path) -> list[str | int]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    stats = [file.stat() for file in files]
    return [
        str(path.resolve()),
        sum(stat.st_size for stat in stats),
        max(stat.st_mtime_ns for stat in stats),
    ]


class ArraySet(ClipSet):
    """Clips of a ``.npy`` file, as ``vidgan generate -o clips.npy`` writes: uint8, RGB.

    The file is mapped, not loaded, and never unpickled.

    Args:
        path: the file, ``(n, frames, height, width, 3)``; longer clips are cut into windows.
        shape: of the clips.
    """

    def __init__(self, path: Path, shape: Shape) -> None:
        try:
            self.array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not an array that can be read ({error})") from None
        if self.array.ndim != 5 or self.array.shape[-1] != 3 or self.array.dtype != np.uint8:
            raise InputError(
                f"{path}: holds {self.array.dtype} {self.array.shape}; needed are clips, uint8 "
                "(n, frames, height, width, 3)"
            )
        number, frames, height, width, _ = self.array.shape
        if shape.size not in (None, (width, height)):
            raise InputError(f"{path}: frames are {width}x{height}; choose --size {width}x{height}")
        self.parts = frames // shape.span
        if not self.parts or not number:
            raise InputError(
                f"{path}: holds {number} clips of {frames} frames, a clip needs {shape.span}"
            )
        super().__init__(
            "clips", path, replace(shape, size=(width, height)), None, number * self.parts
        )

    def __iter__(self) -> Iterator[Clip]:
        """Yield clips."""
        covered, stride = self.shape.span, self.shape.stride
        for number in self.chosen.tolist():
            clip, part = divmod(number, self.parts)
            start = part * covered
            yield np.ascontiguousarray(self.array[clip, start : start + covered : stride]), -1

    def fingerprint(self) -> str:
        """Return the file's name, size and time."""
        return json.dumps(_stamp(self.path))


class SampleSet(ClipSet):
    """Clips that a run generates, a seed each.

    Args:
        sampler: the run's.
        count: how many.
        seed: of the first, the next has the next.
        labels: what a conditional run is asked for, int ``(n,)``, gone through repeatedly; None
            lets the seeds draw it.
        batch_size: made at once.
        frames: of a clip; by default as in training.
    """

    def __init__(
        self,
        sampler: "Sampler",
        count: int,
        seed: int,
        *,
        labels: np.ndarray | None = None,
        batch_size: int = 16,
        frames: int | None = None,
    ) -> None:
        run = sampler.run
        shape = Shape(frames or run.frames, run.stride, run.size)
        super().__init__("generated clips", run.path, shape, run.fps, count)
        self.sampler, self.seed, self.batch_size = sampler, seed, batch_size
        self.labels = run.model.labels
        self.wanted = labels if run.model.conditional else None

    def __iter__(self) -> Iterator[Clip]:
        """Yield clips."""
        inputs = self.sampler.inputs(self.shape.frames)
        names = self.labels
        numbers = None if self.wanted is None else np.resize(self.wanted, self.total)
        labels = [] if numbers is None else [choices.label(n, names[n]) for n in numbers.tolist()]
        seeds = range(self.seed, self.seed + self.total)
        noises = choices.in_turn(self.sampler.noises(seeds, inputs=inputs), labels)
        number = 0
        for batch in self.sampler.stream(noises, self.batch_size):
            for clip in batch:
                yield clip, -1 if numbers is None else int(numbers[number])
                number += 1

    def fingerprint(self) -> str:
        """Return the run and the seed."""
        return f"{self.path.resolve()} {self.seed}"


def open_set(path: Path | str, shape: Shape, split: str | None = None) -> ClipSet:
    """Open what a user names: a dataset folder, a ``.npy`` file, a video or a folder of videos.

    Args:
        path: what to open.
        shape: of the clips.
        split: of a dataset; by default ``test``, or ``train`` where that is empty.

    Raises:
        InputError: there is no clip in it, or it is a run.
        DatasetError: the dataset is damaged.
    """
    path = Path(path)
    if (path / MANIFEST_NAME).is_file():
        manifest = Manifest.load(path)
        if split is None:
            split = "test" if manifest.splits["test"].clips(shape.span) else "train"
        found: ClipSet = SplitSet(manifest, split, shape)
        if not found.total:
            longest = max(manifest.splits[split].lengths, default=0)
            raise InputError(
                f"{path}: the longest {split} shot has {longest} frames, a clip needs "
                f"{shape.span}; use fewer --frames or longer videos"
            )
        return found
    if (path / "checkpoints").is_dir():
        raise InputError(
            f"{path}: this is a run; vidgan evaluate {path} measures it, or generate clips of it "
            "first"
        )
    if path.suffix.lower() == ".npy":
        return ArraySet(path, shape)
    return VideoSet(path, shape)
