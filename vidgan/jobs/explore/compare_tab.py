"""The tab that shows several runs side by side."""

from typing import Any

import gradio as gr

from vidgan.config import DEFAULT_PLAYBACK_FPS, DEFAULT_TASK, GenerateConfig
from vidgan.errors import OptionError
from vidgan.jobs.explore import comparison, generate_tab, markup, training_tab
from vidgan.jobs.explore.videos import write_clip
from vidgan.jobs.explore.workspace import MAX_SEED, Workspace
from vidgan.jobs.generate.clip_plan import Clip


def build(workspace: Workspace, load: Any) -> None:
    """Add the content of the tab.

    Args:
        workspace: of the page.
        load: the event that the page was opened.
    """
    names = list(workspace.runs)
    gr.Markdown(
        "How runs differ, and what comes of it. Distances can be compared between runs on the "
        "same dataset."
    )
    chosen = gr.CheckboxGroup(names, value=names[: comparison.MOST], label="Runs")
    figure = gr.HTML()
    seed = gr.Slider(0, MAX_SEED, 0, step=1, label="Seed of the samples", buttons=[])
    button = gr.Button("Generate samples", variant="primary")
    samples, settings = gr.HTML(), gr.HTML()

    def compare(names: list[str]) -> tuple[str, str]:
        if len(names) > comparison.MOST:
            raise OptionError(f"At most {comparison.MOST} runs can be told apart")
        runs = {name: workspace.runs[name] for name in names}
        return comparison.settings(runs), comparison.figure(runs)

    def sample(
        names: list[str],
        seed: float,
        progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008 (as Gradio wants it)
    ) -> str:
        return markup.players(
            _sample(workspace, name, int(seed))
            for name in progress.tqdm(names[: comparison.MOST], desc="Runs")
        )

    workspace.job([button.click], sample, [chosen, seed], [samples])
    gr.on(
        [chosen.change, load],
        workspace.quick(compare),
        [chosen],
        [settings, figure],
        show_progress="hidden",
        api_visibility="private",
    )


def _sample(workspace: Workspace, name: str, seed: int) -> str:
    """Return a player of a clip of the seed, or of the samples of a run that restores."""
    run = workspace.runs[name]
    if run.task != DEFAULT_TASK:
        return training_tab.show_samples(workspace, run, f"{name}: ")
    sampler, _ = generate_tab.find_sampler(run, False, workspace.config.device)
    frames = generate_tab.draw(sampler, Clip(seed), GenerateConfig())
    path = workspace.new_file(f"{run.path.name}-seed-{seed}")
    write_clip(path, frames, run.fps or DEFAULT_PLAYBACK_FPS)
    return markup.player(path, f"Seed {seed} of {name}", name)
