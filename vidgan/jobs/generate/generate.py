"""``vidgan generate`` and ``vidgan.load``: clips from a trained run."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vidgan import latents, runtime
from vidgan.config import (
    DEFAULT_OUTPUT,
    DEFAULT_PLAYBACK_FPS,
    DEFAULT_TASK,
    GenerateConfig,
    OptionValue,
)
from vidgan.jobs.generate import clip_plan, exports, from_clips
from vidgan.jobs.generate.captions import choose_captions
from vidgan.jobs.generate.clip_plan import ClipPlan
from vidgan.jobs.generate.clip_sampler import ClipSampler
from vidgan.jobs.generate.open_sampler import open_sampler
from vidgan.jobs.generate.plan import Named
from vidgan.jobs.generate.sampler import Sampler
from vidgan.remote.arguments import takes_urls
from vidgan.training.run import Run


@takes_urls()
def load(
    run: Path | str | None = None,
    *,
    checkpoint: str = GenerateConfig.checkpoint,
    device: str = GenerateConfig.device,
    sharpen: bool = False,
) -> ClipSampler:
    """Load the networks of a run, to generate clips as arrays::

        sampler = vidgan.load("runs/00000-dcgan-clips")
        clips = sampler.generate(n=4, trunc=0.8)
        codes = sampler.encode(clips[:1])
        similar = sampler.decode(sampler.vary(codes, seeds=range(8)))

    Args:
        run: folder of the run; the newest in ``runs`` by default.
        checkpoint: ``latest``, ``best`` or a step.
        device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.
        sharpen: replace patches of all clips by the nearest ones of training clips.

    Raises:
        RunError: there is no such run, or it has no checkpoint; to sharpen, it has no encoder, or
            its dataset does not fit.
        DatasetError: to sharpen, the dataset cannot be read.
        OptionError: there is no such device.
    """
    return open_sampler(Run.open(run, task=DEFAULT_TASK), checkpoint, device, sharpen=sharpen)


def generate(
    run: Path | str | None = None,
    output: Path | str = DEFAULT_OUTPUT,
    *,
    progress: bool = False,
    notify: Callable[[str], None] = lambda note: None,
    **options: OptionValue | Path | tuple[Path, Path],
) -> list[Path]:
    """Generate clips and write them, with memory that does not grow with their number.

    Args:
        run: folder of the run; the newest in ``runs`` by default.
        output: ``.mp4``, ``.webm``, ``.avi`` or ``.gif`` for one video, ``.png`` for a contact
            sheet, ``.npy`` for an array, or a folder for one file per clip.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything of a real clip that could not be kept, and on
            sharpening.
        **options: the fields of :class:`vidgan.config.GenerateConfig`, such as ``n=4`` or
            ``from_="clip.mp4"``.

    Returns:
        The files written.

    Raises:
        OptionError: an option is unknown, out of bounds or contradicts another.
        RunError: there is no such run, it has no checkpoint, or no encoder for real clips.
        InputError: a real clip cannot be read or is too short.
        ExportError: the output exists or cannot be written.
    """
    config = GenerateConfig.from_options({name: _plain(value) for name, value in options.items()})
    return generate_clips(run, output, config, progress=progress, notify=notify)


def _plain(value: Any) -> Any:
    """Return paths, also in pairs, as text."""
    if isinstance(value, (tuple, list)):
        return tuple(map(_plain, value))
    return str(value) if isinstance(value, Path) else value


@takes_urls(output="output")
def generate_clips(
    run: Path | str | None,
    output: Path | str,
    config: GenerateConfig,
    *,
    progress: bool = False,
    notify: Callable[[str], None] = lambda note: None,
) -> list[Path]:
    """Generate clips and write them; see :func:`generate`.

    Args:
        run: folder of the run; None for the newest in ``runs``.
        output: file or folder.
        config: the options.
        progress: show a progress bar on a terminal.
        notify: called with a line for everything of a real clip that could not be kept, and on
            sharpening.
    """
    # Check everything before TensorFlow starts, which takes seconds.
    plan = from_clips.plan_job(config) if config.clip_option else clip_plan.plan_clips(config)
    kind = exports.export_kind(output)
    opened = Run.open(run, task=DEFAULT_TASK)
    opened.checkpoint(config.checkpoint)
    if isinstance(plan, ClipPlan):
        plan = clip_plan.add_conditions(plan, config, opened.model)
        frames = config.length(opened.frames)
    else:
        plan = plan.read(opened, notify)
        frames = plan.frames(opened)
    width, height = opened.size
    shape = (frames, height, width, 3)
    fps = config.fps or opened.fps or DEFAULT_PLAYBACK_FPS
    generated_fps = None
    if config.fps is not None and config.continue_ is None and _any_rate(opened):
        # The frames are generated at this rate: the output need not change it.
        generated_fps, config = config.fps, config.replace(fps=None)
    captions = choose_captions(kind, str(output), config, opened, plan)
    export = kind(Path(output), config, plan, shape, fps, captions)
    with export:
        # By default only clips of seeds, at the rate of training: those that were judged; and what
        # continues a real clip, beside which blur is seen.
        judged = isinstance(plan, ClipPlan) and generated_fps is None
        choose = judged or config.continue_ is not None
        sampler = open_sampler(
            opened,
            config.checkpoint,
            config.device,
            sharpen=config.sharpen if config.sharpen is not None or choose else False,
            notify=notify,
        )
        if isinstance(plan, ClipPlan):
            generated = _generate_clips(sampler, plan, config, generated_fps)
        else:
            generated = plan.generate(sampler, generated_fps)
        clips: Iterable[Named] = plan
        pairs = zip(clips, generated, strict=True)
        for clip, clip_frames in _with_bar(pairs, len(plan), Path(output).name, progress):
            export.add(clip, clip_frames)
    if sampler.dissolves:
        places = "one place" if sampler.dissolves == 1 else f"{sampler.dissolves} places"
        notify(
            f"At {places} a clip dissolves into something else: nothing that the "
            "run knows continues it; other seeds or --frames may do better"
        )
    return export.paths


def _any_rate(run: Run) -> bool:
    """Return whether the model of the run can generate frames at any frame rate."""
    runtime.prepare()
    from vidgan.models import find_architecture

    return find_architecture(run.model.model).any_rate


def _generate_clips(
    sampler: Sampler, plan: ClipPlan, config: GenerateConfig, fps: float | None
) -> Iterator[np.ndarray]:
    """Yield the frames of every clip of the plan, uint8 ``(frames, height, width, 3)``."""
    length = config.length(sampler.frames)
    inputs = sampler.inputs(length, fps)
    noises = (latents.truncate(inputs, clip.noise(inputs), config.trunc) for clip in plan)
    batches = sampler.stream(
        clip_plan.share_with_first(noises, inputs, config),
        config.batch_size,
        frames=length,
        loop=config.loop,
        trunc=config.trunc,
    )
    return itertools.chain.from_iterable(batches)


def _with_bar(
    clips: Iterable[tuple[Named, np.ndarray]], total: int, name: str, progress: bool
) -> Iterable[tuple[Named, np.ndarray]]:
    """Return the clips, with a progress bar if it is wanted and standard error is a terminal."""
    from tqdm import tqdm

    disable = None if progress else True
    return tqdm(clips, total=total, unit="clip", desc=name, disable=disable, leave=False)
