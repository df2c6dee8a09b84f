"""Quality of inpainting: the network, OpenCV's Telea and the temporal median.

    vidgan preprocess weizmann --size 64 -o weizmann-data
    vidgan train weizmann-data --task inpaint --minutes 10
    python benchmarks/inpaint.py runs/00000-inpaint-weizmann-data weizmann-data

Measures on held-out clips and on a drawn video (``examples/make_video.py``) that differs from the
training data. Writes the table to inpaint.md and a contact sheet to docs/images: input, Telea,
median, network and original of every clip.
"""

import sys
import tempfile
from itertools import islice
from pathlib import Path

import click
import cv2
import numpy as np

from vidgan import runtime
from vidgan.config import MASKS
from vidgan.dataset.manifest import Manifest
from vidgan.degradations import masks
from vidgan.images import save_image
from vidgan.jobs.restore import classical_filters
from vidgan.tasks.load import load_generator
from vidgan.video.layout import contact_sheet
from vidgan.video.readers.open import open_video

sys.path.append(str(Path(__file__).parents[1] / "examples"))
CLIPS, FRAMES, SIDE = 24, 16, 64
DRAWN_SECONDS = 40
SHEET = Path(__file__).parents[1] / "docs" / "images" / "inpaint.png"
METHODS = ("Telea", "median", "base", "network")


def drawn() -> list[np.ndarray]:
    """Return clips of a drawn video, each within one shot."""
    from make_video import main as draw

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.mp4"
        draw([str(path), "--seconds", str(DRAWN_SECONDS)], standalone_mode=False)
        with open_video(path) as reader:
            small = [
                cv2.resize(frame[:, 40:280], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                for _, frame in reader
            ]
    return [np.stack(small[first : first + FRAMES]) for first in range(30, len(small) - 30, 120)]


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("dataset", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path(__file__).with_suffix(".md")
)
@click.option("--sheet", type=click.Path(path_type=Path), default=SHEET)
def main(folder: Path, dataset: Path, output: Path, sheet: Path) -> None:
    runtime.prepare()
    from vidgan.dataset.pipeline import labelled_clips
    from vidgan.tasks import inpaint
    from vidgan.training.run import Run

    run, manifest = Run.open(folder, task="inpaint"), Manifest.load(dataset)
    state = run.state()
    fill = inpaint.filler(load_generator(run, "latest"))
    base = inpaint.base_filler()
    telea, median = classical_filters.telea().apply, classical_filters.median().apply
    every = max(1, manifest.splits["test"].clips(FRAMES) // CLIPS)
    held_out = labelled_clips(manifest, "test", FRAMES, every=every)
    material = {
        "held-out clips": [clip for clip, _ in islice(held_out, CLIPS)],
        "drawn video": drawn(),
    }
    rows, shown = [], []
    for name, clips in material.items():
        for kind in MASKS:
            figures = []
            for index, clip in enumerate(clips):
                mask = masks.draw((kind,), clip.shape[:3], np.random.default_rng(index))
                results = [f(clip, mask) for f in (telea, median, base, fill)]
                figures.append([inpaint.hole_psnr(result, clip, mask) for result in results])
                if index == 2 and kind in ("object", "free-form"):
                    hole = np.where(mask[..., None], 128, clip).astype(np.uint8)
                    made = [np.clip(np.rint(r), 0, 255).astype(np.uint8) for r in results]
                    shown += [hole, made[0], made[1], made[3], clip]
            cells = " | ".join(f"{value:.2f}" for value in np.mean(figures, axis=0))
            rows.append(f"| {name} | {kind} | {cells} |")
    save_image(sheet, contact_sheet(np.stack(shown), frames=4, scale=2))
    newline = "\n"
    trained = f"{state['seconds'] / 60:.1f} minutes of training ({state['step']} steps)"
    text = f"""# Inpainting

Made by `benchmarks/inpaint.py` after {trained}: mean over clips of
{FRAMES} frames of the PSNR in dB within the holes.

| video | mask | {" | ".join(METHODS)} |
|---|---|{"---|" * len(METHODS)}
{newline.join(rows)}

Base is the initial estimate that the network refines: a mixture of the same place in near frames,
in all frames in reach, and of the surroundings of the hole.
"""
    output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
