"""The tab that generates clips."""

import functools
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from vidgan import latents
from vidgan.config import DEFAULT_PLAYBACK_FPS, DEFAULT_TASK, GenerateConfig, ModelConfig
from vidgan.dataset.manifest import MANIFEST_NAME
from vidgan.jobs.explore import markup
from vidgan.jobs.explore.videos import write_clip
from vidgan.jobs.explore.workspace import MAX_SEED, Workspace
from vidgan.jobs.generate.clip_plan import Clip
from vidgan.jobs.generate.clip_sampler import ClipSampler
from vidgan.jobs.generate.conditions import parse_labels
from vidgan.jobs.generate.open_sampler import open_sampler
from vidgan.remote.places import exists, shown
from vidgan.training.run import Run

# Of the position between two clips.
STEPS = 20
DRAWN = "drawn from the seed"


def build(workspace: Workspace, chosen: Any, first: Run) -> None:
    """Add the content of the tab.

    Args:
        workspace: of the page.
        chosen: the component that names the run.
        first: the run that is chosen at first.
    """
    gr.Markdown(
        "A **seed** is a number from which the latents of a clip are drawn: the same seed always "
        "gives the same clip. Between two seeds the latents are interpolated."
    )
    with gr.Row():
        with gr.Column(scale=2):
            seed = gr.Slider(0, MAX_SEED, 0, step=1, label="Seed", buttons=[])
            other = gr.Slider(0, MAX_SEED, 1, step=1, label="Second seed", buttons=[])
            position = gr.Slider(
                0,
                1,
                0,
                step=1 / STEPS,
                label="Position between the two",
                buttons=[],
                info="0 is the clip of the first seed, 1 that of the second.",
            )
            trunc = gr.Slider(
                0.05,
                1,
                1,
                step=0.05,
                label="Truncation",
                buttons=[],
                info="Lower: closer to the average clip, with less variety and fewer failures.",
            )
            label = gr.Dropdown(**_labels(first.model), label="Label")
            frames = gr.Slider(**_lengths(workspace, first), step=1, label="Frames", buttons=[])
            loop = gr.Checkbox(False, label="Loop: the last frame leads to the first")
            sharpen = gr.Checkbox(
                **_sharpen(first),
                label="Sharpen",
                info="With patches of training clips, as vidgan generate does. Off at first, since "
                "it is slow: the first clip can take minutes without a GPU.",
            )
            button = gr.Button("Generate", variant="primary")
        with gr.Column(scale=3):
            result = gr.HTML(markup.quiet("The clip appears here."))
            download = gr.DownloadButton("Download", interactive=False)
            about = gr.HTML()

    def generate(
        name: str,
        seed: float,
        other: float,
        position: float,
        trunc: float,
        label: str,
        frames: float,
        loop: bool,
        sharpen: bool,
        progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008 (as Gradio wants it)
    ) -> tuple[Any, ...]:
        run = workspace.runs[name]
        config = GenerateConfig(
            trunc=trunc, frames=min(int(frames), workspace.config.max_frames), loop=loop
        )
        wanted = None if label == DRAWN else label
        clip = plan(int(seed), int(other), position, wanted, run.model)
        progress(0.1, "Loading the networks")
        sampler, notes = find_sampler(run, sharpen, workspace.config.device)
        progress(0.5, "Generating")
        path = write_clip(
            workspace.new_file(f"{run.path.name}-{clip.name}"),
            draw(sampler, clip, config),
            run.fps or DEFAULT_PLAYBACK_FPS,
        )
        text = markup.notes(notes)
        if clip.toward is None:
            text += _command(run, clip, config, wanted, sharpen)
        return (
            markup.player(path, _caption(clip)),
            gr.DownloadButton(value=str(path), interactive=True),
            text,
        )

    sliders = (seed, other, position, trunc, frames)
    workspace.job(
        [button.click, *(slider.release for slider in sliders)],
        generate,
        [chosen, seed, other, position, trunc, label, frames, loop, sharpen],
        [result, download, about],
    )

    def choose(name: str) -> tuple[Any, ...]:
        run = workspace.runs[name]
        return (
            gr.Dropdown(**_labels(run.model)),
            gr.Slider(**_lengths(workspace, run)),
            gr.Checkbox(**_sharpen(run)),
        )

    chosen.change(
        workspace.quick(choose),
        [chosen],
        [label, frames, sharpen],
        show_progress="hidden",
        api_visibility="private",
    )


def plan(seed: int, other: int, position: float, label: str | None, model: ModelConfig) -> Clip:
    """Return the clip at a position, 0 to 1, between those of two seeds."""
    step, conditions = round(position * STEPS), parse_labels(label, model)
    if step == STEPS:
        return Clip(other, conditions=conditions)
    if step == 0 or seed == other:
        return Clip(seed, conditions=conditions)
    return Clip(seed, other, step, STEPS, conditions)


def draw(sampler: ClipSampler, clip: Clip, config: GenerateConfig) -> np.ndarray:
    """Return a clip as ``vidgan generate`` does, uint8 RGB ``(frames, height, width, 3)``."""
    length = config.length(sampler.frames)
    inputs = sampler.inputs(length)
    noise = latents.truncate(inputs, clip.noise(inputs), config.trunc)
    (batch,) = sampler.stream([noise], frames=length, loop=config.loop, trunc=config.trunc)
    drawn: np.ndarray = batch[0]
    return drawn


def find_sampler(run: Run, sharpen: bool, device: str) -> tuple[ClipSampler, list[str]]:
    """Return the networks of the newest checkpoint of a run, and notes on them."""
    step = int(run.checkpoint().name.removeprefix("step-"))
    return _sampler(run.path, step, sharpen, device)


# Two: a visitor goes to and fro between two runs, or with and without sharpening.
@functools.lru_cache(maxsize=2)
def _sampler(path: Path, step: int, sharpen: bool, device: str) -> tuple[ClipSampler, list[str]]:
    notes: list[str] = []
    sampler = open_sampler(
        Run.open(path, task=DEFAULT_TASK),
        str(step),
        device,
        sharpen=None if sharpen else False,
        notify=notes.append,
    )
    return sampler, [] if sampler.sharpened else notes


def _labels(model: ModelConfig) -> dict[str, Any]:
    return {"choices": [DRAWN, *model.labels], "value": DRAWN, "visible": model.conditional}


def _lengths(workspace: Workspace, run: Run) -> dict[str, Any]:
    most = workspace.config.max_frames
    return {"minimum": 2, "maximum": most, "value": min(run.frames, most)}


def _sharpen(run: Run) -> dict[str, Any]:
    able = bool(run.model.reconstruction) and exists(run.dataset / MANIFEST_NAME)
    return {"value": False, "visible": able}


def _caption(clip: Clip) -> str:
    if clip.toward is None:
        return f"Seed {clip.seed}"
    return f"Between seed {clip.seed} and seed {clip.toward}, at {clip.step / clip.steps:g}"


def _command(run: Run, clip: Clip, config: GenerateConfig, label: str | None, sharpen: bool) -> str:
    options: list[object] = ["--seeds", clip.seed]
    if config.frames != run.frames or config.loop:
        options += ["--frames", config.frames]
    if config.trunc != 1:
        options += ["--trunc", f"{config.trunc:g}"]
    if label is not None:
        options += ["--label", label]
    if config.loop:
        options.append("--loop")
    if run.model.reconstruction and not sharpen:
        options.append("--no-sharpen")
    return markup.command("generate", shown(str(run.path)), *options)
