"""What is where: the local copies of this process, and the URLs that they stand for."""

import contextlib
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from vidgan.errors import ExportError, VidganError
from vidgan.remote import hub
from vidgan.remote.copies import Copy, discard_at_exit
from vidgan.remote.storage import Storage
from vidgan.remote.urls import local_path, scheme

logger = logging.getLogger(__name__)

# By the folder in which the last part of the URL lies.
_urls: dict[Path, str] = {}
_fetched: set[Path] = set()
_open: dict[Path, Copy] = {}


def _register(copy: Copy) -> Path:
    base = copy.url.removesuffix(copy.pattern).rstrip("/")
    _urls[copy.files] = base.rpartition("/")[0]
    return copy.path


def place(url: str) -> Path:
    """Return where the copy of a URL lies that is read; :func:`ensure` fetches it."""
    return local_path(url) or _register(Copy(url, "in"))


def fetch(url: str) -> Path:
    """Fetch what a URL names, as far as it has changed, and return the path of the copy.

    Raises:
        InputError: there is nothing, or it cannot be read.
        OptionError: there is no such kind of storage, or a package is missing.
    """
    if (path := local_path(url)) is not None:
        return path
    copy = Copy(url, "in")
    with copy.locked(wait=True):
        copy.pull(content=True, keep=False)
    _fetched.add(copy.path)
    return _register(copy)


def ensure(path: Path) -> None:
    """Fetch the copy that a path is, unless this process has; do nothing for other paths."""
    url = _placed(path)
    if url is not None:
        fetch(url)


def exists(path: Path) -> bool:
    """Return whether a file is there; of a URL that has not been fetched, whether an object is."""
    if (url := _placed(path.parent)) is None:
        return path.is_file()
    try:
        return f"{path.parent.name}/{path.name}" in Storage(url).list()
    except VidganError:
        return False


def _placed(path: Path) -> str | None:
    """Return the URL of a path that is a copy which this process has not fetched."""
    if path.parent in _urls and path not in _fetched and path not in _open:
        return f"{_urls[path.parent]}/{path.name}"
    return None


def url_of(path: Path) -> str | None:
    """Return the URL that a path within a copy stands for, None for other paths."""
    for parent in path.parents:
        if parent in _urls:
            return f"{_urls[parent]}/{path.relative_to(parent).as_posix()}"
    return None


def is_on_hub(path: Path) -> bool:
    """Return whether a path is within a copy of what lies on the Hugging Face Hub."""
    return scheme(url_of(path) or "") == hub.SCHEME


def shown(text: str) -> str:
    """Return a text in which copies are named by their URLs."""
    if not _urls:
        return text
    pattern = "|".join(re.escape(f"{folder}{os.sep}") for folder in _urls)
    return re.sub(pattern, lambda match: f"{_urls[Path(match[0])]}/", text)


@contextlib.contextmanager
def written(url: str, update: bool = False) -> Iterator[Path]:
    """Yield a path to write instead of a URL; upload what is there in the end, also after errors.

    What exists at the URL exists at the path, too, so that rules about existing outputs apply; but
    the files are empty.

    Args:
        url: the output.
        update: fetch the content as well.

    Raises:
        InputError: the storage cannot be read.
        ExportError: it cannot be written; or another process of this machine writes there.
    """
    if (path := local_path(url)) is not None:
        yield path
        return
    copy = Copy(url, "out")
    with copy.locked(wait=False):
        Storage(url).check_writable()
        copy.pull(content=update, keep=update)
        path = _register(copy)
        _open[path] = copy
        try:
            yield path
        finally:
            try:
                copy.push()
            finally:
                discard_at_exit(copy)


def output_in(path: Path) -> "contextlib.AbstractContextManager[Path]":
    """Return a context with the path to write for a file in a folder that was perhaps fetched."""
    url = url_of(path)
    return contextlib.nullcontext(path) if url is None else written(url)


def publish(path: Path) -> None:
    """Upload what has changed in a folder that is being written for a URL; else do nothing.

    If that fails, a warning is logged: it is tried again in the end.
    """
    if (copy := _open.get(path)) is not None:
        try:
            copy.push()
        except ExportError as error:
            logger.warning("%s, and uploaded later", error)
