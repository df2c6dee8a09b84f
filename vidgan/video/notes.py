"""Notes on videos, such as ``it is interlaced …``, that many of them may share."""

from collections.abc import Iterable

# Most file names in a line.
MAX_NAMES = 3


def by_note(found: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each note, after the names of the videos that have it.

    Args:
        found: a name and a note each.
    """
    noted: dict[str, list[str]] = {}
    for name, note in found:
        noted.setdefault(note, []).append(name)
    return [f"{listed_names(names)}: {note}" for note, names in noted.items()]


def listed_names(names: Iterable[str]) -> str:
    """Return the first names, each once."""
    different = list(dict.fromkeys(names))
    return ", ".join(different[:MAX_NAMES]) + (", …" if len(different) > MAX_NAMES else "")
