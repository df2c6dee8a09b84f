"""The job behind ``vidgan evaluate``."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgan import runtime
from vidgan.config import DEFAULT_TASK, MIN_GENERATED, EvaluateConfig, Need
from vidgan.dataset.manifest import Manifest
from vidgan.errors import OptionError
from vidgan.jobs.evaluate import protocol
from vidgan.jobs.evaluate.clip_sets import ClipSets, split_real
from vidgan.jobs.evaluate.measure import measure
from vidgan.jobs.evaluate.options import needs, resolve
from vidgan.jobs.evaluate.paired import evaluate_paired
from vidgan.jobs.evaluate.report import files
from vidgan.jobs.evaluate.report.report import EvaluatedRun, Report
from vidgan.jobs.evaluate.sources import SampleSet
from vidgan.remote.arguments import takes_urls
from vidgan.remote.places import output_in, shown

if TYPE_CHECKING:
    from vidgan.training.run import Run


def evaluate(
    run: Path | str | None = None,
    dataset: Path | str | None = None,
    *,
    real: Path | str | None = None,
    fake: Path | str | None = None,
    output: Path | str | None = None,
    progress: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Evaluate a run, or any clips against others, and write a report.

    The clips that a run generates are compared with the test split of its dataset; the floor, what
    a perfect generator would reach, compares the training split with it. Of ``real`` clips one
    half is compared with ``fake``, and the other half gives the floor. With the same seed all
    metrics but the speeds are reproducible bit for bit on one machine.

    A conditional run generates a clip for the label of each real clip of the floor, and starts over
    for more, so that labels are as frequent as in the training data.

    Args:
        run: the run folder; by default the newest under ``runs``.
        dataset: the dataset, if it has moved since the training.
        real: instead of a run, real clips: a dataset, a video, a folder of videos or a ``.npy``.
        fake: the clips to evaluate, from the same kinds of source. With ``paired=True`` restored
            videos, and ``real`` their originals; each is compared frame by frame with the original
            of the same name.
        output: the report, ``.json``; a page and a picture are written beside it. By default
            ``RUN/evaluation/step-….json``, which is replaced, or ``evaluation.json``.
        progress: show a progress bar on a terminal.
        **options: the fields of :class:`vidgan.config.EvaluateConfig`, such as ``n=512``.

    Returns:
        The report as in the JSON file. ``vidgan.jobs.evaluate.report.report.Report.from_json``
        makes it an object.

    Raises:
        OptionError: an option is unknown or out of bounds, or the device does not exist.
        RunError: there is no run, it is of another task, it has no checkpoint, or it gives NaN.
        DatasetError: the dataset is missing, damaged, of another size, or has too few clips.
        InputError: videos cannot be read or are too short, or weights do not exist.
        ExportError: the report exists already or cannot be written.
    """
    report = create_report(
        run, dataset, real=real, fake=fake, output=output, progress=progress, **options
    )
    return report.to_json()


@takes_urls(output="output")
def create_report(
    run: Path | str | None = None,
    dataset: Path | str | None = None,
    *,
    real: Path | str | None = None,
    fake: Path | str | None = None,
    output: Path | str | None = None,
    progress: bool = False,
    **options: Any,
) -> Report:
    """Evaluate as :func:`evaluate` does, and return the report as an object."""
    config = resolve(options)
    if (real is None) != (fake is None):
        raise OptionError("--real and --fake go together: give both, or a run")
    if real is not None and fake is not None:
        if run is not None or dataset is not None:
            raise OptionError("--real and --fake replace the run; leave the run out")
        real, fake = Path(real), Path(fake)
        if real.resolve() == fake.resolve():
            raise OptionError(
                f"--real and --fake both name {real}; for the distance between real clips see the "
                "floor in any report"
            )
        compare = evaluate_paired if config.paired else _evaluate_clips
        return compare(real, fake, config, output, progress)
    if config.paired:
        raise OptionError("--paired needs the originals as --real, the restored videos as --fake")
    return _evaluate_run(run, dataset, config, output, progress)


def _evaluate_run(
    path: Path | str | None,
    dataset: Path | str | None,
    config: EvaluateConfig,
    output: Path | str | None,
    progress: bool,
) -> Report:
    from vidgan.training.run import Run

    # All checks come before TensorFlow is loaded, which takes seconds.
    run = Run.open(
        path,
        task=DEFAULT_TASK,
        otherwise=lambda task: f"evaluate the videos that it restores with {task.measured}",
    )
    checkpoint = run.checkpoint(config.checkpoint)
    manifest = protocol.open_dataset(run, dataset)
    default = run.path / files.FOLDER / f"{checkpoint.name}.json"
    with contextlib.nullcontext(default) if output else output_in(default) as default:
        target = files.output_path(output, default, config.overwrite)
        return _measure_run(run, checkpoint, manifest, config, target, progress)


def _measure_run(
    run: "Run",
    checkpoint: Path,
    manifest: Manifest,
    config: EvaluateConfig,
    target: Path,
    progress: bool,
) -> Report:
    shape = protocol.shape(run, config)
    reference, floor, training = protocol.splits(run, manifest, shape, config)
    count = config.n or max(MIN_GENERATED, reference.count)
    floor.sample(count, config.seed)
    runtime.prepare()
    device = runtime.choose_device(config.device)

    from vidgan.jobs.generate.open_sampler import open_sampler
    from vidgan.tasks.load import load_discriminator
    from vidgan.training.soundness import is_shared

    notes: list[str] = []
    sampler = open_sampler(
        run,
        config.checkpoint,
        config.device,
        sharpen=config.sharpen,
        notify=lambda note: notes.append(note.removesuffix(".")),  # The report ends the sentence.
    )
    generated = SampleSet(
        sampler,
        min(count, floor.count) if config.n is None else count,
        config.seed,
        labels=protocol.labels(run, floor),
        batch_size=config.batch_size,
        frames=shape.frames,
    )
    held_out = "real" if config.split == "test" else "floor"
    step = int(run.state(checkpoint)["step"])
    with_discriminator = Need.DISCRIMINATOR in needs(config)
    if with_discriminator and is_shared(checkpoint):
        with_discriminator = False
        notes.append("without the discriminator, which the run was shared without")
    report, media = measure(
        ClipSets(reference, floor, generated, training, held_out),
        config,
        device,
        progress,
        title=shown(
            f"{run.path}, step {step}{', sharpened' * sampler.sharpened}, on {manifest.path}"
        ),
        run=run,
        sampler=sampler,
        network=load_discriminator(run, config.checkpoint) if with_discriminator else None,
    )
    report = replace(
        report,
        run=EvaluatedRun(shown(str(run.path)), step, shown(str(manifest.path)), sampler.sharpened),
        notes=[*report.notes, *protocol.notes(run, manifest, shape), *notes],
    )
    return files.write(target, report, media, log=run.path / "log.csv")


def _evaluate_clips(
    real: Path,
    fake: Path,
    config: EvaluateConfig,
    output: Path | str | None,
    progress: bool,
) -> Report:
    target = files.output_path(output, Path("evaluation.json"), config.overwrite)
    clip_sets = split_real(real, fake, config)
    runtime.prepare()
    device = runtime.choose_device(config.device)
    report, media = measure(
        clip_sets, config, device, progress, title=shown(f"{fake} against {real}")
    )
    return files.write(target, report, media)
