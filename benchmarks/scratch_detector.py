"""How well the detector behind ``vidgan inpaint --mask auto`` finds scratches and dust.

    pip install -e .[bench]
    python benchmarks/scratch_detector.py VIDEO...

Whole video is made into old film (``vidgan.degradations.scratches``) at several strengths, and the
detector's masks are compared with where the damage is. Of every video given the first 48 frames are
taken; beside them stand a drawn video with people who move (``examples/make_video.py``) and
photographs that scikit-image ships, filmed by a camera that pans. Writes the table beside this
script.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click
import cv2
import numpy as np
import skimage.data

from vidgan.degradations import scratches
from vidgan.degradations.scratch_detector import REACH, detect
from vidgan.video.readers.open import open_video

sys.path.append(str(Path(__file__).parents[1] / "examples"))
FRAMES = 48
# Of the drawn video, which has a cut every five seconds.
DRAWN_SECONDS = 50
STRENGTHS = (0.25, 0.5, 1.0)
DAMAGES = ("scratches", "dust")
# Less than this nobody sees, nor does it need to be found.
VISIBLE = 10


def load(path: Path, first: int = 0) -> np.ndarray:
    with open_video(path) as reader:
        return np.stack([pixels for _, pixels in islice(reader, first, first + FRAMES)])


def drawn() -> Iterator[np.ndarray]:
    """Yield clips of people in rooms, 320 × 240, from one video with cuts."""
    from make_video import main as draw

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.mp4"
        draw([str(path), "--seconds", str(DRAWN_SECONDS)], standalone_mode=False)
        for first in range(0, 30 * DRAWN_SECONDS - 60, 240):
            yield load(path, first)


def panned() -> Iterator[np.ndarray]:
    """Yield clips of a noisy camera that pans over a photograph and shakes, 240 × 180."""
    pictures = (skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea())
    for seed, picture in enumerate(pictures):
        random = np.random.default_rng(seed)
        speed, clip = random.uniform(-3, 3, 2), []
        for frame in range(FRAMES):
            middle = np.array(picture.shape[1::-1]) / 2 - (120, 90)
            place = middle + 0.6 * speed * (frame - FRAMES / 2) + 2 * np.sin(frame / 5)
            move = np.array([[1, 0, -place[0]], [0, 1, -place[1]]], np.float32)
            view = cv2.warpAffine(picture, move, (240, 180), borderMode=cv2.BORDER_REFLECT)
            noisy = view + random.normal(0, 2, view.shape)
            clip.append(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
        yield np.stack(clip)


def wider(masks: np.ndarray) -> np.ndarray:
    return np.stack([cv2.dilate(m.astype(np.uint8), np.ones((3, 3))) for m in masks]) > 0


@dataclass
class Tally:
    """Pixels: marked, of them right, damaged so that it shows, of them marked, and all.

    A pixel beside the damage is right, and damage beside a mark is marked.
    """

    marked: int = 0
    right: int = 0
    damaged: int = 0
    hit: int = 0
    pixels: int = 0

    def add(self, clip: np.ndarray, kinds: tuple[str, ...], strength: float, seed: int) -> None:
        random = np.random.default_rng(seed)
        marks = scratches.draw_marks(clip.shape[:3], random, kinds)
        whole = scratches.flicker(clip, random, strength)
        film = scratches.overlay_marks(whole, marks, strength)
        change = np.abs(film.astype(np.int16) - whole).max(axis=-1)
        shows = marks.mask & (change >= VISIBLE)
        found = np.stack([mask for _, mask in detect(film)])
        self.marked += int(found.sum())
        self.right += int((found & wider(marks.mask)).sum())
        self.damaged += int(shows.sum())
        self.hit += int((wider(found) & shows).sum())
        self.pixels += found.size

    @property
    def cells(self) -> str:
        precision, recall = self.right / max(1, self.marked), self.hit / max(1, self.damaged)
        return f"{precision:.2f} | {recall:.2f}"


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("videos", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path(__file__).with_suffix(".md")
)
def main(videos: tuple[Path, ...], output: Path) -> None:
    material: dict[str, Callable[[], Iterable[np.ndarray]]] = {
        f"{len(videos)} real clips": lambda: map(load, videos),
        "drawn people": drawn,
        "panned photographs": panned,
    }
    rows, alarms = [], []
    for name, clips in material.items():
        kept = list(clips())
        clean = Tally()
        for clip in kept:
            clean.add(clip, (), 1.0, 0)
        alarms.append(f"| {name} | {1e6 * clean.marked / clean.pixels:.0f} |")
        for kinds in (("scratches",), ("dust",), DAMAGES):
            cells = []
            for strength in STRENGTHS:
                tally = Tally()
                for seed, clip in enumerate(kept):
                    tally.add(clip, kinds, strength, seed)
                cells.append(tally.cells)
            rows.append(f"| {name} | {' and '.join(kinds)} | {' | '.join(cells)} |")
    heads = " | ".join(f"{strength:g}: precision | recall" for strength in STRENGTHS)
    newline = "\n"
    text = f"""# The detector of scratches and dust

Made by `benchmarks/scratch_detector.py`. Whole clips are made into old film: flicker of
{100 * scratches.FLICKER:.0f}% (times the strength), {scratches.BLOTCHES:g} blotches a frame and
scratches that stay for 3 to 40 frames, laid on with an opacity of {STRENGTHS[0]:g},
{STRENGTHS[1]:g} and {STRENGTHS[2]:g}. Precision is the share of the marked pixels that are damage
or touch it; recall is the share of the damaged pixels that are marked or touch what is, of those
that damage changed by {VISIBLE} grey levels or more.

| video | damage | {heads} |
|---|---|{"---|" * 2 * len(STRENGTHS)}
{newline.join(rows)}

False alarms on the same clips with full flicker and without any damage:

| video | marked pixels in a million |
|---|---|
{newline.join(alarms)}

Not found: scratches shorter than half of the height (limbs and things are as long), scratches
that do not move against the scene for {2 * REACH + 1} frames unless they cross all of it (a pole
does not either), and dust on or close beside what moves fast.
"""
    output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
