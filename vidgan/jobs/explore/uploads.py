"""Fields for videos that are uploaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from vidgan.jobs.explore import markup
from vidgan.jobs.explore.videos import write_start
from vidgan.jobs.explore.workspace import Workspace

# What the browser offers to choose; whether it is a video is seen when it is decoded.
VIDEO_TYPES = ["video", ".mkv", ".gif", ".webp"]


@dataclass(frozen=True)
class Start:
    """The first frames of an uploaded video, as a video that browsers play.

    Attributes:
        source: what was uploaded.
        path: of the copy.
        frames: their number.
        whole: whether the video has no more frames.
    """

    source: Path
    path: Path
    frames: int
    whole: bool


class VideoField(NamedTuple):
    """Components of a field for a video: the file, and the :class:`Start` of it."""

    file: Any
    start: Any


def read_start(workspace: Workspace, source: Path) -> Start:
    """Copy the frames of an upload that are used.

    Raises:
        InputError: it is no video that can be decoded.
    """
    copy = workspace.new_file(source.stem)
    frames, whole = write_start(source, copy, workspace.config.max_frames)
    return Start(source, copy, frames, whole)


def video_field(workspace: Workspace, label: str = "Video") -> VideoField:
    """Add a field for a video, which shows it."""
    file = gr.File(label=label, file_types=VIDEO_TYPES, height=140)
    start, shown = gr.State(None), gr.HTML()

    def show(uploaded: str | None) -> tuple[Start | None, str]:
        if uploaded is None:
            return None, ""
        found = read_start(workspace, workspace.uploaded(uploaded))
        first = "" if found.whole else "first "
        caption = f"{found.source.name}, {first}{found.frames} frames"
        notes = [] if found.whole else ["vidgan explore --max-frames lets more frames be used"]
        return found, markup.player(found.path, caption) + markup.notes(notes)

    workspace.job([file.change], show, [file], [start, shown])
    return VideoField(file, start)
