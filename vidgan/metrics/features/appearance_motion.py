"""The default: random convolutions for how clips look beside flow statistics for how they move.

Each notices what the other misses (``benchmarks/metric_sensitivity.md``). The convolutions alone
hardly see frozen or dropped frames behind frames that look right, which is the bias of FVD that
2404.12391 describes; the flow alone sees neither colours nor small blur.
"""

import numpy as np

from vidgan.metrics.features import motion
from vidgan.metrics.features.base import Embed, Features, resized
from vidgan.metrics.features.random_convolutions import DIM, SIDE, STILL_STREAMS, random_network


def _build() -> Embed:
    # Kernels cover three frames: texture that changes from frame to frame counts here as well.
    network = random_network(STILL_STREAMS, 3)

    def embed(clips: np.ndarray) -> np.ndarray:
        small = resized(clips, SIDE)
        return np.concatenate([network(small).numpy(), motion.embed_small(small)], axis=1)

    return embed


APPEARANCE_MOTION = Features(
    name="appearance-motion",
    distance="appearance-and-motion Fréchet distance (AMFD)",
    caution=", not FVD",
    description="Fixed random convolutions and statistics of optical flow; nothing is downloaded.",
    unit="clip",
    dim=DIM + motion.DIM,
    min_frames=motion.MIN_FRAMES,
    side=SIDE,
    build=_build,
)
