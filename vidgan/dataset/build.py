"""Writing shards and manifest from scanned sources."""

import contextlib
import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgan.config import PreprocessConfig
from vidgan.dataset.manifest import MAX_RECORD_FRAMES, SPLITS, Manifest, Split
from vidgan.dataset.scan import Scan, Shot
from vidgan.dataset.signature import near_duplicates
from vidgan.dataset.split import Part, assign
from vidgan.dataset.tfrecord import encode_example, write_records
from vidgan.files import as_text
from vidgan.remote.places import shown
from vidgan.video.discover import InputSource

# Large enough for fast sequential reading, small enough for several readers.
SHARD_BYTES = 64 << 20


@dataclass(frozen=True)
class SourceShot:
    """A shot with its source.

    Attributes:
        source: index of its source.
        shot: the shot.
        group: index of the first shot of its group of near-duplicates; its own if it has none.
    """

    source: int
    shot: Shot
    group: int


@dataclass(frozen=True)
class Build:
    """A dataset that was written, with the scans and shots that it was built from."""

    manifest: Manifest
    scans: list[Scan]
    shots: list[SourceShot]


def build(
    folder: Path,
    sources: Sequence[InputSource],
    scans: list[Scan],
    frame_files: Sequence[Path],
    config: PreprocessConfig,
    fps: float,
) -> Build:
    """Split the shots into train and test, and write shards and manifest.

    The result depends on the sources and options only, not on the order in which workers finish.

    Args:
        folder: an existing folder to write to.
        sources: the sources.
        scans: the result for each source.
        frame_files: each source's encoded frames.
        config: the options.
        fps: frames a second of the dataset.

    Raises:
        OSError: the folder cannot be written.
    """
    flat = [(i, shot) for i, result in enumerate(scans) for shot in result.shots]
    groups = near_duplicates([bytes.fromhex(shot.signature) for _, shot in flat])
    shots = [SourceShot(i, shot, group) for (i, shot), group in zip(flat, groups, strict=True)]
    parts = assign(
        [placed.shot.frames for placed in shots],
        groups,
        config.test_share,
        config.seed,
        config.min_frames,
    )
    used = {placed.source for placed in shots}
    names = sorted({sources[i].label for i in used}) if config.labels else []
    labels = {name: index for index, name in enumerate(names)}
    splits = {}
    for name in SPLITS:
        pieces = [piece for part in parts if part.split == name for piece in _cut(part)]
        # Neighbouring records in a file should not be neighbours in time.
        random.Random(config.seed).shuffle(pieces)
        splits[name] = _write_split(folder, name, pieces, shots, sources, frame_files, labels, fps)
    parts_of: list[list[Part]] = [[] for _ in sources]
    for part in parts:
        parts_of[shots[part.shot].source].append(part)
    manifest = Manifest(
        path=folder,
        size=config.size,
        fps=fps,
        labels=names,
        splits=splits,
        sources=[
            _describe(source, result, shots, parts_of[i], labels.get(source.label, -1))
            for i, (source, result) in enumerate(zip(sources, scans, strict=True))
        ],
        options=config.to_json(),
    )
    manifest.save(folder)
    return Build(manifest, scans, shots)


def _cut(part: Part) -> list[Part]:
    """Divide a part into pieces of similar length that fit into a record."""
    length = part.end - part.start
    count = math.ceil(length / MAX_RECORD_FRAMES)
    edges = [part.start + length * k // count for k in range(count + 1)]
    return [Part(part.shot, a, b, part.split) for a, b in itertools.pairwise(edges)]


def _write_split(
    folder: Path,
    name: str,
    pieces: list[Part],
    shots: list[SourceShot],
    sources: Sequence[InputSource],
    frame_files: Sequence[Path],
    labels: Mapping[str, int],
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
            with frame_files[placed.source].open("rb") as frame_file:
                frames = placed.shot.read(frame_file, piece.start, piece.end)
            yield encode_example(
                {
                    "frames": frames,
                    "fps": [fps],
                    "label": [labels.get(source.label, -1)],
                    "source": [shown(as_text(source.path)).encode()],
                    "first": [placed.shot.first + piece.start],
                }
            )

    total = sum(
        write_records(folder / file, records(shard))
        for file, shard in zip(names, shards, strict=True)
    )
    return Split(names, [p.end - p.start for shard in shards for p in shard], total)


def _describe(
    source: InputSource, result: Scan, shots: list[SourceShot], parts: list[Part], label: int
) -> dict[str, Any]:
    """Return a source's entry in the manifest; ``parts`` are those of its shots."""
    kept, rejected = [], list(result.rejected)
    previous: Part | None = None
    for part in parts:
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
        "path": shown(as_text(source.path)),
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


def remove_frame_files(frame_files: Sequence[Path]) -> None:
    """Remove the temporary files of a build."""
    for frame_file in frame_files:
        with contextlib.suppress(FileNotFoundError):
            frame_file.unlink()
