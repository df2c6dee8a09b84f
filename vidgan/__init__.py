"""vidgan: train generative adversarial networks on your own videos and get new video out.

The public functions load lazily, so ``import vidgan`` is quick and starts no TensorFlow::

    import vidgan

    vidgan.preprocess("input.mp4", "vidgan-data")
    run = vidgan.train("vidgan-data", minutes=10)
    clips = vidgan.load(run).generate(n=4)  # uint8, (4, frames, height, width, 3), RGB
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vidgan.version import __version__

_PUBLIC = {
    "VidganError": "vidgan.errors",
    "colorize": "vidgan.jobs.restore.restore",
    "describe_models": "vidgan.jobs.models",
    "describe_system": "vidgan.jobs.system",
    "enhance": "vidgan.jobs.restore.restore",
    "evaluate": "vidgan.jobs.evaluate.evaluate",
    "explore": "vidgan.jobs.explore.explore",
    "export": "vidgan.jobs.export.export",
    "generate": "vidgan.jobs.generate.generate",
    "info": "vidgan.jobs.info",
    "inpaint": "vidgan.jobs.restore.restore",
    "interpolate": "vidgan.jobs.restore.restore",
    "load": "vidgan.jobs.generate.generate",
    "preprocess": "vidgan.jobs.preprocess",
    "restore": "vidgan.jobs.restore.restore",
    "train": "vidgan.jobs.train.train",
    "translate": "vidgan.jobs.restore.restore",
    "vary": "vidgan.jobs.vary.vary",
    "write_card": "vidgan.jobs.card.write_card",
}

__all__ = [
    "VidganError",
    "__version__",
    "colorize",
    "describe_models",
    "describe_system",
    "enhance",
    "evaluate",
    "explore",
    "export",
    "generate",
    "info",
    "inpaint",
    "interpolate",
    "load",
    "preprocess",
    "restore",
    "train",
    "translate",
    "vary",
    "write_card",
]

if TYPE_CHECKING:
    from vidgan.errors import VidganError
    from vidgan.jobs.card.write_card import write_card
    from vidgan.jobs.evaluate.evaluate import evaluate
    from vidgan.jobs.explore.explore import explore
    from vidgan.jobs.export.export import export
    from vidgan.jobs.generate.generate import generate, load
    from vidgan.jobs.info import info
    from vidgan.jobs.models import describe_models
    from vidgan.jobs.preprocess import preprocess
    from vidgan.jobs.restore.restore import (
        colorize,
        enhance,
        inpaint,
        interpolate,
        restore,
        translate,
    )
    from vidgan.jobs.system import describe_system
    from vidgan.jobs.train.train import train
    from vidgan.jobs.vary.vary import vary


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'vidgan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
