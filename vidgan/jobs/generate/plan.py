"""What an export knows of the clips that it writes."""

from collections.abc import Iterator
from typing import Protocol


class Named(Protocol):
    """A clip to write."""

    @property
    def name(self) -> str:
        """The file name without its suffix."""


class OutputOptions(Protocol):
    """The options of how clips are written."""

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns of clips."""

    @property
    def fps(self) -> float | None:
        """Frames per second."""

    @property
    def scale(self) -> int | None:
        """The factor of enlargement."""

    @property
    def codec(self) -> str:
        """The codec."""

    @property
    def format(self) -> str | None:
        """The format of the files in a folder."""

    @property
    def overwrite(self) -> bool:
        """Whether to replace an existing output."""


class Plan(Protocol):
    """The clips to write, in order."""

    @property
    def seed_count(self) -> int:
        """The number of seeds."""

    @property
    def grid(self) -> tuple[int, int] | None:
        """``(rows, columns)`` of a sweep; None without one."""

    def repeated_seed(self) -> int | None:
        """Return a seed that occurs twice; None if all differ."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Named]: ...
