"""The page: what is at its top, and its tabs."""

from collections.abc import Callable
from typing import Any, Literal

import gradio as gr

from vidgan.config import DEFAULT_TASK, TASK_OPTIONS
from vidgan.jobs.explore import compare_tab, generate_tab, restore_tab, training_tab, vary_tab
from vidgan.jobs.explore.workspace import Workspace
from vidgan.training.run import Run

TITLE = "vidgan explore"
_FIRST_TAB = "training"


def build(workspace: Workspace) -> gr.Blocks:
    """Return the page of some runs, one or more."""
    names = list(workspace.runs)
    first = workspace.runs[names[0]]
    # Files that Gradio writes are removed after a day, looked for every hour.
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        gr.Markdown(f"# {TITLE}")
        chosen = gr.Dropdown(names, value=names[0], label="Run", visible=len(names) > 1)
        # A single run is named here, several are in the list above.
        alone = f"`{names[0]}` · " if len(names) == 1 else ""
        about = gr.Markdown(alone + _about(first))
        # What the tabs that are shown depend on.
        before = gr.State(first.task)
        with gr.Tabs() as tabs:
            with gr.Tab("Training", id=_FIRST_TAB):
                training_tab.build(workspace, chosen)
            with gr.Tab("Generate", visible=_shown(_generates(first))) as generate:
                generate_tab.build(workspace, chosen, first)
            with gr.Tab("Vary"):
                vary_tab.build(workspace)
            with gr.Tab("Restore", visible=_shown(_restores(first))) as restore:
                restore_tab.build(workspace, chosen, first)
            if len(names) > 1:
                with gr.Tab("Compare"):
                    compare_tab.build(workspace, page.load)

        def choose(name: str, before: str) -> tuple[Any, ...]:
            run = workspace.runs[name]
            return (
                run.task,
                _about(run),
                gr.Tab(visible=_shown(_generates(run))),
                gr.Tab(visible=_shown(_restores(run))),
                # The tab that is open may be one that is hidden now.
                gr.skip() if run.task == before else gr.Tabs(selected=_FIRST_TAB),
            )

        chosen.change(
            workspace.quick(choose),
            [chosen, before],
            [before, about, generate, restore, tabs],
            show_progress="hidden",
            api_visibility="private",
        )
    for block in page.blocks.values():
        block.async_move_resource_to_block_cache = _only_uploads(
            block.async_move_resource_to_block_cache
        )
    page.queue(max_size=32)
    return page


def _only_uploads(move: Callable[..., Any]) -> Callable[..., Any]:
    """Return Gradio's function for files of events, without those that it would fetch by a URL."""

    async def checked(path: Any) -> Any:
        if path is not None and "://" in str(path):
            raise gr.Error("Upload a file, not an address", print_exception=False)
        return await move(path)

    return checked


def _shown(useful: bool) -> bool | Literal["hidden"]:
    """Return whether a tab is visible, as Gradio wants it: it does not hide a tab at False."""
    return useful or "hidden"


def _generates(run: Run) -> bool:
    return run.task == DEFAULT_TASK


def _restores(run: Run) -> bool:
    return TASK_OPTIONS[run.task].video is not None


def _about(run: Run) -> str:
    width, height = run.size
    rate = f", {run.fps:g} frames a second" if run.fps else ""
    kind = f"model {run.model.model}" if _generates(run) else f"task {run.task}"
    return f"{kind} · clips of {run.frames} frames, {width} × {height}{rate}"
