"""How much memory a training step takes, estimated before it is tried."""

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
# Measured against the peak of real steps at several sizes (benchmarks/memory.md): how often a
# clip's activations are held at once, by the generator (values and gradients) and by the
# discriminator (real and generated clips).
GENERATOR_COPIES = 2.0
DISCRIMINATOR_COPIES = 4.0
# Weight, gradient, the penalty's gradient and Adam's two moments; the moving average comes on top
# for the generator.
WEIGHT_COPIES = 5


def _layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a network and of the networks in it."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _activations(network: keras.Model, frames: int) -> int:
    """Return the bytes of all layers' outputs for one item, float32."""
    count = 0
    for layer in _layers(network):
        for output in tree.flatten(layer.output):
            count += math.prod(side or frames for side in output.shape[1:])
    return 4 * count


def estimate(gan: AdversarialModel, batch_size: int) -> int:
    """Return the bytes that training ``gan`` at ``batch_size`` will take at its peak."""
    generator, networks = gan.generator, gan.discriminators
    params = sum(network.count_params() for network in networks.values())
    weights = 4 * ((WEIGHT_COPIES + 1) * generator.count_params() + WEIGHT_COPIES * params)
    clip = GENERATOR_COPIES * _activations(generator, gan.frames)
    for name, network in networks.items():
        items = gan.items_of_clip(name)
        clip += DISCRIMINATOR_COPIES * items * _activations(network, gan.frames)
    return int(BASE_BYTES + weights + batch_size * clip)


def largest_batch(gan: AdversarialModel, available: int) -> int:
    """Return the largest batch size whose estimate fits, 0 where none does."""
    one = estimate(gan, 1) - estimate(gan, 0)
    return max(0, (available - estimate(gan, 0)) // one)


def available(device: str) -> int | None:
    """Return the bytes this process can hold in all on a device, None where that cannot be told.

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
    rows = (line.replace(":", " ").split() for line in path.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _available_host(proc: Path = Path("/proc"), group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return what is free on this machine, or within its control group, and what is held here."""
    try:
        free = 1024 * _table(proc / "meminfo")["MemAvailable"]
        held = 1024 * _table(proc / "self" / "status")["VmRSS"]
    except (OSError, KeyError):
        return None
    with contextlib.suppress(OSError, KeyError, ValueError):
        # Files that were read lately count as used, yet give way.
        cache = _table(group / "memory.stat")["inactive_file"]
        used = int((group / "memory.current").read_text()) - cache
        free = min(free, int((group / "memory.max").read_text()) - used)
    return free + held
