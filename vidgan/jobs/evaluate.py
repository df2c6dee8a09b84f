"""The job behind ``vidgan evaluate``: how good generated clips are, with all that qualifies it."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidgan import __version__, metrics, pixels, runtime
from vidgan.config import (
    DEFAULT_TASK,
    MIN_GENERATED,
    PAIRED_OPTIONS,
    PROTOCOLS,
    EvaluateConfig,
)
from vidgan.config import MEASURES as MEASURE_NAMES
from vidgan.config.base import option_names
from vidgan.errors import InputError, OptionError
from vidgan.jobs import protocol, report, sources
from vidgan.jobs.cache import Cache
from vidgan.jobs.case import Case
from vidgan.jobs.gather import Gatherer
from vidgan.jobs.measures import MEASURES
from vidgan.jobs.memorised import memorised
from vidgan.jobs.restoration import evaluate_paired
from vidgan.jobs.sides import Sides
from vidgan.jobs.sources import SampleSet, Shape
from vidgan.metrics.features import FEATURES, Features, weights
from vidgan.metrics.figure import Figure
from vidgan.metrics.interval import LEVEL

if TYPE_CHECKING:
    from vidgan.jobs.sampler import Sampler
    from vidgan.training.run import Run

DEFAULT_FRAMES = 16
# Generation is timed so many times, after one batch that warms it up; the median counts.
SPEED_RUNS = 7


def resolve(options: dict[str, Any]) -> EvaluateConfig:
    """Return the options, those of the protocol where none is given.

    Raises:
        OptionError: an option is unknown or out of bounds, or two contradict each other.
    """
    named = PROTOCOLS.get(options.get("protocol", EvaluateConfig.protocol), {})
    config = EvaluateConfig.from_options(named | options)
    for name in config.measures.split(","):
        if name not in MEASURE_NAMES:
            raise OptionError(f"--measures {name!r} is none of {', '.join(MEASURE_NAMES)}")
    needs = [FEATURES[name] for name in (config.clip_features, config.frame_features)]
    if config.weights is not None and not any(each.needs_weights for each in needs):
        raise OptionError("--weights goes with --clip-features i3d or --frame-features inception")
    least = round(2 / (1 - LEVEL))
    if 0 < config.bootstrap < least:
        raise OptionError(
            f"--bootstrap {config.bootstrap}: an interval of {LEVEL:.0%} needs at least {least} "
            "resamplings; 0 is none"
        )
    if config.paired:
        for name in options:
            if name not in PAIRED_OPTIONS and getattr(config, name) != getattr(
                EvaluateConfig, name
            ):
                raise OptionError(
                    f"{option_names(EvaluateConfig)[name]} does not go with --paired, which "
                    "compares all frames of videos as they are"
                )
    if config.weights is not None:
        weights.files_of(Path(config.weights))  # Fails here, and clearly, if there are none.
    return config


def evaluate(
    run: Path | str | None = None,
    dataset: Path | str | None = None,
    *,
    real: Path | str | None = None,
    fake: Path | str | None = None,
    output: Path | str | None = None,
    progress: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Measure a run, or any clips against any others, and write a report.

    Of a run, generated clips are compared with its dataset's test split, and the training split
    gives the floor: what a perfect generator would get. Of ``real`` and ``fake``, one half of the
    real clips is the reference and the other half the floor. With the same seed all figures but the
    speeds are the same to the last digit on one machine.

    A conditional run makes one clip for each real one of the floor, of its label, and goes through
    them again for more: so labels are as frequent as in the training data.

    Args:
        run: the run folder; the newest under ``runs`` by default.
        dataset: the dataset, if it is not where the run was trained on it.
        real: in place of a run: real clips, a dataset, a video, a folder of videos or a ``.npy``.
        fake: the clips to be measured, likewise. With ``paired=True`` they are restored videos,
            and ``real`` their originals: each is compared with the one of its name, frame by frame.
        output: the report, ``.json``; ``.html`` and pictures go beside it. By default
            ``RUN/evaluation/step-….json``, which is replaced, or ``evaluation.json``.
        progress: show a progress bar on a terminal.
        **options: the fields of :class:`vidgan.config.EvaluateConfig`, such as ``n=512``.

    Returns:
        The report as it stands in the file; :func:`vidgan.jobs.table.table` makes it text.

    Raises:
        OptionError: an option is unknown or out of bounds, or the device is not there.
        RunError: no run there, none with a checkpoint, or one that gives NaN.
        DatasetError: the dataset is missing, damaged, of another size, or has too few clips.
        InputError: videos that cannot be read or are too short, or weights that are not there.
        ExportError: the report is there already or cannot be written.
    """
    config = resolve(options)
    if (real is None) != (fake is None):
        raise OptionError("--real and --fake go together: give both, or a run")
    if real is not None and fake is not None:
        if run is not None or dataset is not None:
            raise OptionError("--real and --fake stand in place of a run; leave the run out")
        real, fake = Path(real), Path(fake)
        if real.resolve() == fake.resolve():
            raise OptionError(
                f"--real and --fake both name {real}: its distance from itself says nothing; the "
                "floor in every report is that of two halves of the real clips"
            )
        compare = evaluate_paired if config.paired else _evaluate_pair
        return compare(real, fake, config, output, progress)
    if config.paired:
        raise OptionError("--paired needs the originals as --real, the restored videos as --fake")
    return _evaluate_run(run, dataset, config, output, progress)


def _evaluate_run(
    path: Path | str | None,
    dataset: Path | str | None,
    config: EvaluateConfig,
    output: Path | str | None,
    progress: bool,
) -> dict[str, Any]:
    from vidgan.training.run import Run

    # Everything that can be wrong is looked at before TensorFlow starts, which takes seconds.
    run = Run.open(path, task=DEFAULT_TASK)
    checkpoint = run.checkpoint(config.checkpoint)
    manifest = protocol.open_dataset(run, dataset)
    target = report.target(
        output, run.path / report.FOLDER / f"{checkpoint.name}.json", config.overwrite
    )
    shape = protocol.shape(run, config)
    reference, floor, training = protocol.splits(run, manifest, shape, config)
    generated = config.n or max(MIN_GENERATED, reference.count)
    floor.choose(generated, config.seed)
    runtime.prepare()
    device = runtime.choose_device(config.device)

    from vidgan.jobs.sampler import Sampler

    sampler = Sampler(run, config.checkpoint, config.device)
    samples = SampleSet(
        sampler,
        min(generated, floor.count) if config.n is None else generated,
        config.seed,
        labels=protocol.labels(run, floor),
        batch_size=config.batch_size,
        frames=shape.frames,
    )
    sides = Sides(reference, floor, samples, training, "real")
    step = int(run.state(checkpoint)["step"])
    judge = run.load_judge(config.checkpoint) if _wanted(config, "discriminator") else None
    result = _measure(sides, config, device, progress, run=run, judge=judge)
    result["title"] = f"{run.path}, step {step}, on {manifest.path}"
    result["run"], result["step"], result["dataset"] = str(run.path), step, str(manifest.path)
    result["figures"] += [each.to_json() for each in _speed(sampler, config)]
    result["notes"] += protocol.notes(run, manifest, shape)
    return report.write(target, result, log=run.path / "log.csv")


def _evaluate_pair(
    real: Path,
    fake: Path,
    config: EvaluateConfig,
    output: Path | str | None,
    progress: bool,
) -> dict[str, Any]:
    target = report.target(output, Path("evaluation.json"), config.overwrite)
    shape = Shape(config.frames or DEFAULT_FRAMES, config.stride or 1, config.size, config.fps)
    reference = sources.open_set(real, shape, config.split)
    generated = sources.open_set(
        fake, replace(shape, size=reference.shape.size, stride=shape.stride), config.split
    )
    if reference.total < 4 or generated.total < 2:
        short = real if reference.total < 4 else fake
        found = reference.total if reference.total < 4 else generated.total
        raise InputError(
            f"{short}: gives {found} clips of {shape.span} frames; 4 real ones and 2 others are "
            "the least"
        )
    floor = sources.open_set(real, shape, config.split)
    # Halves that share no clip, of which none is larger than what is compared with it.
    random = np.random.Generator(np.random.Philox(config.seed))
    order = random.permutation(reference.total)
    half = min(reference.total // 2, config.n or reference.total)
    reference.keep(order[:half])
    floor.keep(order[half : 2 * half])
    generated.choose(half, config.seed)
    floor.keep(floor.chosen[: generated.count])
    runtime.prepare()
    device = runtime.choose_device(config.device)
    sides = Sides(reference, floor, generated, reference, "floor")
    result = _measure(sides, config, device, progress)
    result["title"] = f"{fake} against {real}"
    return report.write(target, result)


def _wanted(config: EvaluateConfig, measure: str) -> bool:
    return measure in config.measures.split(",")


def _measure(
    sides: Sides,
    config: EvaluateConfig,
    device: str,
    progress: bool,
    run: "Run | None" = None,
    judge: Any = None,
) -> dict[str, Any]:
    """Go through all sets and return the report."""
    import tensorflow as tf
    from tqdm import tqdm

    clip_features = FEATURES[config.clip_features]
    frame_features = FEATURES[config.frame_features]
    used = [
        each
        for each, groups in (
            (clip_features, ("distance", "coverage", "diversity", "memorisation", "labels")),
            (frame_features, ("frames",)),
        )
        if any(_wanted(config, group) for group in groups)
    ]
    for each in used:
        if sides.generated.shape.frames < each.min_frames:
            raise OptionError(
                f"--frames {sides.generated.shape.frames}: {each.name} needs clips of "
                f"{each.min_frames} frames"
            )
    nearest = _wanted(config, "memorisation")
    named = sides.named
    total = sum(each.count for each in named.values())
    total += sides.training.count if nearest else 0
    # None: no bar where the error stream is no terminal.
    hidden = None if progress else True
    with (
        tf.device(device),
        tqdm(total=total, unit="clip", desc="evaluate", disable=hidden, leave=False) as bar,
    ):
        networks = [(each, _load(each, config)) for each in used]
        gatherer = Gatherer(
            networks,
            motion=_wanted(config, "motion"),
            pixels=nearest,
            judge=None if judge is None else _judged(judge, run),
            batch_size=config.batch_size,
            advance=bar.update,
        )
        cache = Cache(gatherer, config) if config.cache else None
        gathered = {}
        for name, clips in named.items():
            bar.set_description(name)
            keep = cache is not None and name != "generated"
            gathered[name] = cache.look(clips) if keep and cache else gatherer.look(clips)
        verdicts: dict[str, metrics.Memorisation] | None = None
        pairs: dict[str, np.ndarray] = {}
        if nearest:
            bar.set_description("nearest training clips")
            embed = next(embed for each, embed in networks if each is clip_features)
            verdicts, pairs = memorised(
                sides, gathered, clip_features.name, embed, config.batch_size, bar.update
            )
    case = Case(
        config,
        clip_features,
        frame_features,
        reference=gathered["real"],
        floor=gathered["floor"],
        generated=gathered["generated"],
        run=run,
        memorised=verdicts,
        labels=sides.generated.labels,
    )
    figures: list[Figure] = []
    for name, measure in MEASURES.items():
        if _wanted(config, name):
            try:
                figures += measure(case)
            except InputError as error:  # Too few clips for it, or clips that are all alike.
                figures.append(Figure(name, name, name, None, note=str(error)))
    shape = sides.generated.shape
    return {
        "format": report.FORMAT_VERSION,
        "vidgan": __version__,
        "title": "",
        "sets": {
            name: {
                "title": each.title,
                "path": str(each.path),
                "clips": gathered[name].count,
                "fps": each.fps,
                "size": list(each.shape.size or ()),
                "frames": each.shape.frames,
            }
            for name, each in named.items()
        },
        "protocol": {
            "name": config.protocol,
            "frames": shape.frames,
            "stride": shape.stride,
            "size": list(shape.size or ()),
            "seed": config.seed,
            "bootstrap": config.bootstrap,
            "confidence": LEVEL,
        },
        "made": {
            "weights": "moving average" if run else "",
            "device": device,
            "tensorflow": tf.__version__,
        },
        "figures": [figure.to_json() for figure in figures],
        "verdicts": report.verdicts(figures, verdicts),
        "notes": list(
            dict.fromkeys(
                [
                    *protocol.too_few(config, {name: each.count for name, each in named.items()}),
                    *(note for each in gathered.values() for note in each.notes),
                ]
            )
        ),
        "media": {
            "real": gathered["real"].shown,
            "generated": gathered["generated"].shown,
            **pairs,
        },
    }


def _load(features: Features, config: EvaluateConfig) -> Any:
    return features.load(config.weights if features.needs_weights else None)


def _judged(judge: Any, run: "Run | None") -> Any:
    conditional = run is not None and run.model.conditional

    def logits(clips: np.ndarray, labels: np.ndarray) -> np.ndarray:
        seen = judge(pixels.to_model(clips), labels if conditional else None)
        return np.asarray(seen, np.float64)

    return logits


def _speed(sampler: "Sampler", config: EvaluateConfig) -> Iterator[Figure]:
    """Time batches from latents to uint8 clips, warm; the median counts."""
    noises = list(sampler.noises(range(config.seed, config.seed + config.batch_size)))
    seconds = []
    for _ in range(1 + SPEED_RUNS):
        start = time.perf_counter()
        for _ in sampler.stream(noises, config.batch_size):
            pass
        seconds.append(time.perf_counter() - start)
    rate = config.batch_size / statistics.median(seconds[1:])
    settings = {"batch_size": config.batch_size, "runs": SPEED_RUNS}
    for unit, value in (("clips", rate), ("frames", rate * sampler.frames)):
        yield Figure(
            f"speed.{unit}",
            f"{unit} generated a second",
            "speed",
            value,
            better="higher",
            protocol=settings,
        )
