"""What an export knows of the clips that it writes."""

from collections.abc import Iterator
from typing import Protocol


class Named(Protocol):
    """A clip to write."""

    @property
    def name(self) -> str:
        """The file name without its suffix."""


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
