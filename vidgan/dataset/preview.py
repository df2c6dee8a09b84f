"""A contact sheet of a dataset: what the model will see."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidgan import images
from vidgan.dataset.build import Build
from vidgan.images import save_image
from vidgan.video.layout import contact_sheet

ROWS, COLUMNS = 8, 8


def write_preview(path: Path, build: Build, blobs: Sequence[Path], frames: int) -> None:
    """Write one row a shot, shots chosen evenly, the first ``frames`` frames of each.

    Args:
        path: of the image.
        build: the dataset.
        blobs: the files with each source's encoded frames.
        frames: the length of a clip in training.
    """
    shots = build.shots
    chosen = sorted({round(k) for k in np.linspace(0, len(shots) - 1, min(ROWS, len(shots)))})
    rows = []
    for index in chosen:
        placed = shots[index]
        length = min(frames, placed.shot.frames)
        with blobs[placed.source].open("rb") as blob:
            encoded = placed.shot.read(blob, 0, length)
        moments = np.linspace(0, length - 1, COLUMNS).round().astype(int)
        rows.append(np.stack([_decode(encoded[moment]) for moment in moments]))
    save_image(path, contact_sheet(np.stack(rows), frames=COLUMNS))


def _decode(data: bytes) -> np.ndarray:
    pixels = images.decode(data)
    assert pixels is not None, "the blob holds what was encoded a moment ago"
    return pixels
