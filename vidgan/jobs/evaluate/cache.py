"""A cache on disk for the statistics of real clips.

A file per set, named by the hash of everything the statistics depend on: the clips, the features
and vidgan's version. It holds arrays only, nothing is unpickled, after a hash of its name and its
content: a file that was damaged or renamed is computed anew.
"""

import contextlib
import hashlib
import io
import os
from dataclasses import fields
from pathlib import Path

import numpy as np

from vidgan.config import EvaluateConfig
from vidgan.errors import ExportError
from vidgan.files import atomic_path, cache_folder
from vidgan.jobs.evaluate.clip_statistics import (
    ClipStatistics,
    FeatureStatistics,
    StatisticsCollector,
)
from vidgan.jobs.evaluate.sources import ClipSet
from vidgan.metrics.consistency import Warping
from vidgan.metrics.features import weights
from vidgan.metrics.moments import Moments
from vidgan.metrics.motion import Motion
from vidgan.version import __version__

SUFFIX = ".statistics"
# Beyond this many files the oldest are deleted.
MAX_FILES = 64


class StatisticsCache:
    """Collects statistics of sets of clips, or reads them from the cache.

    Args:
        collector: collects the statistics that are not cached.
        config: the options.
    """

    def __init__(self, collector: StatisticsCollector, config: EvaluateConfig) -> None:
        self.collector = collector
        parts = [
            __version__,
            str(collector.motion),
            str(collector.pixels),
        ]
        for each, _ in collector.features:
            path = each.weights_file(config.weights if each.needs_weights else None)
            parts += [each.name, str(each.version), weights.digest(path) if path else ""]
        self.settings = "\n".join(parts)

    def collect(self, clips: ClipSet) -> ClipStatistics:
        """Return the statistics of a set, from the cache if it holds them.

        Logits are not cached: every run has a discriminator of its own.

        Raises:
            VidganError: the set cannot be read.
        """
        name = hashlib.sha256(os.fsencode(f"{self.settings}\n{clips.key}")).hexdigest()
        path = cache_folder() / "real" / f"{name}{SUFFIX}"
        cached = None
        # A file of another version or a damaged one is replaced below.
        with contextlib.suppress(OSError, ValueError, KeyError):
            cached = _read(path, self.collector)
            os.utime(path)
        if cached is not None:
            return self.collector.with_logits(cached, clips)
        statistics = self.collector.collect(clips)
        # The evaluation goes on without a cache that can be written.
        with contextlib.suppress(OSError, ExportError):
            _write(path, statistics)
        return statistics


def _write(path: Path, statistics: ClipStatistics) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        "labels": statistics.labels,
        "shown": statistics.examples,
        "notes": np.array(statistics.notes, np.str_),
    }
    for name, each in statistics.features.items():
        arrays[f"vectors.{name}"] = each.vectors
        arrays |= {f"moments.{name}.{key}": value for key, value in each.moments.state().items()}
    for key, part in (("motion", statistics.motion), ("warping", statistics.warping)):
        if part is not None:
            arrays |= {f"{key}.{field.name}": getattr(part, field.name) for field in fields(part)}
    if statistics.pixels is not None:
        arrays["pixels"] = statistics.pixels
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(_digest(path, content.getbuffer()))
        file.write(content.getbuffer())
    _remove_oldest(path.parent)


def _remove_oldest(folder: Path) -> None:
    ages = []
    # Including those of earlier versions, *.npz; not what other processes are writing.
    for file in folder.glob("[!.]*.*"):
        # Another process may remove it first.
        with contextlib.suppress(OSError):
            ages.append((file.stat().st_mtime, file))
    for _, old in sorted(ages)[:-MAX_FILES]:
        with contextlib.suppress(OSError):
            old.unlink()


def _digest(path: Path, content: memoryview) -> bytes:
    """Return the hash that stands before the content of a file."""
    found = hashlib.sha256(path.name.encode())
    found.update(content)
    return found.digest()


def _read(path: Path, collector: StatisticsCollector) -> ClipStatistics:
    content = path.read_bytes()
    length = hashlib.sha256().digest_size
    if content[:length] != _digest(path, memoryview(content)[length:]):
        raise ValueError("damaged")
    with np.load(io.BytesIO(content[length:]), allow_pickle=False) as arrays:
        features = {}
        for each, _ in collector.features:
            state = {key: arrays[f"moments.{each.name}.{key}"] for key in Moments(each.dim).state()}
            moments = Moments.from_state(state)
            features[each.name] = FeatureStatistics(moments, arrays[f"vectors.{each.name}"])
        motion = warping = None
        if collector.motion:
            motion = Motion(*(arrays[f"motion.{field.name}"] for field in fields(Motion)))
            warping = Warping(*(arrays[f"warping.{field.name}"] for field in fields(Warping)))
        return ClipStatistics(
            count=len(arrays["labels"]),
            features=features,
            motion=motion,
            warping=warping,
            pixels=arrays["pixels"] if collector.pixels else None,
            logits=None,
            labels=arrays["labels"],
            examples=arrays["shown"],
            notes=arrays["notes"].tolist(),
        )
