"""From scanned sources to shards and manifest."""

import contextlib
import itertools
import math
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgan.config import PreprocessConfig
from vidgan.dataset.manifest import MAX_RECORD_FRAMES, SPLITS, Manifest, Split
from vidgan.dataset.scan import Scan, Shot
from vidgan.dataset.signature import near_duplicates
from vidgan.dataset.split import Part, assign
from vidgan.dataset.tfrecord import encode_example, write_records
from vidgan.video.discover import InputSource

# Large enough to read at the disk's full speed, small enough to share out among readers.
SHARD_BYTES = 64 << 20


@dataclass(frozen=True)
class Placed:
    """A shot, its source's number, and the number of its group of near-duplicates."""

    source: int
    shot: Shot
    group: int


@dataclass(frozen=True)
class Build:
    """A dataset and what it was made of."""

    manifest: Manifest
    scans: list[Scan]
    shots: list[Placed]


def build(
    folder: Path,
    sources: Sequence[InputSource],
    scans: list[Scan],
    blobs: Sequence[Path],
    config: PreprocessConfig,
    fps: float,
) -> Build:
    """Share the shots out to train and test and write shards and manifest into ``folder``.

    The result depends on the sources and options alone, not on which worker was the fastest.

    Args:
        folder: where to write; exists.
        sources: the sources, in their order.
        scans: the result for each source.
        blobs: the file with each source's encoded frames.
        config: the options.
        fps: frames a second of the dataset.

    Raises:
        OSError: the folder cannot be written.
    """
    flat = [(i, shot) for i, result in enumerate(scans) for shot in result.shots]
    groups = near_duplicates([bytes.fromhex(shot.signature) for _, shot in flat])
    shots = [Placed(i, shot, group) for (i, shot), group in zip(flat, groups, strict=True)]
    parts = assign(
        [placed.shot.frames for placed in shots],
        groups,
        config.test_share,
        config.seed,
        config.min_frames,
    )
    used = {placed.source for placed in shots}
    labels = sorted({sources[i].label for i in used}) if config.labels else []
    splits = {}
    for name in SPLITS:
        pieces = [piece for part in parts if part.split == name for piece in _cut(part)]
        # Neighbouring records in a file should not be neighbours in time.
        random.Random(config.seed).shuffle(pieces)
        splits[name] = _write_split(folder, name, pieces, shots, sources, blobs, labels, fps)
    manifest = Manifest(
        path=folder,
        size=config.size,
        fps=fps,
        labels=labels,
        splits=splits,
        sources=[
            _describe(i, source, scans[i], shots, parts, labels) for i, source in enumerate(sources)
        ],
        options=config.to_json(),
    )
    manifest.save(folder)
    return Build(manifest, scans, shots)


def text(path: Path) -> str:
    """Return a path as text that is valid UTF-8, whatever bytes its name has."""
    return os.fsencode(path).decode("utf-8", "replace")


def _cut(part: Part) -> list[Part]:
    """Cut into pieces of about the same length that fit into a record."""
    length = part.end - part.start
    count = math.ceil(length / MAX_RECORD_FRAMES)
    edges = [part.start + length * k // count for k in range(count + 1)]
    return [Part(part.shot, a, b, part.split) for a, b in itertools.pairwise(edges)]


def _write_split(
    folder: Path,
    name: str,
    pieces: list[Part],
    shots: list[Placed],
    sources: Sequence[InputSource],
    blobs: Sequence[Path],
    labels: list[str],
    fps: float,
) -> Split:
    sizes = [sum(shots[p.shot].shot.sizes[p.start : p.end]) for p in pieces]
    count = math.ceil(sum(sizes) / SHARD_BYTES)
    shards: list[list[Part]] = [[] for _ in range(count)]
    written = 0
    for piece, size in zip(pieces, sizes, strict=True):
        shards[min(count - 1, written // SHARD_BYTES)].append(piece)
        written += size
    shards = [shard for shard in shards if shard]
    names = [f"{name}-{i:05d}-of-{len(shards):05d}.tfrecord" for i in range(len(shards))]

    def records(shard: list[Part]) -> Iterator[bytes]:
        for piece in shard:
            placed = shots[piece.shot]
            source = sources[placed.source]
            with blobs[placed.source].open("rb") as blob:
                frames = placed.shot.read(blob, piece.start, piece.end)
            yield encode_example(
                {
                    "frames": frames,
                    "fps": [fps],
                    "label": [labels.index(source.label) if labels else -1],
                    "source": [text(source.path).encode()],
                    "first": [placed.shot.first + piece.start],
                }
            )

    total = sum(
        write_records(folder / file, records(shard))
        for file, shard in zip(names, shards, strict=True)
    )
    return Split(names, [p.end - p.start for shard in shards for p in shard], total)


def _describe(
    index: int,
    source: InputSource,
    result: Scan,
    shots: list[Placed],
    parts: list[Part],
    labels: list[str],
) -> dict:
    """Return a source's entry in the manifest."""
    label = labels.index(source.label) if source.label in labels else -1
    kept, rejected = [], list(result.rejected)
    previous: Part | None = None
    for part in parts:
        if shots[part.shot].source != index:
            continue
        first = shots[part.shot].shot.first
        if previous is not None and previous.shot == part.shot:
            rejected.append(
                {
                    "first": first + previous.end,
                    "frames": part.start - previous.end,
                    "reason": "between train and test",
                }
            )
        previous = part
        kept.append(
            {
                "first": first + part.start,
                "frames": part.end - part.start,
                "split": part.split,
                "label": label,
            }
        )
    return {
        "path": text(source.path),
        "sha256": result.sha256,
        "width": result.width,
        "height": result.height,
        "fps": result.fps,
        "frames": result.frames,
        "dropped": result.dropped,
        "shots": kept,
        "rejected": rejected,
        "error": result.error,
    }


def remove_blobs(blobs: Sequence[Path]) -> None:
    """Remove the temporary files of a build."""
    for blob in blobs:
        with contextlib.suppress(FileNotFoundError):
            blob.unlink()
