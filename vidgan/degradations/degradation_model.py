"""Degradations of video: blur, resizing, low light, noise, JPEG and H.264.

Each maps uint8 RGB clips ``(frames, height, width, 3)`` to uint8 RGB clips. Its parameters are the
same for all frames of a clip; noise is drawn for each frame.
"""

from collections.abc import Callable
from fractions import Fraction
from pkgutil import resolve_name

import av
import cv2
import numpy as np

from vidgan import pixels
from vidgan.config import DAMAGES, EnhanceConfig

DegradationFunction = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]

# With several kinds each is applied with this probability, in each of two rounds: the second-order
# degradations of Real-ESRGAN (arXiv 2107.10833).
PROBABILITY = 0.5
ROUNDS = 2
# Interpolations for resizing, one drawn at random each time. Only the first one averages when
# shrinking; players and cameras alias, too.
KERNELS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
# Kinds that are applied last, at the final size.
COMPRESSIONS = ("jpeg", "video")
# Camera in full light: photons of a white pixel, and read-out noise as a fraction of white.
PHOTONS = 2000.0
READ_NOISE = 0.002
GAMMA = 2.2


def degrade(clip: np.ndarray, config: EnhanceConfig, random: np.random.Generator) -> np.ndarray:
    """Degrade a clip at random, as the options say.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``, sides multiples of ``config.scale``.
        config: kinds and strengths.
        random: source of random numbers.

    Returns:
        uint8 ``(frames, height / scale, width / scale, 3)``.
    """
    kinds = config.damages
    mixed = len(kinds) > 1
    last = ROUNDS - 1 if mixed else 0
    width = clip.shape[2]
    size = (width // config.scale, clip.shape[1] // config.scale)
    for turn in range(last + 1):
        strengths = {
            kind: random.uniform(*config.strength(kind))
            for kind in kinds
            # Light is reduced only once.
            if not mixed or (random.random() < PROBABILITY and not (kind == "dark" and turn))
        }
        if "blur" in strengths:
            # The strength is in pixels of the original; the clip may be smaller by now.
            strengths["blur"] /= width / clip.shape[2]
            clip = blur(clip, strengths.pop("blur"), random)
        if turn == 0 and "resize" in strengths:
            strengths["resize"] /= config.scale
        elif turn == 0:
            clip = _fit(clip, size, cv2.INTER_AREA)
        for kind, strength in strengths.items():
            if turn == last and kind in COMPRESSIONS:
                clip = _fit(clip, size, _kernel(random))
            function: DegradationFunction = resolve_name(DAMAGES[kind].function)
            clip = function(clip, strength, random)
    return _fit(clip, size, _kernel(random))


def _fit(clip: np.ndarray, size: tuple[int, int], kernel: int) -> np.ndarray:
    """Resize the frames of a clip to ``(width, height)``, if needed."""
    if clip.shape[2:0:-1] == size:
        return clip
    return np.stack([cv2.resize(frame, size, interpolation=kernel) for frame in clip])


def blur(clip: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Apply Gaussian blur.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        sigma: in pixels; below 0.1 the clip is unchanged.
        random: not used.
    """
    if sigma < 0.1:
        return clip
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in clip])


def resize(clip: np.ndarray, factor: float, random: np.random.Generator) -> np.ndarray:
    """Resize a clip with a random interpolation.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        factor: for both sides, which are rounded.
        random: draws the interpolation.

    Returns:
        A clip of another size; :func:`degrade` resizes it to the final one.
    """
    _, height, width, _ = clip.shape
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return _fit(clip, size, _kernel(random))


def dark(clip: np.ndarray, factor: float, random: np.random.Generator) -> np.ndarray:
    """Simulate low light: Poisson noise of photons and Gaussian read-out noise in linear light.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        factor: by which light is divided, at least 1.
        random: draws the noise.
    """
    table = (np.arange(256) / 255.0) ** GAMMA * (PHOTONS / factor)
    light = random.poisson(table[clip]) / PHOTONS
    light += random.normal(0.0, READ_NOISE, light.shape)
    return pixels.rounded(255 * np.clip(light, 0, 1) ** (1 / GAMMA))


def noise(clip: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        sigma: in levels of 255.
        random: draws the noise.
    """
    return pixels.rounded(clip + sigma * random.standard_normal(clip.shape, np.float32))


def shot(clip: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Add Poisson noise (shot noise), whose variance is proportional to brightness.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        sigma: standard deviation at white, in levels of 255; at most 255.
        random: draws the noise.
    """
    if sigma < 0.1:
        return clip
    photons = (255 / sigma) ** 2
    return pixels.rounded(random.poisson(clip * (photons / 255)) * (255 / photons))


def jpeg(clip: np.ndarray, quality: float, random: np.random.Generator) -> np.ndarray:
    """Compress each frame as JPEG.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        quality: 1 to 100.
        random: not used.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, round(quality)]
    coded = [cv2.imencode(".jpg", frame[..., ::-1], options)[1] for frame in clip]
    decoded = [np.asarray(cv2.imdecode(each, cv2.IMREAD_COLOR)) for each in coded]
    return np.stack(decoded)[..., ::-1]


def video(clip: np.ndarray, crf: float, random: np.random.Generator) -> np.ndarray:
    """Compress a clip as H.264 and decode it, in memory.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.
        crf: constant rate factor, 0 to 51; more is worse.
        random: not used.
    """
    height, width = clip.shape[1:3]
    # Chroma subsampling needs even sides.
    padded = np.pad(clip, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = padded.shape[2], padded.shape[1]
    encoder.pix_fmt, encoder.time_base, encoder.thread_count = "yuv420p", Fraction(1, 25), 1
    # With its macroblock tree x264 now and then encodes the same frames differently.
    encoder.options = {"crf": f"{crf:.1f}", "preset": "veryfast", "mbtree": "0"}
    packets = []
    for index, picture in enumerate(padded):
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
        frame.pts = index
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    decoded = [frame for packet in packets for frame in decoder.decode(packet)]
    decoded += decoder.decode(None)
    pictures = np.stack([frame.to_ndarray(format="rgb24") for frame in decoded])
    return pictures[:, :height, :width]


def _kernel(random: np.random.Generator) -> int:
    return int(random.choice(KERNELS))
