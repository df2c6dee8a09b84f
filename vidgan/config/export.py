"""Options of ``vidgan export``."""

from dataclasses import dataclass

from vidgan.config.base import Config, option
from vidgan.config.groups import Group
from vidgan.config.restore import DIRECTIONS
from vidgan.config.shared import checkpoint_option, overwrite_option

EXPORT_FORMATS = ("onnx", "savedmodel", "litert")


@dataclass(frozen=True)
class ExportConfig(Config):
    """Options of what is exported and how."""

    format: str = option(
        EXPORT_FORMATS[0],
        "Format: onnx (ONNX), savedmodel (TensorFlow) or litert (LiteRT, formerly TensorFlow "
        "Lite).",
        choices=EXPORT_FORMATS,
        group=Group.OUTPUT,
        common=True,
    )
    direction: str | None = option(
        None,
        "Of a run of --task translate, the direction: a2b, from the first training dataset to the "
        "second, or b2a.",
        choices=DIRECTIONS,
        default_text=DIRECTIONS[0],
        group=Group.MODEL,
    )
    checkpoint: str = checkpoint_option()
    overwrite: bool = overwrite_option()
