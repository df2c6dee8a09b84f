"""Reading a video the way ``vidgan preprocess`` reads it for the dataset of a run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from vidgan.config import PreprocessConfig
from vidgan.dataset.manifest import MANIFEST_NAME, Manifest, span
from vidgan.errors import InputError
from vidgan.remote.places import exists
from vidgan.training.run import Run
from vidgan.training.run_lookup import CONFIG_NAME
from vidgan.video.cleaning import Cleaner
from vidgan.video.denoise import denoise
from vidgan.video.rate import resample
from vidgan.video.readers.base import DEFAULT_RATE
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.open import open_video

# The most frames that are read to be continued.
MAX_FRAMES = 10_000


def read_first_clip(
    path: Path | str,
    run: Run,
    start: float = 0.0,
    notify: Callable[[str], None] = lambda note: None,
) -> np.ndarray:
    """Read as many frames of a video as a clip of the run has.

    Frame rate, size, fit and cleaning are those of the run's dataset, distances between frames
    those of its training. If the dataset is gone, frames are cropped and cleaned, as by default.

    Args:
        path: a video file, a GIF or a folder of numbered images.
        run: the run.
        start: where to begin, in seconds.
        notify: called with a line for everything that could not be kept.

    Returns:
        uint8 RGB ``(frames, height, width, 3)``.

    Raises:
        InputError: the video cannot be read or is too short.
    """
    frames = _read(Path(path), run, start, span(run.frames, run.stride), notify)
    return frames[:: run.stride]


def read_to_end(
    path: Path | str,
    run: Run,
    start: float = 0.0,
    notify: Callable[[str], None] = lambda note: None,
) -> np.ndarray:
    """Read a video to its end, at least as many frames as a clip of the run has.

    Args and errors are those of :func:`read_first_clip`; the last frame is always among the result.
    """
    frames = _read(Path(path), run, start, None, notify)
    return frames[(len(frames) - 1) % run.stride :: run.stride]


def _read(
    path: Path, run: Run, start: float, most: int | None, notify: Callable[[str], None]
) -> np.ndarray:
    options = _dataset_options(run)
    fit = FrameFit(*run.size, options.fit)
    read: list[np.ndarray] = []
    with open_video(path, fit, decoder=options.decoder) as reader:
        rate = run.fps * run.stride or reader.info.fps or DEFAULT_RATE
        cleaner = Cleaner(rate, options.clean)
        for frame in cleaner(resample(reader, rate, start)):
            pixels = frame.sample.pixels
            pixels = denoise(pixels, options.denoise) if options.denoise else pixels
            read += [pixels] * frame.sample.copies
            if most is not None and len(read) >= most:
                break
            if len(read) > MAX_FRAMES:
                raise InputError(
                    f"{path}: has more than {MAX_FRAMES} frames to continue; begin later with "
                    "--start"
                )
        notes, problem = reader.notes, reader.problem
    needed = span(run.frames, run.stride)
    if len(read) < needed:
        dropped = ", ".join(f"{count} {reason}" for reason, count in cleaner.dropped.items())
        raise InputError(
            f"{path}: gives {len(read)} frames at {rate:g} frames/s"
            f"{f' from --start {start:g}' if start else ''}"
            f"{f' ({dropped} left out)' if dropped else ''}, a clip of {run.path.name} needs "
            f"{needed}{f' ({problem})' if problem else ''}; give a longer one"
        )
    if problem is not None:
        notes.append(f"damaged ({problem}); what can be decoded is used")
    for note in notes:
        notify(f"{path}: {note}")
    return np.stack(read[:most])


def _dataset_options(run: Run) -> PreprocessConfig:
    """Return the options that the dataset was made with; the default ones if it is gone."""
    if run.preprocess is not None:
        return PreprocessConfig.from_json(run.preprocess, run.path / CONFIG_NAME)
    if not exists(run.dataset / MANIFEST_NAME):
        return PreprocessConfig()
    return PreprocessConfig.from_json(Manifest.load(run.dataset).options, run.dataset)
