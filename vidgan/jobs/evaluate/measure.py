"""One evaluation: from sets of clips to the report."""

from typing import TYPE_CHECKING, Any

import numpy as np

from vidgan import metrics, pixels
from vidgan.config import EvaluateConfig
from vidgan.errors import InputError, OptionError
from vidgan.jobs.evaluate import protocol
from vidgan.jobs.evaluate.cache import Cache
from vidgan.jobs.evaluate.clip_sets import ClipSets
from vidgan.jobs.evaluate.clip_statistics import StatisticsCollector
from vidgan.jobs.evaluate.discriminator_metrics import one_sided
from vidgan.jobs.evaluate.metric_groups import MEASURES
from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.jobs.evaluate.motion_metrics import histograms
from vidgan.jobs.evaluate.nearest_neighbours import memorised
from vidgan.jobs.evaluate.options import used_features, wanted
from vidgan.jobs.evaluate.report import report
from vidgan.metrics.features import FEATURES, Features
from vidgan.metrics.figure import Figure
from vidgan.metrics.interval import LEVEL
from vidgan.version import __version__
from vidgan.video.optical_flow import MIN_SIDE

if TYPE_CHECKING:
    from vidgan.training.run import Run


def measure(
    sides: ClipSets,
    config: EvaluateConfig,
    device: str,
    progress: bool,
    run: "Run | None" = None,
    judge: Any = None,
) -> dict[str, Any]:
    """Go through all sets and return the report.

    Args:
        sides: the sets.
        config: the options.
        device: TensorFlow's name of the device that embeds.
        progress: show a progress bar on a terminal.
        run: what made the generated clips, where that is known.
        judge: its discriminator, where it is to be measured; see ``load_discriminator``.

    Raises:
        OptionError: the features need longer clips.
        InputError: frames are too small for motion.
        VidganError: a set cannot be read, or weights are not there.
    """
    used, frames = used_features(config), sides.generated.shape.frames
    for each in used:
        if frames < each.min_frames:
            raise OptionError(
                f"--frames {frames}: {each.name} needs clips of {each.min_frames} frames"
            )
    size = sides.reference.shape.size or (0, 0)
    if wanted(config, "motion") and min(size) < MIN_SIDE:
        raise InputError(
            f"{sides.reference.path}: frames are {size[0]}x{size[1]}, too small for motion, which "
            f"needs {MIN_SIDE}x{MIN_SIDE}; leave it out of --measures"
        )
    case, pairs = _gather(sides, config, used, device, progress, run, judge)
    figures: list[Figure] = []
    for name, function in MEASURES.items():
        if wanted(config, name):
            try:
                figures += function(case)
            except InputError as error:  # Too few clips for it, or clips that are all alike.
                figures.append(Figure(name, name, name, None, note=str(error)))
    return _report(sides, case, figures, device) | {
        "media": {"real": case.reference.shown, "generated": case.generated.shown, **pairs}
    }


def _gather(
    sides: ClipSets,
    config: EvaluateConfig,
    used: list[Features],
    device: str,
    progress: bool,
    run: "Run | None",
    judge: Any,
) -> tuple[MetricInputs, dict[str, np.ndarray]]:
    """Go through all sets and return what was found, with the nearest pairs for the picture."""
    import tensorflow as tf
    from tqdm import tqdm

    nearest = wanted(config, "memorisation")
    total = sum(each.count for each in sides.named.values())
    total += sides.training.count if nearest else 0
    # None: no bar where the error stream is no terminal.
    hidden = None if progress else True
    with (
        tf.device(device),
        tqdm(total=total, unit="clip", desc="evaluate", disable=hidden, leave=False) as bar,
    ):
        networks = {
            each.name: each.load(config.weights if each.needs_weights else None) for each in used
        }
        gatherer = StatisticsCollector(
            [(each, networks[each.name]) for each in used],
            motion=wanted(config, "motion"),
            pixels=nearest,
            judge=None if judge is None else _judged(judge, run),
            batch_size=config.batch_size,
            advance=bar.update,
        )
        cache = Cache(gatherer, config) if config.cache else None
        gathered = {}
        for name, clips in sides.named.items():
            bar.set_description(name)
            keep = cache is not None and name != "generated"
            gathered[name] = cache.look(clips) if keep and cache else gatherer.look(clips)
        verdicts: dict[str, metrics.Memorisation] | None = None
        pairs: dict[str, np.ndarray] = {}
        if nearest:
            bar.set_description("nearest training clips")
            features = config.clip_features
            verdicts, pairs = memorised(
                sides, gathered, features, networks[features], config.batch_size, bar.update
            )
    case = MetricInputs(
        config,
        FEATURES[config.clip_features],
        FEATURES[config.frame_features],
        reference=gathered["real"],
        floor=gathered["floor"],
        generated=gathered["generated"],
        held=sides.held,
        run=run,
        memorised=verdicts,
        labels=sides.generated.labels,
    )
    return case, pairs


def _report(
    sides: ClipSets, case: MetricInputs, figures: list[Figure], device: str
) -> dict[str, Any]:
    import tensorflow as tf

    config, shape = case.config, sides.generated.shape
    gathered = {"real": case.reference, "floor": case.floor, "generated": case.generated}
    notes = protocol.deviations(config, sides)
    notes += [note for each in gathered.values() for note in each.notes]
    notes += one_sided(case).values()
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
            for name, each in sides.named.items()
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
            "weights": "moving average" if case.run else "",
            "device": device,
            "tensorflow": tf.__version__,
        },
        "figures": [figure.to_json() for figure in figures],
        "histograms": histograms(case),
        "verdicts": report.verdicts(figures, case.memorised),
        "notes": list(dict.fromkeys(notes)),
    }


def _judged(judge: Any, run: "Run | None") -> Any:
    conditional = run is not None and run.model.conditional

    def logits(clips: np.ndarray, labels: np.ndarray) -> np.ndarray:
        seen = judge(pixels.to_model(clips), labels if conditional else None)
        return np.asarray(seen, np.float64)

    return logits
