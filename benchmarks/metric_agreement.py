"""Agreement of vidgan's metrics with other libraries on the same features and frames.

    pip install -e .[bench]
    python benchmarks/metric_agreement.py

Fréchet distances against SciPy's matrix root and torch-fidelity, kernel distances against
torch-fidelity, neighbourhood figures against prdc and torch-fidelity, PSNR and SSIM against
scikit-image. Features are random, with variances that fall as 1 / i like those of networks. Takes
some minutes, mostly in SciPy. I3D and EfficientNet-Lite0 against PyTorch networks, with the same
weights (network_agreement.py). Writes the table to metric_agreement.md.
"""

import argparse
import contextlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import prdc
import scipy.linalg
import skimage.metrics
import torch
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from vidgan import metrics, runtime

runtime.prepare()

from network_agreement import compare, used_weights  # noqa: E402

# Clips per set and dimensions.
SIZES = ((2048, 400), (100, 400), (2048, 2048))
# Clips for networks: how many, frames, height and width.
CLIPS = ((1, 16, 224, 224), (2, 16, 64, 64), (1, 9, 96, 128))
WANTED = 1e-4


@dataclass(frozen=True)
class Row:
    """A metric computed by two libraries."""

    figure: str
    size: str
    other: str
    ours: float
    theirs: float
    seconds: tuple[float, float]

    @property
    def difference(self) -> float:
        return abs(self.ours - self.theirs) / max(abs(self.theirs), 1e-300)

    def __str__(self) -> str:
        agrees = "yes" if self.difference <= WANTED else "**no**"
        return (
            f"| {self.figure} | {self.size} | {self.other} | {self.ours:.8g} | {self.theirs:.8g} | "
            f"{self.difference:.0e} | {agrees} | {self.seconds[0]:.2f} | {self.seconds[1]:.2f} |"
        )


def features(count: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw two sets with different means, variances and axes."""
    random = np.random.default_rng(count + dim)
    deviations = np.arange(1, dim + 1) ** -0.5
    turn = scipy.linalg.expm(0.1 / np.sqrt(dim) * np.triu(random.normal(size=(dim, dim)), 1))
    real = random.normal(size=(count, dim)) * deviations + 0.5
    fake = (random.normal(size=(count, dim)) * deviations**1.1) @ turn + 0.52
    return real, fake


def timed(function: Callable[..., Any], *arguments: np.ndarray) -> tuple[Any, float]:
    """Return a result and its CPU seconds over all cores."""
    start = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        result = function(*arguments)
    return result, time.process_time() - start


def ours_frechet(real: np.ndarray, fake: np.ndarray) -> float:
    return metrics.frechet_distance(metrics.Moments.of(real), metrics.Moments.of(fake))


def scipy_frechet(real: np.ndarray, fake: np.ndarray) -> float:
    """Compute the formula directly, with the square root of the product of the covariances."""
    a, b = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    shift = real.mean(axis=0) - fake.mean(axis=0)
    root = scipy.linalg.sqrtm(a @ b)
    return float(shift @ shift + np.trace(a) + np.trace(b) - 2 * np.trace(root).real)


def fidelity_frechet(real: np.ndarray, fake: np.ndarray) -> float:
    sets = [fid_features_to_statistics(torch.from_numpy(each)) for each in (real, fake)]
    return float(fid_statistics_to_metric(*sets, verbose=False)["frechet_inception_distance"])


def fidelity_kernel(real: np.ndarray, fake: np.ndarray) -> float:
    """Use one subset of all clips, so that there is no random choice."""
    sets = [torch.from_numpy(each) for each in (real, fake)]
    options: dict[str, Any] = {"kid_subsets": 1, "kid_subset_size": len(real), "verbose": False}
    return float(kid_features_to_metric(*sets, **options)["kernel_inception_distance_mean"])


def distances() -> list[Row]:
    rows = []
    for count, dim in SIZES:
        real, fake = features(count, dim)
        size = f"{count} × {dim}"
        frechet, own = timed(ours_frechet, real, fake)
        for name, other in (("SciPy sqrtm", scipy_frechet), ("torch-fidelity", fidelity_frechet)):
            value, seconds = timed(other, real, fake)
            rows.append(Row("Fréchet distance", size, name, frechet, value, (own, seconds)))
        kernel, own = timed(metrics.kernel_distance, real, fake)
        value, seconds = timed(fidelity_kernel, real, fake)
        rows.append(Row("kernel distance", size, "torch-fidelity", kernel, value, (own, seconds)))
        print(*rows[-3:], sep="\n", flush=True)
    return rows


def neighbours() -> list[Row]:
    real, fake = features(2048, 400)
    found, own = timed(lambda: metrics.neighbourhoods(real, fake, k=5))
    theirs, seconds = timed(lambda: prdc.compute_prdc(real, fake, nearest_k=5))
    rows = [
        Row(name, "2048 × 400, k 5", "prdc", getattr(found, name), float(value), (own, seconds))
        for name, value in theirs.items()
    ]
    found, own = timed(lambda: metrics.neighbourhoods(real, fake, k=3))
    sets = [torch.from_numpy(each) for each in (fake, real)]
    theirs, seconds = timed(
        lambda: prc_features_to_metric(*sets, prc_neighborhood=3, save_cpu_ram=True, verbose=False)
    )
    rows += [
        Row(
            name,
            "2048 × 400, k 3",
            "torch-fidelity",
            getattr(found, name),
            theirs[name],
            (own, seconds),
        )
        for name in ("precision", "recall")
    ]
    return rows


def frames() -> list[Row]:
    random = np.random.default_rng(0)
    clean = np.cumsum(random.normal(0, 3, (2, 8, 96, 80, 3)), axis=3) + 128
    clean = np.clip(clean, 0, 255).astype(np.uint8)
    noisy = np.clip(clean + random.normal(0, 12, clean.shape), 0, 255).astype(np.uint8)
    pairs = list(zip(noisy.reshape(-1, 96, 80, 3), clean.reshape(-1, 96, 80, 3), strict=True))
    options: dict[str, Any] = {
        "channel_axis": -1,
        "gaussian_weights": True,
        "use_sample_covariance": False,
        "sigma": 1.5,
    }

    def peak() -> list[float]:
        return [skimage.metrics.peak_signal_noise_ratio(b, a) for a, b in pairs]

    def similar() -> list[float]:
        return [skimage.metrics.structural_similarity(a, b, **options) for a, b in pairs]

    rows = []
    for name, ours, theirs in (("PSNR", metrics.psnr, peak), ("SSIM", metrics.ssim, similar)):
        value, own = timed(ours, noisy, clean)
        other, seconds = timed(theirs)
        rows.append(
            Row(
                name,
                "16 frames of 80 × 96",
                "scikit-image",
                float(np.mean(value)),
                float(np.mean(other)),
                (own, seconds),
            )
        )
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args(arguments)
    rows = distances() + neighbours() + frames()
    networks = compare(CLIPS)
    table = "\n".join(map(str, rows))
    names = ("torch-fidelity", "SciPy", "prdc", "scikit-image")
    libraries = ", ".join(f"{name} {version(name)}" for name in names)
    worst = max(row.difference for row in rows if row.other != "SciPy sqrtm")
    text = f"""# Agreement with other libraries

Made by `benchmarks/metric_agreement.py` with {libraries}.
Both get the same float64 features, with variances that fall as 1 / i. Sizes are clips × dimensions;
with 100 × 400 and 2048 × 2048 the covariances are singular. Seconds are CPU seconds over all cores.

| metric | size | library | vidgan | library | difference | ≤ {WANTED:g} | vidgan, s | library, s |
|---|---|---|---|---|---|---|---|---|
{table}

- Differences are relative. The largest, SciPy aside, is {worst:.0e}.
- SciPy computes the square root of the product of the covariances, as most FID code does; for
  singular covariances that root need not exist.
- The kernel distance of torch-fidelity is computed on one subset of all clips.
- prdc counts clips inside a ball, vidgan and torch-fidelity also those on its boundary; no clip
  lies there.

## Networks

The features of the same random uint8 clips with the same weights:
{used_weights()}.
The difference is the largest, relative to the largest feature. Clips are clips × frames × height ×
width; i3d includes their resizing.

| features | clips | library | epsilon | difference | ≤ {WANTED:g} |
|---|---|---|---|---|---|
{chr(10).join(networks)}

The published I3D has 0.001 for the epsilon of its batch normalisation, like vidgan; cd-fvd and
other PyTorch ports have PyTorch's 0.00001, which is the whole difference of the last rows of i3d.
"""
    options.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
