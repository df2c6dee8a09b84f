"""Reading ``.npz`` and ``.npy`` files, which may be damaged or made to exhaust memory.

Sizes are checked before anything is allocated: those that the archive declares, and those of the
arrays' own headers.
"""

import math
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

# Headers are a hundred bytes long.
_MAX_HEADER = 10_000


def read(path: Path, max_bytes: int) -> dict[str, np.ndarray]:
    """Return the arrays of an ``.npz`` file by their names.

    Args:
        path: the file.
        max_bytes: most bytes of all arrays together.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, holds anything but arrays of numbers or text, or is too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            check_declared(sum(member.file_size for member in members), max_bytes)
            arrays = {}
            for member in members:
                with archive.open(member) as file:
                    name = member.filename.removesuffix(".npy")
                    arrays[name] = _read_array(file, member.file_size)
            return arrays
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        # Also encryption and methods of compression that zipfile does not know.
        raise ValueError(str(error) or "is cut short") from error


def check_declared(size: int, max_bytes: int) -> None:
    """Raise ValueError if a file declares arrays of more bytes than expected."""
    if size > max_bytes:
        raise ValueError(
            f"declares {size / 2**20:.4g} MiB of arrays; at most {max_bytes / 2**20:.4g} MiB are "
            "expected"
        )


def _read_array(file: IO[bytes], size: int) -> np.ndarray:
    """Read an array of a stream of ``size`` bytes.

    Raises:
        ValueError: it is no array of numbers or text, or has another size.
        EOFError: the stream is empty or cut short.
    """
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array of format {version}")
    header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = header(file, max_header_size=_MAX_HEADER)
    if dtype.hasobject or dtype.kind not in "biufU":
        raise ValueError(f"an array of the type {dtype.str[:20]}")
    count = math.prod(shape)
    if min(shape, default=0) < 0 or count * dtype.itemsize > size:
        raise ValueError("an array that is larger than its file")
    content = file.read(count * dtype.itemsize)
    if len(content) < count * dtype.itemsize:
        raise EOFError
    array = np.frombuffer(content, dtype).reshape(shape[::-1] if fortran else shape)
    return array.transpose() if fortran else array
