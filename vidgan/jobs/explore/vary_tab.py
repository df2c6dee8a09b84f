"""The tab that makes variations of a video."""

from typing import Any

import gradio as gr

from vidgan.config import VARIED_FRAMES, VaryConfig, option_fields
from vidgan.jobs.explore import markup
from vidgan.jobs.explore.uploads import video_field
from vidgan.jobs.explore.workspace import MAX_SEED, Workspace
from vidgan.jobs.vary.vary import vary_video

# Tiles of the result by the number of variations.
GRIDS = {1: (1, 1), 2: (1, 2), 4: (2, 2)}


def build(workspace: Workspace) -> None:
    """Add the content of the tab."""
    most = min(workspace.config.max_frames, _most_frames())
    gr.Markdown(
        "Variations of a video are made from its own patches, **without training**. Suited are "
        "water, fire, clouds, crowds and the like; things of a fixed form may be cut or doubled."
    )
    with gr.Row():
        with gr.Column(scale=2):
            file, _ = video_field(workspace)
            count = gr.Radio(list(GRIDS), value=1, label="Variations")
            seed = gr.Slider(0, MAX_SEED, 0, step=1, label="Seed", buttons=[])
            strength = gr.Slider(
                0,
                1,
                VaryConfig.strength,
                step=0.05,
                label="Strength",
                buttons=[],
                info="How much variations differ from the video.",
            )
            frames = gr.Slider(
                4,
                most,
                min(VARIED_FRAMES, most),
                step=1,
                label="Frames",
                buttons=[],
                info="Of the video, from its beginning; with more of them all takes longer.",
            )
            button = gr.Button("Vary", variant="primary")
        with gr.Column(scale=3):
            result = gr.HTML(markup.quiet("The variations appear here."))
            download = gr.DownloadButton("Download", interactive=False)
            about = gr.HTML()

    def vary(
        uploaded: str | None,
        count: int,
        seed: float,
        strength: float,
        frames: float,
        progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008 (as Gradio wants it)
    ) -> tuple[Any, ...]:
        source = workspace.uploaded(uploaded)
        progress(0, "Reading the video")
        target = workspace.new_file(f"{source.stem}-varied")
        notes: list[str] = []
        config = VaryConfig(
            max_frames=min(int(frames), most),
            seed=int(seed),
            strength=strength,
            n=count,
            grid=GRIDS[count],
        )
        vary_video(source, target, config, notify=notes.append)
        told = ["--n", count, "--grid", "x".join(map(str, config.grid or ()))]
        told += ["--seed", config.seed, "--strength", f"{strength:g}"]
        told += ["--max-frames", config.max_frames, "-o", "varied.mp4"]
        return (
            markup.player(target, f"Variations of {source.name}"),
            gr.DownloadButton(value=str(target), interactive=True),
            markup.notes(map(workspace.named, notes)) + markup.command("vary", source.name, *told),
        )

    workspace.job(
        [button.click], vary, [file, count, seed, strength, frames], [result, download, about]
    )


def _most_frames() -> int:
    (spec,) = (spec for field, spec in option_fields(VaryConfig) if field.name == "max_frames")
    return int(spec.max or 0)
