"""What ``vidgan evaluate`` is asked for."""

from pathlib import Path
from typing import Any

from vidgan.config import MEASURES, PAIRED_OPTIONS, PROTOCOLS, EvaluateConfig
from vidgan.config.base import option_names
from vidgan.errors import OptionError
from vidgan.metrics.features import FEATURES, Features, weights
from vidgan.metrics.interval import LEVEL


def resolve(options: dict[str, Any]) -> EvaluateConfig:
    """Return the options, those of the protocol where none is given.

    Raises:
        OptionError: an option is unknown or out of bounds, two contradict each other, or
            weights are of a kind that is never opened.
        InputError: the weights are not there.
    """
    named = PROTOCOLS.get(options.get("protocol", EvaluateConfig.protocol), {})
    config = EvaluateConfig.from_options(named | options)
    for name in config.measures.split(","):
        if name not in MEASURES:
            raise OptionError(f"--measures {name!r} is none of {', '.join(MEASURES)}")
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
    needing = [each for each in used_features(config) if each.needs_weights]
    if config.weights is not None and len(needing) > 1:
        raise OptionError(
            f"--weights {config.weights}: cannot be of both {needing[0].name} and "
            f"{needing[1].name}; measure one at a time, with --measures distance and --measures "
            "frames"
        )
    for each in needing:
        each.check_weights(config.weights)
    return config


def used_features(config: EvaluateConfig) -> list[Features]:
    """Return the embeddings that the figures need which are asked for."""
    of_clips = ("distance", "coverage", "diversity", "memorisation", "labels")
    return [
        FEATURES[name]
        for name, groups in ((config.clip_features, of_clips), (config.frame_features, ("frames",)))
        if any(wanted(config, group) for group in groups)
    ]


def wanted(config: EvaluateConfig, measure: str) -> bool:
    """Return whether a group of figures is asked for."""
    return measure in config.measures.split(",")
