"""Options: bounds, JSON, and that the command line says the same as the dataclasses."""

import dataclasses
import json
import typing
from typing import Any

import click
import pytest
from click.testing import CliRunner
from commands import get_command

from vidgan.cli import command_names, main
from vidgan.config import (
    BUDGET,
    TASKS,
    CardConfig,
    ColorizeVideo,
    Config,
    EnhanceConfig,
    EnhanceVideo,
    EvaluateConfig,
    ExploreConfig,
    ExportConfig,
    GenerateConfig,
    InpaintConfig,
    InpaintVideo,
    InterpolateConfig,
    InterpolateVideo,
    ModelConfig,
    OptionSpec,
    PreprocessConfig,
    RunnerConfig,
    TrainConfig,
    TrainingOptions,
    TranslateConfig,
    TranslateVideo,
    VaryConfig,
    check_requirements,
    known_options,
    option,
    option_fields,
    option_name,
    refuse_other_tasks_options,
    resumable_options,
    train_configs,
    value_type,
)
from vidgan.errors import OptionError

CONFIGS = {
    "preprocess": (PreprocessConfig, RunnerConfig),
    "train": (
        ModelConfig,
        TrainConfig,
        EnhanceConfig,
        InpaintConfig,
        InterpolateConfig,
        TranslateConfig,
    ),
    "generate": (GenerateConfig,),
    "vary": (VaryConfig,),
    "card": (CardConfig,),
    "explore": (ExploreConfig,),
    "enhance": (EnhanceVideo,),
    "inpaint": (InpaintVideo,),
    "interpolate": (InterpolateVideo,),
    "colorize": (ColorizeVideo,),
    "translate": (TranslateVideo,),
    "evaluate": (EvaluateConfig,),
    "export": (ExportConfig,),
}
FIELDS = [
    (command, config, field)
    for command, configs in CONFIGS.items()
    for config in configs
    for field, _ in option_fields(config)
]
BOUNDED = [
    (config, field) for _, config, field in FIELDS if field.metadata["option"].max is not None
]
NAMES = [f"{command} {option_name(field)}" for command, _, field in FIELDS]


def command_option(command: str, name: str) -> click.Option:
    parameters = get_command(command).params
    return next(p for p in parameters if isinstance(p, click.Option) and p.name == name)


@dataclasses.dataclass(frozen=True)
class Sample(Config):
    count: int = option(3, "A number.", min=1, max=9)
    rate: float | None = option(None, "A fraction.", min=0.5, max=2)
    kind: str = option("a", "A choice.", choices=("a", "b"))
    text: str = option("free", "A text.")
    loud: bool = option(True, "A switch.", name="loud")
    size: tuple[int, int] = option((4, 5), "A pair.")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"count": 0}, "--count 0 is too small: at least 1"),
        ({"count": 10}, "--count 10 is too large: at most 9"),
        ({"count": 2.5}, "--count 2.5 is not a whole number"),
        ({"count": True}, "--count True is not a number"),
        ({"count": "2"}, "--count '2' is not a number"),
        ({"count": None}, "--count needs a value"),
        ({"rate": 0.4}, "--rate 0.4 is too small: at least 0.5"),
        ({"rate": float("nan")}, "--rate nan is not a number"),
        ({"rate": float("inf")}, "--rate inf is too large"),
        ({"kind": "c"}, "--kind 'c' is none of a, b"),
        ({"text": 5}, "--text 5 is not text"),
        ({"loud": "no"}, "--loud 'no' is not true or false"),
        ({"loud": 0}, "--loud 0 is not true or false"),
        ({"size": (1, 2, 3)}, "--size (1, 2, 3) is not a pair"),
        ({"size": (1, 2.5)}, "--size (1, 2.5) is not a pair"),
        ({"size": 64}, "--size 64 is not a pair"),
    ],
)
def test_wrong_values(values: Any, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        Sample(**values)
    assert str(caught.value).startswith(text)
    with pytest.raises(OptionError, match=r"^--"):
        Sample().replace(**values)


def test_bounds_themselves_are_allowed() -> None:
    assert Sample(count=1, rate=2).count == 1
    assert Sample(count=9, rate=0.5).rate == 0.5


@pytest.mark.parametrize(("config", "field"), BOUNDED, ids=lambda value: getattr(value, "name", ""))
def test_every_bound_holds(config: type[Config], field: dataclasses.Field[Any]) -> None:
    for bound, beyond in ((field.metadata["option"].min, -1), (field.metadata["option"].max, 1)):
        kind, _ = value_type(config, field.name)
        assert getattr(config(**{field.name: kind(bound)}), field.name) == bound
        with pytest.raises(OptionError, match=option_name(field)):
            config(**{field.name: kind(bound + beyond)})


@pytest.mark.parametrize("config", [config for configs in CONFIGS.values() for config in configs])
def test_json_round_trip(config: type[Config]) -> None:
    changed: dict[type[Config], dict[str, Any]] = {
        PreprocessConfig: {"size": (96, 64)},
        GenerateConfig: {"grid": (2, 3)},
    }
    for values in [{}, changed.get(config, {})]:
        original = config(**values)
        text = json.dumps(original.to_json())
        assert config.from_json(json.loads(text), "here") == original


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "place.json: expected an object"),
        ({"volume": 3}, "place.json: unknown option 'volume'; was it made by a newer vidgan"),
        ({"count": 99}, "place.json: --count 99 is too large"),
        ({"size": [1]}, "place.json: size: expected array of length 2"),
        ({"text": {}}, "place.json: text: expected str, got object"),
    ],
)
def test_wrong_json_names_the_file(values: Any, text: str) -> None:
    with pytest.raises(OptionError, match=f"^{text}"):
        Sample.from_json(values, "place.json")


def test_unknown_keyword() -> None:
    with pytest.raises(OptionError, match="unknown option 'volume'; known are count, kind"):
        Sample.from_options({"volume": 3})


@pytest.mark.parametrize(("command", "config", "field"), FIELDS, ids=NAMES)
def test_option_says_what_the_field_says(
    command: str, config: type[Config], field: dataclasses.Field[Any]
) -> None:
    parameter = command_option(command, field.name)
    assert option_name(field) in parameter.opts
    assert parameter.help == field.metadata["option"].help
    context = click.Context(get_command(command))
    assert parameter.get_default(context) is None or (
        parameter.type_cast_value(context, parameter.get_default(context)) == field.default
    )
    assert field.default is None or parameter.get_default(context) is not None
    if field.metadata["option"].choices:
        assert isinstance(parameter.type, click.Choice)
        assert tuple(parameter.type.choices) == field.metadata["option"].choices
    elif value_type(config, field.name)[0] in (int, float):
        assert isinstance(parameter.type, click.IntRange | click.FloatRange)
        assert (parameter.type.min, parameter.type.max) == (
            field.metadata["option"].min,
            field.metadata["option"].max,
        )


@pytest.mark.parametrize("command", CONFIGS)
def test_no_option_shadows_another(command: str) -> None:
    parameters = get_command(command).params
    names = [name for p in parameters for name in (*p.opts, *p.secondary_opts)]
    assert len(names) == len(set(names))


def test_every_command_with_options_is_here() -> None:
    assert set(command_names()) - set(CONFIGS) == {"info", "models"}


@pytest.mark.parametrize(("command", "config", "field"), FIELDS, ids=NAMES)
def test_wrong_value_is_a_usage_error(
    command: str, config: type[Config], field: dataclasses.Field[Any]
) -> None:
    """Exit 2 and the option's name, before anything heavy is loaded."""
    kind, _ = value_type(config, field.name)
    name = option_name(field)
    if kind is bool:
        arguments = [f"{name}=maybe"]
    elif kind is str and not field.metadata["option"].choices:
        arguments = [name]
    else:
        arguments = [name, "x1x"]
    result = CliRunner().invoke(main, [command, *arguments])
    assert result.exit_code == 2
    assert name in result.output


def test_optional_and_plain_types() -> None:
    assert value_type(Sample, "rate") == (float, True)
    assert value_type(Sample, "count") == (int, False)
    assert typing.get_origin(value_type(Sample, "size")[0]) is tuple


@dataclasses.dataclass(frozen=True)
class Renamed(Config):
    level: float | None = option(None, "A number.", before=0.5, renamed_from="height")
    filter: str = option("none", "A choice.")
    width: int = option(3, "A number.", requires="filter")


def test_former_names_are_accepted() -> None:
    assert Renamed.from_options({"height": 2.0}) == Renamed(level=2.0)
    assert Renamed.from_json({"height": 2.0}, "place.json") == Renamed(level=2.0)
    assert Renamed.from_json({"height": None}, "place.json").level is None
    with pytest.raises(OptionError, match="--height is the former name of --level; give one"):
        Renamed.from_options({"height": 2.0, "level": 2.0})


def test_options_that_files_are_older_than() -> None:
    assert Renamed().level is None
    assert Renamed.from_json({}, "place.json").level == 0.5
    assert Renamed.from_json({"level": None}, "place.json").level is None


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({}, False),
        ({"width": 4}, True),
        ({"width": 3}, False),
        ({"width": 4, "filter": ""}, True),
        ({"width": 4, "filter": "none,"}, True),
        ({"width": 4, "filter": "wide,none"}, False),
    ],
)
def test_options_without_effect(values: dict[str, Any], refused: bool) -> None:
    config = Renamed(**values)
    if refused:
        with pytest.raises(OptionError, match="--width has no effect with --filter"):
            check_requirements(config)
    else:
        check_requirements(config)


def test_options_that_exclude_each_other() -> None:
    check_requirements(EvaluateConfig(n=5))
    check_requirements(EvaluateConfig(paired=True, bootstrap=50))
    with pytest.raises(OptionError, match="--n does not go with --paired; leave one of them out"):
        check_requirements(EvaluateConfig(paired=True, n=5))


def test_an_option_may_require_one_of_another_config() -> None:
    """``loss`` requires ``adversarial``, which only some tasks have."""
    train = TrainConfig(loss="hinge")
    check_requirements(train)
    with pytest.raises(OptionError, match=r"--loss has no effect with --adversarial 0\.0; leave"):
        check_requirements(train, EnhanceConfig())
    check_requirements(train, EnhanceConfig(adversarial=1.0))


SPECS = [
    pytest.param(config, field, spec, id=f"{config.__name__}.{field.name}")
    for configs in CONFIGS.values()
    for config in configs
    for field, spec in option_fields(config)
]


@pytest.mark.parametrize(("config", "field", "spec"), SPECS)
def test_facts_about_an_option(
    config: type[Config], field: dataclasses.Field[Any], spec: OptionSpec
) -> None:
    assert spec.help.endswith("."), "help is a sentence"
    assert spec.help[0].isupper() or spec.help.split()[0].strip(",:") in (spec.choices or ()), (
        spec.help
    )
    assert set(spec.tasks or ()) <= set(TASKS)
    if spec.fallback is not None:
        assert field.default is None
        assert getattr(config(**{field.name: spec.fallback}), field.name) == spec.fallback
    names = {
        each.name for other in (config, *train_configs()) for each in dataclasses.fields(other)
    }
    assert {spec.requires, spec.excludes} - {None} <= names
    assert spec.renamed_from not in names


@pytest.mark.parametrize(
    ("name", "config"),
    [(field.name, each) for each in train_configs() for field, _ in option_fields(each)],
)
def test_every_option_of_train_belongs_to_a_task(name: str, config: type[Config]) -> None:
    able = [task for task in TASKS if name in known_options(task)]
    assert able
    for task in TASKS:
        if task in able:
            refuse_other_tasks_options(task, {name: None})
        else:
            with pytest.raises(OptionError, match=f"has no meaning for --task {task}"):
                refuse_other_tasks_options(task, {name: None})


def test_budget() -> None:
    assert BUDGET == ("epochs", "steps", "minutes")
    assert set(BUDGET) < resumable_options()


def test_training_options_are_distributed_and_have_the_tasks_defaults() -> None:
    options = TrainingOptions.parse("inpaint", {"frames": 8, "steps": 5, "perceptual": 2.0})
    assert (options.model.frames, options.model.g_channels) == (8, 16)
    assert (options.train.steps, options.train.g_lr) == (5, 3e-3)
    assert options.train.optimizer == "muon"
    assert options.task_config == InpaintConfig(perceptual=2.0)
    assert options.given == {"frames", "steps", "perceptual"}


def test_options_that_the_user_gives_override_the_preset() -> None:
    options = TrainingOptions.parse("synthesis", {"preset": "fast", "d_channels": 20})
    assert (options.model.g_channels, options.model.d_channels) == (16, 20)


def test_unknown_option_of_train() -> None:
    with pytest.raises(OptionError, match="unknown option 'volume'; known are"):
        TrainingOptions.parse("synthesis", {"volume": 3})


def test_former_name_in_training_options() -> None:
    options = TrainingOptions.parse("synthesis", {"still": 3.0})
    assert options.model.temporal_threshold == 3.0
    with pytest.raises(OptionError, match="--temporal-threshold has no meaning for --task enhance"):
        TrainingOptions.parse("enhance", {"still": 3.0})
