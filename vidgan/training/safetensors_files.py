"""Weights in safetensors files: arrays behind a JSON header that declares their sizes.

Their names are those of the arrays in the ``.weights.h5`` file that they were copied from. The
package is part of the extra ``hub``.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vidgan import extras
from vidgan.files import write_synced
from vidgan.npz_files import check_declared

# Longest header, which is JSON: names and shapes.
_HEADER_BYTES = 2**24


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> str:
    """Write arrays and return the SHA-256 of the file, hexadecimal.

    Args:
        path: the file.
        arrays: numbers, by name.

    Raises:
        OSError: the file cannot be written.
        OptionError: the package safetensors is missing.
    """
    extras.require("safetensors", "hub", path.name)
    from safetensors.numpy import save

    # Not by ascontiguousarray(), which gives scalars an axis.
    content = save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    return write_synced(path, content)


def read(path: Path, max_bytes: int) -> dict[str, np.ndarray]:
    """Return the arrays of a file by name.

    Args:
        path: the file.
        max_bytes: most bytes of all arrays together. The file has exactly as many as its header
            declares, beside the header.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged, too large, or holds anything but finite numbers.
        OptionError: the package safetensors is missing.
    """
    extras.require("safetensors", "hub", path.name)
    from safetensors import SafetensorError, safe_open

    check_declared(path.stat().st_size - _HEADER_BYTES, max_bytes)
    arrays = {}
    try:
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118 (no mapping)
                arrays[name] = file.get_tensor(name)
    except (SafetensorError, TypeError) as error:  # Also a type that NumPy does not have.
        raise ValueError(f"is damaged ({' '.join(str(error).split()):.80})") from error
    check_declared(sum(array.nbytes for array in arrays.values()), max_bytes)
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name!r:.40} is no array of numbers")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name!r:.60} holds NaN or infinity")
    return arrays
