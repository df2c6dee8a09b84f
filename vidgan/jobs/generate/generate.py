"""``vidgan generate`` and ``vidgan.load``: clips from a trained run."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from vidgan import latents, runtime
from vidgan.config import (
    DEFAULT_OUTPUT,
    DEFAULT_PLAYBACK_FPS,
    DEFAULT_TASK,
    GenerateConfig,
    OptionValue,
)
from vidgan.jobs.generate import clip_plan, exports
from vidgan.jobs.generate.sampler import Sampler
from vidgan.training.run import Run
from vidgan.video.layout import back_and_forth


def load(
    run: Path | str | None = None,
    *,
    checkpoint: str = GenerateConfig.checkpoint,
    device: str = GenerateConfig.device,
) -> Sampler:
    """Load the generator of a run, to generate clips as arrays::

        clips = vidgan.load("runs/00000-dcgan-clips").generate(n=4, trunc=0.8)

    Args:
        run: folder of the run; the newest in ``runs`` by default.
        checkpoint: ``latest``, ``best`` or a step.
        device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.

    Raises:
        RunError: there is no such run, or it has no checkpoint.
        OptionError: there is no such device.
    """
    return Sampler(Run.open(run, task=DEFAULT_TASK), checkpoint, device)


def generate(
    run: Path | str | None = None,
    output: Path | str = DEFAULT_OUTPUT,
    *,
    progress: bool = False,
    **options: OptionValue,
) -> list[Path]:
    """Generate clips and write them, with memory that does not grow with their number.

    Args:
        run: folder of the run; the newest in ``runs`` by default.
        output: ``.mp4``, ``.webm``, ``.avi`` or ``.gif`` for one video, ``.png`` for a contact
            sheet, ``.npy`` for an array, or a folder for one file per clip.
        progress: show a progress bar on a terminal.
        **options: the fields of :class:`vidgan.config.GenerateConfig`, such as ``n=4``.

    Returns:
        The files written.

    Raises:
        OptionError: an option is unknown, out of bounds or contradicts another.
        RunError: there is no such run, or it has no checkpoint.
        ExportError: the output exists or cannot be written.
    """
    return generate_clips(run, output, GenerateConfig.from_options(options), progress=progress)


def generate_clips(
    run: Path | str | None,
    output: Path | str,
    config: GenerateConfig,
    *,
    progress: bool = False,
) -> list[Path]:
    """Generate clips and write them; see :func:`generate`.

    Args:
        run: folder of the run; None for the newest in ``runs``.
        output: file or folder.
        config: the options.
        progress: show a progress bar on a terminal.
    """
    # Check everything before TensorFlow starts, which takes seconds.
    plan = clip_plan.plan_clips(config)
    kind = exports.export_kind(output)
    opened = Run.open(run, task=DEFAULT_TASK)
    opened.checkpoint(config.checkpoint)
    plan = clip_plan.add_conditions(plan, config, opened.model)
    width, height = opened.size
    frames = config.frames or opened.frames
    shape = (max(1, 2 * frames - 2) if config.loop else frames, height, width, 3)
    fps = config.fps or opened.fps or DEFAULT_PLAYBACK_FPS
    if config.fps is not None and _any_rate(opened):
        # The frames are generated at this rate: the output need not change it.
        generated_fps, config = config.fps, config.replace(fps=None)
    else:
        generated_fps = None
    export = kind(Path(output), config, plan, shape, fps)
    with export:
        sampler = Sampler(opened, config.checkpoint, config.device)
        inputs = sampler.inputs(config.frames, generated_fps)
        generated = _generate_clips(sampler, plan, config, inputs)
        if progress:
            generated = _with_bar(generated, len(plan), Path(output).name)
        for clip, frames_of_clip in generated:
            export.add(clip, back_and_forth(frames_of_clip) if config.loop else frames_of_clip)
    return export.paths


def _any_rate(run: Run) -> bool:
    """Return whether the model of the run can generate frames at any frame rate."""
    runtime.prepare()
    from vidgan.models import find_architecture

    return find_architecture(run.model.model).any_rate


def _generate_clips(
    sampler: Sampler,
    plan: clip_plan.ClipPlan,
    config: GenerateConfig,
    inputs: tuple[latents.Latent, ...],
) -> Iterator[tuple[clip_plan.Clip, np.ndarray]]:
    """Yield every clip of the plan with its frames, uint8 ``(frames, height, width, 3)``."""
    planned, to_generate = itertools.tee(plan)
    noises = (latents.truncate(inputs, clip.noise(inputs), config.trunc) for clip in to_generate)
    batches = sampler.stream(clip_plan.share_with_first(noises, inputs, config), config.batch_size)
    yield from zip(planned, itertools.chain.from_iterable(batches), strict=True)


def _with_bar(
    clips: Iterable[tuple[clip_plan.Clip, np.ndarray]], total: int, name: str
) -> Iterator[tuple[clip_plan.Clip, np.ndarray]]:
    from tqdm import tqdm

    # disable=None: no bar if standard error is not a terminal.
    yield from tqdm(clips, total=total, unit="clip", desc=name, disable=None, leave=False)
