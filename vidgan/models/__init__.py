"""The networks: a registry of models, shared blocks and one file for each architecture.

To add a model, write a module with an ``ARCHITECTURE`` (see :mod:`vidgan.models.dcgan`) and add its
name to ``vidgan.config.MODELS``. This module adds what all models have in common: labels and codes
are concatenated to the latent vector, and a discriminator is a model's trunk, applied to a view of
the clip, with the heads of :mod:`vidgan.models.heads`.
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


def find_architecture(name: str) -> "Architecture":
    """Return a model of the registry by its name."""
    architecture: Architecture = import_module(f"vidgan.models.{name}").ARCHITECTURE
    return architecture


def resolve(config: ModelConfig) -> ModelConfig:
    """Replace options that are None by the defaults of the model.

    Raises:
        OptionError: the model does not have an option, or a discriminator is unknown.
    """
    options = find_architecture(config.model).options
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
    """Return the names of the discriminators' views, such as ``("frames", "small")``.

    Raises:
        OptionError: a name is unknown, or none is given.
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
        frames: frames of a clip; by default those of training.
        spacing: time between consecutive frames, in units of the spacing in training.

    Raises:
        OptionError: the model cannot generate clips of this length or frame rate.
    """
    config = resolve(config)
    found = find_architecture(config.model)
    if frames not in (None, config.frames) and not found.any_length:
        raise OptionError(
            f"--frames {frames}: a {config.model} generates {config.frames} frames only; "
            f"models that generate any number are {', '.join(_models_with('any_length'))}"
        )
    if spacing != 1 and not found.any_rate:
        raise OptionError(
            f"a {config.model} generates frames at the frame rate of training only; models with "
            f"any frame rate are {', '.join(_models_with('any_rate'))}"
        )
    own = found.latents(config, frames or config.frames, spacing)
    return (*_conditions(config), *own)


def _models_with(ability: str) -> list[str]:
    return [name for name in MODELS if getattr(find_architecture(name), ability)]


def _conditions(config: ModelConfig) -> tuple[Latent, ...]:
    """Return the inputs that are concatenated to the latent vector of any model."""
    conditions = []
    if config.conditional:
        conditions.append(Latent("label", (), LABEL, classes=len(config.labels)))
    if config.categories:
        conditions.append(Latent("category", (config.categories,), CATEGORICAL))
    if config.codes:
        conditions.append(Latent("codes", (config.codes,), UNIFORM))
    return tuple(conditions)


def build_generator(config: ModelConfig, height: int, width: int) -> "keras.Model":
    """Build a generator.

    Returns:
        A Keras model from a dict of latents, see :func:`latents`, to float32 clips ``(batch,
        frames, height, width, 3)`` in about [-1, 1], see :func:`vidgan.models.dcgan.bound_colours`.

    Raises:
        OptionError: the model cannot be built for the size or with an option.
    """
    from vidgan.models import heads
    from vidgan.models.layers import spectral_norm
    from vidgan.models.sizes import split_side

    config = resolve(config)
    found = find_architecture(config.model)
    for side in (height, width):
        split_side(side)
    conditions = _conditions(config)
    inner = config.replace(latent_dim=config.latent_dim + heads.conditions_dim(conditions))
    generator = found.generator(inner, height, width)
    if conditions:
        generator = heads.condition_generator(generator, conditions, config.latent_dim)
    if config.spectral_norm == "both":
        generator = spectral_norm.apply_spectral_norm(generator, sustained=True)
    return generator


def items_per_logit(config: ModelConfig, view: str) -> int:
    """Return how many consecutive items of a batch share a logit: 2 with PacGAN's pairs, else 1.

    Views with several items for each clip have no pairs: both items would be from the same clip.
    """
    from vidgan.models.views import VIEWS

    return 2 if config.pairs and VIEWS[view].count(config) == 1 else 1


def build_discriminators(config: ModelConfig, height: int, width: int) -> "dict[str, keras.Model]":
    """Build the discriminators, one for each view that ``config.discriminators`` names.

    Returns:
        For each view's name a Keras model. Its inputs are a dict of ``clip``, items ``(batch,
        frames, height, width, 3)`` in [-1, 1], and, for a conditional model, ``label``, int32
        ``(batch,)``. Its outputs are a dict of ``logit``, float32 ``(batch, 1)``; positive means
        real. The first discriminator of a model with codes also returns ``category`` and ``codes``,
        see ``vidgan.losses.recognition``. A logit depends on no other items of the batch than the
        :func:`items_per_logit` that share it.

    Raises:
        OptionError: the model cannot be built for the size or with an option.
    """
    from vidgan.models import heads
    from vidgan.models.layers import spectral_norm
    from vidgan.models.views import VIEWS

    config = resolve(config)
    found = find_architecture(config.model)
    networks = {}
    for index, name in enumerate(discriminator_views(config)):
        trunk = found.trunk(config, VIEWS[name].shape(config, height, width))
        pairs = items_per_logit(config, name) > 1
        network = heads.discriminator(trunk, config, name, index == 0, pairs)
        if config.spectral_norm != "none":
            network = spectral_norm.apply_spectral_norm(network)
        networks[name] = network
    return networks
