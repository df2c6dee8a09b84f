"""Files through which the command, the process of the pipeline and the workers talk to each other.

They lie in a folder that all of them must see:

===============  =================================================================================
``jobs.json``    :class:`Jobs`
``N.json``       the :class:`~vidgan.dataset.scan.Scan` of source number N
``progress/ID``  how many frames a worker has decoded so far
``ID.frames``    encoded frames of a source that is being scanned
===============  =================================================================================

Beam may scan a source again, even while an earlier attempt still runs: results appear complete, and
all attempts give the same. Workers stop when the folder is gone.
"""

import json
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from vidgan import json_files
from vidgan.dataset.scan import Scan


@dataclass(frozen=True)
class Jobs:
    """The sources.

    Attributes:
        folder: where relative paths begin; None if all are absolute.
        sources: path and frame file of each.
        common: the rest of what :mod:`vidgan.dataset.worker` takes, the same for all.
    """

    folder: str | None
    sources: list[tuple[str, str]]
    common: dict[str, Any]

    def save(self, exchange: Path) -> None:
        """Make the folder, and write the sources into it."""
        (exchange / "progress").mkdir(parents=True)
        _write_json(exchange / "jobs.json", asdict(self))

    @classmethod
    def load(cls, exchange: Path) -> Self:
        """Read the sources."""
        return json_files.convert(json_files.read(exchange / "jobs.json"), cls)


@dataclass(frozen=True)
class Request:
    """What the process of the pipeline is to do.

    Attributes:
        runner: one of ``--runner``.
        flags: options of Beam.
        exchange: the folder; None to check the options only.
        numbers: of the sources to scan.
    """

    runner: str
    flags: list[str]
    exchange: str | None = None
    numbers: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Failure:
    """Why the process of the pipeline could not do it.

    Attributes:
        text: a line.
        wrong_option: whether the options of Beam are to blame.
    """

    text: str
    wrong_option: bool = False


def report(exchange: Path, worker: str, frames: int) -> None:
    """Write how many frames a worker has decoded so far.

    Raises:
        FileNotFoundError: the folder is gone: nothing is to be done any more.
    """
    (exchange / "progress" / worker).write_text(str(frames), encoding="ascii")


def frames_decoded(exchange: Path) -> int:
    """Return how many frames all workers have decoded so far."""
    counts = (path.read_text(encoding="ascii") for path in (exchange / "progress").iterdir())
    # A file that is being written may be empty.
    return sum(int(count or 0) for count in counts)


def save_scan(exchange: Path, number: int, result: Scan) -> None:
    """Write the result of a source."""
    _write_json(_result(exchange, number), result.to_json())


def has_scan(exchange: Path, number: int) -> bool:
    """Return whether a source has a result."""
    return _result(exchange, number).exists()


def load_scan(exchange: Path, number: int) -> Scan:
    """Return the result of a source.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged.
    """
    return json_files.convert(json_files.read(_result(exchange, number)), Scan)


def _result(exchange: Path, number: int) -> Path:
    return exchange / f"{number}.json"


def _write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a file that appears complete, even if several processes write it."""
    temporary = path.with_name(f"{uuid.uuid4().hex}.tmp")
    temporary.write_text(json.dumps(values), encoding="ascii")
    temporary.replace(path)
