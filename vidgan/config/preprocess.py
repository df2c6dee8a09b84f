"""Options of ``vidgan preprocess``."""

from dataclasses import dataclass

from vidgan.config.base import Config, option
from vidgan.config.shared import MAX_SEED
from vidgan.video.containers import MAX_FPS, MIN_FPS

DEFAULT_DATASET = "vidgan-data"


@dataclass(frozen=True)
class PreprocessConfig(Config):
    """Options of ``vidgan preprocess``."""

    size: tuple[int, int] = option(
        (64, 64),
        "Width and height of the frames, such as 64 or 224x128; sides are even, 32 to 512 pixels.",
    )
    fps: float | None = option(
        None,
        "Frame rate of the dataset.",
        min=MIN_FPS,
        max=MAX_FPS,
        default_text="the most common rate of the inputs",
    )
    fit: str = option(
        "crop",
        "How frames of another aspect ratio are fitted to the size.",
        choices=("crop", "pad", "stretch"),
    )
    labels: bool = option(False, "Use the names of the subfolders as labels.")
    shots: str = option(
        "adaptive",
        "Shot boundary detector.",
        choices=("adaptive", "content", "histogram", "none"),
    )
    clean: bool = option(True, "Drop black, frozen, duplicated, flashing and damaged frames.")
    denoise: float = option(
        0.0,
        "Strength of noise removal by non-local means; 3 to 10 is usual, 0 disables it.",
        min=0,
        max=50,
    )
    min_frames: int = option(
        8, "Smallest number of frames of a shot; shorter ones are dropped.", min=1, max=256
    )
    test_share: float = option(
        0.2, "Fraction of the frames that is held out for evaluation.", min=0, max=0.9
    )
    lossless: bool = option(False, "Store frames as PNG instead of JPEG with quality 95.")
    decoder: str = option("pyav", "Library that decodes video files.", choices=("pyav", "opencv"))
    seed: int = option(0, "Seed of the train/test split.", min=0, max=MAX_SEED)
