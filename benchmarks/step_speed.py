"""Speed of the training step: the shared backward pass, PyTorch's usual step and the peak.

    python benchmarks/step_speed.py [--rounds 7] [--steps 4] [--size 64] [--device gpu]

Two processes hold the same networks and alternate, so that both have the same noise; the table
gives medians over the rounds, also of the ratios within a round. ``pip install .[bench]`` first.

The PyTorch side is the step of the usual DCGAN example: generate fakes, D's loss on real and on
detached fakes, backward, Adam; D again on the fakes, backward through D and G, Adam. It runs in
PyTorch's default and in channels-last layout, and with networks that ``torch.compile`` compiled;
the fastest one counts. With ``--precision mixed_bfloat16`` its forward passes run under autocast.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

VARIANTS: dict[str, dict[str, Any]] = {
    "vidgan": {},
    "vidgan, separate passes": {"share_backward": False},
    "vidgan, all defaults": {"extras": True},
    "vidgan, Adam of Keras": {"adam": "keras"},
}


def tensorflow_worker(args: argparse.Namespace) -> None:
    from vidgan import runtime

    runtime.prepare()
    import keras
    import tensorflow as tf

    from vidgan.config import ModelConfig, TrainConfig
    from vidgan.models import build_discriminators, build_generator, flops, latents, resolve
    from vidgan.tasks.video_gan import VideoGAN
    from vidgan.training.optimizers import make_optimizers

    runtime.choose_device(args.device)  # So that a GPU's memory is shared with PyTorch.
    runtime.set_precision(args.precision)
    train = TrainConfig()
    model = resolve(ModelConfig(frames=args.frames))
    shape = (args.batch, args.frames, args.size, args.size, 3)
    real = tf.random.normal(shape)
    steps = {}
    for name, options in VARIANTS.items():
        gan = VideoGAN(
            model,
            latents(model),
            build_generator(model, args.size, args.size),
            build_discriminators(model, args.size, args.size),
        )
        g, d = make_optimizers(train)
        if options.get("adam"):
            g, d = (
                keras.optimizers.Adam(float(o.learning_rate), o.beta_1, o.beta_2) for o in (g, d)
            )
        extras = options.get("extras", False)
        gan.compile(
            g,
            d,
            train if extras else train.replace(r1=0.0, augment="none"),
            share_backward=options.get("share_backward", True),
        )
        steps[name] = tf.function(gan.train_step, autograph=False, jit_compile=False)
    step_flops = flops.count_graph_flops(steps["vidgan"].get_concrete_function(real))
    side = 4096
    a = tf.cast(tf.random.normal((side, side)), keras.config.dtype_policy().compute_dtype)
    product = tf.function(lambda: tf.matmul(a, a))

    def run(name: str, count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            if name == "peak":
                product()[0, 0].numpy()
            else:
                steps[name](real)["d_loss"].numpy()
        return (time.perf_counter() - start) / count

    serve(run, [*VARIANTS, "peak"], {"flops": step_flops, "peak_flops": 2.0 * side**3})


def description_worker(args: argparse.Namespace) -> None:
    """Print the layers of the networks, for the process that has PyTorch."""
    from vidgan import runtime

    runtime.prepare()
    import keras

    from vidgan.config import ModelConfig
    from vidgan.models import build_discriminators, build_generator

    def describe(network: keras.Model) -> list[dict[str, Any]]:
        layers: list[dict[str, Any]] = []
        for layer in network.layers:
            kind = type(layer).__name__
            facts: dict[str, Any] = {"kind": kind}
            if kind == "Functional":
                layers += describe(layer)
                continue
            if kind in ("Conv3D", "Conv3DTranspose"):
                facts |= {"size": layer.kernel_size, "strides": layer.strides}
                facts["channels"] = list(layer.kernel.shape)[-2:]
            elif kind == "Dense":
                facts["channels"] = list(layer.kernel.shape)
            elif kind == "Reshape":
                facts["shape"] = layer.target_shape
            elif kind == "LeakyReLU":
                facts["slope"] = layer.negative_slope
            elif kind == "FrameGain":
                facts["shape"] = (layer.gain.shape[0], layer.gain.shape[-1])
            elif kind == "TemporalThreshold":
                facts["threshold"] = layer.threshold
            elif kind == "Rescaling":
                facts["scale"] = layer.scale
            layers.append(facts)
        return layers

    model = ModelConfig(frames=args.frames)
    facts = {
        "latent_dim": model.latent_dim,
        "generator": describe(build_generator(model, args.size, args.size)),
        "discriminator": describe(build_discriminators(model, args.size, args.size)["clip"]),
    }
    print("ready " + json.dumps(facts), flush=True)


def torch_worker(args: argparse.Namespace) -> None:
    # Its triton crashes in a process that has loaded TensorFlow.
    sizes = ["--size", str(args.size), "--frames", str(args.frames)]
    description = Worker("description", sizes)
    networks = description.facts
    description.close()
    import torch
    from torch import nn

    class Same(nn.Module):
        """TensorFlow's "same" padding: the odd pixel is added at the end."""

        def __init__(self, kernel: tuple[int, ...], stride: tuple[int, ...]) -> None:
            super().__init__()
            pads = [
                (max(k - s, 0) // 2, max(k - s, 0) - max(k - s, 0) // 2)
                for k, s in zip(kernel, stride, strict=True)
            ]
            self.pads = [side for pair in reversed(pads) for side in pair]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.pad(x, self.pads)

    class Gain(nn.Module):
        """Counterpart of FrameGain."""

        def __init__(self, frames: int, channels: int) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.ones(channels, frames))
            self.bias = nn.Parameter(torch.zeros(channels, frames))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.gain[..., None, None] + self.bias[..., None, None]

    class Scaled(nn.Module):
        """Counterpart of Rescaling."""

        def __init__(self, scale: float) -> None:
            super().__init__()
            self.scale = scale

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.scale

    class SoftThreshold(nn.Module):
        """Counterpart of TemporalThreshold."""

        def __init__(self, threshold: float) -> None:
            super().__init__()
            self.threshold = threshold

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mean = x.mean(2, keepdim=True)
            change = x - mean
            return mean + (change - change.clamp(-self.threshold, self.threshold))

    def translate(network: Sequence[Mapping[str, Any]]) -> nn.Sequential:
        """Build a network from the description of its layers."""
        parts: list[nn.Module] = []
        for layer in network:
            kind = layer["kind"]
            if kind == "Dense":
                parts.append(nn.Linear(*layer["channels"]))
            elif kind == "Reshape":
                *base, channels = layer["shape"]
                parts.append(nn.Unflatten(1, (channels, *base)))
            elif kind == "Flatten":
                parts.append(nn.Flatten())
            elif kind == "LeakyReLU":
                parts.append(nn.LeakyReLU(layer["slope"]))
            elif kind == "Activation":
                parts.append(nn.Tanh())
            elif kind == "Conv3D":
                k, s = tuple(layer["size"]), tuple(layer["strides"])
                i, o = layer["channels"]
                if all((a - b) % 2 == 0 for a, b in zip(k, s, strict=True)):
                    pad = tuple((a - b) // 2 for a, b in zip(k, s, strict=True))
                    parts.append(nn.Conv3d(i, o, k, s, pad))
                else:
                    parts += [Same(k, s), nn.Conv3d(i, o, k, s)]
            elif kind == "Conv3DTranspose":
                k, s = tuple(layer["size"]), tuple(layer["strides"])
                o, i = layer["channels"]
                pad = tuple((a - b) // 2 for a, b in zip(k, s, strict=True))
                parts.append(nn.ConvTranspose3d(i, o, k, s, pad))
            elif kind == "FrameGain":
                parts.append(Gain(*layer["shape"]))
            elif kind == "TemporalThreshold":
                parts.append(SoftThreshold(layer["threshold"]))
            elif kind == "Rescaling":
                parts.append(Scaled(layer["scale"]))
            elif kind != "InputLayer":
                raise TypeError(f"no PyTorch counterpart for {kind}")
        return nn.Sequential(*parts)

    device = "cuda" if args.device == "gpu" else "cpu"
    torch.set_num_threads(args.threads)
    torch.set_default_device(device)
    # TensorFlow has it on by default, as PyTorch has for convolutions.
    torch.backends.cuda.matmul.allow_tf32 = True
    loss = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(args.batch, 1), torch.zeros(args.batch, 1)

    def make(layout: torch.memory_format, compiled: bool = False) -> Callable[[], float]:
        g = translate(networks["generator"]).to(memory_format=layout)
        d = translate(networks["discriminator"]).to(memory_format=layout)
        og = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.999))
        od = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999))
        generate: Callable[[torch.Tensor], torch.Tensor] = torch.compile(g) if compiled else g
        discriminate: Callable[[torch.Tensor], torch.Tensor] = torch.compile(d) if compiled else d
        precision = torch.autocast(device, torch.bfloat16, enabled=args.precision != "float32")

        def score(x: torch.Tensor) -> torch.Tensor:
            with precision:
                return discriminate(x).float()

        real = torch.randn(args.batch, 3, args.frames, args.size, args.size)
        real = real.contiguous(memory_format=layout)

        def step() -> float:
            od.zero_grad()
            loss(score(real), ones).backward()
            with precision:
                fake = generate(torch.randn(args.batch, networks["latent_dim"]))
            d_loss = loss(score(fake.detach()), zeros)
            d_loss.backward()
            od.step()
            og.zero_grad()
            loss(score(fake), ones).backward()
            og.step()
            return float(d_loss.item())

        return step

    steps = {
        "PyTorch": make(torch.contiguous_format),
        "PyTorch, channels last": make(torch.channels_last_3d),
    }
    # Needs a C++ compiler.
    if shutil.which("g++"):
        steps["PyTorch, compiled"] = make(torch.contiguous_format, compiled=True)
        steps["PyTorch, channels last, compiled"] = make(torch.channels_last_3d, compiled=True)

    def run(name: str, count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            steps[name]()
        return (time.perf_counter() - start) / count

    serve(run, list(steps), {})


def serve(
    run: Callable[[str, int], float], names: Sequence[str], facts: Mapping[str, float]
) -> None:
    """Print what can be run, then answer lines ``name<TAB>count`` with the seconds of a call."""
    for name in names:
        run(name, 2)
    print("ready " + json.dumps({"names": names, **facts}), flush=True)
    for line in sys.stdin:
        name, count = line.rstrip("\n").split("\t")
        print(f"time {run(name, int(count))}", flush=True)


class Worker:
    """A process that runs :func:`serve`."""

    def __init__(self, kind: str, argv: Sequence[str], device: str = "cpu") -> None:
        command = [sys.executable, __file__, *map(str, argv), "--worker", kind]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # TensorFlow would take a GPU wherever it finds one.
            env=os.environ | ({} if device == "gpu" else {"CUDA_VISIBLE_DEVICES": ""}),
        )
        self.facts = json.loads(self._answer("ready "))

    def _answer(self, prefix: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(prefix):
                return line.removeprefix(prefix)
        raise RuntimeError("a worker died; run it alone with --worker to see why")

    def time(self, name: str, count: int) -> float:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{name}\t{count}\n")
        self.process.stdin.flush()
        return float(self._answer("time "))

    def close(self) -> None:
        self.process.communicate()


WORKERS = {
    "tensorflow": tensorflow_worker,
    "torch": torch_worker,
    "description": description_worker,
}


def measure(args: argparse.Namespace, argv: Sequence[str]) -> list[str]:
    """Time both workers in turns and return the lines of the report."""
    times: dict[str, list[float]] = {}
    with contextlib.ExitStack() as closing:
        workers = [Worker(kind, argv, args.device) for kind in ("tensorflow", "torch")]
        for worker in workers:
            closing.callback(worker.close)
        for _ in range(args.rounds):
            for worker in workers:
                for name in worker.facts["names"]:
                    times.setdefault(name, []).append(worker.time(name, args.steps))
    facts = workers[0].facts
    best_torch = min(workers[1].facts["names"], key=lambda n: statistics.median(times[n]))
    lines = [
        f"{args.size} x {args.size} x {args.frames}, batch {args.batch}, {args.precision}, "
        f"{args.rounds} rounds",
        "",
        f"| step | s | clips/s | speed against {best_torch} |",
        "|---|---|---|---|",
    ]
    for name, values in times.items():
        if name == "peak":
            continue
        ratio = statistics.median(t / v for t, v in zip(times[best_torch], values, strict=True))
        seconds = statistics.median(values)
        lines.append(f"| {name} | {seconds:.3f} | {args.batch / seconds:.1f} | {ratio:.2f} |")
    peaks = [facts["peak_flops"] / t for t in times["peak"]]
    rates = [facts["flops"] / t for t in times["vidgan"]]
    shares = [rate / peak for rate, peak in zip(rates, peaks, strict=True)]
    return [
        *lines,
        "",
        f"convolutions {statistics.median(rates) / 1e9:.0f} GFLOP/s, matrix product "
        f"{statistics.median(peaks) / 1e9:.0f} GFLOP/s: share {statistics.median(shares):.2f} "
        f"(from {min(shares):.2f} to {max(shares):.2f})",
    ]


def main(arguments: Sequence[str] | None = None) -> list[str]:
    """Run; return the lines of the report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", choices=("cpu", "gpu"))
    parser.add_argument("--precision", default="float32", choices=("float32", "mixed_bfloat16"))
    parser.add_argument("--worker", choices=list(WORKERS))
    args = parser.parse_args(arguments)
    if args.worker is not None:
        WORKERS[args.worker](args)
        return []
    lines = measure(args, sys.argv[1:] if arguments is None else arguments)
    print("\n".join(lines), flush=True)
    return lines


if __name__ == "__main__":
    main()
