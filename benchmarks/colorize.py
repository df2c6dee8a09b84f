"""Quality of colours: PSNR of chroma and flicker, without and with a reference frame.

    python benchmarks/colorize.py film.avi other.mp4 --minutes 10

Trains on the first three quarters of every video, and gives colours to the rest: without a
reference, with the first frame of the rest as the reference, and with that frame in other hues,
which the result should then follow. Compares with the grey video, and with copying colours from the
most similar squares of the reference. Writes the table to colorize.md, and a contact sheet to
docs/images: for each video rows of grey, network, network with reference, and original frames.
"""

import tempfile
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from interpolate import TRAINED, read, write

import vidgan
from vidgan import runtime
from vidgan.images import save_image
from vidgan.metrics import colour_flicker
from vidgan.video.chroma import COLOURS, chroma, turn_colours
from vidgan.video.optical_flow import grey

# Frames that are measured at most.
MEASURED = 96
SHEET = Path(__file__).parents[1] / "docs" / "images" / "colorize.png"
# Frames of a video on the sheet, and their width in pixels.
SHOWN, WIDTH = 1, 160
# Angle by which the hues of the third reference are turned.
TURNED = 2.0
# Side of the squares that are compared, and of the part around that describes them.
SQUARE, AROUND = 8, 16
METHODS = ("grey", "squares", "network", "network, reference")


def dull(clip: np.ndarray) -> np.ndarray:
    """Return a clip without its colours."""
    return np.repeat(grey(clip)[..., None], 3, axis=-1)


def chroma_psnr(made: np.ndarray, original: np.ndarray) -> float:
    """Return the PSNR of Cb and Cr in dB, over a whole video."""
    errors = [np.square(chroma(a) - chroma(b)).mean() for a, b in zip(made, original, strict=True)]
    return float(10 * np.log10(255**2 / max(np.mean(errors), 1e-9)))


def colourfulness(clip: np.ndarray) -> float:
    """Return the mean distance of chroma from grey, in levels."""
    return float(np.mean([np.linalg.norm(chroma(frame), axis=-1).mean() for frame in clip]))


def by_squares(clip: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Copy chroma from the square of the reference whose brightness is most alike."""

    def describe(frame: np.ndarray) -> np.ndarray:
        values = grey(frame[None])[0].astype(np.float32)
        height, width = (side // SQUARE * SQUARE for side in values.shape)
        margin = (AROUND - SQUARE) // 2
        padded = np.pad(values[:height, :width], margin, mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, (AROUND, AROUND))
        found = windows[::SQUARE, ::SQUARE]
        described: np.ndarray = found[..., ::2, ::2].reshape(*found.shape[:2], -1)
        return described

    keys = describe(reference)
    rows, columns, length = keys.shape
    area = reference[: rows * SQUARE, : columns * SQUARE]
    values = cv2.resize(chroma(area), (columns, rows), interpolation=cv2.INTER_AREA).reshape(-1, 2)
    keys = keys.reshape(-1, length)
    results = []
    for frame in clip:
        queries = describe(frame)
        flat = queries.reshape(-1, length)
        distance = np.square(keys).sum(-1) - 2 * flat @ keys.T
        found = values[distance.argmin(axis=1)].reshape(*queries.shape[:2], 2)
        large = cv2.resize(found, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        results.append(grey(frame[None])[0][..., None] + large @ COLOURS.T)
    copied: np.ndarray = np.clip(np.rint(np.stack(results)), 0, 255)
    return copied.astype(np.uint8)


def follows(guided: np.ndarray, plain: np.ndarray) -> float:
    """Return how far the colours of one result are those of the other with their hues turned.

    Returns:
        1 if they are, 0 if the turned reference changes nothing.
    """
    change = chroma(guided) - chroma(plain)
    wanted = chroma(turn_colours(plain, TURNED, 1.0)) - chroma(plain)
    return float((change * wanted).sum() / max(np.square(wanted).sum(), 1e-9))


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("videos", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--minutes", type=float, default=10.0, help="Of training on each video.")
@click.option("--steps", type=int, help="Instead of --minutes.")
@click.option("--temporal", type=float, default=0.0, help="Weight of the temporal loss.")
@click.option("--size", default="256x192", help="Of the frames.")
@click.option("--runs", type=click.Path(path_type=Path), help="Keep the runs here.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path(__file__).with_suffix(".md")
)
@click.option("--sheet", type=click.Path(path_type=Path), default=SHEET)
def main(
    videos: tuple[Path, ...],
    minutes: float,
    steps: int | None,
    temporal: float,
    size: str,
    runs: Path | None,
    output: Path,
    sheet: Path,
) -> None:
    runtime.prepare()
    width, height = (int(side) for side in size.split("x"))
    budget: dict[str, Any] = {"minutes": minutes} if steps is None else {"steps": steps}
    rows, shown = [], []
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        for video in videos:
            frames = read(video, (width, height))
            first = round(TRAINED * len(frames))
            run = (runs or work) / video.stem
            if not run.exists():
                data = work / f"{video.stem}-data"
                seen = write(work / f"{video.stem}.mkv", frames[:first])
                vidgan.preprocess(seen, data, size=(width, height))
                vidgan.train(
                    data,
                    task="colorize",
                    output=run,
                    tensorboard=False,
                    progress=True,
                    temporal=temporal,
                    **budget,
                )
            rest = frames[first:][:MEASURED]
            source = write(work / "grey.mkv", dull(rest))
            turned = turn_colours(rest[0], TURNED, 1.0)
            save_image(work / "reference.png", rest[0])
            save_image(work / "turned.png", turned)
            made = {"grey": dull(rest), "squares": by_squares(rest, rest[0])}
            for name, reference in (
                ("network", None),
                ("network, reference", str(work / "reference.png")),
                ("turned", str(work / "turned.png")),
            ):
                target = work / "made.mkv"
                vidgan.colorize(
                    source, target, run, codec="ffv1", overwrite=True, reference=reference
                )
                made[name] = read(target)
            cells = [
                f"{chroma_psnr(made[name], rest):.2f} / "
                f"{colour_flicker(made[name][None], rest[None])[0]:.2f} / "
                f"{colourfulness(made[name]):.1f}"
                for name in METHODS
            ]
            obeyed = follows(made["turned"], made["network, reference"])
            row = (
                f"| {video.stem} | {' | '.join(cells)} | {colourfulness(rest):.1f} | {obeyed:.2f} |"
            )
            print(row, flush=True)
            rows.append(row)
            places = np.linspace(0, len(rest) - 1, SHOWN + 1).astype(int)[1:]
            scaled = (WIDTH, round(WIDTH * height / width))
            for place in places:
                names = ("grey", "network", "network, reference")
                row_frames = [*(made[name][place] for name in names), rest[place]]
                parts = [cv2.resize(f, scaled, interpolation=cv2.INTER_AREA) for f in row_frames]
                shown.append(np.concatenate(parts, axis=1))
    save_image(sheet, np.concatenate(shown))
    newline = "\n"
    output.write_text(
        f"""# Colorization

Made by `benchmarks/colorize.py`: PSNR of Cb and Cr in dB / flicker in levels of 255, the change of
the error of colours along the motion / colourfulness, the mean distance from grey in levels. The
network is trained on the first three quarters of a video; the rest is measured, at {size}. The
reference is its first frame. The last columns are the colourfulness of the original, and how far
the colours follow a reference whose hues are turned (1: fully).

| video | {" | ".join(METHODS)} | original | follows |
|---|{"---|" * len(METHODS)}---|---|
{newline.join(rows)}
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
