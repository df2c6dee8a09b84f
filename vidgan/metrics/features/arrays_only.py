"""Arrays out of pickles, without running anything that a pickle names.

A pickle is a program: it may call any function. Here it can only name what arrays are made of, and
each of these names stands for one of the functions below; any other is refused.
"""

import pickle
from collections import OrderedDict
from typing import Any, BinaryIO

import numpy as np

_DTYPES = ("f4", "f8", "i4", "i8")


def read_numpy(file: BinaryIO) -> dict[str, np.ndarray]:
    """Read a pickle of nested dictionaries of NumPy arrays.

    Returns:
        The arrays by their keys, joined by ``/``.

    Raises:
        ValueError: the file is damaged, or holds or names anything else.
    """
    try:
        return dict(_flat(_Reader(file).load()))
    except Exception as error:  # A damaged pickle may raise anything.
        raise ValueError(f"is no pickle of arrays alone: {error}") from error


def read_torch(file: BinaryIO) -> dict[str, np.ndarray]:
    """Read a dictionary of tensors in the format that PyTorch wrote before version 1.6.

    Three pickles with the version, one of the dictionary, one with the keys of the storages, and
    their bytes.

    Raises:
        ValueError: the file is damaged, or holds or names anything else.
    """
    try:
        for _ in range(3):
            _Reader(file).load()
        reader = _Reader(file)
        arrays = dict(_flat(reader.load()))
        for key in _Reader(file).load():
            storage = reader.storages[key]
            if int.from_bytes(file.read(8), "little") != len(storage):
                raise ValueError("a storage of another size")
            # The tensors are views of it.
            storage[:] = np.frombuffer(file.read(storage.nbytes), storage.dtype)
    except Exception as error:
        raise ValueError(f"is no PyTorch file of tensors alone: {error}") from error
    return arrays


class _Reader(pickle.Unpickler):
    """Reads one pickle of containers, numbers, texts, arrays and tensors."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, np.ndarray] = {}

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _NAMES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None

    def persistent_load(self, identity: Any) -> np.ndarray:
        """Return the storage of a tensor, to be filled later."""
        _, dtype, key, _, count, *_ = identity
        return self.storages.setdefault(key, np.empty(count, dtype))


def _empty(*_: Any) -> np.ndarray:
    """Return an array that the pickle then gives its shape, type and content."""
    return np.empty(0, np.float32)


def _dtype(code: str, *_: Any) -> np.dtype[Any]:
    if code not in _DTYPES:
        raise pickle.UnpicklingError(f"an array of the type {code!r}")
    # The pickle then sets its byte order: a copy, not NumPy's own.
    return np.dtype(code, copy=True)


def _tensor(
    storage: np.ndarray, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> np.ndarray:
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if min(offset, *size, *stride, 0) < 0 or last >= len(storage):
        raise pickle.UnpicklingError("a tensor outside its storage")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps)


_NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("numpy", "dtype"): _dtype,
    ("numpy", "ndarray"): None,
    ("numpy.core.multiarray", "_reconstruct"): _empty,
    ("numpy._core.multiarray", "_reconstruct"): _empty,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "LongStorage"): "<i8",
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
}


def _flat(tree: Any, prefix: str = "") -> Any:
    """Yield the path and the array of every leaf."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}/")
        elif isinstance(value, np.ndarray):
            yield prefix + name, value
        else:
            raise ValueError(f"{prefix}{name} is no array")
