"""Contact sheet of a dataset."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidgan import images
from vidgan.dataset.build import Build
from vidgan.images import save_image
from vidgan.video.layout import contact_sheet

ROWS, COLUMNS = 8, 8


def write_preview(path: Path, build: Build, frame_files: Sequence[Path], frames: int) -> None:
    """Write a contact sheet with the first frames of evenly chosen shots, one row a shot.

    Args:
        path: the image.
        build: the dataset.
        frame_files: each source's encoded frames.
        frames: length of a clip in training.
    """
    shots = build.shots
    chosen = sorted({round(k) for k in np.linspace(0, len(shots) - 1, min(ROWS, len(shots)))})
    rows = []
    for index in chosen:
        placed = shots[index]
        length = min(frames, placed.shot.frames)
        with frame_files[placed.source].open("rb") as frame_file:
            encoded = placed.shot.read(frame_file, 0, length)
        moments = np.linspace(0, length - 1, COLUMNS).round().astype(int)
        rows.append(np.stack([_decode(encoded[moment]) for moment in moments]))
    save_image(path, contact_sheet(np.stack(rows), frames=COLUMNS))


def _decode(data: bytes) -> np.ndarray:
    pixels = images.decode(data)
    assert pixels is not None, "the file holds encoded images"
    return pixels
