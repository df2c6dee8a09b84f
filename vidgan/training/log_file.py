"""Read ``log.csv``."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

LOG_NAME = "log.csv"


def log_rows(
    path: Path, columns: Sequence[str] | None = None
) -> Iterator[tuple[dict[str, str], dict[str, float]]]:
    """Yield the complete rows of ``log.csv`` as text and as numbers, without empty cells.

    Args:
        path: the file.
        columns: rows with other columns are skipped; logs of earlier versions have fewer.
    """
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            # A kill or a full disk may cut off a line anywhere.
            if None in row or None in row.values():
                continue
            if columns is not None and not set(row) <= set(columns):
                continue
            try:
                numbers = {name: float(value) for name, value in row.items() if value}
            except ValueError:
                continue
            if "step" in numbers:
                yield row, numbers


def read_log(path: Path) -> list[dict[str, float]]:
    """Read the complete rows of ``log.csv``, without empty cells."""
    return [numbers for _, numbers in log_rows(path)]
