"""``vidgan explore``: a local web page to look at runs and to try them."""

import os
from typing import Any

import click

from vidgan.cli import options
from vidgan.cli.notes import print_note
from vidgan.config import ExploreConfig


@click.command(
    "explore", cls=options.GroupedCommand, short_help="Look at runs and try them on a web page."
)
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@options.from_config(ExploreConfig)
@click.pass_context
def command(context: click.Context, /, runs: tuple[str, ...], **values: Any) -> None:
    """Serve a web page for RUN, by default the newest in runs/, until Ctrl-C.

    \b
    Training   losses, distances and samples, also while another process trains the run
    Generate   clips by seed, between two seeds, of any length, as loops
    Vary       variations of a video
    Restore    a video restored by a run of --task enhance, inpaint, …, before and after
    Compare    settings, distances and samples of several runs

    Only this machine can open the page, unless --host says otherwise. The page loads nothing from
    elsewhere, and what is uploaded is removed in the end.
    """
    # As for vidgan vary, whose work is done in this process.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from vidgan.jobs.explore.explore import explore_runs

    config = ExploreConfig.from_options(options.given_options(context, values))
    idle = explore_runs(runs, config, announce=click.echo, notify=print_note)
    if not idle:
        # Nothing can stop a computation of TensorFlow, and Python would wait for it.
        os._exit(0)
