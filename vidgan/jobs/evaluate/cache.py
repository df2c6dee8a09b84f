"""What was gathered of real clips, kept for the next time.

A file a set, named by the hash of all that decides about it: the clips, the features and vidgan's
version. Arrays and numbers only: nothing is unpickled.
"""

import contextlib
import hashlib
import os
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np

from vidgan.config import EvaluateConfig
from vidgan.errors import ExportError
from vidgan.files import atomic_path, cache_folder
from vidgan.jobs.evaluate.clip_statistics import ClipStatistics, Embedded, StatisticsCollector
from vidgan.jobs.evaluate.sources import ClipSet
from vidgan.metrics.consistency import Warping
from vidgan.metrics.features import weights
from vidgan.metrics.moments import Moments
from vidgan.metrics.motion import Motion
from vidgan.version import __version__

# The oldest files go when there are more.
MOST = 64


class Cache:
    """Looks at sets of clips that may have been looked at before.

    Args:
        gatherer: what looks at those that have not.
        config: the options.
    """

    def __init__(self, gatherer: StatisticsCollector, config: EvaluateConfig) -> None:
        self.gatherer = gatherer
        parts = [
            __version__,
            weights.digest(config.weights) if config.weights else "",
            str(gatherer.motion),
            str(gatherer.pixels),
        ]
        parts += [each.name for each, _ in gatherer.features]
        self.settings = "\n".join(parts)

    def look(self, clips: ClipSet) -> ClipStatistics:
        """Return what is gathered of a set, from the cache where it is there.

        A discriminator is another one each time: it looks at the clips all the same.

        Raises:
            VidganError: the set cannot be read.
        """
        name = hashlib.sha256(f"{self.settings}\n{clips.key}".encode()).hexdigest()
        path = cache_folder() / "real" / f"{name}.npz"
        found = None
        # One of another version, or a damaged one, is made again below.
        with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
            found = _read(path, self.gatherer)
            os.utime(path)
        if found is not None:
            return self.gatherer.judged(found, clips)
        gathered = self.gatherer.look(clips)
        # A cache that cannot be written is no reason to fail.
        with contextlib.suppress(OSError, ExportError):
            _write(path, gathered)
        return gathered


def _write(path: Path, gathered: ClipStatistics) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        "labels": gathered.labels,
        "shown": gathered.shown,
        "notes": np.array(gathered.notes, np.str_),
    }
    for name, each in gathered.embedded.items():
        arrays[f"vectors.{name}"] = each.vectors
        arrays |= {f"moments.{name}.{key}": value for key, value in each.moments.state().items()}
    for key, part in (("motion", gathered.motion), ("warping", gathered.warping)):
        if part is not None:
            arrays |= {f"{key}.{field.name}": getattr(part, field.name) for field in fields(part)}
    if gathered.pixels is not None:
        arrays["pixels"] = gathered.pixels
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    files = sorted(path.parent.glob("*.npz"), key=lambda each: each.stat().st_mtime)
    for old in files[:-MOST]:
        old.unlink(missing_ok=True)


def _read(path: Path, gatherer: StatisticsCollector) -> ClipStatistics:
    with np.load(path, allow_pickle=False) as arrays:
        embedded = {}
        for each, _ in gatherer.features:
            state = {key: arrays[f"moments.{each.name}.{key}"] for key in Moments(each.dim).state()}
            moments = Moments.from_state(state)
            embedded[each.name] = Embedded(moments, arrays[f"vectors.{each.name}"])
        motion = warping = None
        if gatherer.motion:
            motion = Motion(*(arrays[f"motion.{field.name}"] for field in fields(Motion)))
            warping = Warping(*(arrays[f"warping.{field.name}"] for field in fields(Warping)))
        return ClipStatistics(
            count=len(arrays["labels"]),
            embedded=embedded,
            motion=motion,
            warping=warping,
            pixels=arrays["pixels"] if gatherer.pixels else None,
            logits=None,
            labels=arrays["labels"],
            shown=arrays["shown"],
            notes=arrays["notes"].tolist(),
        )
