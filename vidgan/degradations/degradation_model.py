"""What spoils video: lost resolution, blur, scaling, darkness, noise, JPEG and H.264.

Each takes and returns uint8 RGB clips ``(frames, height, width, 3)``. What it does is the same in
all frames of a clip; noise is fresh in each.
"""

from collections.abc import Callable
from fractions import Fraction

import av
import cv2
import numpy as np

from vidgan.config import EnhanceConfig

Damage = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]

# Of several kinds each is done with this probability, in each of so many rounds: the second-order
# degradations of Real-ESRGAN (arXiv 2107.10833).
SHARE = 0.5
ROUNDS = 2
# Of resizing, one is drawn each time. Shrinking is plain, as in what players and cameras do: only
# the first looks at all that a new pixel covers.
KERNELS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
# What a video suffers last, at the size that it is to have.
COMPRESSIONS = ("jpeg", "video")
# A camera in full light: photons of a white pixel, and the noise of reading it out as a share of
# white. With a little light both are as they were, and what is read is dark.
PHOTONS = 2000.0
READ_NOISE = 0.002
GAMMA = 2.2


def degrade(clip: np.ndarray, config: EnhanceConfig, random: np.random.Generator) -> np.ndarray:
    """Damage a clip as the options say.

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``, sides multiples of ``config.scale``.
        config: kinds and strengths.
        random: draws what is done and how much.

    Returns:
        uint8 of sides ``scale`` times as short.
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
            # Nothing is darkened twice.
            if not mixed or (random.random() < SHARE and not (kind == "dark" and turn))
        }
        if "blur" in strengths:
            # In pixels of the original, which are smaller once the clip is.
            strengths["blur"] /= width / clip.shape[2]
            clip = blur(clip, strengths.pop("blur"), random)
        if turn == 0 and "resize" in strengths:
            strengths["resize"] /= config.scale
        elif turn == 0:
            clip = _fit(clip, size, cv2.INTER_AREA)
        for kind, strength in strengths.items():
            if turn == last and kind in COMPRESSIONS:
                clip = _fit(clip, size, _kernel(random))
            clip = DAMAGES[kind](clip, strength, random)
    return _fit(clip, size, _kernel(random))


def _fit(clip: np.ndarray, size: tuple[int, int], kernel: int) -> np.ndarray:
    """Bring the frames of a clip to ``(width, height)`` if they are not."""
    if clip.shape[2:0:-1] == size:
        return clip
    return np.stack([cv2.resize(frame, size, interpolation=kernel) for frame in clip])


def blur(clip: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Blur with a Gaussian.

    Args:
        clip: see the module.
        sigma: in pixels; less than a tenth does nothing.
        random: not used.
    """
    if sigma < 0.1:
        return clip
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in clip])


def resize(clip: np.ndarray, factor: float, random: np.random.Generator) -> np.ndarray:
    """Make a clip smaller or larger.

    Args:
        clip: see the module.
        factor: of both sides, which are rounded.
        random: of the kernel.

    Returns:
        The clip, alone among the kinds of damage of another size; :func:`degrade` brings it to
        the size that is wanted.
    """
    _, height, width, _ = clip.shape
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return _fit(clip, size, _kernel(random))


def dark(clip: np.ndarray, factor: float, random: np.random.Generator) -> np.ndarray:
    """Let less light into the camera: dark frames, with the noise of few photons.

    Poisson noise of the photons and Gaussian noise of the read-out, both in linear light.

    Args:
        clip: see the module.
        factor: how many times less light there is, at least 1.
        random: of the noise.
    """
    table = (np.arange(256) / 255.0) ** GAMMA * (PHOTONS / factor)
    light = random.poisson(table[clip]) / PHOTONS
    light += random.normal(0.0, READ_NOISE, light.shape)
    return _as_pixels(255 * np.clip(light, 0, 1) ** (1 / GAMMA))


def noise(clip: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise.

    Args:
        clip: see the module.
        sigma: in levels of 255.
        random: of the noise.
    """
    return _as_pixels(clip + sigma * random.standard_normal(clip.shape, np.float32))


def shot(clip: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Add Poisson noise, which is stronger where it is light.

    Args:
        clip: see the module.
        sigma: of white, in levels of 255; at most 255.
        random: of the noise.
    """
    if sigma < 0.1:
        return clip
    photons = (255 / sigma) ** 2
    return _as_pixels(random.poisson(clip * (photons / 255)) * (255 / photons))


def jpeg(clip: np.ndarray, quality: float, random: np.random.Generator) -> np.ndarray:
    """Compress each frame as JPEG.

    Args:
        clip: see the module.
        quality: 1 to 100.
        random: not used.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, round(quality)]
    coded = [cv2.imencode(".jpg", frame[..., ::-1], options)[1] for frame in clip]
    decoded = [np.asarray(cv2.imdecode(each, cv2.IMREAD_COLOR)) for each in coded]
    return np.stack(decoded)[..., ::-1]


def video(clip: np.ndarray, crf: float, random: np.random.Generator) -> np.ndarray:
    """Compress a clip as H.264, and decode it again, in memory.

    Args:
        clip: see the module.
        crf: the rate factor, 0 to 51; more is worse.
        random: not used.
    """
    height, width = clip.shape[1:3]
    # Colours are stored for two by two pixels.
    padded = np.pad(clip, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = padded.shape[2], padded.shape[1]
    encoder.pix_fmt, encoder.time_base, encoder.thread_count = "yuv420p", Fraction(1, 25), 1
    # With its macroblock tree x264 now and then makes another stream of the same small frames.
    encoder.options = {"crf": f"{crf:.1f}", "preset": "veryfast", "mbtree": "0"}
    packets = []
    for index, pixels in enumerate(padded):
        frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
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


def _as_pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


# In the order in which a clip suffers them; their names are those of vidgan.config.DAMAGES.
DAMAGES: dict[str, Damage] = {
    "blur": blur,
    "resize": resize,
    "dark": dark,
    "shot": shot,
    "noise": noise,
    "jpeg": jpeg,
    "video": video,
}
