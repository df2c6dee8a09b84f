"""Checks of combinations of options."""

from vidgan.config import ModelConfig, TrainConfig, check_requirements
from vidgan.errors import OptionError
from vidgan.losses import LOSSES
from vidgan.models import find_architecture
from vidgan.regularizers import PENALTIES
from vidgan.training import distance_metrics


def check(model: ModelConfig, train: TrainConfig) -> None:
    """Check that options go together.

    Args:
        model: the options of the networks, resolved.
        train: the options of the training.

    Raises:
        OptionError: two options contradict each other, or one has no effect.
    """
    check_requirements(train)
    distance_metrics.parse(train.metrics)  # Raises for unknown names.
    loss = LOSSES[train.loss]
    if train.label_smoothing and loss.smoothed is None:
        able = ", ".join(name for name, each in LOSSES.items() if each.smoothed is not None)
        raise OptionError(
            f"--label-smoothing needs a loss with labels, and --loss {train.loss} has none; use "
            f"one of {able}"
        )
    if train.ada is not None and not loss.centred:
        raise OptionError(
            f"--ada needs logits whose sign separates real from generated clips, and those of "
            f"--loss {train.loss} do not; use another loss, or leave --ada out"
        )
    penalised = any(getattr(train, name) for name in PENALTIES)
    if loss.needs_lipschitz and not penalised and model.spectral_norm == "none":
        raise OptionError(
            f"--loss {train.loss} needs a Lipschitz discriminator; use --gradient-penalty 10, "
            "--r1 or --spectral-norm discriminator"
        )
    if train.adaptive and (train.g_every > 1 or train.d_every > 1):
        raise OptionError(
            "--adaptive sets how fast each network learns; leave --g-every and --d-every out"
        )
    if train.g_every > 1 and train.d_every > 1:
        raise OptionError("--g-every and --d-every together slow both networks; use one of them")
    if train.unroll and train.precision == "mixed_float16":
        raise OptionError(
            "--unroll needs second derivatives, for which the range of mixed_float16 is too small; "
            "use --precision mixed_bfloat16 or float32"
        )
    if train.recognition is not None and not find_architecture(model.model).options.get(
        "categories"
    ):
        raise OptionError(
            f"--recognition is the weight of a loss on codes, and --model {model.model} has none; "
            "use --model infogan"
        )
    if model.pairs and (train.batch_size or 2) % 2:
        raise OptionError(
            f"--pairs needs an even --batch-size, and {train.batch_size} is odd; use an even one, "
            "or --no-pairs"
        )
    if model.conditional and len(model.labels) < 2:
        raise OptionError(
            "--conditional needs a dataset with two labels or more; use vidgan preprocess --labels"
        )
