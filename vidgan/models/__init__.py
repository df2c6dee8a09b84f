"""The networks: a registry, shared blocks and one file an architecture.

A new model is a module with an ``ARCHITECTURE`` (see :mod:`vidgan.models.dcgan`) and its name in
``vidgan.config.MODELS``. What all models can do stands here: labels and codes join the latent
vector, and each discriminator is a model's trunk, over a view of the clip, with the heads of
:mod:`vidgan.models.heads`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from vidgan.config import DISCRIMINATORS, MODELS, ModelConfig
from vidgan.config.base import option_fields, option_name
from vidgan.errors import OptionError
from vidgan.latents import CATEGORICAL, LABEL, UNIFORM, Latent

if TYPE_CHECKING:
    import keras

    from vidgan.models.architecture import Architecture


def find(name: str) -> "Architecture":
    """Return a model of the registry."""
    return import_module(f"vidgan.models.{name}").ARCHITECTURE


def resolve(config: ModelConfig) -> ModelConfig:
    """Fill in the options that are the model's own.

    Raises:
        OptionError: an option has no meaning for the model, or names no discriminator.
    """
    options = find(config.model).options
    changes = {}
    for field, spec in option_fields(ModelConfig):
        if field.default is not None:
            continue
        name, value = field.name, getattr(config, field.name)
        # 0 is what a model without the option does anyway.
        if spec.fallback is None and name not in options and value:
            raise OptionError(
                f"{option_name(field)} has no meaning for --model {config.model}; leave it out"
            )
        if value is None:
            changes[name] = options.get(name, spec.fallback)
    config = config.replace(**changes)
    views = discriminator_views(config)
    if len(set(views)) < len(views):
        raise OptionError(f"--discriminators {config.discriminators}: each can be named once")
    return config


def discriminator_views(config: ModelConfig) -> tuple[str, ...]:
    """Return the names of what is judged, as ``("frames", "small")``.

    Raises:
        OptionError: a name is unknown, or there is none.
    """
    names = tuple(name.strip() for name in (config.discriminators or "").split(","))
    for name in names:
        if name not in DISCRIMINATORS:
            raise OptionError(f"--discriminators {name!r} is none of {', '.join(DISCRIMINATORS)}")
    return names


def latents(
    config: ModelConfig, frames: int | None = None, spacing: float = 1.0
) -> tuple[Latent, ...]:
    """Return the generator's inputs, in the order in which they are drawn.

    Args:
        config: the model.
        frames: frames of a clip; those of training by default.
        spacing: the time from frame to frame; 1 is that of training.

    Raises:
        OptionError: the model cannot make so many frames, or none at such times.
    """
    config = resolve(config)
    found = find(config.model)
    if frames not in (None, config.frames) and not found.any_length:
        raise OptionError(
            f"--frames {frames}: a {config.model} makes {config.frames} frames only; "
            f"models that make any number are {', '.join(_with('any_length'))}"
        )
    if spacing != 1 and not found.any_rate:
        raise OptionError(
            f"a {config.model} makes frames at the times of training only; models that make them "
            f"at any rate are {', '.join(_with('any_rate'))}"
        )
    own = found.latents(config, frames or config.frames, spacing)
    return (*_conditions(config), *own)


def _with(ability: str) -> list[str]:
    return [name for name in MODELS if getattr(find(name), ability)]


def _conditions(config: ModelConfig) -> tuple[Latent, ...]:
    """Return the inputs that join the latent vector in any model."""
    made = []
    if config.conditional:
        made.append(Latent("label", (), LABEL, classes=len(config.labels)))
    if config.categories:
        made.append(Latent("category", (config.categories,), CATEGORICAL))
    if config.codes:
        made.append(Latent("codes", (config.codes,), UNIFORM))
    return tuple(made)


def build_generator(config: ModelConfig, height: int, width: int) -> "keras.Model":
    """Build a generator: a dict of latents, see :func:`latents`, → clips for [-1, 1].

    Returns:
        A Keras model whose output is float32 ``(batch, frames, height, width, 3)``.

    Raises:
        OptionError: the size does not split, or an option does not fit the model.
    """
    from vidgan.models import heads
    from vidgan.models.layers import spectral_norm
    from vidgan.models.sizes import split_side

    config = resolve(config)
    found = find(config.model)
    for side in (height, width):
        split_side(side)
    conditions = _conditions(config)
    inner = config.replace(latent_dim=config.latent_dim + heads.width_of(conditions))
    generator = found.generator(inner, height, width)
    if conditions:
        generator = heads.conditioned(generator, conditions, config.latent_dim)
    if config.spectral_norm == "both":
        generator = spectral_norm.normalised(generator, sustained=True)
    return generator


def judged_together(config: ModelConfig, view: str) -> int:
    """Return how many neighbouring items of a batch a discriminator gives one logit: 1 or 2.

    Several items of one clip are judged one by one: neighbours would be of the same clip.
    """
    from vidgan.models.views import VIEWS

    return 2 if config.pairs and VIEWS[view].count(config) == 1 else 1


def build_discriminators(config: ModelConfig, height: int, width: int) -> "dict[str, keras.Model]":
    """Build the discriminators, one for each view that ``config.discriminators`` names.

    Returns:
        For each view's name a Keras model from a dict of ``clip``, items
        ``(batch, frames, height, width, 3)`` in [-1, 1], and, of a conditional model, ``label``,
        int32 ``(batch,)``, to a dict of ``logit``, float32 ``(batch, 1)``; positive means real. The
        first one of a model with codes has ``category`` and ``codes`` as well, see
        ``vidgan.losses.recognition``. Items that :func:`judged_together` share their logit, and no
        logit depends on any other item of the batch.

    Raises:
        OptionError: the size does not split, or an option does not fit the model.
    """
    from vidgan.models import heads
    from vidgan.models.layers import spectral_norm
    from vidgan.models.views import VIEWS

    config = resolve(config)
    found = find(config.model)
    networks = {}
    for index, name in enumerate(discriminator_views(config)):
        trunk = found.trunk(config, VIEWS[name].shape(config, height, width))
        pairs = judged_together(config, name) > 1
        network = heads.discriminator(trunk, config, name, index == 0, pairs)
        if config.spectral_norm != "none":
            network = spectral_norm.normalised(network)
        networks[name] = network
    return networks
