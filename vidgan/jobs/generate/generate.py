"""The job behind ``vidgan generate`` and ``vidgan.load``."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vidgan import latents, runtime
from vidgan.config import DEFAULT_OUTPUT, DEFAULT_PLAYBACK_FPS, DEFAULT_TASK, GenerateConfig
from vidgan.jobs.generate import clip_plan, exports
from vidgan.jobs.generate.sampler import Sampler
from vidgan.video.layout import back_and_forth


def load(
    run: Path | str | None = None,
    *,
    checkpoint: str = GenerateConfig.checkpoint,
    device: str = GenerateConfig.device,
) -> Sampler:
    """Load a run's generator, to make clips as arrays::

        clips = vidgan.load("runs/00000-dcgan-clips").generate(n=4, trunc=0.8)

    Args:
        run: the run folder; the newest under ``runs`` by default.
        checkpoint: ``latest``, ``best`` or the step of a checkpoint.
        device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.

    Raises:
        RunError: no run there, or none with a checkpoint.
        OptionError: the device is not there.
    """
    from vidgan.training.run import Run

    return Sampler(Run.open(run, task=DEFAULT_TASK), checkpoint, device)


def generate(
    run: Path | str | None = None,
    output: Path | str = DEFAULT_OUTPUT,
    *,
    progress: bool = False,
    **options: Any,
) -> list[Path]:
    """Generate clips and write them; memory does not grow with their number.

    Args:
        run: the run folder; the newest under ``runs`` by default.
        output: ``.mp4``, ``.webm``, ``.avi`` or ``.gif`` for one video, ``.png`` for a contact
            sheet, ``.npy`` for an array, or a folder for one file a clip.
        progress: show a progress bar on a terminal.
        **options: the fields of :class:`vidgan.config.GenerateConfig`, such as ``n=4``.

    Returns:
        The files written.

    Raises:
        OptionError: an option is unknown, out of bounds or contradicts another.
        RunError: no run there, or none with a checkpoint.
        ExportError: the output is there already or cannot be written.
    """
    from vidgan.training.run import Run

    # Everything that can be wrong is looked at before TensorFlow starts, which takes seconds.
    config = GenerateConfig.from_options(options)
    plan = clip_plan.plan(config)
    kind = exports.export_kind(output)
    opened = Run.open(run, task=DEFAULT_TASK)
    opened.checkpoint(config.checkpoint)
    plan = clip_plan.choose(plan, config, opened.model)
    width, height = opened.size
    frames = config.frames or opened.frames
    shape = (max(1, 2 * frames - 2) if config.loop else frames, height, width, 3)
    fps = config.fps or opened.fps or DEFAULT_PLAYBACK_FPS
    if config.fps is not None and _any_rate(opened):
        made_at, config = config.fps, config.replace(fps=None)  # Nothing is left for the output.
    else:
        made_at = None
    export = kind(Path(output), config, plan, shape, fps)
    with export:
        sampler = Sampler(opened, config.checkpoint, config.device)
        made = _made(sampler, plan, config, sampler.inputs(config.frames, made_at))
        if progress:
            made = _with_bar(made, len(plan), Path(output).name)
        for clip, pictures in made:
            export.add(clip, back_and_forth(pictures) if config.loop else pictures)
    return export.paths


def _any_rate(run: Any) -> bool:
    """Return whether the run's model makes frames at any times."""
    runtime.prepare()
    from vidgan.models import find

    return find(run.model.model).any_rate


def _made(
    sampler: Sampler,
    plan: clip_plan.ClipPlan,
    config: GenerateConfig,
    inputs: tuple[latents.Latent, ...],
) -> Iterator[tuple[clip_plan.Clip, np.ndarray]]:
    """Yield every clip of the plan with its frames."""
    planned, to_make = itertools.tee(plan)
    noises = (latents.truncate(inputs, clip.noise(inputs), config.trunc) for clip in to_make)
    batches = sampler.stream(clip_plan.share(noises, inputs, config), config.batch_size)
    yield from zip(planned, itertools.chain.from_iterable(batches), strict=True)


def _with_bar(
    made: Iterable[tuple[clip_plan.Clip, np.ndarray]], total: int, name: str
) -> Iterator[tuple[clip_plan.Clip, np.ndarray]]:
    from tqdm import tqdm

    # None: no bar where the error stream is no terminal.
    yield from tqdm(made, total=total, unit="clip", desc=name, disable=None, leave=False)
