"""Metrics, result file and table of ``quality.py``.

- AMFD to test and to train: the Fréchet distance of ``vidgan evaluate`` on appearance and motion
  (not FVD) of the generated clips to all clips of a split. The first row is the floor: as many real
  clips of the other split, as from a perfect generator.
- RFD: the same on random convolutions alone, which earlier experiments used.
- diversity: mean distance of two generated clips in the space of random convolutions, and
- motion: mean difference of neighbouring frames, both over those of the real training clips.
- GFLOP a clip: arithmetic of a training step per real clip.
- health: health rules of ``vidgan train`` that were violated at the end.

Values are means over the seeds, with the range if there are several.
"""

import json
import math
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist

from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import evaluation_clips
from vidgan.metrics.covariance import EMPIRICAL, OAS
from vidgan.metrics.features import FEATURES
from vidgan.metrics.frechet import frechet_distance
from vidgan.metrics.moments import Moments

Row = dict[str, Any]
REAL = "real clips"


# What a row calls a distance, and the embedding it is measured on.
DISTANCES = {"amfd": "appearance-motion", "rfd": "random3d"}
SPLITS = ("test", "train")
Vectors = dict[str, np.ndarray]


def embed(clips: Iterable[np.ndarray]) -> tuple[Vectors, float]:
    """Return the clips' features ``(n, dim)`` a distance, and their motion in grey levels."""
    networks = {name: FEATURES[features].load() for name, features in DISTANCES.items()}
    vectors: dict[str, list[np.ndarray]] = {name: [] for name in networks}
    motions, waiting = [], iter(clips)
    while part := list(islice(waiting, 64)):
        stacked = np.stack(part)
        for name, network in networks.items():
            vectors[name].append(network(stacked))
        motions += [np.abs(np.diff(clip.astype(np.int16), axis=0)).mean() for clip in stacked]
    return {name: np.concatenate(parts) for name, parts in vectors.items()}, float(np.mean(motions))


class Reference:
    """The real clips of so many frames, and as many of each split as will be generated."""

    def __init__(self, manifest: Manifest, frames: int, samples: int) -> None:
        self.motion: dict[str, float] = {}
        self.moments: dict[str, dict[str, Moments]] = {}
        self.drawn: dict[str, Vectors] = {}
        for split in SPLITS:
            vectors, self.motion[split] = embed(evaluation_clips(manifest, split, frames))
            self.moments[split] = {name: Moments.of(values) for name, values in vectors.items()}
            order = np.random.default_rng(0).permutation(len(vectors["rfd"]))[:samples]
            self.drawn[split] = {name: values[order] for name, values in vectors.items()}

    def distance(self, name: str, vectors: Vectors, split: str) -> float:
        real, fake = self.moments[split][name], Moments.of(vectors[name])
        # Test splits are small, some smaller than the longer of the embeddings.
        estimator = OAS if name == "amfd" else EMPIRICAL
        return frechet_distance(real, fake, estimator)

    def measure(self, vectors: Vectors, motion: float) -> Row:
        return {
            **{
                f"{name}_{split}": self.distance(name, vectors, split)
                for name in DISTANCES
                for split in SPLITS
            },
            "diversity": float(
                pdist(vectors["rfd"]).mean() / pdist(self.drawn["train"]["rfd"]).mean()
            ),
            "motion": motion / self.motion["train"],
        }

    def floor(self) -> Row:
        """Return the floor: the metrics of real clips of the other split."""
        row = self.measure(self.drawn["test"], self.motion["test"])
        train = self.drawn["train"]
        return row | {f"{name}_test": self.distance(name, train, "test") for name in DISTANCES}


# Title, field of a row and decimals.
COLUMNS = (
    ("AMFD to test", "amfd_test", 2),
    ("AMFD to train", "amfd_train", 2),
    ("RFD to test", "rfd_test", 2),
    ("RFD to train", "rfd_train", 2),
    ("diversity", "diversity", 2),
    ("motion", "motion", 2),
    ("steps", "steps", 0),
    ("clips/s", "clips_per_second", 1),
    ("GFLOP a clip", "gflops", 2),
)


def cell(rows: list[Row], field: str, digits: int) -> str:
    values = [row[field] for row in rows if field in row]
    if not values:
        return ""
    text = f"{sum(values) / len(values):.{digits}f}"
    if len(values) > 1:
        text += f" ({min(values):.{digits}f}–{max(values):.{digits}f})"
    return text


def table(rows: list[Row]) -> str:
    """Return one line per recipe and budget, the floor first, then by distance."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["recipe"], row["budget"]), []).append(row)

    def order(group: list[Row]) -> tuple[bool, float]:
        values = [row.get("amfd_test", math.inf) for row in group]
        return group[0]["recipe"] != REAL, sum(values) / len(values)

    titles = ["recipe", "time", "seeds", *(title for title, _, _ in COLUMNS), "health"]
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for group in sorted(groups.values(), key=order):
        seeds = ", ".join(str(row["seed"]) for row in group if row["seed"] is not None)
        cells = [cell(group, field, digits) for _, field, digits in COLUMNS]
        words = [word for row in group for word in row.get("health", [])]
        words += [row["error"] for row in group if "error" in row]
        problems = ", ".join(
            word if words.count(word) == 1 else f"{word} ({words.count(word)})"
            for word in dict.fromkeys(words)
        )
        first = [group[0]["recipe"], group[0]["budget"], seeds]
        lines.append(f"| {' | '.join([*first, *cells, problems])} |")
    return "\n".join(lines)


class Results:
    """The result file: one line of JSON per training."""

    # Fields that identify a training.
    KEY = ("dataset", "recipe", "options", "budget", "samples", "seed")

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        self.rows: list[Row] = [json.loads(line) for line in lines]

    def has(self, key: Row) -> bool:
        return any(all(row[name] == key[name] for name in self.KEY) for row in self.rows)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
