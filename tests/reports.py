"""Reports of ``vidgan evaluate`` and what goes with them, for tests of the page."""

from pathlib import Path
from typing import Any

import numpy as np
from dataset_files import moving_shapes

from vidgan.jobs.evaluate.report import page
from vidgan.tasks.synthesis import TASK
from vidgan.training.callbacks.log import FIRST_COLUMNS, LAST_COLUMNS

COLUMNS = (*FIRST_COLUMNS, *TASK.columns, *LAST_COLUMNS)
# What a careless page would take for markup, or for the end of an attribute.
PATH = """/data/R&D "best" o'clips/<script>document.title='taken'</script>"""
CAPTION = f"Nearest pairs of {PATH}"


def figure(key: str, value: float | None, group: str = "distance", **more: Any) -> dict[str, Any]:
    """Return a figure with an interval of 10% and no floor."""
    ends = (None, None) if value is None else (0.9 * value, 1.1 * value)
    return {
        "key": key,
        "title": f"Figure {key}",
        "group": group,
        "value": value,
        "low": ends[0],
        "high": ends[1],
        "floor": None,
        "better": "lower",
        "unit": None,
        "protocol": {"features": "random3d", "clips": [68, 256]},
        "note": None,
    } | more


def report(figures: list[dict[str, Any]], title: str = "runs/00000-dcgan-x") -> dict[str, Any]:
    """Return a report with these figures."""
    clips = {"path": PATH, "fps": 25.0, "size": [64, 48], "frames": 16}
    return {
        "format": 2,
        "vidgan": "0.3.0",
        "title": f"{title}, step 996, on {PATH}",
        "sets": {
            "real": {"title": "test clips", "clips": 68} | clips,
            "generated": {"title": "made by the run", "clips": 256} | clips,
        },
        "protocol": {"name": "default", "frames": 16, "size": [64, 48], "seed": 0},
        "figures": figures,
        "verdicts": [
            {"title": "Memorisation", "text": f"none is from {PATH}", "good": True},
            {"title": "Distance", "text": "these can be told apart", "good": False},
        ],
        "notes": [f"few clips in {PATH}"],
    }


def histograms(fast: int = 10, turn: int = 0) -> dict[str, Any]:
    """Return histograms of real clips that go to the right, and of others.

    Args:
        fast: the bin of speed of the others; that of real ones is 10.
        turn: the bin of direction of the others, of which 9 are 90°.
    """

    def one(bins: int, *places: int) -> list[float]:
        return [places.count(i) / len(places) for i in range(bins)]

    return {
        "motion.speed": {
            "unit": "pixels a frame",
            "step": 0.1,
            "real": one(1 + max(fast, 10), 0, 10),
            "generated": one(1 + max(fast, 10), 0, fast),
        },
        "motion.direction": {
            "unit": "degrees",
            "step": 10.0,
            "real": one(36, 0, 35),
            "generated": one(36, turn, (turn - 1) % 36),
        },
    }


def shapes(
    first: int, count: int, frames: int = 16, size: tuple[int, int] = (64, 48)
) -> np.ndarray:
    """Return clips of drawn shapes: uint8 ``(count, frames, height, width, 3)``."""
    return np.stack([moving_shapes(first + i, frames, size) for i in range(count)])


def media(log: Path | None = None) -> page.Media:
    """Return real and generated clips that differ, and a sheet."""
    sheet = np.zeros((40, 90, 3), np.uint8)
    sheet[:, :30, 0] = sheet[:, 30:60, 1] = 255
    return page.Media(
        {"real": shapes(0, 12), "generated": shapes(50, 5)}, 25.0, {CAPTION: sheet}, log
    )


def write_log(path: Path, steps: int, every: int = 10, **columns: float) -> Path:
    """Write a ``log.csv`` whose columns grow evenly from 0 to these values; others are empty."""
    rows = [",".join(COLUMNS)]
    for step in range(1, steps + 1):
        cells = {name: value * step / steps for name, value in columns.items()}
        cells["step"] = step * every
        rows.append(",".join(f"{cells[name]:.6g}" if name in cells else "" for name in COLUMNS))
    path.write_text("\n".join(rows) + "\n")
    return path
