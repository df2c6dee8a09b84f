"""Contact sheet of a dataset."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidgan import images
from vidgan.dataset.build import Build
from vidgan.images import save_image
from vidgan.video.discover import InputSource
from vidgan.video.layout import contact_sheet

ROWS, COLUMNS = 8, 8


def write_preview(
    path: Path,
    build: Build,
    sources: Sequence[InputSource],
    frame_files: Sequence[Path],
    frames: int,
) -> None:
    """Write a contact sheet of evenly chosen clips: a row each, source and time under it.

    Args:
        path: the image.
        build: the dataset.
        sources: its sources.
        frame_files: each source's encoded frames.
        frames: length of a clip in training.
    """
    places = [
        (index, start)
        for index, placed in enumerate(build.shots)
        for start in range(0, max(1, placed.shot.frames - frames + 1), frames)
    ]
    chosen = sorted({round(k) for k in np.linspace(0, len(places) - 1, min(ROWS, len(places)))})
    rows, captions = [], []
    for index, start in (places[each] for each in chosen):
        placed = build.shots[index]
        length = min(frames, placed.shot.frames - start)
        with frame_files[placed.source].open("rb") as frame_file:
            encoded = placed.shot.read(frame_file, start, start + length)
        moments = np.linspace(0, length - 1, COLUMNS).round().astype(int)
        rows.append(np.stack([_decode(encoded[moment]) for moment in moments]))
        name = sources[placed.source].path.absolute().name
        seconds = (placed.shot.first + start) / build.manifest.fps
        captions.append([[f"{name} · {clock_time(seconds)}"]])
    save_image(path, contact_sheet(np.stack(rows), frames=COLUMNS, captions=captions))


def clock_time(seconds: float) -> str:
    """Return a time as ``mm:ss``, from an hour on as ``h:mm:ss``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _decode(data: bytes) -> np.ndarray:
    pixels = images.decode(data)
    assert pixels is not None, "the file holds encoded images"
    return pixels
