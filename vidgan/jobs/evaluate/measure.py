"""One evaluation of sets of clips: collect statistics, compute metrics, compose the report."""

from typing import TYPE_CHECKING, Any

import numpy as np

from vidgan import pixels
from vidgan.config import EvaluateConfig, Need
from vidgan.errors import InputError, OptionError
from vidgan.jobs.evaluate import options, protocol
from vidgan.jobs.evaluate.cache import StatisticsCache
from vidgan.jobs.evaluate.clip_sets import ClipSets
from vidgan.jobs.evaluate.clip_statistics import Discriminator, StatisticsCollector
from vidgan.jobs.evaluate.groups.labels import missing_labels
from vidgan.jobs.evaluate.groups.motion import motion_histograms
from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.jobs.evaluate.nearest_neighbours import find_nearest_training_clips
from vidgan.jobs.evaluate.report.media import ClipMedia, NearestPairs
from vidgan.jobs.evaluate.report.report import Environment, Protocol, Report, ReportSet
from vidgan.jobs.evaluate.report.verdicts import conclude
from vidgan.metrics.features import FEATURES
from vidgan.metrics.interval import LEVEL
from vidgan.metrics.result import MetricResult
from vidgan.video.optical_flow import MIN_SIDE

if TYPE_CHECKING:
    from vidgan.jobs.generate.sampler import Sampler
    from vidgan.training.run import Run


def measure(
    clip_sets: ClipSets,
    config: EvaluateConfig,
    device: str,
    progress: bool,
    *,
    title: str,
    run: "Run | None" = None,
    sampler: "Sampler | None" = None,
    network: Any = None,
) -> tuple[Report, ClipMedia]:
    """Evaluate sets of clips.

    Args:
        clip_sets: the sets.
        config: the options.
        device: TensorFlow's name of the device that computes features.
        progress: show a progress bar on a terminal.
        title: of the report.
        run: the run that generated the clips, if known.
        sampler: generates further clips of the run.
        network: the run's discriminator, None to leave it out; see ``load_discriminator``.

    Returns:
        The report, and the clips that it shows.

    Raises:
        OptionError: the features need longer clips.
        InputError: frames are too small for optical flow.
        VidganError: a set cannot be read, or weights do not exist.
    """
    _check_sizes(clip_sets, config)
    inputs, pairs = _collect(clip_sets, config, device, progress, run, sampler, network)
    results: list[MetricResult] = []
    for group in options.metric_groups(config):
        if group.needs not in inputs.available:
            continue
        try:
            results += group.load()(inputs)
        except InputError as error:  # Too few clips, or clips that are all the same.
            results.append(MetricResult(group.name, group.name, group.name, None, note=str(error)))
    report = _compose(clip_sets, inputs, results, device, title)
    return report, ClipMedia(inputs.reference.examples, inputs.generated.examples, pairs)


def _check_sizes(clip_sets: ClipSets, config: EvaluateConfig) -> None:
    """Raise where clips are too short for the features or frames too small for optical flow."""
    frames = clip_sets.generated.shape.frames
    for each in options.used_features(config):
        if frames < each.min_frames:
            raise OptionError(
                f"--frames {frames}: {each.name} needs clips of {each.min_frames} frames"
            )
    width, height = clip_sets.reference.shape.size or (0, 0)
    if Need.MOTION in options.needs(config) and min(width, height) < MIN_SIDE:
        raise InputError(
            f"{clip_sets.reference.path}: frames are {width}x{height}, too small for motion, which "
            f"needs {MIN_SIDE}x{MIN_SIDE}; leave it out of --measures"
        )


def _collect(
    clip_sets: ClipSets,
    config: EvaluateConfig,
    device: str,
    progress: bool,
    run: "Run | None",
    sampler: "Sampler | None",
    network: Any,
) -> tuple[MetricInputs, NearestPairs | None]:
    """Collect what the groups need, with the nearest pairs that the report shows."""
    import tensorflow as tf
    from tqdm import tqdm

    needs, used = options.needs(config), options.used_features(config)
    nearest = Need.NEAREST_TRAINING_CLIPS in needs
    total = sum(each.count for each in clip_sets.by_name.values())
    total += clip_sets.training.count if nearest else 0
    # None: a bar only where the error stream is a terminal.
    disable = None if progress else True
    with (
        tf.device(device),
        tqdm(total=total, unit="clip", desc="evaluate", disable=disable, leave=False) as bar,
    ):
        networks = {
            each.name: each.load(config.weights if each.needs_weights else None) for each in used
        }
        collector = StatisticsCollector(
            [(each, networks[each.name]) for each in used],
            motion=Need.MOTION in needs,
            pixels=Need.PIXELS in needs,
            discriminator=None if network is None else _logits_of(network, run),
            batch_size=config.batch_size,
            advance=bar.update,
        )
        cache = StatisticsCache(collector, config)
        statistics = {}
        for name, clips in clip_sets.by_name.items():
            bar.set_description(name)
            cached = config.cache and name != "generated"
            statistics[name] = (cache if cached else collector).collect(clips)
        memorisation = pairs = None
        if nearest:
            bar.set_description("nearest training clips")
            features = config.clip_features
            memorisation, pairs = find_nearest_training_clips(
                clip_sets, statistics, features, networks[features], config.batch_size, bar.update
            )
    inputs = MetricInputs(
        config,
        FEATURES[config.clip_features],
        FEATURES[config.frame_features],
        reference=statistics["real"],
        floor=statistics["floor"],
        generated=statistics["generated"],
        held_out=clip_sets.held_out,
        run=run,
        sampler=sampler,
        memorisation=memorisation,
        labels=clip_sets.generated.labels,
    )
    return inputs, pairs


def _compose(
    clip_sets: ClipSets,
    inputs: MetricInputs,
    results: list[MetricResult],
    device: str,
    title: str,
) -> Report:
    import tensorflow as tf

    config, shape = inputs.config, clip_sets.generated.shape
    notes = protocol.deviations(config, clip_sets)
    notes += [note for each in inputs.sets for note in each.notes]
    notes += missing_labels(inputs).values()
    counts = [each.count for each in inputs.sets]
    return Report(
        title=title,
        sets={
            name: ReportSet(
                each.title,
                str(each.path),
                count,
                each.fps,
                list(each.shape.size or ()),
                each.shape.frames,
            )
            for (name, each), count in zip(clip_sets.by_name.items(), counts, strict=True)
        },
        protocol=Protocol(
            name=config.protocol,
            frames=shape.frames,
            stride=shape.stride,
            size=list(shape.size or ()),
            seed=config.seed,
            bootstrap=config.bootstrap,
            confidence=LEVEL,
        ),
        results=results,
        notes=list(dict.fromkeys(notes)),
        verdicts=conclude(results, inputs.memorisation),
        histograms=motion_histograms(inputs),
        environment=Environment(
            "moving average" if inputs.run else "", device, str(tf.__version__)
        ),
    )


def _logits_of(network: Any, run: "Run | None") -> Discriminator:
    """Return the function from uint8 clips and labels to a discriminator's logits, float64."""
    conditional = run is not None and run.model.conditional

    def logits(clips: np.ndarray, labels: np.ndarray) -> np.ndarray:
        output = network(pixels.to_model(clips), labels if conditional else None)
        return np.asarray(output, np.float64)

    return logits
