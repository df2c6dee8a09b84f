"""Options of training that make no sense together, refused with the reason."""

from vidgan import augment
from vidgan.config import LOSSES as LOSS_NAMES
from vidgan.config import ModelConfig, TrainConfig
from vidgan.errors import OptionError
from vidgan.losses import LOSSES
from vidgan.models import find
from vidgan.training import distances


def check(model: ModelConfig, train: TrainConfig) -> None:
    """Look for contradictions.

    Args:
        model: resolved.
        train: the options of training.

    Raises:
        OptionError: two options contradict each other, or one would do nothing.
    """
    loss = LOSSES[train.loss]
    if train.label_smoothing and loss.smoothed is None:
        able = ", ".join(name for name in LOSS_NAMES if LOSSES[name].smoothed is not None)
        raise OptionError(
            f"--label-smoothing needs a loss with labels: {train.loss} has none; use --loss "
            f"with one of {able}"
        )
    if train.ada is not None and not loss.centred:
        raise OptionError(
            f"--ada watches the sign of the discriminator's logit on real clips, which says "
            f"nothing with --loss {train.loss}; use another loss, or leave --ada out"
        )
    if train.ada is not None and not augment.parse(train.augment):
        raise OptionError("--ada adapts how often clips are augmented: --augment none leaves none")
    bounded = train.r1 or train.r2 or train.gradient_penalty or model.spectral_norm != "none"
    if train.loss == "wasserstein" and not bounded:
        raise OptionError(
            "--loss wasserstein needs a discriminator of bounded slope; use --gradient-penalty "
            "10, --r1 or --spectral-norm discriminator"
        )
    if train.adaptive and (train.g_every > 1 or train.d_every > 1):
        raise OptionError(
            "--adaptive decides how fast each network learns; leave --g-every and --d-every out"
        )
    if train.g_every > 1 and train.d_every > 1:
        raise OptionError("--g-every and --d-every hold back both networks; use one of them")
    if train.unroll and train.precision == "mixed_float16":
        raise OptionError(
            "--unroll goes through second derivatives, for which mixed_float16 has too little "
            "range; use --precision mixed_bfloat16 or float32"
        )
    if train.recognition is not None and not find(model.model).options.get("categories"):
        raise OptionError(
            f"--recognition weighs codes, and --model {model.model} has none; use --model infogan"
        )
    if not distances.parse(train.metrics):
        for name in ("metric_every", "metric_share", "patience"):
            if getattr(train, name) != getattr(TrainConfig, name):
                raise OptionError(
                    f"--{name.replace('_', '-')} is about measuring, which --metrics none turns "
                    "off; leave one of them out"
                )
    if model.pairs and (train.batch_size or 2) % 2:
        raise OptionError(
            f"--pairs judges clips two by two, and --batch-size {train.batch_size} is odd; use an "
            "even one, or --no-pairs"
        )
    if model.conditional and len(model.labels) < 2:
        raise OptionError(
            "--conditional needs a dataset with two labels or more; use vidgan preprocess --labels"
        )
