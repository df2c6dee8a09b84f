"""``vidgan export``: a trained network as a file that runs without vidgan."""

import json
from pathlib import Path

from vidgan import extras, runtime
from vidgan.config import ExportConfig, OptionValue
from vidgan.errors import ExportError, OptionError
from vidgan.files import replace_folder, writing_folder
from vidgan.remote.arguments import takes_urls
from vidgan.training.run import Run

DESCRIPTION, README = "model.json", "README.md"
# Packages that convert to a format, beside TensorFlow.
_PACKAGES = {"onnx": ("tf2onnx", "onnx")}


def export(
    run: Path | str | None = None, output: Path | str | None = None, **options: OptionValue
) -> Path:
    """Write the network of a run that generates or restores, so that it runs without vidgan.

    The folder holds the network (``model.onnx``, ``saved_model`` or ``model.tflite``),
    ``model.json``, which describes its inputs and outputs, and ``README.md`` with a program that
    runs it. The weights are the moving average, as for :func:`vidgan.generate`.

    Args:
        run: folder of the run; the newest in ``runs`` by default.
        output: the folder to write; by default that of the run's name and the format, in the
            current one.
        **options: the fields of :class:`vidgan.config.ExportConfig`, such as ``format="litert"``.

    Returns:
        The folder.

    Raises:
        OptionError: an option is unknown, does not fit the run, or needs a package that is not
            installed.
        RunError: there is no such run, or it has no checkpoint.
        ExportError: the output exists already or cannot be written, or the format has no
            counterpart for an operation of the network.
    """
    return export_run(run, output, ExportConfig.from_options(options))


@takes_urls(output="output")
def export_run(run: Path | str | None, output: Path | str | None, config: ExportConfig) -> Path:
    """Write the network of a run; see :func:`export`.

    Args:
        run: folder of the run; None for the newest in ``runs``.
        output: the folder to write; None for the default.
        config: the options.
    """
    # Check everything before TensorFlow starts, which takes seconds.
    opened = Run.open(run)
    checkpoint = opened.checkpoint(config.checkpoint)
    if config.direction is not None and opened.task != "translate":
        raise OptionError(
            f"--direction {config.direction}: {opened.path} is a run of --task {opened.task}; "
            "leave it out"
        )
    name = f"{opened.path.resolve().name}-{config.format}"
    folder = Path(name if output is None else output)
    for package in _PACKAGES.get(config.format, ()):
        extras.require(package, "export", f"--format {config.format}")
    _check_output(folder, config.overwrite)
    runtime.prepare()
    from vidgan import tasks
    from vidgan.jobs.export import description, formats
    from vidgan.models.portable import portable
    from vidgan.tasks.load import load_generator

    make = tasks.find_task(opened.task).exported
    if make is None:
        raise OptionError(f"{opened.path}: runs of --task {opened.task} cannot be exported")
    network = portable(load_generator(opened, config.checkpoint))
    exported = formats.fit(make(opened, network, config.direction), config.format)
    values = description.describe(opened, checkpoint.name, config.format, exported)
    with writing_folder(folder) as hidden:
        new = hidden / "new"
        new.mkdir()
        formats.write(exported, config.format, new / formats.FILES[config.format])
        text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
        (new / DESCRIPTION).write_text(text, encoding="utf-8")
        (new / README).write_text(description.as_markdown(values), encoding="utf-8")
        replace_folder(new, folder)
    return folder


def _check_output(folder: Path, overwrite: bool) -> None:
    """Raise an error if the folder cannot be written, or holds anything that is not an export."""
    if folder.suffix in (".onnx", ".tflite"):
        raise OptionError(
            f"-o {folder}: what is written is a folder with the model in it; leave out "
            f"{folder.suffix}"
        )
    if not folder.exists():
        return
    if not (folder / DESCRIPTION).is_file():
        raise ExportError(f"{folder} exists already and is no export; choose another -o")
    if not overwrite:
        raise ExportError(
            f"{folder} exists already; replace it with --overwrite or choose another -o"
        )
