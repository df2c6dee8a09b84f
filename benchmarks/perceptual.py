"""The perceptual distance of degradations with equal PSNR.

    pip install -e .[bench]
    python benchmarks/perceptual.py

Three photographs of scikit-image are degraded in seven ways, each to the same PSNR, and measured by
SSIM and by vidgan's perceptual distance. Writes the table to perceptual.md.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from vidgan import metrics

SIDES = (64, 128)
DECIBELS = (24.0, 28.0)
# A margin around the measured frame, so that shifts show real pixels.
MARGIN = 8
Damage = Callable[[np.ndarray, float], np.ndarray]


def rounded(values: np.ndarray) -> np.ndarray:
    whole: np.ndarray = np.clip(np.rint(values), 0, 255)
    return whole.astype(np.uint8)


def shift(picture: np.ndarray, pixels: float) -> np.ndarray:
    move = np.array([[1, 0, pixels], [0, 1, 0]], np.float32)
    return cv2.warpAffine(picture, move, picture.shape[1::-1], flags=cv2.INTER_CUBIC)


def contrast(picture: np.ndarray, share: float) -> np.ndarray:
    mean = picture.mean()
    return rounded((picture - mean) * (1 - share) + mean)


def noise(picture: np.ndarray, sigma: float) -> np.ndarray:
    return rounded(picture + np.random.default_rng(0).normal(0, sigma, picture.shape))


def jpeg(picture: np.ndarray, loss: float) -> np.ndarray:
    code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 100 - int(loss)])[1]
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))


# The first ones are hardly visible, the others obvious.
SUBTLE = 4
DAMAGES: dict[str, tuple[Damage, Iterable[float]]] = {
    "brighter": (lambda picture, levels: rounded(picture + levels), np.arange(1, 60)),
    "redder": (
        lambda picture, levels: rounded(picture + np.array([levels, 0, -levels])),
        np.arange(1, 90),
    ),
    "less contrast": (contrast, np.arange(0.01, 0.95, 0.01)),
    "moved": (shift, np.arange(0.05, 4, 0.05)),
    "JPEG": (jpeg, np.arange(2, 99)),
    "noise": (noise, np.arange(1, 60)),
    "blur": (
        lambda picture, sigma: cv2.GaussianBlur(picture, (0, 0), sigma),
        np.arange(0.3, 8, 0.05),
    ),
}


def photographs(side: int) -> list[np.ndarray]:
    """Return square pictures with a margin, uint8 RGB."""
    found = []
    for picture in (skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee()):
        height, width = picture.shape[:2]
        short, left = min(height, width), (width - min(height, width)) // 2
        square = picture[:short, left : left + short]
        whole = (side + 2 * MARGIN, side + 2 * MARGIN)
        found.append(cv2.resize(square, whole, interpolation=cv2.INTER_AREA))
    return found


def framed(picture: np.ndarray) -> np.ndarray:
    """Return the picture without its margin, as one clip of one frame."""
    return picture[None, None, MARGIN:-MARGIN, MARGIN:-MARGIN]


def damaged(picture: np.ndarray, name: str, decibels: float) -> np.ndarray:
    """Return the mildest degradation whose PSNR is at most ``decibels``."""
    damage, strengths = DAMAGES[name]
    for strength in strengths:
        found = framed(damage(picture, strength))
        if metrics.psnr(found, framed(picture)).item() <= decibels:
            return found
    raise ValueError(f"{name} does not reach {decibels} dB")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args(arguments)
    columns, values = [(side, decibels) for side in SIDES for decibels in DECIBELS], {}
    for side, decibels in columns:
        for name in DAMAGES:
            pairs = [(damaged(p, name, decibels), framed(p)) for p in photographs(side)]
            values[side, decibels, name] = [
                float(np.mean([measure(*pair).item() for pair in pairs]))
                for measure in (metrics.psnr, metrics.ssim, metrics.perceptual_distance)
            ]
    rows = []
    for name in DAMAGES:
        cells = [
            f"{psnr:.1f} | {ssim:.3f} | {perceptual:.4f}"
            for psnr, ssim, perceptual in (values[*column, name] for column in columns)
        ]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    gaps = []
    for column in columns:
        distances = [values[*column, name][2] for name in DAMAGES]
        gaps.append(min(distances[SUBTLE:]) / max(distances[:SUBTLE]))
    heads = [f"{side} px: PSNR | SSIM | distance" for side, _ in columns]
    text = f"""# The perceptual distance at equal PSNR

Made by `benchmarks/perceptual.py` on three photographs of scikit-image (means over them),
{" and ".join(map(str, SIDES))} pixels a side, degraded until the PSNR is at most
{" or ".join(f"{decibels:g}" for decibels in DECIBELS)} dB. Higher SSIM and lower distance are
better.

| damage | {" | ".join(heads)} |
|---|{"---|" * 3 * len(heads)}
{chr(10).join(rows)}

PSNR is the same in a column. The perceptual distance of the hardly visible degradations (a little
more light, a tint, less contrast, a shift by a fraction of a pixel) is below that of the obvious
ones (coding blocks, noise, blur), by a factor of {min(gaps):.1f} to {max(gaps):.1f}.
"""
    options.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
