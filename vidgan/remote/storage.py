"""Objects behind a URL, through fsspec: list, read and write them."""

import contextlib
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from vidgan.errors import ExportError, InputError, OptionError, VidganError
from vidgan.files import HIDDEN, is_hidden
from vidgan.remote import hub
from vidgan.remote.urls import scheme, split_pattern

# What the backends of fsspec call the properties that change with the content.
_PROPERTIES = (
    *("size", "etag", "md5hash", "crc32c", "checksum", "generation", "blob_id"),
    *("mtime", "lastmodified", "last_modified", "updated", "created", "mtim"),
)
# Where an object appears when all of it has been written; elsewhere it is written under another
# name and renamed.
_ATOMIC = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "memory")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "hdfs": "hdfs", hub.SCHEME: "hub"}
# A folder of files is complete when the last of these is there.
STATE_NAME = "state.json"
_CHECKPOINT = re.compile(r".*/checkpoints/step-\d{8}$")
# A report is several files of one stem.
_REPORT = ".json"
# Characters that no name of a file has; on Windows a backslash would lead to other folders.
_NOT_IN_NAMES = set('\0\\:*?"<>|' if sys.platform == "win32" else "\0")


class Storage:
    """A file, or a folder of files, behind a URL.

    Names of objects are relative to the folder that the URL's last part lies in, so they begin with
    this part.

    Args:
        url: such as ``s3://bucket/clips``, or a pattern such as ``s3://bucket/clips/*.mp4``.

    Raises:
        OptionError: there is no such kind of storage, or what it needs is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        base, self.pattern = split_pattern(url.rstrip("/"))
        self.fs, self.root = _open(base)
        self.parent = self.root.rpartition("/")[0]
        self.name = self.root.rpartition("/")[2]
        if self.name in ("", ".", ".."):
            raise OptionError(f"{url}: names no file or folder in the storage")

    def list(self) -> dict[str, str]:
        """Return the properties of all objects, by name; they change with the content.

        Raises:
            InputError: they cannot be listed, or a name is not one of a file within the folder.
        """
        with _errors(self.url, "read", InputError):
            self.fs.invalidate_cache()
            found = self._find()
        objects = {}
        for path, entry in found.items():
            if entry.get("type") == "directory" or path.endswith("/"):
                continue
            name = path[len(self.parent) :].removeprefix("/") if self.parent else path.lstrip("/")
            _check_name(self.url, name)
            if not any(map(is_hidden, name.split("/"))):
                objects[name] = properties(entry)
        if scheme(self.url) == hub.SCHEME:
            objects = {name: objects[name] for name in hub.wanted(self.url, objects)}
        return _complete(objects)

    def _find(self) -> dict[str, dict[str, Any]]:
        if self.pattern:
            matches = self.fs.glob(f"{self.root}/{self.pattern}", detail=True)
            return {
                name: entry
                for path, match in matches.items()
                for name, entry in (
                    self.fs.find(path, detail=True).items()
                    if match["type"] == "directory"
                    else [(path, match)]
                )
            }
        try:
            found: dict[str, dict[str, Any]] = dict(self.fs.find(self.root, detail=True))
        except FileNotFoundError as error:
            # An empty folder need not be there; a repository must be.
            if scheme(self.url) == hub.SCHEME and hub.explained(self.url, error) is not None:
                raise
            found = {}
        if self.name.endswith(_REPORT):
            stem = self.root.removesuffix(_REPORT)
            found |= {
                path: entry
                for path, entry in self.fs.glob(f"{stem}.*", detail=True).items()
                if entry["type"] == "file"
            }
        return found

    def info(self, name: str) -> str:
        """Return the properties of one object."""
        self.fs.invalidate_cache(self._path(name))
        return properties(self.fs.info(self._path(name)))

    def read(self, targets: Mapping[str, Path], bar: Any) -> None:
        """Copy objects to files.

        Args:
            targets: the file for each name of an object.
            bar: shows the progress, an ``fsspec.callbacks.Callback``.

        Raises:
            InputError: one cannot be read.
        """
        with _errors(self.url, "read", InputError):
            paths = [self._path(name) for name in targets]
            self.fs.get(paths, [str(path) for path in targets.values()], callback=bar)

    def write(self, sources: Mapping[str, Path], bar: Any) -> None:
        """Copy files to objects; each appears complete or not at all.

        Args:
            sources: the file for each name of an object.
            bar: shows the progress, an ``fsspec.callbacks.Callback``.

        Raises:
            ExportError: one cannot be written.
        """
        with _errors(self.url, "written", ExportError):
            files = [str(path) for path in sources.values()]
            targets = [self._path(name) for name in sources]
            if scheme(self.url) in _ATOMIC:
                self.fs.put(files, targets, callback=bar)
                return
            for file, target in zip(files, targets, strict=True):
                folder, _, name = target.rpartition("/")
                self.fs.makedirs(folder, exist_ok=True)
                temporary = f"{folder}/.vidgan-{secrets.token_hex(8)}-{name}"
                self.fs.put_file(file, temporary)
                self.fs.mv(temporary, target)

    def check_writable(self) -> None:
        """Check that objects can be written, before the work whose result is to be written.

        Raises:
            ExportError: they cannot, for want of the bucket or of permission.
        """
        if scheme(self.url) == hub.SCHEME:
            raise ExportError(
                f"{self.url}: is read only; choose another place with -o (vidgan card --push "
                "uploads a run)"
            )
        with _errors(self.url, "written", ExportError):
            if scheme(self.url) not in _ATOMIC:
                self.fs.makedirs(self.parent, exist_ok=True)
            probe = self._path(f"{HIDDEN}{secrets.token_hex(8)}")
            self.fs.pipe_file(probe, b"")
            # Who may not remove objects can still write new ones.
            with contextlib.suppress(PermissionError):
                self.fs.rm_file(probe)

    def remove(self, name: str) -> None:
        """Remove an object, if it is there.

        Raises:
            ExportError: it cannot be removed.
        """
        with _errors(self.url, "written", ExportError), contextlib.suppress(FileNotFoundError):
            self.fs.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self.parent}/{name}" if self.parent else name


def properties(entry: Mapping[str, Any]) -> str:
    """Return the properties of an object that change with its content, as one text."""
    lower = {key.lower(): value for key, value in entry.items()}
    return " ".join(f"{key}={lower[key]}" for key in _PROPERTIES if lower.get(key) is not None)


def _complete(objects: dict[str, str]) -> dict[str, str]:
    """Return the objects without those of checkpoints that are still being written."""
    return {
        name: found
        for name, found in objects.items()
        if not _CHECKPOINT.match(folder := name.rpartition("/")[0])
        or f"{folder}/{STATE_NAME}" in objects
    }


def _check_name(url: str, name: str) -> None:
    """Raise InputError for a name that cannot be one of a file, or that leads out of the folder."""
    parts = name.split("/")
    if (
        {"", ".", ".."} & set(parts)
        or _NOT_IN_NAMES & set(name)
        or PurePosixPath(name).is_absolute()
    ):
        raise InputError(f"{url}: holds an object {name!r:.80}, which can be no file; rename it")


def _open(url: str) -> tuple[Any, str]:
    """Return the file system of fsspec for a URL, and the path in it."""
    extra = _EXTRAS.get(scheme(url), "remote")
    try:
        import fsspec

        fs, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        reason = " ".join(str(error).split())
        raise OptionError(
            f"{url}: needs a package that is missing ({reason:.120}); pip install 'vidgan[{extra}]'"
        ) from None
    except ValueError as error:
        raise OptionError(f"{url}: {' '.join(str(error).split()):.200}") from None
    except Exception as error:
        raise _readable(url, "read", error, InputError) from error
    return fs, str(root).rstrip("/")


@contextlib.contextmanager
def _errors(url: str, done: str, kind: type[VidganError]) -> Iterator[None]:
    """Turn every error of the network, the storage or its library into one line."""
    try:
        yield
    except VidganError:
        raise
    except Exception as error:
        raise _readable(url, done, error, kind) from error


def _readable(url: str, done: str, error: Exception, kind: type[VidganError]) -> VidganError:
    """Return an error as one line."""
    if scheme(url) == hub.SCHEME and (found := hub.explained(url, error)) is not None:
        return found
    reason = " ".join(str(error).split())
    if isinstance(error, FileNotFoundError):
        reason = f"no such bucket or file: {reason}"
    elif isinstance(error, PermissionError):
        reason = f"no permission: {reason}"
    elif isinstance(error, NotImplementedError):
        reason = "this kind of storage does not allow it"
    return kind(f"{url}: cannot be {done} ({reason or type(error).__name__:.200})")
