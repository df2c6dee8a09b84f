"""Quality of ``vidgan train --task enhance``, compared with classical methods.

    python benchmarks/enhance.py DATASET --output FOLDER [--minutes 5] [--only x4 ...]

DATASET is a dataset of ``vidgan preprocess``. For each recipe a network is trained for the given
minutes of CPU time (``time.process_time``); then its best checkpoint and the classical methods
restore the same degraded clips of the test split. Prints one table per recipe and draws the first
clip: first method, network, original. A run that exists in FOLDER is not trained again.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vidgan import metrics, runtime

runtime.prepare()

import vidgan  # noqa: E402
from vidgan.config import EnhanceConfig  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import labelled_clips  # noqa: E402
from vidgan.degradations.degradation_model import GAMMA, degrade  # noqa: E402
from vidgan.images import save_image  # noqa: E402
from vidgan.jobs.restore.classical_filters import bicubic, nlmeans  # noqa: E402
from vidgan.jobs.restore.trained_filter import trained_filter  # noqa: E402
from vidgan.video.layout import contact_sheet  # noqa: E402

Restore = Callable[[np.ndarray], np.ndarray]
FRAMES = 16
NIGHT = 8.0


def by_filter(filter: Any) -> Restore:
    return lambda clip: filter.apply(clip, None)


def framewise(change: Callable[[np.ndarray], np.ndarray]) -> Restore:
    return lambda clip: np.stack([change(frame) for frame in clip])


def equalised(frame: np.ndarray) -> np.ndarray:
    """Equalise the histogram of the brightness."""
    parts = cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb)
    parts[..., 0] = cv2.equalizeHist(parts[..., 0])
    return cv2.cvtColor(parts, cv2.COLOR_YCrCb2RGB)


def brightened(frame: np.ndarray) -> np.ndarray:
    """Undo the known loss of light: an upper bound, as the factor is unknown in practice."""
    bright: np.ndarray = frame * NIGHT ** (1 / GAMMA)
    return bright


def smooth_bicubic(clip: np.ndarray) -> np.ndarray:
    """Enlarge with Keys' kernel (a = -0.5), which rings less than OpenCV's."""
    from vidgan import pixels
    from vidgan.models.restorer import Bicubic

    large: np.ndarray = Bicubic(4)(pixels.to_model(clip[None])).numpy()[0]
    return (large + 1) * 127.5


@dataclass(frozen=True)
class Recipe:
    """A training and the methods it is compared with.

    Attributes:
        options: of ``vidgan.train``.
        baselines: classical methods by name.
    """

    options: dict[str, Any]
    baselines: dict[str, Restore]

    @property
    def config(self) -> EnhanceConfig:
        names = EnhanceConfig.__dataclass_fields__
        return EnhanceConfig(**{key: v for key, v in self.options.items() if key in names})


ENLARGED = {"bicubic": by_filter(bicubic(4)), "bicubic (Keys)": smooth_bicubic}
LOOKS: dict[str, Any] = {"perceptual": 1.0, "temporal": 0.5}
RECIPES = {
    "x4": Recipe({"scale": 4, "damage": "none"}, ENLARGED),
    "x4 perceptual": Recipe({"scale": 4, "damage": "none", **LOOKS}, {}),
    "x4 adversarial": Recipe({"scale": 4, "damage": "none", **LOOKS, "adversarial": 0.005}, {}),
    # The defaults: every kind of degradation at random, in two rounds.
    "blind x4": Recipe(
        {},
        ENLARGED | {f"nlmeans h={h}, bicubic": by_filter(nlmeans(h, 4)) for h in (5, 10)},
    ),
    "sigma 25": Recipe(
        {"scale": 1, "damage": "noise", "noise": "25"},
        {
            "degraded": lambda clip: clip,
            # The best of several strengths counts.
            **{f"nlmeans h={h}": by_filter(nlmeans(h)) for h in (10, 15, 20, 25)},
        },
    ),
    "low light": Recipe(
        {"scale": 1, "damage": "dark", "dark": f"{NIGHT:g}"},
        {
            "degraded": lambda clip: clip,
            "histogram equalisation": framewise(equalised),
            "brightened by the known factor": framewise(brightened),
        },
    ),
}


def pairs(
    manifest: Manifest, config: EnhanceConfig, count: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pairs of degraded and original clips, evenly spaced in the test split."""
    every = max(1, manifest.splits["test"].clips(FRAMES) // count)
    clips = labelled_clips(manifest, "test", FRAMES, every=every)
    for index, (clip, _) in enumerate(islice(clips, count)):
        # Other seeds than those that selected the checkpoint.
        random = np.random.Generator(np.random.Philox(key=[10**6, index]))
        yield degrade(clip, config, random), clip


def figures(restored: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Return the means of PSNR, SSIM, perceptual distance and tOF over clips."""
    return np.array(
        [
            metrics.psnr(restored, original).mean(),
            metrics.ssim(restored, original).mean(),
            metrics.perceptual_distance(restored, original).mean(),
            metrics.tof(restored, original).mean(),
        ]
    )


def measure(name: str, recipe: Recipe, run: Path, manifest: Manifest, count: int) -> Iterator[str]:
    """Yield the lines of a table; save a contact sheet."""
    damaged, originals = zip(*pairs(manifest, recipe.config, count), strict=True)
    networks = {
        name: by_filter(trained_filter("enhance", run, "best", "cpu", precision, scale=None))
        for name, precision in (("vidgan, float32", "float32"), ("vidgan", "auto"))
    }
    yield f"| {name} | PSNR, dB | SSIM | perceptual | tOF |"
    yield "|---|---|---|---|---|"
    shown = []
    for method, restore in {**recipe.baselines, **networks}.items():
        made = np.stack(
            [np.clip(np.rint(restore(clip)), 0, 255).astype(np.uint8) for clip in damaged]
        )
        cells = figures(made, np.stack(originals))
        form = "| {} | {:.2f} | {:.4f} | {:.4f} | {:.3f} |"
        yield form.format(method, *cells)
        shown.append(made[0])
    sheet = contact_sheet(np.stack([shown[0], shown[-1], originals[0]]), frames=6)
    save_image(run.with_name(f"{run.name}.png"), sheet)


def train(dataset: Path, run: Path, minutes: float, options: dict[str, Any]) -> None:
    vidgan.train(
        dataset,
        task="enhance",
        output=run,
        minutes=minutes,
        clock=time.process_time,
        tensorboard=False,
        **options,
    )


def options(text: str, names: tuple[str, ...]) -> argparse.ArgumentParser:
    """Return a parser of the options; ``--only`` takes some of the names."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    args = options(__doc__, tuple(RECIPES)).parse_args(arguments)
    manifest = Manifest.load(args.dataset)
    for name in args.only:
        run = args.output / name.replace(" ", "-")
        if not run.exists():
            train(args.dataset, run, args.minutes, RECIPES[name].options)
        print(*measure(name, RECIPES[name], run, manifest, args.clips), "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
