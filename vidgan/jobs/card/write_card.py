"""``vidgan card``: a folder with which a run can be shared."""

from collections.abc import Callable
from pathlib import Path

from vidgan import extras
from vidgan.config import DEFAULT_TASK, CardConfig, OptionValue
from vidgan.errors import ExportError
from vidgan.files import replace_folder, writing_folder
from vidgan.jobs.card import model_card, pictures, push
from vidgan.jobs.card.figures import find_report
from vidgan.remote.arguments import takes_urls
from vidgan.training.run import Run
from vidgan.training.run_lookup import CONFIG_NAME
from vidgan.training.sharing import write_shared

CARD_NAME = "README.md"


def write_card(
    run: Path | str | None = None,
    output: Path | str | None = None,
    *,
    notify: Callable[[str], None] = lambda note: None,
    **options: OptionValue,
) -> Path:
    """Write a folder with which a run can be shared, such as on the Hugging Face Hub.

    It holds the weights that generate or restore, as safetensors, the configuration, a model card
    (``README.md``) and its pictures. It is a run that all commands open. What only trains is left
    out, and so are the training clips.

    Args:
        run: folder of the run; the newest in ``runs`` by default.
        output: the folder to write; by default that of the run's name with ``-card`` in the current
            one.
        notify: called with a line on what is left to do, and on what was uploaded.
        **options: the fields of :class:`vidgan.config.CardConfig`, such as
            ``license="cc-by-4.0"``.

    Returns:
        The folder.

    Raises:
        OptionError: an option is unknown, or a package is missing.
        RunError: there is no such run, or it has no checkpoint.
        ExportError: the output exists already or cannot be written; or the upload failed, and the
            folder is there.
    """
    return write_run_card(run, output, CardConfig.from_options(options), notify)


@takes_urls(output="output")
def write_run_card(
    run: Path | str | None,
    output: Path | str | None,
    config: CardConfig,
    notify: Callable[[str], None],
) -> Path:
    """Write a folder with which a run can be shared; see :func:`write_card`.

    Args:
        run: folder of the run; None for the newest in ``runs``.
        output: the folder to write; None for the default.
        config: the options.
        notify: called with a line on what is left to do, and on what was uploaded.
    """
    opened = Run.open(run)
    checkpoint = opened.checkpoint(config.checkpoint)
    name = opened.path.resolve().name
    folder = Path(f"{name}-card" if output is None else output)
    for package in ("huggingface_hub", "safetensors"):
        extras.require(package, "hub", "vidgan card")
    if config.push is not None:
        push.check(config.push)
    _check_output(folder, config.overwrite)
    report = find_report(opened, checkpoint, config.report)
    with writing_folder(folder) as hidden:
        new = hidden / "new"
        new.mkdir()
        shared = write_shared(opened, checkpoint, new)
        shown = pictures.write(opened, shared, checkpoint, config)
        card = model_card.compose(opened, shared, name, report, shown, config)
        (new / CARD_NAME).write_text(card, encoding="utf-8")
        replace_folder(new, folder)
    for note in _left_to_do(opened, report is not None, config):
        notify(note)
    if config.push is not None:
        notify(f"Uploaded to {push.upload(folder, config.push)}")
    return folder


def _left_to_do(run: Run, measured: bool, config: CardConfig) -> list[str]:
    """Return what the user must do before the folder is published."""
    notes = []
    if config.license is None:
        notes.append(f"Choose a licence in {CARD_NAME}, or with --license.")
    if not measured and run.task == DEFAULT_TASK:
        notes.append(
            "The card has no metrics of this checkpoint: measure it with vidgan evaluate "
            f"{run.path} --no-sharpen, and write the card again."
        )
    return notes


def _check_output(folder: Path, overwrite: bool) -> None:
    """Raise ExportError if the folder cannot be written, or holds anything else."""
    if not folder.exists():
        return
    if not ((folder / CARD_NAME).is_file() and (folder / CONFIG_NAME).is_file()):
        raise ExportError(f"{folder} exists already and has no card; choose another -o")
    if not overwrite:
        raise ExportError(
            f"{folder} exists already; replace it, with what was changed in its card, with "
            "--overwrite, or choose another -o"
        )
