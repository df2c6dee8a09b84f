"""Options of ``vidgan preprocess``."""

from dataclasses import dataclass

from vidgan.config.base import Config, option

DEFAULT_DATASET = "vidgan-data"


@dataclass(frozen=True)
class PreprocessConfig(Config):
    """Options of ``vidgan preprocess``."""

    size: tuple[int, int] = option(
        (64, 64), "Width and height of the frames, as 64 or 224x128 (32 to 256 a side)."
    )
    fps: float | None = option(
        None,
        "Frames a second of the dataset; default: the most common rate of the inputs.",
        min=0.1,
        max=240,
    )
    fit: str = option(
        "crop", "How to fit frames of another aspect ratio.", choices=("crop", "pad", "stretch")
    )
    labels: bool = option(False, "Use the names of sub-folders as labels.", name="labels")
    shots: str = option(
        "adaptive",
        "Shot boundary detector.",
        choices=("adaptive", "content", "histogram", "none"),
    )
    clean: bool = option(
        True, "Drop black, frozen, duplicated, flashing and damaged frames.", name="clean"
    )
    denoise: float = option(
        0.0,
        "Strength of noise removal by OpenCV's non-local means, typically 3 to 10; 0 disables it.",
        min=0,
        max=50,
    )
    min_frames: int = option(8, "Least length of a shot, in frames.", min=1, max=256)
    test_share: float = option(
        0.2, "Fraction of the frames that is held out for evaluation.", min=0, max=0.9
    )
    lossless: bool = option(
        False, "Store frames as PNG instead of JPEG (quality 95).", name="lossless"
    )
    decoder: str = option("pyav", "Library that decodes video files.", choices=("pyav", "opencv"))
    seed: int = option(0, "Seed of the train/test split.", min=0, max=2**31 - 1)
