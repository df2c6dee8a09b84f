"""The tab that restores a video with a run, and compares before and after."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np

from vidgan.config import DEFAULT_TIMES, DIRECTIONS, TASK_OPTIONS
from vidgan.errors import OptionError
from vidgan.jobs.explore import markup
from vidgan.jobs.explore.uploads import Start, read_start, video_field
from vidgan.jobs.explore.videos import count_frames, read_frame
from vidgan.jobs.explore.workspace import Workspace
from vidgan.jobs.restore.restore import restore
from vidgan.remote.places import shown
from vidgan.training.run import Run

# What --mask takes apart from files, of which a visitor has only those that were uploaded.
_MASK = re.compile(r"auto|#[0-9a-fA-F]{6}|\s*\d+\s*(,\s*\d+\s*){3}")


@dataclass(frozen=True)
class Pair:
    """A video before and after.

    Attributes:
        before: what was uploaded, as browsers play it.
        after: the result.
        frames: their numbers of frames.
    """

    before: Path
    after: Path
    frames: tuple[int, int]

    def halves(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a frame of the result, and that of the same time before, in one size."""
        after = read_frame(self.after, index)
        before = read_frame(self.before, index * self.frames[0] // self.frames[1])
        height, width, _ = after.shape
        return cv2.resize(before, (width, height), interpolation=cv2.INTER_CUBIC), after


def build(workspace: Workspace, chosen: Any, first: Run) -> None:
    """Add the content of the tab.

    Args:
        workspace: of the page.
        chosen: the component that names the run.
        first: the run that is chosen at first.
    """
    heading = gr.Markdown(_heading(first))
    with gr.Row():
        with gr.Column(scale=2):
            file, start = video_field(workspace)
            mask = gr.Textbox(
                "auto",
                label="Area to fill",
                info="A box x,y,width,height in pixels; a colour #rrggbb; or auto for scratches "
                "and dust.",
                visible=first.task == "inpaint",
            )
            mask_file = gr.File(
                label="or an image that is white there",
                file_types=["image"],
                height=140,
                visible=first.task == "inpaint",
            )
            reference = gr.File(
                label="A frame with colours (optional)",
                file_types=["image"],
                height=140,
                visible=first.task == "colorize",
            )
            times = gr.Slider(
                2,
                8,
                DEFAULT_TIMES,
                step=1,
                label="Frames for each frame",
                buttons=[],
                visible=first.task == "interpolate",
            )
            direction = gr.Radio(
                [("first kind to second", DIRECTIONS[0]), ("second kind to first", DIRECTIONS[1])],
                value=DIRECTIONS[0],
                label="Direction",
                visible=first.task == "translate",
            )
            button = gr.Button("Restore", variant="primary")
        with gr.Column(scale=3):
            result = gr.HTML(markup.quiet("The result appears here, beside the video."))
            pair = gr.State(None)
            halves = gr.ImageSlider(
                label="Before | after", type="numpy", visible=False, buttons=[], interactive=False
            )
            frame = gr.Slider(0, 1, 0, step=1, label="Frame", visible=False, buttons=[])
            download = gr.DownloadButton("Download", interactive=False)
            about = gr.HTML()

    def run_task(
        name: str,
        uploaded: str | None,
        start: Start | None,
        mask: str,
        mask_file: str | None,
        reference: str | None,
        times: float,
        direction: str,
        progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008 (as Gradio wants it)
    ) -> tuple[Any, ...]:
        run, source = workspace.runs[name], workspace.uploaded(uploaded)
        if start is None or start.source != source:
            start = read_start(workspace, source)
        progress(0, "Loading the networks")
        options: dict[str, Any] = {"max_frames": workspace.config.max_frames}
        options["device"] = workspace.config.device
        told: list[object] = []
        if run.task == "inpaint":
            options["mask"] = _mask(workspace, mask, mask_file)
            told = ["--mask", Path(options["mask"]).name]
        elif run.task == "colorize" and reference:
            options["reference"] = str(workspace.uploaded(reference, "image"))
            told = ["--reference", Path(options["reference"]).name]
        elif run.task == "interpolate":
            options["times"] = int(times)
            told = ["--times", int(times)]
        elif run.task == "translate":
            options["direction"] = direction
            told = ["--direction", direction]
        target = workspace.new_file(f"{source.stem}-{run.task}")
        notes: list[str] = []
        restore(run.task, source, target, run.path, notify=notes.append, **options)
        made = Pair(start.path, target, (start.frames, count_frames(target)))
        command = markup.command(
            run.task, source.name, shown(str(run.path)), *told, "-o", target.name
        )
        return (
            markup.players(
                [markup.player(made.before, "Before"), markup.player(made.after, "After")]
            ),
            made,
            gr.ImageSlider(made.halves(0), visible=True),
            gr.Slider(0, made.frames[1] - 1, 0, visible=made.frames[1] > 1),
            gr.DownloadButton(value=str(target), interactive=True),
            markup.notes(map(workspace.named, notes)) + command,
        )

    workspace.job(
        [button.click],
        run_task,
        [chosen, file, start, mask, mask_file, reference, times, direction],
        [result, pair, halves, frame, download, about],
    )

    def turn(made: Pair | None, index: float) -> Any:
        return gr.skip() if made is None else made.halves(int(index))

    frame.change(
        workspace.quick(turn),
        [pair, frame],
        [halves],
        show_progress="hidden",
        trigger_mode="always_last",
        api_visibility="private",
    )

    def choose(name: str) -> tuple[Any, ...]:
        run = workspace.runs[name]
        owners = ("inpaint", "inpaint", "colorize", "interpolate", "translate")
        return (_heading(run), *(gr.update(visible=run.task == owner) for owner in owners))

    chosen.change(
        workspace.quick(choose),
        [chosen],
        [heading, mask, mask_file, reference, times, direction],
        show_progress="hidden",
        api_visibility="private",
    )


def _heading(run: Run) -> str:
    video = TASK_OPTIONS[run.task].video
    return (
        "" if video is None else f"This run was trained with `--task {run.task}`. {video.summary}"
    )


def _mask(workspace: Workspace, text: str, file: str | None) -> str:
    """Return the value of ``--mask``; raise OptionError for one that might name a file."""
    if file:
        return str(workspace.uploaded(file, "mask"))
    if not _MASK.fullmatch(text.strip()):
        raise OptionError(f"Area to fill {text!r}: give a box x,y,width,height, #rrggbb or auto")
    return text.strip()
