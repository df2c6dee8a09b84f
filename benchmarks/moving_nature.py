"""Water, fire, clouds and a flag, drawn: what flows and waves, for ``portfolio_videos.py``.

Each function yields uint8 RGB frames ``(height, width, 3)``, the same ones each time.
"""

from collections.abc import Iterator

import cv2
import numpy as np

FPS = 25
GRAVITY = 9.81
# Of tiles of noise.
TILE = 512


def fractal_noise(random: np.random.Generator, slope: float) -> np.ndarray:
    """Return noise that tiles, float32 ``(TILE, TILE)``, mean 0 and standard deviation 1.

    Args:
        random: draws the phases.
        slope: the amplitude falls with the frequency to this power; the lower, the rougher.
    """
    frequencies = np.fft.fftfreq(TILE)
    radius = np.hypot(frequencies[:, None], frequencies)
    # Nothing is as large as the tile itself, whose repetition would show.
    amplitude = np.where(radius < 3 / TILE, 0, np.maximum(radius, 1 / TILE) ** -slope)
    spectrum = amplitude * np.fft.fft2(random.normal(size=(TILE, TILE)))
    noise = np.fft.ifft2(spectrum).real
    scaled: np.ndarray = (noise / noise.std()).astype(np.float32)
    return scaled


def sample(
    image: np.ndarray, x: np.ndarray, y: np.ndarray, beyond: int = cv2.BORDER_WRAP
) -> np.ndarray:
    """Return the values of an image, such as a tile of noise, at float positions."""
    x, y = x.astype(np.float32), y.astype(np.float32)
    return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=beyond)


def smooth_step(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return 0 below ``low``, 1 above ``high``, and a smooth passage between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    smooth: np.ndarray = t * t * (3 - 2 * t)
    return smooth


def mix(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return colours ``share`` of the way from one to the other."""
    mixed: np.ndarray = one + (other - one) * share[..., None]
    return mixed


def to_uint8(image: np.ndarray) -> np.ndarray:
    clipped: np.ndarray = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return clipped


def slopes(
    x: np.ndarray, z: np.ndarray, times: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the slopes of deep water across and along the view, both ``(frames, points)``.

    The surface is a sum of travelling waves, whose speed follows from their length.
    """
    lengths = np.geomspace(0.35, 7, 48)
    angles = random.normal(0.5, 0.6, lengths.size)
    numbers = 2 * np.pi / lengths
    kx, kz = numbers * np.sin(angles), numbers * np.cos(angles)
    phases = np.outer(kx, x) + np.outer(kz, z) + random.uniform(0, 2 * np.pi, (lengths.size, 1))
    # Waves shorter than a few pixels fade with the distance.
    steepness = 0.055 * np.exp(-((z * numbers[:, None] / 90) ** 2))
    turns = np.outer(times, np.sqrt(GRAVITY * numbers))
    # cos(phase - turn) for all frames in one product of matrices.
    in_time = np.hstack([np.cos(turns), np.sin(turns)]).astype(np.float32)
    in_space = np.vstack([steepness * np.cos(phases), steepness * np.sin(phases)])
    across, along = (
        in_time @ (in_space * np.tile(k / numbers, 2)[:, None]).astype(np.float32) for k in (kx, kz)
    )
    return across, along


def water_colors(glow: np.ndarray, zenith: np.ndarray) -> np.ndarray:
    """Return the colours of water, float32 ``(256, 3)``, seen along the surface to from above."""
    grazing = np.linspace(0, 1, 256)
    mirrored = mix(glow, zenith, np.clip(1.3 * grazing, 0, 1) ** 0.7)
    deep = np.array((12.0, 48, 66))
    return mix(deep, mirrored, 0.08 + 0.85 * (1 - grazing) ** 4).astype(np.float32)


def water(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A sea below an evening sky."""
    horizon = height // 3
    rows, columns = np.mgrid[horizon + 1 : height, :width]
    depth = 0.9 * height / (rows - horizon + 3.0)
    x = (columns - width / 2) * depth / height
    times = np.arange(frames) / FPS
    across, along = slopes(x.ravel(), depth.ravel(), times, np.random.default_rng(1))
    up = np.linspace(1, 0, horizon + 1)[:, None] * np.ones(width)
    glow, zenith = np.array((255.0, 205, 150)), np.array((95.0, 130, 190))
    image = np.empty((height, width, 3), np.float32)
    image[: horizon + 1] = mix(glow, zenith, up**0.7)
    colors, sparkle = water_colors(glow, zenith), np.array((230, 170, 100), np.float32)
    aside = (1.6 * x / depth).astype(np.float32)
    steep = (0.9 / depth).astype(np.float32)
    for slope_x, slope_z in zip(across, along, strict=True):
        dx, dz = slope_x.reshape(x.shape), slope_z.reshape(x.shape)
        # Flat water mirrors the sky just as high above the horizon; waves mirror it elsewhere.
        grazing = np.clip(steep + 1.1 * dz, 0, 1)
        glint = np.exp(-18 * (3.2 * dx + aside) ** 2 - (4 * (grazing - 0.32)) ** 2)
        surface = colors[(255 * grazing).astype(np.uint8)]
        image[horizon + 1 :] = surface + glint[..., None] * sparkle
        yield to_uint8(image)


def heat_colors() -> np.ndarray:
    """Return black, red, orange, yellow, nearly white, uint8 ``(256, 3)``."""
    heat = np.linspace(0, 1, 256)
    red, green, blue = 2.2 * heat, 2.4 * heat - 0.75, 2.7 * heat - 1.8
    return to_uint8(241 * np.clip(np.stack([red, green, blue], -1), 0, 1) + (14, 9, 8))


def fire(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """Flames that rise before a dark wall."""
    random = np.random.default_rng(2)
    coarse, fine, sway = (fractal_noise(random, slope) for slope in (1.9, 1.5, 2.2))
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    colors, up = heat_colors(), 1 - rows / height
    side = (columns - width / 2) / (0.5 * width)
    for t in range(frames):
        # The higher, the more it sways.
        aside = 16 * up * sample(sway, 0.6 * columns, 0.5 * rows + 2.2 * t)
        x = columns + aside
        tongues = sample(coarse, 1.3 * x, 0.75 * rows + 4.5 * t)
        flicker = sample(fine, 1.6 * x + 200, rows + 7.0 * t)
        reach = 1.25 - 1.9 * (side + 2 * aside / width) ** 2
        heat = reach - 1.45 * up + (0.25 + 0.45 * up) * (0.75 * tongues + 0.35 * flicker)
        yield colors[(255 * np.clip(heat, 0, 1)).astype(np.uint8)]


def clouds(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """White clouds that the wind drives over a blue sky and that change as they go."""
    random = np.random.default_rng(3)
    low, high = fractal_noise(random, 1.8), fractal_noise(random, 1.8)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    # Clouds near the horizon, below, are farther off.
    far = 1 / (1.35 - rows / height)
    x, y = (columns - width / 2) * far, 0.9 * height * far
    sky = mix(np.array((70.0, 120, 205)), np.array((170.0, 205, 235)), rows / height)
    white, grey = np.array((255.0, 252, 246)), np.array((150.0, 158, 175))
    for t in range(frames):

        def density(shift: float, now: int = t) -> np.ndarray:
            one = sample(low, x + shift + 1.5 * now, y - shift)
            return one + 0.8 * sample(high, x + shift + 0.7 * now + 90, y - shift + 0.35 * now)

        here = density(0.0)
        # Less light where there is more of the cloud towards the sun.
        lit = np.clip(0.62 + 0.9 * (here - density(9.0)), 0, 1)
        yield to_uint8(mix(sky, mix(grey, white, lit), smooth_step(here, 0.0, 0.9)))


def banner(width: int, height: int) -> np.ndarray:
    """Return a flag that lies flat, float32 RGB ``(height, width, 3)``."""
    image = np.empty((height, width, 3), np.uint8)
    for part, color in zip(
        np.array_split(image, 3), ((36, 70, 150), (244, 240, 228), (190, 40, 48)), strict=True
    ):
        part[:] = color
    middle = (width // 2, height // 2)
    cv2.circle(image, middle, height // 4, (236, 180, 40), cv2.FILLED, cv2.LINE_AA)
    cv2.circle(image, middle, height // 8, (36, 70, 150), cv2.FILLED, cv2.LINE_AA)
    return image.astype(np.float32)


def flag(frames: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A flag on a pole that waves in the wind."""
    left, top, wide, high = width // 6, height // 7, int(0.7 * width), int(0.6 * height)
    cloth = banner(wide, high)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    along, down = (columns - left) / wide, (rows - top) / high
    sky = mix(np.array((110.0, 160, 220)), np.array((205.0, 225, 240)), rows / height)
    sky[:, left - 5 : left] = (120, 112, 100)
    sky[:, left - 3] = (190, 184, 170)
    for t in np.arange(frames) / FPS:
        loose = np.clip(along, 0, None)
        phase = 9 * along + 1.6 * down - 8.5 * t
        wave = np.sin(phase) + 0.45 * np.sin(1.7 * phase + 1.3 * t + 2 * down)
        tilt = np.cos(phase) + 0.45 * 1.7 * np.cos(1.7 * phase + 1.3 * t + 2 * down)
        # It droops and sways, and its folds make it shorter.
        y = rows - top - high * loose * (0.085 * wave + 0.08 * np.sin(1.1 * t) + 0.07)
        x = (columns - left) * (1.06 + 0.04 * np.sin(phase) * loose)
        color = sample(cloth, x, y, cv2.BORDER_REPLICATE)
        inside = np.clip(np.minimum.reduce([x + 1, wide - x, y + 1, high - y]), 0, 1)
        light = 0.86 + 0.22 * np.sqrt(loose) * tilt
        yield to_uint8(mix(sky, color * light[..., None], inside))
