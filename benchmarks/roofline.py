"""Roofline of a training step on a CPU.

    python benchmarks/roofline.py [--batch 4] [--size 64] [--rounds 7] [--output roofline.md]

Each convolution of the default generator and discriminator, alone: its FLOPs, the bytes of its
operands, the rate that the machine allows, and the measured one. The machine allows a convolution
the rate of a large matrix product, less the lanes of a vector that its channels leave empty (12
channels fill 12 of 16), or what the bandwidth of memory allows, whichever is less.

Then the other operations of the step of the GAN alone: the bytes that each kind reads and writes,
and the time that the bandwidth of memory allows for them, which is less where a cache holds the
tensors. Last the whole step.
"""

import math
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from vidgan import runtime

runtime.prepare()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from vidgan.config import ModelConfig, TrainConfig  # noqa: E402
from vidgan.models import (  # noqa: E402
    build_discriminators,
    build_generator,
    flops,
    latents,
    resolve,
)
from vidgan.models.layers import paired_columns  # noqa: E402
from vidgan.models.layers.convolutions import (  # noqa: E402
    FEW_CHANNELS,
    Conv3D,
    Conv3DTranspose,
)
from vidgan.tasks.video_gan import VideoGAN  # noqa: E402
from vidgan.training.optimizers import make_optimizers  # noqa: E402

PRODUCT, COPY = 4096, 2**26
# Operations that move nothing: views of tensors, variables, and what is constant in the end.
FREE = {"Const", "Fill", "Identity", "IdentityN", "Placeholder", "ReadVariableOp", "Reshape"}
# Adam reads the gradient, and reads and writes the weight and two moments; an average is read and
# written beside what is added. The graph shows the gradient and what is added only.
HIDDEN = {"ResourceApplyAdam": 6, "AssignAddVariableOp": 2}


@dataclass(frozen=True)
class Convolution:
    """A convolution from a larger tensor to a smaller one, and its transpose."""

    name: str
    large: tuple[int, ...]
    small: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def flops(self) -> float:
        """Of each of the three operations."""
        return float(2 * math.prod(self.small) * math.prod(self.kernel[:-1]))

    @property
    def traffic(self) -> float:
        """Bytes of all operands: two are read, and one is written."""
        return 4.0 * sum(map(math.prod, (self.large, self.small, self.kernel)))

    def operations(self) -> dict[str, tuple[Callable[[], tf.Tensor], int]]:
        """Return the operations, each with the channels that fill a vector."""
        large, small = tf.random.normal(self.large), tf.random.normal(self.small)
        kernel, inner, outer = tf.random.normal(self.kernel), *self.kernel[-2:]
        options: dict[str, Any] = {"strides": (1, *self.strides, 1), "padding": "SAME"}
        first, sizes, second = large, self.kernel, small
        if set(self.strides) == {1} and outer < inner and outer <= FEW_CHANNELS:
            first, sizes, second = small, (*self.kernel[:3], outer, inner), large
        paired = paired_columns.suits(kernel, self.strides)

        def to_the_larger() -> tf.Tensor:
            if paired:
                return paired_columns.enlarge(small, kernel, self.strides)
            return tf.raw_ops.Conv3DBackpropInputV2(
                input_sizes=self.large, filter=kernel, out_backprop=small, **options
            )

        return {
            "to the smaller": (lambda: tf.nn.conv3d(large, kernel, **options), outer),
            "to the larger": (to_the_larger, inner * (1 + paired)),
            "kernel": (
                lambda: tf.raw_ops.Conv3DBackpropFilterV2(
                    input=first, filter_sizes=sizes, out_backprop=second, **options
                ),
                max(inner, outer),
            ),
        }


def convolutions(network: keras.Model, prefix: str, batch: int) -> Iterator[Convolution]:
    """Yield the convolutions of a network."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from convolutions(layer, prefix, batch)
        elif isinstance(layer, Conv3D | Conv3DTranspose):
            large, small = ((batch, *each.shape[1:]) for each in (layer.input, layer.output))
            if isinstance(layer, Conv3DTranspose):
                large, small = small, large
            kernel = tuple(map(int, layer.kernel.shape))
            yield Convolution(f"{prefix} {layer.name}", large, small, kernel, layer.strides)


def median_seconds(run: Callable[[], Any], rounds: int) -> float:
    """Return the median duration, without the first one."""
    traced, times = tf.function(run, autograph=False, jit_compile=False), []
    for _ in range(1 + rounds):
        start = time.perf_counter()
        traced()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def step_of(
    model: ModelConfig, generator: keras.Model, discriminators: dict[str, keras.Model]
) -> Any:
    """Return the training step of the GAN alone, without penalty and augmentation."""
    gan = VideoGAN(model, latents(model), generator, discriminators)
    train = TrainConfig(r1=0.0, augment="none")
    gan.compile(*make_optimizers(train), train)
    return tf.function(gan.train_step, autograph=False, jit_compile=False)


def passes(graph: tf.Graph) -> Counter[str]:
    """Return the bytes that operations other than convolutions read and write, by their type."""
    found: Counter[str] = Counter()
    for operation in graph.get_operations():
        fused = operation.type == "BiasAdd" and operation.inputs[0].op.type == "Conv3D"
        if fused or operation.type in FREE or operation.type.startswith("Conv3D"):
            continue
        for tensor in (*operation.inputs, *operation.outputs):
            count = tensor.shape.num_elements()
            if count is not None and tensor.dtype != tf.resource:
                # The scalars of Adam do not matter.
                times = 1 + HIDDEN.get(operation.type, 0)
                found[operation.type] += times * count * tensor.dtype.size
    return found


@click.command(help="Compare a training step with what the machine allows.")
@click.option("--batch", default=4, show_default=True)
@click.option("--size", default=64, show_default=True)
@click.option("--frames", default=16, show_default=True)
@click.option("--rounds", default=7, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Also write the table there.")
def main(batch: int, size: int, frames: int, rounds: int, output: Path | None) -> None:
    """Run; see the top of the file."""
    matrix, numbers = tf.random.normal((PRODUCT, PRODUCT)), tf.random.normal((COPY,))
    peak = 2 * PRODUCT**3 / median_seconds(lambda: matrix @ matrix, 3)
    bandwidth = 8 * COPY / median_seconds(lambda: numbers + 1.0, 3)
    width = runtime.vector_lanes()
    lines = [
        f"Matrix product {peak / 1e9:.0f} GFLOP/s, memory {bandwidth / 1e9:.1f} GB/s, vectors of "
        f"{width}; batch {batch}, {size} x {size} x {frames}, float32",
        "",
        "| convolution | channels | operation | GFLOP | MB | allowed GFLOP/s | measured | share |",
        "|" + "---|" * 8,
    ]
    model = resolve(ModelConfig(frames=frames))
    generator = build_generator(model, size, size)
    discriminators = build_discriminators(model, size, size)
    every = [
        *convolutions(generator, "generator", batch),
        *convolutions(discriminators["clip"], "discriminator", 2 * batch),
    ]
    total = allowed = spent = 0.0
    for each in every:
        inner, outer = each.kernel[-2:]
        for name, (run, channels) in each.operations().items():
            filled = channels / (width * math.ceil(channels / width))
            least = max(each.flops / (peak * filled), each.traffic / bandwidth)
            seconds = median_seconds(run, rounds)
            total, allowed, spent = total + each.flops, allowed + least, spent + seconds
            cells = [each.name, f"{inner}, {outer}", name, f"{each.flops / 1e9:.2f}"]
            cells += [f"{each.traffic / 1e6:.1f}", f"{each.flops / least / 1e9:.0f}"]
            cells += [f"{each.flops / seconds / 1e9:.0f}", f"{least / seconds:.2f}"]
            lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        f"All: {total / spent / 1e9:.0f} GFLOP/s, {total / spent / peak:.2f} of a matrix product; "
        f"allowed {total / allowed / 1e9:.0f}, {total / allowed / peak:.2f} of it.",
    ]
    clips = tf.random.normal((batch, frames, size, size, 3))
    step = step_of(model, generator, discriminators)
    traced = step.get_concrete_function(clips)
    seconds, arithmetic = (
        median_seconds(lambda: step(clips), rounds),
        flops.count_graph_flops(traced),
    )
    lines += ["", "| other operations | MB | allowed ms |", "|---|---|---|"]
    moved = passes(traced.graph)
    for name, count in [*moved.most_common(10), ("all", moved.total())]:
        lines.append(f"| {name} | {count / 1e6:.0f} | {1e3 * count / bandwidth:.1f} |")
    rest = moved.total() / bandwidth
    for name, duration in (
        ("measured", seconds),
        ("convolutions as measured alone, the rest as allowed", spent + rest),
        ("all as allowed", allowed + rest),
    ):
        share = arithmetic / duration / peak
        lines += ["", f"Whole step, {name}: {1e3 * duration:.0f} ms, share {share:.2f}."]
    print("\n".join(lines), flush=True)
    if output is not None:
        output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
