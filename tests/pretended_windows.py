"""Runs a vidgan command without what Windows lacks, as far as Linux can pretend to.

The libraries are imported first, as they are. Then functions and modules of POSIX are taken away,
files that are open can be neither renamed nor removed, names that Windows refuses are refused, and
nothing is renamed over a folder.
"""

import ctypes
import importlib
import mmap
import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Any

from vidgan import runtime

LIBRARIES = (
    *("av", "click", "click.testing", "cv2", "faiss", "filelock", "imagesize", "jinja2", "keras"),
    *("matplotlib.pyplot", "matplotlib.backends.backend_agg", "msgspec", "PIL.Image"),
    *("scenedetect", "scipy.linalg", "scipy.ndimage", "scipy.spatial", "tensorflow", "tqdm"),
    *("tensorboard.compat.proto.event_pb2", "tensorboard.plugins.scalar.summary_v2"),
)
MODULES = ("fcntl", "grp", "pwd", "resource", "termios", "tty")
OS = (
    *("chown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getpgid", "getuid", "killpg"),
    *("mkfifo", "posix_fallocate", "sched_getaffinity", "setsid", "statvfs", "sysconf", "uname"),
)
# Not SIGKILL, with which Popen.kill() ends a process on Linux.
SIGNALS = ("SIGALRM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "ITIMER_REAL")
SIGNAL_FUNCTIONS = ("alarm", "pthread_sigmask", "setitimer", "sigwait")
FORBIDDEN = re.compile(r'[<>:"|?*\0-\x1f\\]|[. ]$')


def is_open(path: Any) -> bool:
    """Return whether this process has a file open, or one in a folder."""
    target = os.path.abspath(os.fspath(path))  # noqa: PTH100
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            name = os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115
        except OSError:
            continue
        if name == target or name.startswith(f"{target}/"):
            return True
    return False


def refuse(path: Any) -> None:
    raise PermissionError(13, "Permission denied", os.fspath(path))


def check_name(path: Any) -> None:
    """Refuse the names that a file of Windows cannot have."""
    for part in Path(os.fsdecode(path)).parts[1:]:
        if FORBIDDEN.search(part) or PureWindowsPath(part).is_reserved():
            raise OSError(22, "Invalid argument", os.fspath(path))


def wrap_os() -> None:
    """Replace the functions of ``os`` that change folders."""
    functions: dict[str, Callable[..., Any]] = {
        name: getattr(os, name) for name in ("mkdir", "replace", "unlink")
    }

    def replace(source: Any, target: Any, **options: Any) -> None:
        check_name(target)
        if is_open(source) or is_open(target) or Path(target).is_dir():
            refuse(target)
        functions["replace"](source, target, **options)

    def unlink(path: Any, *, dir_fd: int | None = None) -> None:
        folder = "" if dir_fd is None else os.readlink(f"/proc/self/fd/{dir_fd}")  # noqa: PTH115
        if is_open(Path(folder, path)):
            refuse(path)
        functions["unlink"](path, dir_fd=dir_fd)

    def mkdir(path: Any, *arguments: Any, **options: Any) -> None:
        check_name(path)
        functions["mkdir"](path, *arguments, **options)

    for function in (replace, unlink, mkdir):
        setattr(os, function.__name__, function)
    os.rename = os.replace
    os.remove = os.unlink


def hide_posix() -> None:
    """Take away what Windows does not have."""
    for module in MODULES:
        # On which an import of it fails.
        sys.modules[module] = None  # type: ignore[assignment]
    for owner, names in (
        (os, OS),
        (signal, (*SIGNALS, *SIGNAL_FUNCTIONS)),
        (mmap, ("MADV_DONTNEED",)),
    ):
        for name in names:
            delattr(owner, name)
    signal.SIGBREAK = signal.SIGTERM  # type: ignore[attr-defined]
    # No option of Popen that Linux would refuse.
    subprocess.CREATE_NEW_PROCESS_GROUP = 0  # type: ignore[attr-defined]
    load = ctypes.CDLL.__init__

    def load_named(self: ctypes.CDLL, name: str | None, *rest: Any, **options: Any) -> None:
        if name is None:
            raise TypeError("bad argument type for built-in operation")
        load(self, name, *rest, **options)

    ctypes.CDLL.__init__ = load_named  # type: ignore[method-assign]


def hide_proc() -> None:
    """Make files of Linux missing for what reads them by ``pathlib``."""
    opened = Path.open

    def open_elsewhere(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.parts[:2] in (("/", "proc"), ("/", "sys")):
            raise FileNotFoundError(2, "No such file or directory", str(self))
        return opened(self, *arguments, **options)

    Path.open = open_elsewhere  # type: ignore[method-assign]


def main() -> None:
    runtime.prepare()
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.split(".")[0] == "vidgan"]:
        del sys.modules[name]
    hide_posix()
    hide_proc()
    wrap_os()
    sys.platform = "win32"
    runpy.run_module("vidgan", run_name="__main__")


if __name__ == "__main__":
    main()
