"""Draw videos of handwritten digits that move and bounce, as in Moving MNIST (arXiv 1502.04681).

    python benchmarks/moving_digits.py pairs
    vidgan preprocess pairs --lossless -o pairs-data

    python benchmarks/moving_digits.py singles --digits 1
    vidgan preprocess singles --lossless --labels -o singles-data

The digits are the 1797 handwritten ones of scikit-learn's ``load_digits``, 8 × 8 pixels each,
enlarged smoothly. Each digit occurs in one clip only, so the test split has unseen digits. Clips of
one digit are written to sub-folders named after it, which become labels.
"""

from collections.abc import Iterator
from pathlib import Path

import av
import click
import cv2
import numpy as np
from sklearn.datasets import load_digits
from tqdm import tqdm

SIDE, DIGIT_SIDE, FPS = 64, 26, 16
# Pixels a frame along each axis.
SPEEDS = (0.8, 2.4)


def enlarged(digit: np.ndarray) -> np.ndarray:
    """Return an 8 × 8 digit of 0…16 as float32 ``(DIGIT_SIDE, DIGIT_SIDE)`` in 0…1."""
    smooth = cv2.resize(
        digit.astype(np.float32) / 16, (DIGIT_SIDE, DIGIT_SIDE), interpolation=cv2.INTER_CUBIC
    )
    # Steeper than it was: an eighth of the pixels leaves edges three pixels wide.
    steep: np.ndarray = np.clip(2.2 * smooth - 0.5, 0, 1)
    return steep


def path(random: np.random.Generator, frames: int) -> np.ndarray:
    """Return where a digit's corner is, float ``(frames, 2)``: straight on, bouncing off edges."""
    room = SIDE - DIGIT_SIDE
    start = random.uniform(0, 2 * room, 2)
    velocity = random.uniform(*SPEEDS, 2)
    # On a path that is folded at both ends every direction is among the starts.
    return np.abs((start + velocity * np.arange(frames)[:, None]) % (2 * room) - room)


def color(random: np.random.Generator) -> np.ndarray:
    """Return a bright colour, float ``(3,)`` in 0…255."""
    hsv = np.array([[[random.integers(180), 130, 255]]], np.uint8)
    rgb: np.ndarray = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0]
    return rgb.astype(np.float32)


def clip(digits: np.ndarray, frames: int, random: np.random.Generator) -> np.ndarray:
    """Let digits ``(n, 8, 8)`` move, each in a colour of its own.

    Returns:
        uint8 RGB ``(frames, SIDE, SIDE, 3)``.
    """
    video = np.zeros((frames, SIDE, SIDE, 3), np.float32)
    for digit in digits:
        image, paint = enlarged(digit), color(random)
        for frame, corner in zip(video, path(random, frames), strict=True):
            shift = np.array([[1, 0, corner[0]], [0, 1, corner[1]]], np.float32)
            moved = cv2.warpAffine(image, shift, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
            np.maximum(frame, moved[..., None] * paint, out=frame)
    return np.rint(video).astype(np.uint8)


def clips(
    digits: int, frames: int, count: int, seed: int
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Yield ``count`` times the digits that a clip shows, by name, and the clip."""
    random = np.random.default_rng(seed)
    images, names = load_digits(return_X_y=True)
    order = random.permutation(len(images))[: digits * count].reshape(-1, digits)
    for chosen in order:
        shown = images[chosen].reshape(-1, 8, 8)
        yield [str(names[i]) for i in chosen], clip(shown, frames, random)


def write_lossless(target: Path, video: np.ndarray) -> None:
    """Write uint8 RGB ``(frames, height, width, 3)`` to the last bit: FFV1, with full colour."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(target), "w") as container:
        stream = container.add_stream("ffv1", rate=FPS)
        stream.height, stream.width = video.shape[1:3]
        stream.pix_fmt = "bgr0"
        for image in video:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        container.mux(stream.encode())


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--digits", type=click.IntRange(1, 4), default=2, show_default=True, help="Per clip.")
@click.option(
    "--clips", "count", type=click.IntRange(1), help="How many; default: all digits, once each."
)
@click.option("--frames", type=click.IntRange(2), default=64, show_default=True, help="Per clip.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def main(folder: Path, digits: int, count: int | None, frames: int, seed: int) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.ClickException(f"{folder} exists already; choose another folder")
    most = len(load_digits().target) // digits
    if count is not None and count > most:
        raise click.ClickException(f"--clips {count}: the digits are enough for {most}")
    total = count or most
    drawn = tqdm(clips(digits, frames, total, seed), total=total, unit="clip", disable=None)
    for number, (shown, video) in enumerate(drawn):
        name = f"{number:04d}-{''.join(shown)}.mkv"
        write_lossless((folder / shown[0] if digits == 1 else folder) / name, video)


if __name__ == "__main__":
    main()
