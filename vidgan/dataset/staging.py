"""Writing a dataset folder atomically: it appears complete or not at all."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from vidgan.dataset.manifest import MANIFEST_NAME
from vidgan.errors import ExportError, OptionError
from vidgan.files import remove_leftovers, replace_folder, writing_folder

PREVIEW_NAME = "preview.png"
_OWN_FILE = re.compile(r"(train|test)-\d{5}-of-\d{5}\.tfrecord")


def check_output(output: Path, overwrite: bool) -> None:
    """Refuse an existing output, unless it is a dataset that may be replaced.

    Raises:
        OptionError: the output exists and may not be replaced.
    """
    if not os.path.lexists(output):
        return
    if output.is_symlink() or not output.is_dir():
        raise OptionError(f"{output}: exists and is no folder; choose another place with -o")
    names = sorted(path.name for path in output.iterdir())
    if not names:
        return
    if MANIFEST_NAME not in names:
        raise OptionError(
            f"{output}: is neither empty nor a vidgan dataset; choose another place with -o"
        )
    if not overwrite:
        raise OptionError(
            f"{output}: is a dataset already; replace it with --overwrite or choose "
            "another place with -o"
        )
    unknown = [
        name
        for name in names
        if name not in (MANIFEST_NAME, PREVIEW_NAME) and not _OWN_FILE.fullmatch(name)
    ]
    if unknown:
        raise OptionError(
            f"{output}: holds {unknown[0]}, which vidgan preprocess did not write; move it away "
            "before --overwrite"
        )


@contextlib.contextmanager
def staging(output: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder that is renamed to ``output`` when the block succeeds.

    If the block fails, also by Ctrl-C, the temporary folder is removed and ``output`` stays as it
    was. It is replaced in one step where the system can.

    Raises:
        OptionError: the output exists and may not be replaced.
        ExportError: the disk is full, the output cannot be written, or another process writes it.
    """
    # A killed process may have left the dataset without its name.
    remove_leftovers(output.parent)
    check_output(output, overwrite)
    with writing_folder(output) as folder:
        new = folder / output.absolute().name
        new.mkdir()
        yield new
        check_output(output, overwrite)
        replace_folder(new, output)


def disk_size(folder: Path) -> int:
    """Return the size of a folder's files in bytes."""
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError as error:
        raise ExportError(f"{folder}: cannot be read ({error.strerror})") from None
