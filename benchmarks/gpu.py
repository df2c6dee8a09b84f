"""Speed of training steps on a GPU: every model and task, precision, XLA, and PyTorch.

    python benchmarks/gpu.py [--minutes 10] [--size 64 --size 128 --size 256] [--output gpu.md]

For each case, the median duration of a step on one batch after the graph is traced, as clips/s and
as a share of the rate of a large matrix product of the same precision (with TF32 where float32 has
it); the peak memory of the device; and, with ``--xla``, how long a step that XLA compiles takes
relative to it. Where PyTorch is installed, ``step_speed.py`` then compares the same networks at
each size in float32 and bfloat16. Cases that would start after ``--minutes``, of which the
comparison gets a quarter, are left out. ``--device cpu`` tries the script without a GPU. See also
``pipeline_speed.py``, for what the data pipeline delivers.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import click

from vidgan import runtime

runtime.prepare()

import step_speed  # noqa: E402
import tensorflow as tf  # noqa: E402
from portfolio_videos import KINDS, write  # noqa: E402

import vidgan  # noqa: E402
from vidgan import config as configs  # noqa: E402
from vidgan import tasks  # noqa: E402
from vidgan.config import DEFAULT_TASK, MODELS, TASKS, TrainingOptions  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.errors import VidganError  # noqa: E402
from vidgan.jobs.train import run_config  # noqa: E402
from vidgan.models import flops  # noqa: E402

PRECISIONS = {
    "float32": tf.float32,
    "mixed_bfloat16": tf.bfloat16,
    "mixed_float16": tf.float16,
}
STEPS, PRODUCT = 8, 4096
COMPARISON = ["--rounds", 3, "--steps", 8]


def cases() -> list[tuple[str, dict[str, Any]]]:
    """Return tasks with the options that choose a model."""
    models: list[tuple[str, dict[str, Any]]] = [(DEFAULT_TASK, {})]
    models += [(DEFAULT_TASK, {"model": name, "reconstruction": 0.0}) for name in MODELS]
    return models + [(task, {}) for task in TASKS if task != DEFAULT_TASK]


def median_seconds(run: Callable[[], Any], count: int) -> float:
    """Return the median duration, without the first one."""
    times = []
    for _ in range(1 + count):
        start = time.perf_counter()
        for value in tf.nest.flatten(run()):
            value.numpy()  # Waits for the device.
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def product_rate(dtype: tf.DType, side: int) -> float:
    """Return FLOP/s of a large matrix product."""
    matrix = tf.cast(tf.random.normal((side, side)), dtype)
    multiply = tf.function(lambda: tf.reduce_sum(matrix @ matrix), autograph=False)
    return float(2 * side**3 / median_seconds(multiply, 5))


def measure(
    task: str, options: dict[str, Any], dataset: Path, device: str, xla: bool
) -> tuple[float, float, float, float]:
    """Return clips/s, FLOP/s, peak memory in bytes, and XLA's duration relative to the ordinary."""
    found, count = tasks.find_task(task), configs.TASK_OPTIONS[task].datasets
    manifests = [Manifest.load(dataset)] * count
    requested = TrainingOptions.parse(task, {**options, "steps": 100})
    run = run_config.new_run([dataset] * count, manifests, Path(), requested)
    with tf.device(device):
        gan = found.build(run)
        batch = next(iter(found.data(run, manifests, 0)))
        if "GPU" in device:
            tf.config.experimental.reset_memory_stats(device.strip("/"))
        step_of = gan.step_at(1.0)
        step = tf.function(step_of, autograph=False, jit_compile=False)
        seconds = median_seconds(lambda: step(batch), STEPS)
        arithmetic = flops.count_graph_flops(step.get_concrete_function(batch))
        memory = (
            tf.config.experimental.get_memory_info(device.strip("/"))["peak"]
            if "GPU" in device
            else float("nan")
        )
        relative = float("nan")
        if xla:
            compiled = tf.function(step_of, autograph=False, jit_compile=True)
            relative = median_seconds(lambda: compiled(batch), STEPS) / seconds
    return (run.train.batch_size or 1) / seconds, arithmetic / seconds, memory, relative


def compare(sizes: Sequence[int], device: str, until: float) -> list[str]:
    """Return the reports of ``step_speed.py``."""
    if find_spec("torch") is None:
        return ["", "PyTorch is not installed: no comparison."]
    kind, lines = device.partition(":")[0], list[str]()
    for size, precision in product(sizes, ("float32", "mixed_bfloat16")):
        if time.monotonic() > until:
            break
        print(flush=True)
        arguments = ["--size", size, "--precision", precision, "--device", kind, *COMPARISON]
        lines += ["", *step_speed.main(list(map(str, arguments)))]
    return lines


@click.command(help="Measure training steps on a GPU.")
@click.option("--device", default="gpu:0", show_default=True)
@click.option("--size", "sizes", type=int, multiple=True, default=(64, 128, 256))
@click.option("--batch", "batches", type=int, multiple=True, default=(4, 16))
@click.option("--precision", "precisions", type=click.Choice(list(PRECISIONS)), multiple=True)
@click.option("--xla", is_flag=True, help="Also compile steps with XLA.")
@click.option("--minutes", type=float, default=10, show_default=True)
@click.option("--option", "given", multiple=True, help="Of vidgan train, as in frames=8.")
@click.option("--output", type=click.Path(path_type=Path), help="Also write the table there.")
def main(
    device: str,
    sizes: Sequence[int],
    batches: Sequence[int],
    precisions: Sequence[str],
    xla: bool,
    minutes: float,
    given: Sequence[str],
    output: Path | None,
) -> None:
    """Run; see the top of the file."""
    start = time.monotonic()
    until, end = start + 45 * minutes, start + 60 * minutes
    place = runtime.choose_device(device)
    lines = [
        "| size | case | precision | batch | clips/s | of a product's rate | GiB | XLA |",
        "|" + "---|" * 8,
    ]
    print("\n".join(lines), flush=True)
    own = {name: int(value) for name, _, value in (each.partition("=") for each in given)}
    chosen = precisions or tuple(PRECISIONS)
    with tf.device(place):
        peaks = {name: product_rate(PRECISIONS[name], PRODUCT) for name in chosen}
    with tempfile.TemporaryDirectory() as name:
        folder, kind = Path(name), KINDS["digits"]
        video = write(folder / "digits.mp4", kind.draw(750, 256, 256), 25)
        for size in sizes:
            dataset = folder / str(size)
            vidgan.preprocess([video], dataset, size=(size, size), clean=False)
            for (task, options), precision, batch in product(cases(), chosen, batches):
                if time.monotonic() > until:
                    break
                every = {**own, **options, "precision": precision, "batch_size": batch}
                cells = [size, options.get("model", task), precision, batch]
                try:
                    rate, arithmetic, memory, relative = measure(task, every, dataset, place, xla)
                except (VidganError, tf.errors.ResourceExhaustedError) as error:
                    cells.append(str(error))
                else:
                    share = arithmetic / peaks[precision]
                    cells += [f"{rate:.1f}", f"{share:.2f}", f"{memory / 2**30:.1f}"]
                    cells.append(f"{relative:.2f}")
                lines.append("| " + " | ".join(map(str, cells)) + " |")
                print(lines[-1], flush=True)
    lines += compare(sizes, device, end)
    if output is not None:
        output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
