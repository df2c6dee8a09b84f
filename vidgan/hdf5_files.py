"""Looking through HDF5 files, which may be damaged or made to exhaust memory, before use.

HDF5 can read other files of the machine (external storage and links, virtual datasets), give values
that are not in the file, and unpack a small file to any size: none of these is needed for weights,
and all are refused. Sizes are checked before anything is read.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from vidgan.npz_files import check_declared

if TYPE_CHECKING:
    import h5py

# Filters that neither compress nor need a plugin: shuffle and a checksum.
_FILTERS = (2, 3)
_MAX_OBJECTS = 100_000
# Elements read at once to look for NaN.
_BLOCK = 1 << 20


def check(path: Path, max_bytes: int) -> None:
    """Check that a file holds nothing but arrays of finite numbers, stored within it.

    Args:
        path: the file.
        max_bytes: most bytes of all arrays together.

    Raises:
        OSError: the file cannot be read or is no HDF5.
        ValueError: it holds anything else; the message says what in a few words.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            _check(file, max_bytes)
    except (KeyError, RuntimeError, TypeError, OverflowError) as error:  # Damaged structures.
        raise ValueError(f"is damaged ({' '.join(str(error).split()):.80})") from error


def read(path: Path, max_bytes: int, group: str = "") -> dict[str, np.ndarray]:
    """Check a file as :func:`check` does, and return its arrays by name; "name/" is an empty group.

    Args:
        path: the file.
        max_bytes: see :func:`check`.
        group: return the arrays of this group, with names relative to it; all by default.

    Raises:
        OSError: see :func:`check`.
        ValueError: see :func:`check`; or there is no such group.
    """
    import h5py

    check(path, max_bytes)
    arrays: dict[str, np.ndarray] = {}

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()]
        elif not len(item):  # Keras looks for the groups of layers without weights.
            arrays[f"{name}/"] = np.zeros(0, np.uint8)

    with h5py.File(path, "r") as file:
        if group and group not in file:
            raise ValueError(f"holds no {group!r:.40}")
        file[group or "/"].visititems(add)
    return arrays


def write(file: BinaryIO, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name, as :func:`read` returns them.

    Raises:
        ValueError: names contradict each other.
    """
    import h5py

    with h5py.File(file, "w") as content:
        for name, array in arrays.items():
            if name.endswith("/"):
                content.require_group(name)
            else:
                content[name] = array


def _check(file: "h5py.File", max_bytes: int) -> None:
    import h5py

    groups, seen, total = [file["/"]], 1, 0
    datasets = []
    while groups:
        group = groups.pop()
        for name in group:
            seen += 1
            if seen > _MAX_OBJECTS:
                raise ValueError(f"holds more than {_MAX_OBJECTS} objects")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"holds a link, {name!r:.40}, which weights do not need")
            item = group[name]
            # A group could contain itself.
            if h5py.h5o.get_info(item.id).rc != 1:
                raise ValueError(f"holds {name!r:.40} under two names, which weights do not need")
            if isinstance(item, h5py.Group):
                groups.append(item)
            elif isinstance(item, h5py.Dataset):
                total += _declared(name, item)
                datasets.append(item)
            else:
                raise ValueError(f"holds {name!r:.40}, which is no array")
    check_declared(total, max_bytes)
    for dataset in datasets:
        if dataset.dtype.kind == "f":
            _check_finite(dataset)


def _declared(name: str, dataset: "h5py.Dataset") -> int:
    """Return the bytes of an array of numbers that are all within the file."""
    if dataset.external or dataset.is_virtual:
        raise ValueError(f"{name!r:.40} is stored in another file, which weights do not need")
    if dataset.dtype.kind not in "fiub" or dataset.shape is None:
        raise ValueError(f"{name!r:.40} is no array of numbers")
    settings = dataset.id.get_create_plist()
    for index in range(settings.get_nfilters()):
        if settings.get_filter(index)[0] not in _FILTERS:
            raise ValueError(
                f"{name!r:.40} is compressed, which weights need not be; unpack the file with "
                "h5repack -f NONE"
            )
    declared: int = math.prod(dataset.shape) * dataset.dtype.itemsize
    if dataset.id.get_storage_size() < declared:
        raise ValueError(f"{name!r:.40} is not there completely")
    return declared


def _check_finite(dataset: "h5py.Dataset") -> None:
    rows = max(1, _BLOCK // max(1, math.prod(dataset.shape[1:]))) if dataset.shape else 1
    blocks = range(0, dataset.shape[0], rows) if dataset.shape else (None,)
    for start in blocks:
        values = dataset[()] if start is None else dataset[start : start + rows]
        if not np.isfinite(values).all():
            raise ValueError(f"{dataset.name!r:.60} holds NaN or infinity")
