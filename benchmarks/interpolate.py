"""Quality of interpolated frames: the network, optical flow, blending and FFmpeg's minterpolate.

    python benchmarks/interpolate.py film.avi other.mp4 --minutes 10

Trains on the first three quarters of every video. Of the rest, every other frame is left out and
computed by each method: PSNR of these frames, and tOF (arXiv 1811.09393), the difference of the
optical flow from that of the video. A third number says how far the PSNR is above that of blending
in the worst of eight equal parts of these frames. Writes the table to interpolate.md, and a contact
sheet to docs/images: for each video a row of the frame before, FFmpeg, blending, flow, network and
original.
"""

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import click
import cv2
import numpy as np

import vidgan
from vidgan.images import save_image
from vidgan.metrics import psnr, tof
from vidgan.metrics.restoration import MAX_PSNR
from vidgan.training.run import Run
from vidgan.video.readers.open import open_video
from vidgan.video.writers.open import open_writer

TRAINED = 0.75
# Frames that are measured at most, and the rate that they are taken to have.
MEASURED, RATE = 120, 10
# Parts of which the worst is shown.
PARTS = 8
METHODS = ("minterpolate", "blend", "flow", "network")
# Motion compensation as good as FFmpeg has it.
MINTERPOLATE = f"fps={2 * RATE}:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none"
SHEET = Path(__file__).parents[1] / "docs" / "images" / "interpolate.png"
# Side of the part of a frame that the sheet shows, and its side there.
PART, SHOWN = 80, 96


def read(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """Return the frames of a video, reduced to a size ``(width, height)``."""
    with open_video(path) as reader:
        frames = [frame for _, frame in reader]
    if size is not None:
        frames = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames]
    return np.stack(frames)


def write(path: Path, frames: np.ndarray) -> Path:
    """Write frames without loss."""
    with open_writer(path, RATE, (frames.shape[2], frames.shape[1]), "ffv1") as writer:
        for frame in frames:
            writer.write(frame)
    return path


def minterpolate(known: np.ndarray) -> np.ndarray:
    """Return the frames between known ones by FFmpeg, uint8."""
    _, height, width, _ = known.shape
    graph = av.filter.Graph()
    entry = graph.add_buffer(
        width=width,
        height=height,
        format=av.VideoFormat("yuv444p", width, height),
        time_base=Fraction(1, RATE),
    )
    end = graph.add("buffersink")
    chain: Any = [entry, graph.add("minterpolate", MINTERPOLATE), end]
    for one, other in pairwise(chain):
        one.link_to(other)
    graph.configure()

    def made() -> Iterator[tuple[int, np.ndarray]]:
        while True:
            try:
                frame: Any = graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            number = round(float(frame.pts * frame.time_base) * 2 * RATE)
            yield number, frame.to_ndarray(format="rgb24")

    found: dict[int, np.ndarray] = {}
    # The filter makes no frames beside the first and the last ones: they stand still.
    for index, frame in enumerate([known[0], *known, known[-1], known[-1]], -1):
        picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv444p")
        picture.pts, picture.time_base = index, Fraction(1, RATE)
        graph.push(picture)
        found |= made()
    graph.push(None)
    found |= made()
    return np.stack([found[2 * i + 1] for i in range(len(known) - 1)])


def results(known: np.ndarray, run: Path, folder: Path) -> dict[str, np.ndarray]:
    """Return what every method makes of known frames: the frames between them, uint8."""
    source = write(folder / "known.mkv", known)
    made = {"minterpolate": minterpolate(known)}
    for method in METHODS[1:]:
        target = folder / f"{method}.mkv"
        options = {"run": run} if method == "network" else {"method": method}
        vidgan.interpolate(source, target, codec="ffv1", overwrite=True, times=2, **options)
        made[method] = read(target)[1:-1:2]
    return made


def sequence(known: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Return known frames and those between them in their order."""
    frames = np.repeat(known, 2, axis=0)[:-1]
    frames[1::2] = between
    return frames


def detail(frames: list[np.ndarray], original: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the part of the fastest frame where most moves, of several versions of it."""
    change = np.abs(original.astype(np.float32) - known).mean(axis=-1)
    place = int(change.mean(axis=(1, 2)).argmax())
    side = min(PART, *change.shape[1:])
    centre = np.unravel_index(cv2.blur(change[place], (side, side)).argmax(), change[place].shape)
    top, left = (
        int(np.clip(at - side // 2, 0, whole - side))
        for at, whole in zip(centre, change.shape[1:], strict=True)
    )
    parts = [each[place, top : top + side, left : left + side] for each in frames]
    large = (cv2.resize(part, (SHOWN, SHOWN), interpolation=cv2.INTER_CUBIC) for part in parts)
    return np.concatenate(list(large), axis=1)


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("videos", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--minutes", type=float, default=10.0, help="Of training on each video.")
@click.option("--steps", type=int, help="Instead of --minutes.")
@click.option("--size", default="256x192", help="Of the frames.")
@click.option("--whole", is_flag=True, help="Also measure at the size of the video.")
@click.option("--runs", type=click.Path(path_type=Path), help="Keep the runs here.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path(__file__).with_suffix(".md")
)
@click.option("--sheet", type=click.Path(path_type=Path), default=SHEET)
def main(
    videos: tuple[Path, ...],
    minutes: float,
    steps: int | None,
    size: str,
    whole: bool,
    runs: Path | None,
    output: Path,
    sheet: Path,
) -> None:
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
                    data, task="interpolate", output=run, tensorboard=False, progress=True, **budget
                )
            state = Run.open(run).state()
            for large in (False, True)[: 1 + whole]:
                rest = (read(video) if large else frames)[first:][:MEASURED]
                rest = rest[: len(rest) // 2 * 2 - 1]
                known, original = rest[::2], rest[1::2]
                made = results(known, run, work)
                cells = []
                quality = {
                    method: np.minimum(psnr(frames[:, None], original[:, None]), MAX_PSNR)
                    for method, frames in made.items()
                }
                for method, values in quality.items():
                    flow = tof(sequence(known, made[method])[None], rest[None])[0]
                    gains = np.array_split(values - quality["blend"], min(PARTS, len(values)))
                    worst = min(gain.mean() for gain in gains)
                    cells.append(f"{values.mean():.2f} / {flow:.3f} / {worst:+.2f}")
                place = f"{rest.shape[2]} × {rest.shape[1]}"
                row = f"| {video.stem} | {place} | {state['step']} | {' | '.join(cells)} |"
                print(row, flush=True)
                rows.append(row)
                if not large:
                    both = [known[:-1], *(made[method] for method in METHODS), original]
                    shown.append(detail(both, original, known[:-1]))
    save_image(sheet, np.concatenate(shown))
    newline = "\n"
    output.write_text(
        f"""# Interpolation

Made by `benchmarks/interpolate.py`: PSNR in dB of every other frame of the last quarter of a video,
tOF in pixels a frame over all frames, and how far PSNR is above that of blending in the worst of
{PARTS} equal parts. The network is trained on the first three quarters.

| video | size | steps | {" | ".join(METHODS)} |
|---|---|---|{"---|" * len(METHODS)}
{newline.join(rows)}
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
