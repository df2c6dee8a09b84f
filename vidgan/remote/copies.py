"""Local copies of what URLs name: those that are read, and those that are written and uploaded.

Both lie in the cache folder, in a folder for each URL and purpose::

    remote/5d41402abc4b2a76-in/
        files/clips/a.mp4   the objects, under the last part of the URL
        objects.json        their properties when they were copied
"""

import atexit
import contextlib
import hashlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from vidgan.errors import ExportError, InputError, VidganError
from vidgan.files import LOCK_NAME, atomic_path, cache_folder, is_hidden, remove
from vidgan.remote.hub import UnreachableError
from vidgan.remote.storage import STATE_NAME, Storage
from vidgan.remote.urls import split_pattern

logger = logging.getLogger(__name__)

# Written last, in this order: without it a checkpoint, a run or a dataset is not there.
_LAST = (STATE_NAME, "config.json", "manifest.json")
# Removed before what it describes is replaced.
_DATASET = "manifest.json"
_RECORD = "objects.json"


class _Object(msgspec.Struct):
    """An object and its copy.

    Attributes:
        properties: of the object.
        stamp: size and time of change of the copy when it was the same as the object.
        content: whether the copy has the object's content; else it is an empty file in its place.
    """

    properties: str
    stamp: tuple[int, int]
    content: bool


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


class Copy:
    """The local copy of what a URL names.

    Args:
        url: the URL.
        purpose: ``in`` or ``out``: what is read may be fetched anew while another process writes.

    Attributes:
        path: where the copy lies, once there is one.
    """

    def __init__(self, url: str, purpose: str) -> None:
        self.url = url.rstrip("/")
        key = hashlib.sha256(self.url.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self.folder = cache_folder().resolve() / "remote" / f"{key}-{purpose}"
        self.files = self.folder / "files"
        base, self.pattern = split_pattern(self.url)
        self.base = self.files / (base.rpartition("/")[2] or "bucket")
        self.path = self.base / self.pattern

    @contextlib.contextmanager
    def locked(self, wait: bool) -> Iterator[None]:
        """Hold the lock of the copy.

        Raises:
            ExportError: another process holds it, and this one does not wait; or the cache folder
                cannot be written.
        """
        from filelock import FileLock, Timeout

        try:
            self.files.mkdir(parents=True, exist_ok=True)
            timeout = -1 if wait else 0
            lock = FileLock(self.folder / LOCK_NAME, timeout=timeout, thread_local=False).acquire()
        except Timeout:
            raise ExportError(
                f"{self.url}: another vidgan process of this machine is writing it; wait for it, "
                "or choose another place with -o"
            ) from None
        except OSError as error:
            raise ExportError(
                f"{self.folder}: cannot be written ({error.strerror}); set VIDGAN_CACHE to another "
                "folder"
            ) from error
        with lock:
            yield

    def pull(self, content: bool, keep: bool) -> None:
        """Bring the copy up to date with the storage.

        Args:
            content: whether files get the content of the objects; else those that changed are
                empty files, which tell what is there.
            keep: keep files that have changed here, and have not been uploaded.

        Raises:
            InputError: the storage cannot be read.
            ExportError: files have changed here and there; or here, and they are not kept.
        """
        storage, known = Storage(self.url), self._known()
        try:
            found = storage.list()
        except UnreachableError:
            if not self._is_complete(known):
                raise
            logger.warning("%s cannot be reached; taking the copy fetched before", self.url)
            return
        changed = self._changed(known) if keep or not content else {}
        moved = [
            name
            for name in changed
            if found.get(name) != (known[name].properties if name in known else None)
        ]
        if changed and (moved or not keep):
            raise ExportError(
                f"{self.url}: {self.files} holds what an earlier command could not upload; move it "
                "to another place, or remove it"
            )
        for name in self._names():
            if name not in found and name not in changed:
                remove(self.files / name)
        self._remove_empty_folders()
        current = {
            name: each
            for name, each in known.items()
            if _same(found.get(name), each.properties)
            and (each.content or not content)
            and (name in changed or _stamp(self.files / name) == each.stamp)
        }
        self._save(current)
        wanted = [name for name in found if name not in current]
        self._get(storage, found, wanted, content, current)

    def _get(
        self,
        storage: Storage,
        found: dict[str, str],
        names: list[str],
        content: bool,
        current: dict[str, _Object],
    ) -> None:
        """Put objects, or empty files, in their places."""
        part = self.folder / "part"
        remove(part)
        temporary = {name: part / str(number) for number, name in enumerate(names)}
        if content and names:
            with _bar(f"Fetching {self.url}") as bar:
                storage.read(temporary, bar)
            # The files of a dataset that was replaced in the meantime do not belong together.
            late = storage.list()
            if any(_rank(name) and late.get(name) != found[name] for name in names):
                raise InputError(f"{self.url}: was replaced while it was read; try again")
        try:
            for name, file in temporary.items():
                target = self.files / name
                if target.is_dir():
                    remove(target)
                target.parent.mkdir(parents=True, exist_ok=True)
                if content:
                    file.replace(target)
                else:
                    target.write_bytes(b"")
                stamp = _stamp(target)
                assert stamp is not None
                current[name] = _Object(found[name], stamp, content)
        except OSError as error:
            raise ExportError(
                f"{error.filename or self.files}: cannot be written ({error.strerror}); set "
                "VIDGAN_CACHE to another folder"
            ) from error
        self._save(current)
        remove(part)

    def push(self) -> None:
        """Upload the files that have changed, and remove the objects whose files are gone.

        What tells that a checkpoint, a run or a dataset is there is uploaded last.

        Raises:
            ExportError: something cannot be written; the files stay where they are.
        """
        known = self._known()
        changed = sorted(self._changed(known), key=lambda name: (_rank(name), name))
        gone = [name for name in known if not (self.files / name).is_file()]
        if not changed and not gone:
            return
        try:
            self._upload(known, changed, gone)
        except VidganError as error:
            # Not the path of a copy, which would be named by its URL.
            raise ExportError(f"{error}; the files are kept in {self.files}") from error

    def _upload(self, known: dict[str, _Object], changed: list[str], gone: list[str]) -> None:
        storage = Storage(self.url)
        for name in changed:
            if name in known and name.endswith(f"/{_DATASET}"):
                storage.remove(name)
                del known[name]
        self._save(known)
        with _bar(f"Uploading {self.url}") as bar:
            for rank in range(len(_LAST) + 1):
                batch = {name: self.files / name for name in changed if _rank(name) == rank}
                # Before they are read: what changes after that is uploaded the next time.
                stamps = {name: _stamp(path) for name, path in batch.items()}
                if batch:
                    storage.write(batch, bar)
                for name, stamp in stamps.items():
                    assert stamp is not None
                    known[name] = _Object(storage.info(name), stamp, True)
                self._save(known)
        for name in sorted(gone, key=_rank, reverse=True):
            storage.remove(name)
            del known[name]
        self._save(known)

    def discard(self) -> None:
        """Remove the copy, unless it holds what is not uploaded or not finished."""
        with contextlib.suppress(ExportError), self.locked(wait=False):
            unfinished = any(is_hidden(path.name) for path in self.files.rglob("*"))
            if not unfinished and not self._changed(self._known()):
                remove(self.folder)

    def _remove_empty_folders(self) -> None:
        for path in sorted(self.files.rglob("*"), reverse=True):
            if path.is_dir():
                with contextlib.suppress(OSError):
                    path.rmdir()

    def _names(self) -> list[str]:
        """Return the names of all files that are complete."""
        names = [path.relative_to(self.files) for path in self.files.rglob("*") if path.is_file()]
        return [name.as_posix() for name in names if not any(map(is_hidden, name.parts))]

    def _changed(self, known: dict[str, _Object]) -> dict[str, None]:
        """Return the names of files that differ from the objects, as far as is known."""
        return {
            name: None
            for name in self._names()
            if name not in known or _stamp(self.files / name) != known[name].stamp
        }

    def _is_complete(self, known: dict[str, _Object]) -> bool:
        """Return whether all objects that were there have been fetched and are as they were."""
        return bool(known) and all(
            each.content and _stamp(self.files / name) == each.stamp for name, each in known.items()
        )

    def _known(self) -> dict[str, _Object]:
        try:
            text = (self.folder / _RECORD).read_bytes()
            return msgspec.json.decode(text, type=dict[str, _Object])
        except (OSError, msgspec.DecodeError):
            return {}

    def _save(self, known: dict[str, _Object]) -> None:
        with atomic_path(self.folder / _RECORD) as temporary:
            temporary.write_bytes(msgspec.json.encode(known))


def _same(first: str | None, second: str) -> bool:
    """Return whether properties are equal, and are more than the size."""
    return first == second and " " in second


def _rank(name: str) -> int:
    last = name.rpartition("/")[2]
    return _LAST.index(last) + 1 if last in _LAST else 0


@contextlib.contextmanager
def _bar(text: str) -> Iterator[Any]:
    """Yield a callback of fsspec that shows the progress if standard error is a terminal."""
    from fsspec.callbacks import NoOpCallback, TqdmCallback

    if not sys.stderr.isatty():
        yield NoOpCallback()
        return
    bar = TqdmCallback(tqdm_kwargs={"desc": text, "leave": False, "unit": "file"})
    try:
        yield bar
    finally:
        bar.close()


def discard_at_exit(copy: Copy) -> None:
    """Remove a copy when this process ends, until when results may be read from it."""
    atexit.register(copy.discard)
