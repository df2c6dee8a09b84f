"""The model card of a run: Markdown with the front matter of the Hugging Face Hub."""

import html
import re

from vidgan.config import DEFAULT_TASK, METRIC_GROUPS, TASK_OPTIONS, CardConfig
from vidgan.jobs.card import datasets, settings
from vidgan.jobs.card.figures import MEMORISATION, is_sharpened
from vidgan.jobs.card.pictures import Pictures
from vidgan.jobs.evaluate.report.report import Report, Verdict
from vidgan.jobs.evaluate.report.table import number
from vidgan.metrics.result import MetricResult
from vidgan.training import health_rules, safetensors_files
from vidgan.training.run import Run
from vidgan.training.soundness import MAX_BYTES, SHARED_EMA_NAME
from vidgan.training.state import read_measurement
from vidgan.version import __version__

# Until the user names a repository.
PLACEHOLDER = "USER/NAME"
_TAGS = {
    DEFAULT_TASK: ("unconditional-video-generation",),
    "enhance": ("video-restoration", "super-resolution"),
    "inpaint": ("video-restoration", "video-inpainting"),
    "interpolate": ("video-frame-interpolation",),
    "colorize": ("video-restoration", "video-colorization"),
    "translate": ("video-translation", "unpaired"),
}
# The Hub has no such tag for clips from noise.
_PIPELINE_TAG = "video-to-video"
# Metrics of the machine.
_SPEED = "speed"
_LICENSE = "# license: to fill in, such as cc-by-4.0; see the section Licence\n"


def compose(
    run: Run,
    shared: Run,
    name: str,
    report: Report | None,
    pictures: Pictures,
    config: CardConfig,
) -> str:
    """Return a model card.

    Args:
        run: the run.
        shared: what is shared.
        name: of the run.
        report: the metrics to show, None for none.
        pictures: the pictures beside the card.
        config: the options.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Text from files is escaped by the filter md: the card is Markdown, not HTML.
    environment = Environment(
        loader=PackageLoader("vidgan.jobs.card", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": escaped, "number": number}
    options = settings.describe(run)
    health = run.path / health_rules.HEALTH_NAME
    text = environment.get_template("card.md").render(
        name=name,
        run=run,
        task=TASK_OPTIONS[run.task],
        synthesis=run.task == DEFAULT_TASK,
        repository=config.push or PLACEHOLDER,
        license=config.license,
        version=__version__,
        pictures=pictures,
        state=shared.state(),
        measured=_measurement(shared),
        parameters=_parameters(shared),
        codes=_codes(run),
        data=datasets.describe(run, config.sources),
        settings=options,
        changed=[each for each in options if each.changed],
        health=None
        if not health.is_file()
        else health_rules.unresolved(health_rules.read_events(health)),
        early=shared.state()["step"] <= health_rules.GRACE,
        too_early=health_rules.TOO_EARLY,
        report=report,
        sharpened=report is not None and is_sharpened(report),
        groups=[] if report is None else _groups(report),
        memorisation=[] if report is None else _verdicts(report, True),
        verdicts=[] if report is None else _verdicts(report, False),
    )
    return _front_matter(run, name, report, config) + re.sub(r"\n{3,}", "\n\n", text)


def escaped(text: object) -> str:
    """Return text on one line in which Markdown and HTML have no effect."""
    plain = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", plain)


def _front_matter(run: Run, name: str, report: Report | None, config: CardConfig) -> str:
    """Return the YAML that the Hub reads, with the metrics as its ``model-index``."""
    from huggingface_hub import EvalResult, ModelCardData

    results = []
    if report is not None and not is_sharpened(report):
        results = [
            EvalResult(
                task_type=_task_type(run),
                task_name=TASK_OPTIONS[run.task].summary,
                dataset_type="video",
                dataset_name="held-out clips",
                metric_type=each.key,
                metric_name=each.title,
                metric_value=each.value,
                metric_args={} if each.low is None else {"low": each.low, "high": each.high},
            )
            for each in _results(report)
        ]
    data = ModelCardData(
        license=config.license,
        library_name="vidgan",
        pipeline_tag=None if run.task == DEFAULT_TASK else _PIPELINE_TAG,
        tags=["vidgan", "gan", "video", "keras", "tensorflow", *_TAGS[run.task]],
        datasets=datasets.on_hub(run) or None,
        model_name=name,
        eval_results=results or None,
    )
    lines = data.to_yaml()
    return f"---\n{'' if config.license else _LICENSE}{lines.rstrip()}\n---\n"


def _task_type(run: Run) -> str:
    return _TAGS[run.task][0] if run.task == DEFAULT_TASK else _PIPELINE_TAG


def _measurement(shared: Run) -> str | None:
    """Return what training measured of the checkpoint, None if nothing."""
    found = read_measurement(shared.checkpoint())
    return None if found is None else f"{found.text} at step {found.step} ({found.protocol})"


def _parameters(shared: Run) -> int:
    """Return the number of weights of the network, without the codes of training clips."""
    arrays = safetensors_files.read(shared.checkpoint() / SHARED_EMA_NAME, MAX_BYTES)
    return sum(array.size for name, array in arrays.items() if "code_sampler" not in name)


def _codes(run: Run) -> int:
    """Return the most codes of training clips that the weights hold."""
    if run.task != DEFAULT_TASK or not run.model.reconstruction:
        return 0
    from vidgan.models.layers.code_sampler import SIZE

    return SIZE * max(1, len(run.model.labels) if run.model.conditional else 1)


def _results(report: Report) -> list[MetricResult]:
    """Return the metrics that could be computed and say something of the network."""
    return [each for each in report.results if each.value is not None and each.group != _SPEED]


def _groups(report: Report) -> list[tuple[str, list[MetricResult]]]:
    """Return the metrics of a report under the titles of their groups."""
    found: dict[str, list[MetricResult]] = {}
    for each in _results(report):
        group = METRIC_GROUPS.get(each.group)
        found.setdefault(group.title if group else each.group, []).append(each)
    return list(found.items())


def _verdicts(report: Report, memorisation: bool) -> list[Verdict]:
    return [each for each in report.verdicts if each.title.startswith(MEMORISATION) == memorisation]
