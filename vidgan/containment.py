"""Keeping to a folder that may come from somebody else: no name or link in it leads out of it."""

import os
from pathlib import Path


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file in a folder.

    Args:
        folder: the folder.
        name: relative to it, as found in a file.

    Raises:
        ValueError: the name, or a link that it names, leads out of the folder.
    """
    given, path = Path(name), folder / name
    if given.is_absolute() or ".." in given.parts or not _within(path, folder.resolve()):
        raise ValueError(f"{name!r:.80} leads out of the folder")
    return path


def refuse_links_out(folder: Path) -> None:
    """Check that no link in a folder, however deep, leads out of it.

    Raises:
        ValueError: one does; the message is its path.
    """
    root = folder.resolve()
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            # Also a junction of Windows, which is no symbolic link.
            if not _within(path, root):
                raise ValueError(path)


def _within(path: Path, root: Path) -> bool:
    """Return whether a path, with its links followed, is below a resolved folder."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError, ValueError):  # A circle of links, or no path at all.
        return False
