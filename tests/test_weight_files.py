"""Weights from others: nothing but finite numbers of the expected size is taken from a file."""

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from click.testing import CliRunner
from tiny_run import MODEL, make_run

from vidgan import hdf5_files, npz_files
from vidgan.cli import main
from vidgan.errors import InputError, RunError
from vidgan.metrics.features import weights
from vidgan.tasks.load import load_generator
from vidgan.training.run import Run
from vidgan.training.soundness import EMA_NAME


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("sound") / "run", (32, 32), model=MODEL, steps=(1,))


def first_dataset(file: h5py.File) -> tuple[h5py.Group, str, np.ndarray]:
    """Return the group, the name and the values of the first array of floats."""
    found: list[str] = []
    file.visititems(
        lambda name, item: (
            found.append(name)
            if isinstance(item, h5py.Dataset) and item.dtype.kind == "f" and item.size > 1
            else None
        )
    )
    group, _, name = found[0].rpartition("/")
    return file[group], name, file[found[0]][()]


def external_storage(group: h5py.Group, name: str, values: np.ndarray) -> None:
    secret = Path(group.file.filename).with_name("secret")
    secret.write_bytes(b"s" * values.nbytes)
    group.create_dataset(
        name, values.shape, values.dtype, external=[(str(secret), 0, values.nbytes)]
    )


def external_link(group: h5py.Group, name: str, values: np.ndarray) -> None:
    other = Path(group.file.filename).with_name("other.h5")
    with h5py.File(other, "w") as file:
        file["x"] = values
    group[name] = h5py.ExternalLink(str(other), "x")


def soft_link(group: h5py.Group, name: str, values: np.ndarray) -> None:
    group["real"] = values
    group[name] = h5py.SoftLink("real")


def virtual(group: h5py.Group, name: str, values: np.ndarray) -> None:
    layout = h5py.VirtualLayout(values.shape, values.dtype)
    source = h5py.VirtualSource("other.h5", "x", values.shape)
    layout[...] = source
    group.create_virtual_dataset(name, layout)


def bomb(group: h5py.Group, name: str, values: np.ndarray) -> None:
    group.create_dataset(
        name, (2**33,), np.float32, chunks=(2**20,), compression="gzip", fillvalue=0
    )


def unwritten(group: h5py.Group, name: str, values: np.ndarray) -> None:
    group.create_dataset(name, values.shape, values.dtype)


def not_finite(value: float) -> Callable[[h5py.Group, str, np.ndarray], None]:
    def change(group: h5py.Group, name: str, values: np.ndarray) -> None:
        values.flat[-1] = value
        group[name] = values

    return change


def text(group: h5py.Group, name: str, values: np.ndarray) -> None:
    group[name] = "text"


def too_much(group: h5py.Group, name: str, values: np.ndarray) -> None:
    group[name] = np.zeros(2**22, np.float64)


CHANGES: dict[str, tuple[Any, str]] = {
    "external storage": (external_storage, "stored in another file"),
    "external link": (external_link, "holds a link"),
    "soft link": (soft_link, "holds a link"),
    "virtual dataset": (virtual, "stored in another file"),
    "compressed bomb": (bomb, "is compressed"),
    "no values": (unwritten, "is not there completely"),
    "NaN": (not_finite(float("nan")), "NaN or infinity"),
    "infinity": (not_finite(float("inf")), "NaN or infinity"),
    "text": (text, "no array of numbers"),
    "too much": (too_much, "declares"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_unsafe_weights_of_a_run(sound: Run, tmp_path: Path, name: str) -> None:
    change, message = CHANGES[name]
    run = Run.open(shutil.copytree(sound.path, tmp_path / "run"))
    path = run.checkpoint("1") / EMA_NAME
    with h5py.File(path, "r+") as file:
        group, key, values = first_dataset(file)
        del group[key]
        change(group, key, values)
    with pytest.raises(RunError, match=message) as caught:
        load_generator(run, "1")
    assert str(path) in str(caught.value)


def test_group_that_contains_itself(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a/b"] = file["/"]
    with pytest.raises(ValueError, match="two names"):
        hdf5_files.check(tmp_path / "x.h5", 1000)


def write_npy(values: np.ndarray, **replaced: Any) -> bytes:
    """Return an ``.npy`` file, with parts of its header replaced."""
    file = io.BytesIO()
    header = {"descr": values.dtype.str, "fortran_order": False, "shape": values.shape}
    np.lib.format.write_array_header_1_0(file, header | replaced)
    return file.getvalue() + values.tobytes()


def write_npz(path: Path, *members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, content in enumerate(members):
            archive.writestr(f"{index}.npy", content)
    return path


ONES = np.ones((2, 3), np.float32)


def test_npz(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(["ü", "x"])}
    arrays["c"] = np.asfortranarray(arrays["a"])
    np.savez_compressed(tmp_path / "x.npz", allow_pickle=True, **arrays)
    found = npz_files.read(tmp_path / "x.npz", 2**20)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([bytes(2**21)], "declares 2 MiB"),
        ([write_npy(ONES, shape=(2**40,))], "larger than its file"),
        ([write_npy(ONES, shape=(-1, 2))], "larger than its file"),
        ([write_npy(ONES, descr="|O")], "type"),
        ([write_npy(ONES)[:-3]], "cut short|larger than its file"),
        ([b""], "."),
    ],
)
def test_npz_that_is_refused(tmp_path: Path, members: list[bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        npz_files.read(write_npz(tmp_path / "x.npz", *members), 2**20)


def files_of_weights(folder: Path) -> Iterator[Path]:
    """Yield files that cannot be the weights of a small network."""
    yield write_npz(folder / "bomb.npz", bytes(2**26))
    with h5py.File(folder / "bomb.h5", "w") as file:
        file.create_dataset("x", (2**33,), np.float32, chunks=(2**20,), compression="gzip")
    yield folder / "bomb.h5"
    shutil.copyfile(folder / "bomb.h5", folder / "bomb.weights.h5")
    yield folder / "bomb.weights.h5"
    for suffix in (".npz", ".h5", ".pb", ".whl", ".tar.gz", ".index"):
        for name, content in (("empty", b""), ("rubbish", b"\x1f\x8b" + bytes(range(200)))):
            path = folder / f"{name}{suffix}"
            path.write_bytes(content)
            if suffix == ".index":
                path.with_suffix(".data-00000-of-00001").write_bytes(content)
            yield path


def test_weights_that_are_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])

    def placed(model: keras.Model, arrays: dict[str, np.ndarray]) -> Iterator[weights.Placed]:
        yield model.weights[0], arrays["kernel"]

    for path in files_of_weights(tmp_path):
        with pytest.raises(InputError) as caught:
            weights.load_named(model, path, placed, "small")
        assert path.with_suffix("").name in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x05\x06" + bytes(18), bytes(64)])
def test_array_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    np.save(tmp_path / "y.npy", np.zeros((2, 16, 32, 32, 3), np.uint8))
    arguments = ["--real", str(tmp_path / "y.npy"), "--fake", str(tmp_path / "x.npy")]
    result = CliRunner().invoke(main, ["evaluate", *arguments])
    assert result.exit_code == 1
    assert "x.npy: not an array that can be read" in result.output
