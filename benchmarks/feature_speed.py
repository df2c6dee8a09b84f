"""Speed of feature extraction, compared with the network alone.

    python benchmarks/feature_speed.py [--clips 2048]

For each embedding, clips (16 × 64 × 64 and 16 × 128 × 128) are extracted: checks, resizing,
scaling, the network, conversion to NumPy. The network alone gets prepared inputs from memory; the
difference is the overhead of extraction. Both alternate, and CPU seconds over all cores are
counted, so that other programs hardly matter; the fraction is the median over the rounds. I3D,
Inception and EfficientNet have random weights, which take as long.

Then two sets of clips are compared from end to end on the default features, streamed in batches of
64 clips. Writes the table to feature_speed.md.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vidgan import runtime

runtime.prepare()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from drawn_clips import drawn_clips  # noqa: E402

from vidgan.config import EvaluateConfig  # noqa: E402
from vidgan.metrics import FEATURES, Moments, frechet_distance  # noqa: E402
from vidgan.metrics.features import efficientnet, i3d, motion  # noqa: E402
from vidgan.metrics.features.base import resized  # noqa: E402
from vidgan.metrics.features.random_convolutions import (  # noqa: E402
    ALL_STREAMS,
    FRAME_STREAMS,
    random_network,
)

FRAMES = 16
# Clips per round: about a second.
CLIPS = {"i3d": 4, "inception": 2, "efficientnet": 8}
MANY = 64
BATCH = 64
# Target of the comparison of two sets on two cores, in seconds.
TARGET = 180


def inception_network() -> keras.Model:
    return keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(299, 299, 3), pooling="avg"
    )


NETWORKS = {
    "i3d": i3d.network,
    "inception": inception_network,
    "efficientnet": efficientnet.network,
}


def batched(network: Callable[[Any], Any], inputs: np.ndarray, size: int) -> Callable[[], None]:
    """Return a function that applies a network to inputs in memory."""
    parts = [tf.constant(inputs[i : i + size]) for i in range(0, len(inputs), size)]

    def run() -> None:
        for part in parts:
            network(part).numpy()

    return run


def alone(name: str, clips: np.ndarray, model: keras.Model | None) -> Callable[[], object]:
    """Return a function that applies the network alone to prepared inputs."""
    features = FEATURES[name]
    if model is not None:
        compiled = tf.function(lambda x: model(x, training=False), autograph=False)
        frames = clips.reshape(-1, *clips.shape[2:])
        large = tf.image.resize(frames, (features.side,) * 2).numpy() / 127.5 - 1
        if features.unit == "clip":
            large = large.reshape(*clips.shape[:2], *large.shape[1:])
        per_clip = 1 if features.unit == "clip" else FRAMES
        return batched(compiled, large, features.batch * per_clip)
    small = resized(clips, features.side)
    if name == "motion":
        return lambda: motion.embed_small(small)
    if name == "random2d":
        single = small.reshape(-1, 1, *small.shape[2:])
        return batched(random_network(FRAME_STREAMS, 1), single, features.batch * FRAMES)
    if name == "random3d":
        return batched(random_network(ALL_STREAMS, 3), small, features.batch)
    convolutions = batched(random_network(FRAME_STREAMS, 3), small, features.batch)

    def both() -> None:
        convolutions()
        motion.embed_small(small)

    return both


def cpu_seconds(call: Callable[[], Any]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def row(name: str, clips: np.ndarray, rounds: int, folder: Path) -> str:
    """Measure one embedding."""
    model, weights = None, None
    if FEATURES[name].needs_weights:
        model = NETWORKS[name]()
        weights = folder / f"{name}.weights.h5"
        model.save_weights(weights)
    embed = FEATURES[name].load(weights)
    bare = alone(name, clips, model)

    def whole() -> None:
        embed(clips)

    whole()
    bare()
    pairs = [(cpu_seconds(whole), cpu_seconds(bare)) for _ in range(rounds)]
    seconds = statistics.median(pair[0] for pair in pairs)
    share = statistics.median(bare / whole for whole, bare in pairs)
    side = clips.shape[2]
    cells = (name, f"{FRAMES} × {side} × {side}", f"{len(clips) / seconds:.3g}", f"{share:.0%}")
    line = f"| {' | '.join(cells)} | {'yes' if share >= 0.8 else '**no**'} |"
    print(line, flush=True)
    return line


def stream(clips: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Yield ``count`` different clips in batches, without holding all of them."""
    for start in range(0, count, BATCH):
        some = clips[np.arange(start, min(start + BATCH, count)) % len(clips)]
        yield np.roll(some, start // len(clips), axis=3)


def clip_moments(batches: Iterable[np.ndarray]) -> Moments:
    """Embed clips batch by batch in the default features."""
    features = FEATURES["appearance-motion"]
    embed, moments = features.load(), Moments(features.dim)
    for batch in batches:
        moments.add(embed(batch))
    return moments


def end_to_end(clips: np.ndarray, count: int) -> tuple[float, float]:
    """Return wall and CPU seconds of the comparison of two sets of ``count`` clips."""
    start, cpu = time.perf_counter(), time.process_time()
    half = len(clips) // 2
    real, fake = (clip_moments(stream(part, count)) for part in (clips[:half], clips[half:]))
    frechet_distance(real, fake)
    return time.perf_counter() - start, time.process_time() - cpu


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=2048, help="of each of the two sets")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args(arguments)
    clips, _ = drawn_clips(0, MANY, FRAMES)
    large = clips.repeat(2, axis=2).repeat(2, axis=3)
    with tempfile.TemporaryDirectory() as temporary:
        rows = [
            row(name, some[: CLIPS.get(name, MANY)], options.rounds, Path(temporary))
            for name in FEATURES
            for some in (clips, large)
        ]
    wall, cpu = end_to_end(clips, options.clips)
    text = f"""# Speed of feature extraction

Made by `benchmarks/feature_speed.py` ({os.cpu_count()} cores, TensorFlow {tf.__version__}, medians
of {options.rounds} rounds). The fraction is the rate of extraction over that of the network alone.

| features | clips | clips per CPU second | fraction | at least 80 % |
|---|---|---|---|---|
{chr(10).join(rows)}

{options.clips} against {options.clips} clips of {FRAMES} × 64 × 64 on
`{EvaluateConfig.clip_features}`, moments and distance included: {cpu:.0f} CPU seconds over all
cores, {wall:.0f} seconds of wall time. The target is {TARGET} s on two cores, {2 * TARGET} CPU
seconds.
"""
    options.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
