"""The health events of a run: ``health.jsonl``."""

from collections.abc import Callable, Sequence
from pathlib import Path

from vidgan.files import atomic_path, write_error
from vidgan.training.health_rules import HEALTH_NAME, HealthEvent, read_events, to_json_line


class HealthLog:
    """Events of a training, kept in ``health.jsonl`` and reported to the user as they come.

    Args:
        folder: folder of the run.
        notify: receives messages for the user.
        writes: whether the file is written; not by a worker that another one writes for.

    Attributes:
        events: all events, oldest first.
    """

    def __init__(self, folder: Path, notify: Callable[[str], None], writes: bool = True) -> None:
        self.path, self.notify, self.writes = folder / HEALTH_NAME, notify, writes
        self.events: list[HealthEvent] = []

    def begin(self, step: int) -> None:
        """Read the file, and drop events that are newer than the step from which training resumes.

        Raises:
            InputError: the file cannot be written.
        """
        old = read_events(self.path) if self.path.exists() else []
        self.events = [event for event in old if event.step <= step]
        if not self.writes:
            return
        with atomic_path(self.path) as temporary:
            temporary.write_text("".join(map(to_json_line, self.events)), encoding="utf-8")

    def record(self, events: Sequence[HealthEvent]) -> None:
        """Add events to the file and report them.

        Raises:
            InputError: the file cannot be written.
        """
        if not events:
            return
        self.events += events
        if not self.writes:
            return
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(map(to_json_line, events))
        except OSError as error:
            raise write_error(self.path, error) from None
        for event in events:
            self.notify(str(event))
