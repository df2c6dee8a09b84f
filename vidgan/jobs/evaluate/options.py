"""The options of an evaluation, with those of the protocol filled in and checked."""

from pathlib import Path
from typing import Any

from vidgan.config import PROTOCOLS, EvaluateConfig, MetricGroup, Need, check_requirements
from vidgan.config.metric_groups import all_needs, chosen_groups, selectable_groups
from vidgan.errors import OptionError
from vidgan.metrics.features import FEATURES, Features, weights
from vidgan.metrics.interval import LEVEL


def resolve(options: dict[str, Any]) -> EvaluateConfig:
    """Return the options, with those of the protocol as defaults.

    Raises:
        OptionError: an option is unknown or out of bounds, two contradict each other, or
            the weights have a format that is never opened.
        InputError: the weights do not exist.
    """
    protocol = PROTOCOLS.get(options.get("protocol", EvaluateConfig.protocol), {})
    config = EvaluateConfig.from_options(protocol | options)
    for name in config.measures.split(","):
        if name not in selectable_groups():
            raise OptionError(f"--measures {name!r} is none of {', '.join(selectable_groups())}")
    _check_bootstrap(config)
    check_requirements(config)
    _check_weights(config)
    return config


def metric_groups(config: EvaluateConfig) -> list[MetricGroup]:
    """Return the groups of metrics to compute."""
    return chosen_groups(config.measures)


def needs(config: EvaluateConfig) -> Need:
    """Return what these groups need."""
    return all_needs(metric_groups(config))


def used_features(config: EvaluateConfig) -> list[Features]:
    """Return the embeddings that the metrics need."""
    needed = needs(config)
    return [
        FEATURES[name]
        for need, name in (
            (Need.CLIP_FEATURES, config.clip_features),
            (Need.FRAME_FEATURES, config.frame_features),
        )
        if need in needed
    ]


def _check_bootstrap(config: EvaluateConfig) -> None:
    minimum = round(2 / (1 - LEVEL))
    if 0 < config.bootstrap < minimum:
        raise OptionError(
            f"--bootstrap {config.bootstrap}: an interval of {LEVEL:.0%} needs at least {minimum} "
            "resamples; 0 disables intervals"
        )


def _check_weights(config: EvaluateConfig) -> None:
    chosen = [FEATURES[name] for name in (config.clip_features, config.frame_features)]
    if config.weights is not None:
        if not any(each.needs_weights for each in chosen):
            raise OptionError(
                "--weights goes with --clip-features i3d, --frame-features inception or "
                "efficientnet"
            )
        weights.files_of(Path(config.weights))  # Raises before TensorFlow is loaded.
    with_weights = [each for each in used_features(config) if each.needs_weights]
    if config.weights is not None and len(with_weights) > 1:
        raise OptionError(
            f"--weights {config.weights}: cannot be of both {with_weights[0].name} and "
            f"{with_weights[1].name}; evaluate one at a time, with --measures distance and "
            "--measures frames"
        )
    for each in with_weights:
        each.check_weights(config.weights)
