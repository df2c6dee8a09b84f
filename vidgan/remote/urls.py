"""Which texts are URLs, and what they name."""

import os
import re
import sys
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import unquote_to_bytes

from vidgan.errors import OptionError

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)
_MAGIC = re.compile(r"[*?\[]")


def is_url(value: Any) -> TypeGuard[str]:
    """Return whether a value is text such as ``s3://bucket/clips``."""
    return isinstance(value, str) and _URL.match(value) is not None


def scheme(url: str) -> str:
    """Return ``s3`` of ``s3://bucket/clips``."""
    return url.partition("://")[0].lower()


def local_path(url: str) -> Path | None:
    """Return the path that a ``file://`` URL names, None for other URLs.

    Raises:
        OptionError: it names another machine.
    """
    if scheme(url) != "file":
        return None
    host, slash, path = url.partition("://")[2].partition("/")
    if host not in ("", "localhost"):
        raise OptionError(f"{url}: names the machine {host}; use file:///path")
    path = os.fsdecode(unquote_to_bytes(slash + path))
    # file:///C:/videos names C:/videos.
    return Path(path.removeprefix("/") if sys.platform == "win32" else path)


def split_pattern(url: str) -> tuple[str, str]:
    """Return the URL of the folder that a pattern begins with, and the rest of the pattern.

    ``s3://bucket/clips/*.mp4`` becomes ``s3://bucket/clips`` and ``*.mp4``. The rest is empty for a
    URL that is no pattern.
    """
    start, separator, path = url.partition("://")
    parts = path.split("/")
    magic = [i for i, part in enumerate(parts) if i and _MAGIC.search(part)]
    if not magic:
        return url, ""
    return start + separator + "/".join(parts[: magic[0]]), "/".join(parts[magic[0] :])
