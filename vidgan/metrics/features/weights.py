"""Pretrained weights: read from safe formats only, or downloaded once and checked.

A pickle, and so a PyTorch file, may run any code: none is opened but those of known packages, which
:mod:`vidgan.metrics.features.arrays_only` reads without running it.
"""

import contextlib
import glob
import hashlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from vidgan import hdf5_files, npz_files
from vidgan.errors import InputError, OptionError
from vidgan.metrics.features import packages

if TYPE_CHECKING:
    import keras

# A variable of a network, and its array.
Placed: TypeAlias = tuple["keras.Variable", np.ndarray]

_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".tar")
HDF5 = (".h5", ".hdf5")
_CHUNK = 1 << 20


def files_of(path: Path) -> list[Path]:
    """Return the files of a path of weights: itself, or those of a TensorFlow checkpoint.

    Raises:
        InputError: there are none.
        OptionError: the format is never opened.
    """
    prefix = path.with_suffix("") if path.suffix == ".index" else path
    parts = sorted(prefix.parent.glob(f"{glob.escape(prefix.name)}.data-*"))
    if prefix.with_name(prefix.name + ".index").is_file() and parts:
        return [prefix.with_name(prefix.name + ".index"), *parts]
    if path.suffix.lower() in _PICKLES and not packages.is_known(path):
        raise OptionError(
            f"--weights {path}: a {path.suffix} file can run code and is not opened; convert it "
            "where you trust it: numpy.savez('weights.npz', **{name: array.numpy() for name, array "
            "in torch.load(path, weights_only=True).items()})"
        )
    if not path.is_file():
        raise InputError(f"{path}: no such file of weights; see --weights")
    return [path]


def digest(path: Path | str) -> str:
    """Return the SHA-256 of weights, hexadecimal.

    Raises:
        InputError, OptionError: as :func:`files_of`.
    """
    found = hashlib.sha256()
    for part in files_of(Path(path)):
        with part.open("rb") as file:
            while block := file.read(_CHUNK):
                found.update(block)
    return found.hexdigest()


def most_bytes(model: "keras.Model") -> int:
    """Return the most bytes of arrays that a file of weights of a network may hold.

    Published files also hold what was used in training, such as averages of gradients.
    """
    return int(16 * model.count_params() + 2**24)


def read_arrays(path: Path, max_bytes: int) -> dict[str, np.ndarray]:
    """Read all arrays of a file of weights by their names.

    Args:
        path: ``.npz``; ``.h5`` as Keras 2 wrote it, names then being ``layer/variable``; a
            TensorFlow checkpoint, by its prefix or its ``.index``; a frozen TensorFlow graph,
            ``.pb``, of which only the constants are read; or a package of
            :mod:`vidgan.metrics.features.packages`.
        max_bytes: most bytes of all arrays together.

    Raises:
        InputError: the file does not exist, is damaged or holds more than that.
        OptionError: unknown format.
    """
    first, *others = files_of(path)
    try:
        if others:
            return _read_checkpoint(first.with_suffix(""), max_bytes)
        if path.suffix.lower() == ".npz":
            return npz_files.read(path, max_bytes)
        if path.suffix.lower() in HDF5:
            hdf5_files.check(path, max_bytes)
            return _read_hdf5(path)
        if path.suffix.lower() == ".pb":
            return _read_graph(path, max_bytes)
        if packages.is_archive(path) or path.suffix.lower() in _PICKLES:
            return packages.read(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    raise OptionError(
        f"--weights {path}: unknown format; use .npz, .h5, a TensorFlow checkpoint (its .index), "
        "a frozen graph (.pb) or a package (.tar.gz, .whl)"
    )


def require_hdf5(path: Path) -> None:
    """Check that :func:`load_hdf5` can read a file.

    Raises:
        InputError: the file does not exist.
        OptionError: unknown format.
    """
    files_of(path)
    if path.suffix.lower() not in HDF5:
        raise OptionError(f"--weights {path}: unknown format; use the .h5 that Keras publishes")


def load_hdf5(model: "keras.Model", path: Path) -> None:
    """Load weights that Keras 2 or 3 wrote into a network.

    Raises:
        InputError: the file is damaged or of another network.
    """
    try:
        hdf5_files.check(path, most_bytes(model))
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise unreadable(path, error) from error


def load_named(
    model: "keras.Model",
    path: Path,
    placed: Callable[["keras.Model", dict[str, np.ndarray]], Iterable[Placed]],
    kind: str,
) -> None:
    """Load the weights of a network from a file with other names than Keras gives.

    Args:
        model: the network.
        path: a file for :func:`read_arrays`, or ``.weights.h5``, written by ``model.save_weights``.
        placed: yields each variable of the network with its array; raises ``KeyError`` with the
            name of an array that is missing, ``ValueError`` for one of another size.
        kind: what the file must be, for the error about a missing array.

    Raises:
        InputError: the file does not exist, is damaged, or lacks a weight of the right shape.
        OptionError: unknown format.
    """
    if path.name.endswith(".weights.h5") and path.is_file():
        load_hdf5(model, path)
        return
    arrays = read_arrays(path, most_bytes(model))
    try:
        for variable, array in placed(model, arrays):
            if not np.isfinite(array).all():
                raise ValueError(f"{variable.path}: holds NaN or infinity")
            variable.assign(array)
    except KeyError as missing:
        raise InputError(f"{path}: has no {missing}; it must be {kind}") from missing
    except ValueError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> InputError:
    """Return the one-line error for weights that a library cannot read or assign."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return InputError(f"{path}: cannot be used as weights ({reason:.200})")


def fetch(name: str, url: str, hexdigest: str, package: packages.Package | None = None) -> Path:
    """Return a published file from the cache, downloading it if necessary.

    Args:
        name: the file's name in the cache.
        url: where it is published.
        hexdigest: its published MD5 or SHA-256.
        package: holds the same weights, for the message of an error.

    Raises:
        InputError: it cannot be downloaded, or its hash differs.
    """
    import keras

    folder = packages.folder()
    try:
        # Keras silently uses another folder if this one does not exist.
        folder.mkdir(parents=True, exist_ok=True)
        # The progress bar must not go to the standard output, which may be JSON.
        with contextlib.redirect_stdout(sys.stderr):
            return Path(
                keras.utils.get_file(
                    name, url, file_hash=hexdigest, cache_dir=str(folder), cache_subdir="."
                )
            )
    except Exception as error:  # Keras raises plain exceptions.
        # The message starts with the address, which is repeated below.
        reason = " ".join(str(error).split()).removeprefix(f"URL fetch failure on {url}: None -- ")
        other = f", or take those of the package {package}: {package.command}" if package else ""
        raise InputError(
            f"the weights {name} cannot be downloaded ({reason:.200}); download {url} elsewhere "
            f"and name the file with --weights{other}"
        ) from error


def _read_checkpoint(prefix: Path, max_bytes: int) -> dict[str, np.ndarray]:
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(prefix))
        dtypes = reader.get_variable_to_dtype_map()
        shapes = reader.get_variable_to_shape_map()
        _check_size(sum(math.prod(shapes[n]) * dtypes[n].size for n in shapes), max_bytes)
        return {name: reader.get_tensor(name) for name in shapes}
    except (tf.errors.OpError, IndexError) as error:
        raise unreadable(prefix, error) from error


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise ValueError(
            f"holds {size / 2**20:.4g} MiB, at most {max_bytes / 2**20:.4g} MiB are expected"
        )


def _read_graph(path: Path, max_bytes: int) -> dict[str, np.ndarray]:
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    # The graph is parsed but not imported, so none of its operations can run.
    graph = tf.compat.v1.GraphDef()
    _check_size(path.stat().st_size, max_bytes)
    try:
        graph.ParseFromString(path.read_bytes())
        return {
            node.name: tf.make_ndarray(node.attr["value"].tensor)
            for node in graph.node
            if node.op == "Const"
        }
    except (DecodeError, TypeError) as error:
        raise unreadable(path, error) from error


def _read_hdf5(path: Path) -> dict[str, np.ndarray]:
    import h5py

    def datasets(group: h5py.Group) -> Iterator[h5py.Dataset]:
        for item in group.values():
            if isinstance(item, h5py.Dataset):
                yield item
            else:
                yield from datasets(item)

    with h5py.File(path, "r") as file:
        return {
            "/".join(each.name.split("/")[-2:]).removesuffix(":0"): each[()]
            for each in datasets(file)
        }
