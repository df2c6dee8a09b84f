"""Speed of the training step of every model, relative to its arithmetic.

    python benchmarks/model_speed.py [--rounds 7] [--steps 16] [--models dcgan,mocogan]

All models run in one process with their defaults and alternate; a turn is as many steps as lie
between two penalties, so that time and arithmetic contain the same fraction of penalties. The
predicted time is a model's FLOPs over the rate of dcgan in the same round; the table gives medians
over the rounds. The exit status is 1 if a model takes more than 1.1 times the predicted time.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from vidgan import runtime

runtime.prepare()

import tensorflow as tf  # noqa: E402

from vidgan.config import DEFAULT_BATCH, MODELS, ModelConfig, TrainConfig  # noqa: E402
from vidgan.models import flops  # noqa: E402
from vidgan.tasks.synthesis import build_gan  # noqa: E402
from vidgan.training.run import Run  # noqa: E402

BASE, MOST = "dcgan", 1.1


class Training:
    """A model in training on clips of noise.

    Attributes:
        flops: mean FLOPs of a step.
        shares_backward: whether one backward pass of D serves both networks.
    """

    def __init__(self, name: str, args: argparse.Namespace) -> None:
        train = TrainConfig(batch_size=args.batch, tensorboard=False)
        model = ModelConfig(model=name, frames=args.frames)
        gan = build_gan(Run(Path(), model, train, Path(), (args.size, args.size), 25.0))
        self.clips = tf.random.stateless_uniform(
            (args.batch, args.frames, args.size, args.size, 3), (0, 1), -1, 1
        )
        self.step = tf.function(gan.train_step, autograph=False, jit_compile=False)
        self.flops = flops.count_graph_flops(self.step.get_concrete_function(self.clips))
        self.shares_backward = gan.shares_backward and not any(
            c.predicts_codes for c in gan.discriminator_steps
        )
        for _ in range(2):  # One with the penalty, one without.
            self.run(1)

    def run(self, steps: int) -> tuple[float, float]:
        """Take steps; return wall and CPU seconds per step."""
        start = time.perf_counter(), time.process_time()
        for _ in range(steps):
            logs = self.step(self.clips)
        float(logs["d_loss"])
        end = time.perf_counter(), time.process_time()
        return (end[0] - start[0]) / steps, (end[1] - start[1]) / steps


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=TrainConfig.penalty_every)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--batch", type=int, default=DEFAULT_BATCH)
    parser.add_argument("--models", default=",".join(MODELS))
    args = parser.parse_args(arguments)
    names = list(dict.fromkeys([BASE, *args.models.split(",")]))
    trainings = {name: Training(name, args) for name in names}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(args.rounds):
        for name, training in trainings.items():
            times[name].append(training.run(args.steps))
    print(
        f"{args.size} x {args.size} x {args.frames}, batch {args.batch}, {args.rounds} rounds of "
        f"{args.steps} steps\n\n"
        "| model | GFLOP a clip | s a step | CPU s | clips/s | GFLOP/s | share of dcgan's rate "
        "| time over predicted | CPU time over predicted | D's backward pass |\n"
        "|---|---|---|---|---|---|---|---|---|---|"
    )
    slow = []
    for name, training in trainings.items():
        work = training.flops / trainings[BASE].flops
        wall, processor = (
            statistics.median(
                own[kind] / (base[kind] * work)
                for own, base in zip(times[name], times[BASE], strict=True)
            )
            for kind in (0, 1)
        )
        seconds, cpu = (statistics.median(t[kind] for t in times[name]) for kind in (0, 1))
        print(
            f"| {name} | {training.flops / args.batch / 1e9:.2f} | {seconds:.3f} | {cpu:.3f} "
            f"| {args.batch / seconds:.1f} | {training.flops / seconds / 1e9:.0f} "
            f"| {1 / wall:.2f} | {wall:.2f} | {processor:.2f} "
            f"| {'shared' if training.shares_backward else 'separate'} |"
        )
        if wall > MOST:
            slow.append(name)
    if slow:
        sys.exit(f"slower than {MOST} times the predicted time: {', '.join(slow)}")


if __name__ == "__main__":
    main()
