"""What ``quality.py`` measures of generated clips, keeps and prints.

- RFD to test and to train: the random-feature Fréchet distance (``vidgan.metrics``, not FVD) of the
  generated clips to all clips of a split. The first row is what as many real clips get, drawn from
  the other split: a perfect generator's.
- diversity: mean distance between two generated clips in the space of these features, and
- motion: mean difference of neighbouring frames, both as shares of the real training clips'.
- GFLOP a clip: arithmetic of a training step for each real clip in it.
- health: troubles that ``vidgan train`` reported and that stood at the end.

Figures are means over the seeds, with the range where there are several.
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
from vidgan.metrics.features import FEATURES
from vidgan.metrics.frechet import Moments, frechet_distance

Row = dict[str, Any]
REAL = "real clips"


def embed(clips: Iterable[np.ndarray]) -> tuple[np.ndarray, float]:
    """Return the clips' features ``(n, dim)`` and their motion, in grey levels."""
    vectors, motions, waiting = [], [], iter(clips)
    features = FEATURES["random3d"].load()
    while part := list(islice(waiting, 64)):
        stacked = np.stack(part)
        vectors.append(features(stacked))
        motions += [np.abs(np.diff(clip.astype(np.int16), axis=0)).mean() for clip in stacked]
    return np.concatenate(vectors), float(np.mean(motions))


class Reference:
    """The real clips of so many frames, and as many of each split as will be generated."""

    def __init__(self, manifest: Manifest, frames: int, samples: int) -> None:
        self.vectors, self.motion, self.drawn = {}, {}, {}
        random = np.random.default_rng(0)
        for split in ("train", "test"):
            clips = evaluation_clips(manifest, split, frames)
            vectors, self.motion[split] = embed(clips)
            self.vectors[split] = vectors
            self.drawn[split] = random.permutation(vectors)[:samples]
        self.moments = {split: Moments.of(vectors) for split, vectors in self.vectors.items()}

    def distance(self, vectors: np.ndarray, split: str) -> float:
        return frechet_distance(self.moments[split], Moments.of(vectors))

    def measure(self, vectors: np.ndarray, motion: float) -> Row:
        return {
            "rfd_test": self.distance(vectors, "test"),
            "rfd_train": self.distance(vectors, "train"),
            "diversity": float(pdist(vectors).mean() / pdist(self.drawn["train"]).mean()),
            "motion": motion / self.motion["train"],
        }

    def floor(self) -> Row:
        """Return what real clips get: each split's at the other split."""
        row = self.measure(self.drawn["test"], self.motion["test"])
        return row | {"rfd_test": self.distance(self.drawn["train"], "test")}


# Title, field of a row and digits behind the point.
COLUMNS = (
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
    """Return one line a recipe and budget, the real clips first, then by distance."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["recipe"], row["budget"]), []).append(row)

    def order(group: list[Row]) -> tuple[bool, float]:
        values = [row.get("rfd_test", math.inf) for row in group]
        return group[0]["recipe"] != REAL, sum(values) / len(values)

    titles = ["recipe", "time", "seeds", *(title for title, _, _ in COLUMNS), "health"]
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for group in sorted(groups.values(), key=order):
        seeds = ", ".join(str(row["seed"]) for row in group if row["seed"] is not None)
        cells = [cell(group, field, digits) for _, field, digits in COLUMNS]
        words = [word for row in group for word in row.get("health", [])]
        words += [row["error"] for row in group if "error" in row]
        troubles = ", ".join(
            word if words.count(word) == 1 else f"{word} ({words.count(word)})"
            for word in dict.fromkeys(words)
        )
        first = [group[0]["recipe"], group[0]["budget"], seeds]
        lines.append(f"| {' | '.join([*first, *cells, troubles])} |")
    return "\n".join(lines)


class Results:
    """The file of results: a line of JSON a training."""

    # What a training is known by.
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
