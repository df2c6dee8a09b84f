"""Draw a video to train on: a few people and a ball who move about in a painted room.

    python examples/make_video.py demo.mp4

Five motions (waving, jumping, walking, dancing, a bouncing ball) in three rooms, a few seconds a
shot, cut one after the other as in any edited video. The camera stands still and everything fills
the middle of the picture, so that a small network trained for minutes has something to learn.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import cv2
import numpy as np
from puppets import BASE_HEIGHT, FLOOR, SHIFT, Canvas, Color, Outfit, person, shade, step
from tqdm import tqdm

from vidgan.errors import VidganError
from vidgan.video.writers.open import open_writer

# wall, wallpaper stripe, floor, rug, curtain
ROOMS: list[tuple[Color, Color, Color, Color, Color]] = [
    ((222, 200, 160), (206, 182, 140), (150, 104, 66), (150, 60, 60), (176, 72, 64)),
    ((150, 186, 196), (132, 170, 182), (120, 92, 74), (60, 90, 130), (230, 200, 110)),
    ((178, 190, 146), (162, 174, 130), (168, 126, 84), (110, 80, 120), (226, 226, 214)),
]
# shirt, trousers, hair, skin
OUTFITS: list[Outfit] = [
    ((204, 44, 48), (40, 52, 92), (60, 36, 24), (236, 188, 150)),
    ((36, 92, 190), (60, 60, 64), (24, 20, 20), (150, 100, 70)),
    ((250, 250, 240), (120, 40, 110), (200, 150, 60), (246, 206, 176)),
    ((24, 130, 84), (214, 196, 150), (110, 60, 30), (206, 152, 110)),
]


def wave(canvas: Canvas, outfit: Outfit, t: float, rate: float) -> None:
    """Stand and wave with one arm."""
    swing = np.sin(2 * np.pi * rate * t)
    x = 160 + 2 * np.sin(2 * np.pi * 0.4 * t)
    canvas.shadow(160, 34, 0.5)
    hip = step(x, FLOOR - 62)
    arms = [(-14 - 4 * swing, -8), (140, 178 + 38 * swing)]
    person(canvas, outfit, hip, arms, [(-5, -3), (5, 3)], lean=2 * swing)


def jump(canvas: Canvas, outfit: Outfit, t: float, rate: float) -> None:
    """Do jumping jacks."""
    phase = 0.5 - 0.5 * np.cos(2 * np.pi * rate * t)
    air = 16 * np.sin(2 * np.pi * rate * t) ** 2
    canvas.shadow(160, 34 - 0.5 * air, 0.5)
    spread, legs = 14 + 148 * phase, 4 + 24 * phase
    hip = step(160.0, FLOOR - 60 + 5 * phase - air)
    arms = [(-spread, -spread - 8), (spread, spread + 8)]
    person(canvas, outfit, hip, arms, [(-legs, -legs), (legs, legs)])


def dance(canvas: Canvas, outfit: Outfit, t: float, rate: float) -> None:
    """Sway from side to side, one arm up, then the other."""
    beat = np.sin(2 * np.pi * rate * t)
    canvas.shadow(160 + 10 * beat, 34, 0.5)
    bend = 10 + 12 * abs(beat)
    hip = step(160 + 18 * beat, FLOOR - 60 + 0.22 * bend)
    left, right = -75 - 70 * beat, 75 - 70 * beat
    arms = [(left, left - 30), (right, right + 30)]
    legs = [
        (-bend - 14 * beat, bend * 0.6 - 14 * beat),
        (bend - 14 * beat, -bend * 0.6 - 14 * beat),
    ]
    person(canvas, outfit, hip, arms, legs, lean=-8 * beat)


def walk(canvas: Canvas, outfit: Outfit, t: float, rate: float) -> None:
    """Walk across the room and back."""
    stride = 4 * 61 * np.sin(np.radians(24))
    room = 150.0
    travelled = stride * rate * t
    there, along = divmod(travelled, room)
    right = there % 2 == 0
    x = 85 + along if right else 85 + room - along
    phase = 2 * np.pi * rate * t
    swing = 24 * np.sin(phase)
    # The knee of the leg that comes forward bends.
    knees = 34 * max(0.0, -np.cos(phase)), 34 * max(0.0, np.cos(phase))
    hip = step(160.0, FLOOR - 60 + 3 * abs(np.sin(phase)))
    legs = [(-swing, -swing - knees[0]), (swing, swing - knees[1])]
    arms = [(swing, swing + 18), (-swing, -swing + 18)]
    if not right:
        # Drawn facing right and mirrored.
        canvas.image[:] = canvas.image[:, ::-1]
        x = 320 - x
    hip[0] = x
    canvas.shadow(x, 30, 0.5)
    person(canvas, outfit, hip, arms, legs, lean=-4, side=True)
    if not right:
        canvas.image[:] = canvas.image[:, ::-1]


def ball(canvas: Canvas, outfit: Outfit, t: float, rate: float) -> None:
    """Let a beach ball bounce from side to side."""
    shirt, other = outfit[0], (250, 244, 230)
    hop = (t * rate) % 1.0
    height = 4 * hop * (1 - hop)
    x = 160 + 58 * np.sin(2 * np.pi * 0.23 * rate * t)
    squash = 1 - 0.28 * max(0.0, 1 - height * 8)
    radius = 30.0
    y = FLOOR - radius * squash - 100 * height
    canvas.shadow(x, 20 + 20 * height, 0.6 - 0.35 * height)
    radii = radius / squash**0.5, radius * squash
    canvas.disc(step(x, y), (radii[0] + 1.5, radii[1] + 1.5), shade(shirt, 0.45))
    turn = np.degrees(x / radius)
    for sector in range(6):
        cv2.ellipse(
            canvas.image,
            canvas.at((x, y)),
            canvas.at(radii),
            0,
            turn + 60 * sector,
            turn + 60 * sector + 61,
            shirt if sector % 2 else other,
            cv2.FILLED,
            cv2.LINE_AA,
            SHIFT,
        )
    canvas.disc(step(x - 9, y - 12 * squash), (5, 4), (255, 255, 255))


ACTS: list[tuple[Callable[[Canvas, Outfit, float, float], None], float]] = [
    (wave, 1.3),
    (jump, 0.8),
    (walk, 0.75),
    (ball, 1.0),
    (dance, 0.7),
]


def backdrop(
    room: tuple[Color, Color, Color, Color, Color], size: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """Paint an empty room.

    Returns:
        uint8 RGB ``(height, width, 3)``.
    """
    wall, stripe, floor, rug, curtain = room
    width, height = size
    scale = height / BASE_HEIGHT
    image = np.empty((height, width, 3), np.uint8)
    canvas = Canvas(image, scale)
    image[:] = wall
    bar = 16 * scale
    image[:, (np.arange(width) // bar).astype(int) % 2 == 0] = stripe
    skirting = round(170 * scale)
    image[skirting:] = floor
    dark = shade(floor, 0.7)
    for x in range(-600, 1000, 40):
        vanish = (160 + (x - 160) * 0.35, 170)
        line = canvas.at(vanish), canvas.at((x, 260))
        cv2.line(image, *line, dark, max(1, round(scale)), cv2.LINE_AA, SHIFT)
    image[skirting - round(7 * scale) : skirting] = shade(wall, lift=30)
    canvas.disc(step(160, FLOOR), (112, 20), rug)
    canvas.disc(step(160, FLOOR), (100, 16), shade(rug, lift=26))

    def box(left: float, top: float, right: float, bottom: float, color: Color) -> None:
        corners = (
            (round(left * scale), round(top * scale)),
            (
                round(right * scale),
                round(bottom * scale),
            ),
        )
        cv2.rectangle(image, *corners, color, cv2.FILLED)

    box(48, 26, 108, 100, (246, 242, 232))
    box(52, 30, 104, 96, (150, 204, 240))
    box(76, 30, 79, 96, (246, 242, 232))
    box(42, 22, 56, 108, curtain)
    box(100, 22, 114, 108, curtain)
    box(216, 34, 268, 78, (92, 62, 40))
    box(221, 39, 263, 73, (240, 226, 190))
    canvas.disc(step(242, 58), (13, 10), curtain)
    # Light from the window, and plaster that is not quite even.
    rows, columns = np.mgrid[:height, :width].astype(np.float32) / height
    light = 1.12 - 0.32 * np.hypot(columns - 0.45, (rows - 0.35) * 0.8)
    grain = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), 1.2)
    light += 0.05 * grain
    lit: np.ndarray = np.clip(image * light[..., None], 0, 255)
    return lit.astype(np.uint8)


def scenes(
    seconds: float, shot_seconds: float, size: tuple[int, int], fps: float, seed: int
) -> Iterator[np.ndarray]:
    """Yield the frames of the whole video, uint8 RGB ``(height, width, 3)``."""
    rng = np.random.default_rng(seed)
    width, height = size
    rooms = [backdrop(room, size, rng) for room in ROOMS]
    # A camera's noise: without it the still parts would be the same to the bit.
    noise = rng.integers(0, 4, (8, height, width, 3), dtype=np.uint8)
    total = max(1, round(seconds * fps))
    shot = max(1, round(shot_seconds * fps))
    for start in range(0, total, shot):
        number = start // shot
        act, usual = ACTS[number % len(ACTS)]
        # Cycles of 5, 4 and 3: no two shots of the first 60 are alike.
        outfit = OUTFITS[(number + seed) % len(OUTFITS)]
        rate, begin = usual * rng.uniform(0.85, 1.15), rng.uniform(0, 2)
        room = rooms[number % len(rooms)]
        for index in range(min(shot, total - start)):
            canvas = Canvas(room.copy(), height / BASE_HEIGHT)
            act(canvas, outfit, begin + index / fps, rate)
            yield cv2.add(canvas.image, noise[rng.integers(len(noise))])


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("output", type=click.Path(path_type=Path), default="demo.mp4")
@click.option("--seconds", type=click.FloatRange(0.1, 3600), default=150, show_default=True)
@click.option("--shot-seconds", type=click.FloatRange(0.1), default=5, show_default=True)
@click.option(
    "--height",
    type=click.IntRange(48, 2160),
    default=BASE_HEIGHT,
    show_default=True,
    help="Of a picture that is 4:3.",
)
@click.option("--fps", type=click.FloatRange(1, 120), default=30, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--codec", default="auto", show_default=True, help="See vidgan generate --codec.")
def main(
    output: Path,
    seconds: float,
    shot_seconds: float,
    height: int,
    fps: float,
    seed: int,
    codec: str,
) -> None:
    """Draw the video and write it to OUTPUT."""
    width = height * 4 // 3
    frames = scenes(seconds, shot_seconds, (width, height), fps, seed)
    total = max(1, round(seconds * fps))
    try:
        with open_writer(output, fps, (width, height), codec) as video:
            for frame in tqdm(frames, total=total, unit="frame", desc=output.name, disable=None):
                video.write(frame)
    except VidganError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{output}: {total / fps:g} s, {width}x{height}, {fps:g} frames/s")


if __name__ == "__main__":
    main()
