"""Estimate the memory of training before it starts."""

import contextlib
import math
import subprocess
from collections.abc import Iterator
from pathlib import Path

import keras
from keras import tree

from vidgan.training.adversarial import AdversarialModel

# TensorFlow, Keras and the data pipeline before the first step.
BASE_BYTES = 850 * 2**20
# Copies of a clip's activations that are held at once, by the generator (values and gradients) and
# by the discriminator (real and generated clips); fitted to measured peaks (benchmarks/memory.md).
GENERATOR_COPIES = 2.0
DISCRIMINATOR_COPIES = 4.0
# Weight, gradient, gradient of the penalty and Adam's two moments; and two copies of the weight and
# the moments for recovery. The generator also has the moving average, and two copies of that.
WEIGHT_COPIES, AVERAGE_COPIES = 5 + 2 * 3, 1 + 2


def _layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a network and of nested networks."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _activations(network: keras.Model, frames: int) -> int:
    """Return the size of all layers' outputs for one item in bytes, as float32."""
    count = 0
    for layer in _layers(network):
        for output in tree.flatten(layer.output):
            count += math.prod(side or frames for side in output.shape[1:])
    return 4 * count


def estimate_memory(gan: AdversarialModel, batch_size: int) -> int:
    """Return the estimated peak memory of training in bytes."""
    return int(BASE_BYTES + sum(_estimate_part(part, batch_size) for part in gan.parts()))


def _estimate_part(gan: AdversarialModel, batch_size: int) -> float:
    """Return the memory of a model, without those that are trained beside it."""
    generators, discriminators = gan.generators(), gan.discriminators
    networks = [*generators, *discriminators.values()]
    params = sum(network.count_params() for network in networks)
    weights = 4 * (WEIGHT_COPIES * params + AVERAGE_COPIES * gan.generator.count_params())
    clip = GENERATOR_COPIES * sum(
        passes * _activations(network, gan.frames) for network, passes in generators.items()
    )
    for name, network in discriminators.items():
        items = gan.items_per_clip(name)
        clip += DISCRIMINATOR_COPIES * items * _activations(network, gan.frames)
    return float(weights + batch_size * clip)


def largest_batch(gan: AdversarialModel, available: int) -> int:
    """Return the largest batch size that fits into ``available`` bytes, 0 if none does."""
    one = estimate_memory(gan, 1) - estimate_memory(gan, 0)
    return max(0, (available - estimate_memory(gan, 0)) // one)


def available_memory(device: str) -> int | None:
    """Return the memory that this process can use in bytes, None if it is unknown.

    Args:
        device: ``/CPU:0`` or ``/GPU:N``.
    """
    if "CPU" in device:
        return _available_host()
    index = device.rpartition(":")[2]
    command = [
        "nvidia-smi",
        "--query-gpu=memory.free",
        "--format=csv,noheader,nounits",
        "-i",
        index,
    ]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        return int(answer.stdout.strip()) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _table(path: Path) -> dict[str, int]:
    """Read a file of lines such as ``MemFree:  123 kB``."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = (line.replace(":", " ").split() for line in lines)
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _available_host(proc: Path = Path("/proc"), group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return the free memory of the machine or its control group, plus what this process uses."""
    try:
        free = 1024 * _table(proc / "meminfo")["MemAvailable"]
        held = 1024 * _table(proc / "self" / "status")["VmRSS"]
    except (OSError, KeyError):
        return None
    with contextlib.suppress(OSError, KeyError, ValueError):
        # Cached files count as used, but can be evicted.
        cache = _table(group / "memory.stat")["inactive_file"]
        used = int((group / "memory.current").read_text()) - cache
        free = min(free, int((group / "memory.max").read_text()) - used)
    return free + held
