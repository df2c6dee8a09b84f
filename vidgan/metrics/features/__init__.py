"""Embeddings that distances between sets of clips are computed in.

``vidgan.config.evaluate`` registers them in ``CLIP_FEATURES`` and ``FRAME_FEATURES``.
"""

from pkgutil import resolve_name

from vidgan.config.evaluate import CLIP_FEATURES, FRAME_FEATURES
from vidgan.metrics.features.base import Embed, Features

FEATURES: dict[str, Features] = {
    name: resolve_name(path) for name, path in (CLIP_FEATURES | FRAME_FEATURES).items()
}

__all__ = ["FEATURES", "Embed", "Features"]
