"""Precision and recall of the scratch detector of ``vidgan inpaint --mask auto``.

    pip install -e .[bench]
    python benchmarks/scratch_detector.py VIDEO...

Clean video is degraded to old film (``vidgan.degradations.scratches``) at several strengths, and
the masks of the detector are compared with the true ones. Uses the first 48 frames of every video,
a drawn video of moving people (``examples/make_video.py``) and panned photographs of scikit-image.
Writes the table to scratch_detector.md.
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
# Duration of the drawn video, which has a cut every five seconds.
DRAWN_SECONDS = 50
STRENGTHS = (0.25, 0.5, 1.0)
DAMAGES = ("scratches", "dust")
# Grey levels; smaller changes are invisible and need not be detected.
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
    """Yield clips of a noisy, shaking camera that pans over a photograph, 240 × 180."""
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
    """Pixel counts of detections and degradations.

    A tolerance of one pixel applies to both.

    Attributes:
        marked: detected pixels.
        right: detected pixels that are degraded.
        damaged: visibly degraded pixels.
        hit: visibly degraded pixels that are detected.
        pixels: all pixels.
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
    *weaker, strongest = (f"{strength:g}" for strength in STRENGTHS)
    text = f"""# The detector of scratches and dust

Made by `benchmarks/scratch_detector.py`. Clean clips are degraded to old film: flicker of
{100 * scratches.FLICKER:.0f}% (times the strength), {scratches.BLOTCHES:g} blotches per frame and
scratches that last for 3 to 40 frames, with an opacity of {", ".join(weaker)} and
{strongest}. Precision is the fraction of the detected pixels that are degraded; recall is the
fraction of the pixels degraded by {VISIBLE} grey levels or more that are detected. Both have a
tolerance of one pixel.

| video | damage | {heads} |
|---|---|{"---|" * 2 * len(STRENGTHS)}
{newline.join(rows)}

False alarms on the same clips with full flicker and no degradation:

| video | detected pixels per million |
|---|---|
{newline.join(alarms)}

Not detected: scratches shorter than half of the height (limbs and objects are as long), scratches
that do not move relative to the scene for {2 * REACH + 1} frames unless they span it (poles do not
move either), and dust on or close to fast motion.
"""
    output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
