"""Which distance on few clips ranks the checkpoints of a training correctly?

    python benchmarks/training_metrics.py DATASET [--frames 16] [--steps 2400] [--output FOLDER]

Trains a small dcgan and evaluates the moving average of its weights at evenly spaced steps. At
each, ``--clips`` clips are compared with one half of the test clips as ``vidgan evaluate`` does:
the reference. Clips of other latents are divided into small sets and compared with the other half
of the test clips by the distances of ``vidgan train --metrics``. Prints

- how often two checkpoints are ranked correctly, among all and among the later half, and how much
  larger the reference distance of the selected checkpoint is than that of the best and of the
  newest: means over sets;
- the standard deviation of a distance over sets, that of its difference between two successive
  evaluations of the same clips and latents, and the estimates that ``vidgan train --patience``
  uses.

``--features a,b`` evaluates the same clips on several embeddings. Features are kept in the output
folder, with a contact sheet per evaluation; existing features are not computed again.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from pathlib import Path

from vidgan import runtime

runtime.prepare()

import keras  # noqa: E402
import numpy as np  # noqa: E402
from scipy.stats import kendalltau  # noqa: E402

from vidgan import latents  # noqa: E402
from vidgan.config import ModelConfig, TrainConfig  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import checked, labelled_clips, training_clips  # noqa: E402
from vidgan.images import save_image  # noqa: E402
from vidgan.metrics.covariance import EMPIRICAL, OAS  # noqa: E402
from vidgan.metrics.features import FEATURES, Embed  # noqa: E402
from vidgan.metrics.frechet import frechet_distance  # noqa: E402
from vidgan.metrics.kernel import kernel_distance  # noqa: E402
from vidgan.metrics.moments import Moments  # noqa: E402
from vidgan.models import resolve  # noqa: E402
from vidgan.tasks.synthesis import build_gan  # noqa: E402
from vidgan.training import loop  # noqa: E402
from vidgan.training.distance_metrics import FEATURES_NAME, GENERATED, METRICS, REAL, Distance  # noqa: E402
from vidgan.training.run import Run  # noqa: E402
from vidgan.training.sampling import EmaSampler  # noqa: E402
from vidgan.video.layout import contact_sheet  # noqa: E402

BATCH = 16
SHOWN = 6
Measure = Callable[[np.ndarray, np.ndarray], float]


def frechet(estimator: str) -> Measure:
    return lambda real, made: frechet_distance(Moments.of(real), Moments.of(made), estimator)


MEASURES: dict[str, Measure] = {
    "Fréchet": frechet(EMPIRICAL),
    "Fréchet, shrunk": frechet(OAS),
    "kernel": kernel_distance,
}


class Looks(keras.callbacks.Callback):
    """Embed clips of the moving average at evenly spaced steps."""

    def __init__(
        self, run: Run, sampler: EmaSampler, embeds: dict[str, Embed], clips: int, every: int
    ) -> None:
        super().__init__()
        self.sampler, self.embeds, self.every = sampler, embeds, every
        self.noise = latents.from_seeds(run.latents(), range(2 * clips))
        self.steps: list[int] = []
        self.features: dict[str, list[np.ndarray]] = {name: [] for name in embeds}
        self.seconds = dict.fromkeys(embeds, 0.0)
        self.shown: list[np.ndarray] = []

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if batch % self.every:
            return
        start = time.process_time()
        batches = list(self.sampler.batches(self.noise))
        making = time.process_time() - start
        for name, embed in self.embeds.items():
            start = time.process_time()
            self.features[name].append(np.concatenate([embed(clips) for clips in batches]))
            self.seconds[name] += making + time.process_time() - start
        self.steps.append(batch)
        self.shown.append(batches[0][:SHOWN])


def collect(args: argparse.Namespace, paths: dict[str, Path]) -> None:
    """Train, and save the features of real and generated clips."""
    manifest = Manifest.load(args.dataset)
    embeds = {name: FEATURES[name].load() for name in paths}
    width = args.channels
    model = resolve(ModelConfig(frames=args.frames, g_channels=width, d_channels=width))
    train = TrainConfig(
        batch_size=4,
        steps=args.steps,
        seed=args.seed,
        mirror=not args.no_mirror,
        precision=runtime.best_precision("/CPU:0"),
    )
    run = Run(args.output, model, train, args.dataset, manifest.size, manifest.fps)
    every = -(-manifest.splits["test"].clips(args.frames) // (2 * args.clips))
    clips = (clip for clip, _ in labelled_clips(manifest, "test", args.frames, every=every))
    test: dict[str, list[np.ndarray]] = {name: [] for name in embeds}
    while part := list(islice(clips, BATCH)):
        for name, embed in embeds.items():
            test[name].append(embed(np.stack(part)))
    gan = build_gan(run)
    data = training_clips(manifest, args.frames, 4, mirror=train.mirror, seed=train.seed)
    looks = Looks(run, EmaSampler(gan, BATCH), embeds, args.clips, args.steps // args.looks)
    epoch = manifest.epoch_clips(args.frames, 1)
    loop.train(gan, checked(data, manifest), loop.Progress(budget=train), [looks], epoch)
    args.output.mkdir(parents=True, exist_ok=True)
    for step, shown in zip(looks.steps, looks.shown, strict=True):
        save_image(args.output / f"{args.dataset.name}-{step}.png", contact_sheet(shown))
    for name, path in paths.items():
        np.savez(
            path,
            steps=looks.steps,
            made=np.stack(looks.features[name]),
            seconds=looks.seconds[name] / (2 * args.clips * len(looks.steps)),
            test=np.concatenate(test[name]),
        )


class Sets:
    """Small sets of real clips and of latents, with the same latents at every step."""

    def __init__(self, real: np.ndarray, made: np.ndarray, seed: int = 0) -> None:
        self.real, self.made = real, made
        self.random = np.random.default_rng(seed)

    def draw(self, real: int, made: int) -> tuple[np.ndarray, np.ndarray]:
        """Return features of real clips ``(n, d)`` and of generated ones ``(steps, m, d)``."""
        rows = self.random.permutation(len(self.real))[:real]
        columns = self.random.permutation(self.made.shape[1])[:made]
        return self.real[rows], self.made[:, columns]


def order(sets: Sets, truth: np.ndarray, real: int, made: int, measure: Measure) -> list[float]:
    """Return how well a metric ranks the checkpoints, means over sets."""
    # A rank correlation takes two.
    found, half = [], max(0, min(len(truth) // 2, len(truth) - 2))
    for _ in range(12):
        reals, mades = sets.draw(real, made)
        values = np.array([measure(reals, each) for each in mades])
        right = [
            (1 + kendalltau(values[part], truth[part]).statistic) / 2
            for part in (slice(None), slice(half, None))
        ]
        chosen = truth[values.argmin()]
        found.append([*right, chosen / truth.min() - 1, chosen / truth[-1] - 1])
    return list(np.mean(found, axis=0))


def scatter(sets: Sets, name: str) -> list[float]:
    """Return medians over the steps, relative to the distance."""
    values, alone, paired = [], [], []
    for _ in range(12):
        reals, mades = sets.draw(min(REAL, len(sets.real) // 2), GENERATED)
        looks = [METRICS[name](reals, each) for each in mades]
        values.append([look.value for look in looks])
        influence_real, influence_made = looks[0].influences
        nothing = Distance(0, (np.zeros_like(influence_real), np.zeros_like(influence_made)))
        alone.append([look.noise(nothing) for look in looks[1:]])
        paired.append([b.noise(a) for a, b in pairwise(looks)])
    figures = np.array(values)
    size = np.abs(figures.mean(axis=0))[1:]
    shares = (
        figures.std(axis=0)[1:],
        np.mean(alone, axis=0),
        np.diff(figures, axis=1).std(axis=0),
        np.mean(paired, axis=0),
    )
    return [float(np.median(share / size)) for share in shares]


def table(titles: list[str], rows: list[list[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def report(path: Path) -> str:
    with np.load(path) as file:
        made, test, steps = file["made"], file["test"], file["steps"]
        milliseconds = 1000 * float(file["seconds"])
    half = made.shape[1] // 2
    true_real, other = test[::2], test[1::2]
    truth = np.array([MEASURES["Fréchet"](true_real, each[:half]) for each in made])
    sets = Sets(other, made[:, half:])
    most = min(REAL, len(other))
    counts = [(most, n) for n in (16, 32, 64, 128, 256) if n <= half]
    counts += [(n, GENERATED) for n in (32, 16) if n < most]
    rows = []
    for real, n in counts:
        for name, measure in MEASURES.items():
            all_pairs, late, from_best, from_newest = order(sets, truth, real, n, measure)
            cells = [f"{all_pairs:.1%}", f"{late:.1%}", f"{from_best:+.1%}", f"{from_newest:+.1%}"]
            rows.append([f"{n} / {real}", name, *cells])
    titles = ["clips / real", "distance", "pairs in order", "later half", "to best", "to newest"]
    noises = [
        [name, *(f"{each:.1%}" for each in scatter(Sets(test, made), name))] for name in METRICS
    ]
    of_noise = ["distance", "scatter", "estimated", "of differences", "estimated"]
    looks = ", ".join(f"{step}: {value:.1f}" for step, value in zip(steps, truth, strict=True))
    return "\n\n".join(
        [
            f"{path.stem}: {half} clips against {len(true_real)} test clips at step {looks}. "
            f"Generating and embedding a clip takes {milliseconds:.1f} ms of CPU time.",
            table(titles, rows),
            table(of_noise, noises),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--looks", type=int, default=12)
    parser.add_argument("--clips", type=int, default=256)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--no-mirror", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--features", default=FEATURES_NAME)
    parser.add_argument("--output", type=Path, default=Path("training_metrics"))
    args = parser.parse_args(arguments)
    stem = args.dataset.resolve().name
    paths = {
        name: args.output / f"{stem}-{name}-seed{args.seed}.npz"
        for name in args.features.split(",")
    }
    if not all(path.exists() for path in paths.values()):
        collect(args, paths)
    for path in paths.values():
        print(report(path))


if __name__ == "__main__":
    main()
