"""``manifest.json``: the contents of a dataset folder and their sources.

One TFRecord record is one shot, or a piece of at most :data:`MAX_RECORD_FRAMES` frames of it: a
``tf.train.Example`` with the features

========== =================== ==========================================================
frames     bytes, one a frame  JPEG or PNG, RGB, ``height × width`` of the manifest
fps        float               frames a second
label      int64               index into the manifest's ``labels``, -1 without labels
source     bytes               the source's path as it was given, UTF-8
first      int64               index of the first frame within its source, after resampling
========== =================== ==========================================================
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Self, TypedDict

import msgspec
from msgspec import Meta

from vidgan import json_files
from vidgan.containment import inside
from vidgan.dataset.tfrecord import check_lengths
from vidgan.errors import DatasetError
from vidgan.files import JSON_ERRORS
from vidgan.json_files import Count, FrameRate, PositiveCount, Side, Text, Value
from vidgan.remote.places import ensure

FORMAT_VERSION = 1
MANIFEST_NAME = "manifest.json"
MAX_RECORD_FRAMES = 256
SPLITS = ("train", "test")


def span(frames: int, stride: int) -> int:
    """Return the number of stored frames that a clip covers: ``frames`` frames at ``stride``."""
    return (frames - 1) * stride + 1


@dataclass(frozen=True)
class Split:
    """A split of a dataset.

    Attributes:
        shards: file names.
        lengths: frames of each record, in order.
        bytes: total size of the shards.
    """

    shards: list[Annotated[str, Meta(max_length=255)]] = field(default_factory=list)
    lengths: list[PositiveCount] = field(default_factory=list)
    bytes: Count = 0

    @property
    def frames(self) -> int:
        """Number of frames in the split."""
        return sum(self.lengths)

    def clips(self, span: int, step: int | None = None) -> int:
        """Return the number of windows of ``span`` frames.

        Args:
            span: frames of a window.
            step: frames from the start of one to the start of the next; by default they do not
                overlap.
        """
        step = step or span
        return sum(1 + (length - span) // step for length in self.lengths if length >= span)


class _Rejected(TypedDict):
    first: Count
    frames: Count
    reason: Text


class _Source(TypedDict, total=False):
    path: Text
    sha256: Text
    width: Count
    height: Count
    fps: Annotated[float, Meta(ge=0, le=1e6)]
    frames: Count
    dropped: dict[Text, Count]
    shots: list[dict[str, Value]]
    rejected: list[_Rejected]
    error: Text | None


class _Splits(msgspec.Struct):
    train: Split
    test: Split


class _File(msgspec.Struct):
    """What ``manifest.json`` holds."""

    size: tuple[Side, Side]
    fps: FrameRate
    labels: list[Text]
    splits: _Splits
    sources: list[_Source]
    options: dict[str, Value]


class _Format(msgspec.Struct):
    format: PositiveCount


@dataclass(frozen=True)
class Manifest:
    """The contents of ``manifest.json``.

    Attributes:
        path: the dataset folder.
        size: ``(width, height)`` of the frames that are read, in pixels.
        fps: frames a second.
        labels: names of the labels; empty without labels.
        splits: ``train`` and ``test``.
        sources: one dict a source file: ``path``, ``sha256``, ``width``, ``height``, ``fps``,
            ``frames`` (decoded), ``dropped`` (reason → frames), ``shots`` (``first``, ``frames``,
            ``split``, ``label``), ``rejected`` (``first``, ``frames``, ``reason``), ``error``
            (None, or why the file was left out).
        options: the options of ``vidgan preprocess``.
        stored_size: ``(width, height)`` of the frames in the shards, if another; see
            :meth:`resized`.
    """

    path: Path
    size: tuple[int, int]
    fps: float
    labels: list[str]
    splits: dict[str, Split]
    sources: list[dict[str, Any]]
    options: dict[str, Any]
    stored_size: tuple[int, int] | None = None

    def resized(self, size: tuple[int, int]) -> Self:
        """Return the dataset with frames that are resized to ``(width, height)`` when read."""
        stored = self.stored_size or self.size
        return replace(self, size=size, stored_size=None if size == stored else stored)

    @property
    def width(self) -> int:
        """Frame width in pixels."""
        return self.size[0]

    @property
    def height(self) -> int:
        """Frame height in pixels."""
        return self.size[1]

    def shards(self, split: str) -> list[str]:
        """Return the paths of a split's shards.

        Raises:
            DatasetError: a shard is missing or cut short, or leads out of the folder.
        """
        try:
            paths = [inside(self.path, name) for name in self.splits[split].shards]
        except ValueError as error:
            raise DatasetError(
                f"{self.path / MANIFEST_NAME}: the shard {error}, and is not read; copy it there"
            ) from None
        for path in paths:
            if not path.is_file():
                raise DatasetError(
                    f"{path}: missing shard; run vidgan preprocess --overwrite again"
                )
            check_lengths(path)
        return [str(path) for path in paths]

    def epoch_clips(self, frames: int, stride: int) -> int:
        """Return the number of training clips in an epoch.

        Raises:
            DatasetError: no training shot is long enough for a clip.
        """
        split, covered = self.splits["train"], span(frames, stride)
        clips = split.clips(covered)
        if clips == 0:
            longest = max(split.lengths, default=0)
            raise DatasetError(
                f"{self.path}: the longest training shot has {longest} frames, a clip needs "
                f"{covered}; use fewer --frames, a smaller --stride or longer videos"
            )
        return clips

    def digest(self) -> str:
        """Return the SHA-256 of ``manifest.json``, which tells datasets apart."""
        return hashlib.sha256(inside(self.path, MANIFEST_NAME).read_bytes()).hexdigest()

    def save(self, folder: Path) -> None:
        """Write ``manifest.json`` into ``folder``."""
        values = asdict(self)
        del values["path"], values["stored_size"]
        text = json.dumps({"format": FORMAT_VERSION, **values}, indent=1, ensure_ascii=False)
        (folder / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8", errors=JSON_ERRORS)

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read the manifest of a dataset folder.

        Raises:
            DatasetError: the folder is no dataset, or its manifest is invalid or of a newer format.
        """
        folder = Path(folder)
        ensure(folder)
        path = folder / MANIFEST_NAME
        try:
            values = json_files.read(inside(folder, MANIFEST_NAME))
            if (version := json_files.convert(values, _Format).format) > FORMAT_VERSION:
                raise DatasetError(
                    f"{path}: format {version:.3g} is newer than this vidgan reads "
                    f"({FORMAT_VERSION}); upgrade vidgan"
                )
            file = json_files.convert(values, _File)
        except (FileNotFoundError, NotADirectoryError):
            raise DatasetError(
                f"{folder}: no dataset there (no {MANIFEST_NAME}); make one with vidgan preprocess"
            ) from None
        except OSError as error:
            raise DatasetError(f"{path}: cannot be read ({error.strerror})") from None
        except ValueError as error:
            raise DatasetError(
                f"{path}: not a vidgan manifest ({error}); run vidgan preprocess --overwrite again"
            ) from None
        return cls(
            path=folder,
            size=file.size,
            fps=file.fps,
            labels=file.labels,
            splits={name: getattr(file.splits, name) for name in SPLITS},
            sources=[dict(source) for source in file.sources],
            options=file.options,
        )
