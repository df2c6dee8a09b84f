"""The job behind ``vidgan models``: what each model is, and what it costs."""

from pathlib import Path
from typing import Any

from vidgan import models, runtime
from vidgan.config import (
    DEFAULT_BATCH,
    DEFAULT_DATASET,
    MODELS,
    ModelConfig,
    PreprocessConfig,
    TrainConfig,
)
from vidgan.training.run import Run


def describe_models(
    size: tuple[int, int] = PreprocessConfig.size, frames: int = ModelConfig.frames
) -> list[dict[str, Any]]:
    """Describe the models of the registry, each with its own defaults.

    Args:
        size: width and height of the clips.
        frames: frames of a clip.

    Returns:
        A dict of plain JSON values for each model, with these keys.

        - ``model``, the name, ``summary`` and ``paper``;
        - ``size``, ``frames`` and ``discriminators``, the list of their views;
        - ``base_size``: width and height at which these networks work; in larger frames a second
          network, which all models share, enlarges their clips;
        - ``any_length`` and ``any_rate``: whether it generates clips of any number of frames, and
          at any frame rate;
        - ``g_params`` and ``d_params``: numbers of weights of the generator and of all
          discriminators;
        - ``g_flops`` and ``d_flops``: floating-point operations of generating a clip, and of
          discriminating one;
        - ``step_flops``: floating-point operations of a training step per real clip, including the
          lazy penalty averaged over steps.

    Raises:
        OptionError: networks cannot be built for such clips.
    """
    runtime.prepare()
    return [_describe(name, size, frames) for name in MODELS]


def _describe(name: str, size: tuple[int, int], frames: int) -> dict[str, Any]:
    import tensorflow as tf

    from vidgan.models import flops
    from vidgan.models.sizes import check_size, default_upscale
    from vidgan.tasks.synthesis import build_gan

    found = models.find_architecture(name)
    train = TrainConfig(batch_size=DEFAULT_BATCH)
    check_size(size)
    model = ModelConfig(model=name, frames=frames, upscale=default_upscale(size))
    run = Run(Path(), model, train, Path(DEFAULT_DATASET), size, 1).base
    with tf.device("/CPU:0"):  # Nothing is computed.
        gan = build_gan(run)
        width, height = run.size
        clips = tf.TensorSpec((DEFAULT_BATCH, frames, height, width, 3), tf.float32)
        step_flops = flops.count_flops(gan.train_step, clips) / DEFAULT_BATCH
    networks = gan.discriminators.values()
    d_flops = [
        step.view.count(gan.config) * flops.network_flops(step.network)
        for step in gan.discriminator_steps
    ]
    return {
        "model": name,
        "summary": found.summary,
        "paper": found.paper,
        "size": list(size),
        "base_size": list(run.size),
        "frames": frames,
        "discriminators": list(gan.discriminators),
        "any_length": found.any_length,
        "any_rate": found.any_rate,
        "g_params": gan.g_params(),
        "d_params": sum(network.count_params() for network in networks),
        "g_flops": flops.generator_flops(gan.generator, gan.latents),
        "d_flops": sum(d_flops),
        "step_flops": step_flops,
    }


_HEADINGS = ("model", "G", "D", "G", "D", "step", "length", "times", "discriminators")


def as_text(rows: list[dict[str, Any]]) -> str:
    """Lay :func:`describe_models`'s values out for reading: what each is, then what it costs."""
    name_width = max(len(row["model"]) for row in rows)
    lines = [f"{row['model']:<{name_width}}  {row['summary']} ({row['paper']})" for row in rows]
    (width, height), base = rows[0]["size"], rows[0]["base_size"]
    cells = [
        (
            row["model"],
            f"{row['g_params'] / 1e6:.2f}",
            f"{row['d_params'] / 1e6:.2f}",
            f"{row['g_flops'] / 1e9:.2f}",
            f"{row['d_flops'] / 1e9:.2f}",
            f"{row['step_flops'] / 1e9:.2f}",
            "any" if row["any_length"] else str(row["frames"]),
            "any" if row["any_rate"] else "fixed",
            ",".join(row["discriminators"]),
        )
        for row in rows
    ]
    widths = [max(6, *map(len, column)) for column in zip(_HEADINGS, *cells, strict=True)]
    title = f"For clips of {rows[0]['frames']} frames of {width}x{height}"
    if base != [width, height]:
        title += f", which the generator makes as {base[0]}x{base[1]}"
    lines += ["", f"{title}:", ""]
    parameters, operations = widths[1] + 2 + widths[2], sum(widths[3:6]) + 4
    lines.append(
        f"{'':{widths[0]}}  {'parameters, M':>{parameters}}  {'GFLOP a clip':>{operations}}"
    )
    for values in (_HEADINGS, *cells):
        padded = [
            value.rjust(size) if 1 <= index <= 5 else value.ljust(size)
            for index, (value, size) in enumerate(zip(values, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)
