"""The tab that watches a training, which another process may be doing."""

import functools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from vidgan import tasks
from vidgan.jobs import info
from vidgan.jobs.evaluate.report.page import charts
from vidgan.jobs.explore import markup
from vidgan.jobs.explore.drawing import LOCK
from vidgan.jobs.explore.workspace import Workspace
from vidgan.training.health_rules import HEALTH_NAME
from vidgan.training.log_file import LOG_NAME, read_log
from vidgan.training.run import Run
from vidgan.training.run_lookup import SAMPLES

# Seconds between looks at the run folder.
REFRESH = 2
# A log that is older, in seconds, is that of a training which has ended or was stopped.
_STALE = 60


@dataclass(frozen=True)
class Shown:
    """What a visitor sees, so that it is sent again only if it has changed.

    Attributes:
        run: name of the run.
        log: time and size of its log.
        sample: its newest samples.
    """

    run: str = ""
    log: tuple[int, int] = (0, 0)
    sample: str = ""


def build(workspace: Workspace, chosen: Any) -> None:
    """Add the content of the tab.

    Args:
        workspace: of the page.
        chosen: the component that names the run.
    """
    gr.Markdown(
        "How the run is doing. While another process trains it, this follows: the **losses** of "
        "the two networks, which should stay in balance rather than fall, the **distance** to "
        "real clips, which should fall, and **samples**, always of the same latents."
    )
    with gr.Row():
        with gr.Column(scale=3):
            status, curves = gr.HTML(), gr.HTML()
        with gr.Column(scale=2):
            samples = gr.HTML()
    seen = gr.State(Shown())
    timer = gr.Timer(REFRESH)

    def look(name: str, before: Shown) -> tuple[Any, ...]:
        run = workspace.runs[name]
        now = Shown(name, _stamp(run.path / LOG_NAME), newest_samples(run) or "")
        texts: list[Any] = [_status(run, now.log), gr.skip(), gr.skip(), now]
        if (now.run, now.log) != (before.run, before.log):
            texts[1] = _curves(run)
        if (now.run, now.sample) != (before.run, before.sample):
            texts[2] = show_samples(workspace, run)
        return tuple(texts)

    gr.on(
        [timer.tick, chosen.change],
        workspace.quick(look),
        [chosen, seen],
        [status, curves, samples, seen],
        show_progress="hidden",
        api_visibility="private",
    )


def newest_samples(run: Run) -> str | None:
    """Return the name of the newest video of samples in the run folder; None without one."""
    return max((path.name for path in (run.path / SAMPLES).glob("step-*.mp4")), default=None)


def show_samples(workspace: Workspace, run: Run, title: str = "") -> str:
    """Return the newest samples of a run as HTML, with a title before their step."""
    name = newest_samples(run)
    if name is None:
        return markup.quiet("No samples yet: they are written with every checkpoint.")
    step = int(Path(name).stem.removeprefix("step-"))
    # A copy: only the private folder is served.
    copy = workspace.new_file(f"{run.path.name}-{Path(name).stem}")
    copy.write_bytes((run.path / SAMPLES / name).read_bytes())
    return markup.player(copy, f"{title}Samples at step {step:,}")


def _stamp(log: Path) -> tuple[int, int]:
    try:
        found = log.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


# The page looks every two seconds, which is too often to read a long log anew.
@functools.lru_cache(maxsize=8)
def _last_row(log: Path, stamp: tuple[int, int]) -> dict[str, float] | None:
    """Return the last row of a log of that time and size, None without one."""
    rows = read_log(log) if log.is_file() else []
    return rows[-1] if rows else None


def _status(run: Run, stamp: tuple[int, int]) -> str:
    """Return how far the training is and what its health rules say, as HTML.

    Args:
        run: the run.
        stamp: time in nanoseconds and size of its log.
    """
    last = _last_row(run.path / LOG_NAME, stamp)
    if last is None:
        return markup.verdict(
            "No log yet", ["The first line comes after some steps of training."], "open"
        )
    age = time.time() - stamp[0] / 1e9
    state = "training now" if age < _STALE else f"not training for {_ago(age)}"
    pairs = [
        ("state", state),
        ("step", f"{last['step']:,.0f}"),
        ("epoch", f"{last.get('epoch', 0):.1f}"),
        ("time trained", info.time_text(last.get("seconds", 0))),
    ]
    if "clips_per_second" in last:
        pairs.append(("clips a second", f"{last['clips_per_second']:.1f}"))
    findings = info.health(run.path / HEALTH_NAME)
    lines = info.health_texts(findings, last)
    kind = "bad" if findings else "open" if findings is None or lines != [info.SOUND] else "good"
    return markup.facts(pairs) + markup.verdict("Health", lines, kind)


def _ago(seconds: float) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = round(seconds / length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:.0f} seconds"


def _curves(run: Run) -> str:
    with LOCK:
        (drawn,) = charts.draw([run.path / LOG_NAME], tasks.find_task(run.task).panels)
    return f'<div class="charts">{"".join(drawn)}</div>'
