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

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from vidgan.errors import DatasetError
from vidgan.files import JSON_ERRORS

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

    shards: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    bytes: int = 0

    @property
    def frames(self) -> int:
        """Number of frames in the split."""
        return sum(self.lengths)

    def clips(self, span: int) -> int:
        """Return the number of windows of ``span`` frames that do not overlap."""
        return sum(length // span for length in self.lengths)


@dataclass(frozen=True)
class Manifest:
    """The contents of ``manifest.json``.

    Attributes:
        path: the dataset folder.
        size: ``(width, height)`` in pixels.
        fps: frames a second.
        labels: names of the labels; empty without labels.
        splits: ``train`` and ``test``.
        sources: one dict a source file: ``path``, ``sha256``, ``width``, ``height``, ``fps``,
            ``frames`` (decoded), ``dropped`` (reason → frames), ``shots`` (``first``, ``frames``,
            ``split``, ``label``), ``rejected`` (``first``, ``frames``, ``reason``), ``error``
            (None, or why the file was left out).
        options: the options of ``vidgan preprocess``.
    """

    path: Path
    size: tuple[int, int]
    fps: float
    labels: list[str]
    splits: dict[str, Split]
    sources: list[dict[str, Any]]
    options: dict[str, Any]

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
            DatasetError: a shard is missing.
        """
        paths = [self.path / name for name in self.splits[split].shards]
        for path in paths:
            if not path.is_file():
                raise DatasetError(
                    f"{path}: missing shard; run vidgan preprocess --overwrite again"
                )
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

    def save(self, folder: Path) -> None:
        """Write ``manifest.json`` into ``folder``."""
        values = asdict(self)
        del values["path"]
        text = json.dumps({"format": FORMAT_VERSION, **values}, indent=1, ensure_ascii=False)
        (folder / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8", errors=JSON_ERRORS)

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read the manifest of a dataset folder.

        Raises:
            DatasetError: the folder is no dataset, or its manifest is invalid or of a newer format.
        """
        folder = Path(folder)
        path = folder / MANIFEST_NAME
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise DatasetError(
                f"{folder}: no dataset there (no {MANIFEST_NAME}); make one with vidgan preprocess"
            ) from None
        except OSError as error:
            raise DatasetError(f"{path}: cannot be read ({error.strerror})") from None
        except ValueError as error:
            raise DatasetError(
                f"{path}: not valid JSON ({error}); run vidgan preprocess --overwrite again"
            ) from None
        version = values.get("format") if isinstance(values, dict) else None
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise DatasetError(
                f"{path}: format {version} is newer than this vidgan reads ({FORMAT_VERSION}); "
                "upgrade vidgan"
            )
        try:
            if version != FORMAT_VERSION:
                raise ValueError(f"format {version!r}")
            manifest = cls(
                path=folder,
                size=(int(values["size"][0]), int(values["size"][1])),
                fps=float(values["fps"]),
                labels=[str(label) for label in values["labels"]],
                splits={name: Split(**values["splits"][name]) for name in SPLITS},
                sources=list(values["sources"]),
                options=dict(values["options"]),
            )
            if manifest.fps <= 0 or min(manifest.size) < 1:
                raise ValueError("size and fps must be positive")
            for split in manifest.splits.values():
                if not all(isinstance(n, int) and n > 0 for n in split.lengths):
                    raise ValueError("lengths must be positive whole numbers")
                if not all(isinstance(s, str) and "/" not in s for s in split.shards):
                    raise ValueError("shards must be plain file names")
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise DatasetError(
                f"{path}: not a vidgan manifest ({type(error).__name__}: {error}); "
                "run vidgan preprocess --overwrite again"
            ) from None
        return manifest
