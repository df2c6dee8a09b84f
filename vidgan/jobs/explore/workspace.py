"""What the tabs of the page share: the runs, the folder for files, and how work is done."""

import contextvars
import functools
import itertools
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from vidgan.config import ExploreConfig
from vidgan.errors import InputError, VidganError
from vidgan.files import remove
from vidgan.remote.places import shown
from vidgan.stderr import debugging
from vidgan.training.run import Run

# Queue of all work that takes long: one job at a time.
JOBS = "jobs"
# Largest seed of the sliders.
MAX_SEED = 999
# Seconds that an error is shown.
SECONDS = 30
# Results and samples on the disk, of all visits.
KEPT = 200
# Folder of a file that Gradio has received: its hash.
_HASH = r"[0-9a-f]{64}/"
# Seconds between looks at whether the page is closed.
_LOOK = 0.1


@dataclass
class Workspace:
    """What the tabs of the page share.

    Attributes:
        runs: the runs by their names on the page.
        config: the options.
        folder: private folder, from which alone files are served.
        closing: set when the page is closed.
    """

    runs: dict[str, Run]
    config: ExploreConfig
    folder: Path
    closing: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._numbers = itertools.count()
        self._threads: list[threading.Thread] = []

    @property
    def idle(self) -> bool:
        """Whether no job is being done."""
        return not any(thread.is_alive() for thread in self._threads)

    def new_file(self, stem: str, suffix: str = ".mp4") -> Path:
        """Return the path of a file to write; the newest :data:`KEPT` are kept.

        Args:
            stem: a name, which may be of any form; it is what downloads are named after.
            suffix: of the file.
        """
        number = next(self._numbers)
        remove(self.folder / f"result-{number - KEPT}")
        folder = self.folder / f"result-{number}"
        folder.mkdir()
        name = re.sub(r"[^\w-]+", "-", stem, flags=re.ASCII).strip("-")[:60]
        return folder / f"{name or 'video'}{suffix}"

    def uploaded(self, file: str | None, what: str = "video") -> Path:
        """Return the path of a file that was uploaded.

        Args:
            file: from the page.
            what: it is, for the error.

        Raises:
            InputError: none was uploaded, or it is not in the private folder.
        """
        if not file:
            raise InputError(f"No {what} yet: drop one into the field, or choose a file")
        path = Path(file).resolve()
        if not path.is_relative_to(self.folder):
            raise InputError(f"{path.name}: was not uploaded")
        return path

    def quick(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of an event that shows a failure as one line."""

        @functools.wraps(function)
        def call(*args: Any) -> Any:
            try:
                return function(*args)
            except gr.Error:
                raise
            except Exception as error:
                if debugging():
                    raise
                raise gr.Error(self._line(error), duration=SECONDS, print_exception=False) from None

        return call

    def job(
        self,
        triggers: Sequence[Any],
        function: Callable[..., Any],
        inputs: Sequence[Any],
        outputs: Sequence[Any],
    ) -> None:
        """Do something that takes long at an event, one job of the page at a time.

        It is done in a thread that Python does not wait for in the end. The bars of tqdm that it
        has are shown on the page.

        Args:
            triggers: the events.
            function: takes the values of the inputs and the progress of the job.
            inputs: components.
            outputs: components.
        """

        @functools.wraps(function)
        def call(*args: Any) -> Any:
            results: list[Any] = []
            failures: list[BaseException] = []

            def work() -> None:
                try:
                    results.append(function(*args))
                except BaseException as error:
                    failures.append(error)

            context = contextvars.copy_context()
            thread = threading.Thread(target=context.run, args=(work,), daemon=True)
            self._threads = [thread]
            thread.start()
            while thread.is_alive() and not self.closing.is_set():
                thread.join(_LOOK)
            if failures:
                raise failures[0]
            if not results:
                raise InputError("The page was closed")
            return results[0]

        gr.on(
            list(triggers),
            self.quick(call),
            list(inputs),
            list(outputs),
            # Once, not over all of the outputs.
            show_progress_on=next(each for each in outputs if isinstance(each, gr.HTML)),
            concurrency_id=JOBS,
            concurrency_limit=1,
            trigger_mode="always_last",
            api_visibility="private",
        )

    def _line(self, error: Exception) -> str:
        """Return a failure as one line."""
        if isinstance(error, VidganError):
            text = shown(str(error))
        else:
            reason = " ".join(str(error).split()) or "no reason given"
            text = f"Unexpected {type(error).__name__}: {reason:.300}"
        return self.named(text)

    def named(self, text: str) -> str:
        """Return a text in which files have the names that the visitor gave them."""
        return re.sub(f"{re.escape(str(self.folder))}/({_HASH}|result-\\d+/)?", "", text)
