"""``vidgan explore``: a local web page to look at runs and to try them."""

import contextlib
import os
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vidgan import extras, runtime, signals
from vidgan.config import ExploreConfig, OptionValue
from vidgan.jobs.explore import listening
from vidgan.remote.arguments import takes_urls
from vidgan.remote.places import shown
from vidgan.training.run import Run

# Where Gradio writes files, and from where it serves them.
_FOLDERS = ("GRADIO_TEMP_DIR", "GRADIO_EXAMPLES_CACHE")


def explore(
    *runs: Path | str,
    announce: Callable[[str], None] = print,
    notify: Callable[[str], None] = lambda note: None,
    **options: OptionValue,
) -> None:
    """Serve a web page to look at runs and to try them, until Ctrl-C.

    Args:
        *runs: folders of runs; the newest in ``runs`` by default.
        announce: called with the address of the page.
        notify: called with a line on who else can open the page.
        **options: the fields of :class:`vidgan.config.ExploreConfig`, such as ``port=8000``.

    Raises:
        OptionError: an option is unknown or out of bounds, the port is taken, or Gradio is missing.
        RunError: there is no such run.
    """
    explore_runs(runs, ExploreConfig.from_options(options), announce=announce, notify=notify)


@takes_urls()
def explore_runs(
    runs: Sequence[Path | str],
    config: ExploreConfig,
    *,
    announce: Callable[[str], None],
    notify: Callable[[str], None] = lambda note: None,
) -> bool:
    """Serve the page; see :func:`explore`.

    Args:
        runs: folders of runs; if empty, the newest in ``runs``.
        config: the options.
        announce: called with the address of the page.
        notify: called with a line on who else can open the page.

    Returns:
        Whether everything has ended; if not, a thread still computes.
    """
    # Check everything before Gradio and TensorFlow are imported, which takes seconds.
    found = [Run.open(run) for run in runs] or [Run.open(None)]
    named = {shown(str(run.path)): run for run in found}
    extras.require("gradio", "web", "vidgan explore")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(_private_folder())
        opened = stack.enter_context(listening.listen(config.host, config.port))
        runtime.prepare()
        from vidgan.jobs.explore import app, server
        from vidgan.jobs.explore.workspace import Workspace

        workspace = Workspace(named, config, folder)
        stack.enter_context(signals.stopping(workspace.closing.set))
        page = app.build(workspace)
        stack.enter_context(server.serving(page, opened, config.max_upload))
        address = listening.address(opened)
        announce(f"Page: {address} (Ctrl-C ends it)")
        if not listening.is_local(opened):
            notify("everyone who reaches this machine can use the page")
        if config.open:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        workspace.closing.wait()
    return workspace.idle


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    """Yield a folder for all files of the page that only this user can read, and remove it."""
    before = {name: os.environ.get(name) for name in _FOLDERS}
    with tempfile.TemporaryDirectory(prefix="vidgan-explore-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        os.environ.update(dict.fromkeys(_FOLDERS, str(folder)))
        # Gradio reads it when it is imported.
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        try:
            yield folder
        finally:
            for key, value in before.items():
                if value is None:
                    del os.environ[key]
                else:
                    os.environ[key] = value
