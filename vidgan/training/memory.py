"""How much memory a training step takes, estimated before it is tried."""

import subprocess
from pathlib import Path

from vidgan.training.gan import VideoGAN

# TensorFlow, Keras and the data pipeline before the first step.
BASE_BYTES = 700 * 2**20
# Measured against the peak of real steps at several sizes (benchmarks/memory.md): how often a
# clip's activations are held at once, by the generator (values and gradients) and by the
# discriminator (real and generated clips).
GENERATOR_COPIES = 2.0
DISCRIMINATOR_COPIES = 4.0
# Weight, gradient and Adam's two moments; the moving average comes on top for the generator.
WEIGHT_COPIES = 4


def _activations(network: object) -> int:
    """Return the bytes of all layers' outputs for one clip, float32."""
    count = 0
    for layer in network.layers:  # type: ignore[attr-defined]
        shape = layer.output.shape[1:]
        size = 1
        for side in shape:
            size *= side
        count += size
    return 4 * count


def estimate(gan: VideoGAN, batch_size: int) -> int:
    """Return the bytes that training ``gan`` at ``batch_size`` will take at its peak."""
    generator, discriminator = gan.generator, gan.discriminator
    weights = 4 * (
        (WEIGHT_COPIES + 1) * generator.count_params()
        + WEIGHT_COPIES * discriminator.count_params()
    )
    clip = GENERATOR_COPIES * _activations(generator)
    clip += DISCRIMINATOR_COPIES * _activations(discriminator)
    return int(BASE_BYTES + weights + batch_size * clip)


def largest_batch(gan: VideoGAN, available: int) -> int:
    """Return the largest batch size whose estimate fits, 0 where none does."""
    one = estimate(gan, 1) - estimate(gan, 0)
    return max(0, (available - estimate(gan, 0)) // one)


def available(device: str) -> int | None:
    """Return the bytes that are free on a device, None where that cannot be told.

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


def _available_host() -> int | None:
    """Return free memory of this machine, or of the control group that it is limited to."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(
            int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")
        )
    except (OSError, StopIteration, ValueError):
        return None
    try:
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        return min(free, limit - int((group / "memory.current").read_text()))
    except (OSError, ValueError):
        return free
