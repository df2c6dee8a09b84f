"""Clips of video files."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from vidgan.errors import InputError
from vidgan.jobs.evaluate.sources.base import Clip, ClipSet, Shape, stamp
from vidgan.video.discover import discover
from vidgan.video.notes import by_note
from vidgan.video.rate import resample, resampled_length
from vidgan.video.readers.base import VideoReader
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.open import open_video


class VideoSet(ClipSet):
    """Clips of video files, GIFs and folders of numbered images.

    The number of frames is read from the header of a file if it is there. A file that is shorter
    than that, or damaged, gives fewer clips and a note.

    Args:
        path: a file, or a folder that is searched.
        shape: of the clips; by default with the size of the first file.
    """

    def __init__(self, path: Path, shape: Shape) -> None:
        self.windows: list[tuple[Path, int]] = []
        # What the user must know about the conversion of each file.
        self._converted: dict[Path, list[str]] = {}
        notes, sizes, rates, short = [], set(), set(), False
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
                short = True
                notes.append(
                    f"left out: {source.path} has {frames} frames, a clip needs {shape.span}"
                )
                continue
            if shape.size is None:
                shape = replace(shape, size=(info.width, info.height))
            sizes.add((info.width, info.height))
            rates.add(info.fps)
            self._converted[source.path] = reader.notes
            self.windows += [(source.path, number) for number in range(count)]
        if not self.windows:
            raise InputError(
                f"{path}: none of its videos gives a clip ({'; '.join(notes)})"
                f"{'; use fewer --frames or longer videos' if short else ''}"
                if notes
                else f"{path}: contains no video"
            )
        rate = shape.fps or next(iter(rates))
        fps = None if rate is None else rate / shape.stride
        super().__init__("clips", path, shape, fps, len(self.windows))
        self.notes += notes
        converted = self._converted.items()
        self.notes += by_note((str(path), note) for path, found in converted for note in found)
        width, height = self.shape.size or (0, 0)
        if others := sizes - {(width, height)}:
            shown = ", ".join(f"{w}x{h}" for w, h in sorted(others))
            self.notes.append(f"{path}: frames of {shown} were resized to {width}x{height}")
        if len(rates) > 1 and shape.fps is None:
            shown = ", ".join(sorted(f"{rate or 0:g}" for rate in rates))
            self.notes.append(
                f"{path}: its videos play at {shown} frames/s, so that equal motion differs; "
                "--fps resamples them to one rate"
            )

    def __iter__(self) -> Iterator[Clip]:
        """Yield the clips that can be decoded."""
        selected: dict[Path, list[int]] = {}
        for number in self.selected.tolist():
            path, window = self.windows[number]
            selected.setdefault(path, []).append(window)
        for path, windows in selected.items():
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
        with open_video(path, FrameFit(width, height)) as reader:
            for number, pixels in _frames(reader, shape, wanted):
                if number % shape.span == 0:
                    frames = []
                frames.append(pixels)
                if len(frames) == shape.frames:
                    yield np.stack(frames)
                    wanted.discard(number // shape.span)
                    if not wanted:
                        break
            new = [note for note in reader.notes if note not in self._converted[path]]
        self._converted[path] += new
        self.notes += [f"{path}: {note}" for note in new]

    def fingerprint(self) -> str:
        """Return names, sizes and modification times of the files."""
        paths = sorted({path for path, _ in self.windows})
        return json.dumps([stamp(path) for path in paths])


def _frames(
    reader: VideoReader, shape: Shape, windows: set[int]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the indices and pixels of the frames of the selected clips."""

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
