"""The job behind ``vidgan evaluate``: how good generated clips are, with all that qualifies it."""

from pathlib import Path
from typing import Any

from vidgan import runtime
from vidgan.config import DEFAULT_TASK, MIN_GENERATED, EvaluateConfig
from vidgan.errors import OptionError
from vidgan.jobs.evaluate import protocol
from vidgan.jobs.evaluate.clip_sets import ClipSets, split_real
from vidgan.jobs.evaluate.measure import measure
from vidgan.jobs.evaluate.options import resolve, wanted
from vidgan.jobs.evaluate.paired import evaluate_paired
from vidgan.jobs.evaluate.report import report
from vidgan.jobs.evaluate.sources import SampleSet
from vidgan.jobs.evaluate.speed import speed


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
    """Measure a run, or any clips against any others, and write a report.

    Of a run, generated clips are compared with its dataset's test split, and the training split
    gives the floor: what a perfect generator would get. Of ``real`` and ``fake``, one half of the
    real clips is the reference and the other half the floor. With the same seed all figures but the
    speeds are the same to the last digit on one machine.

    A conditional run makes one clip for each real one of the floor, of its label, and goes through
    them again for more: so labels are as frequent as in the training data.

    Args:
        run: the run folder; the newest under ``runs`` by default.
        dataset: the dataset, if it is not where the run was trained on it.
        real: in place of a run: real clips, a dataset, a video, a folder of videos or a ``.npy``.
        fake: the clips to be measured, likewise. With ``paired=True`` they are restored videos,
            and ``real`` their originals: each is compared with the one of its name, frame by frame.
        output: the report, ``.json``; ``.html`` and pictures go beside it. By default
            ``RUN/evaluation/step-….json``, which is replaced, or ``evaluation.json``.
        progress: show a progress bar on a terminal.
        **options: the fields of :class:`vidgan.config.EvaluateConfig`, such as ``n=512``.

    Returns:
        The report as it stands in the file; ``report.table.table`` makes it text.

    Raises:
        OptionError: an option is unknown or out of bounds, or the device is not there.
        RunError: no run there, one of another task, none with a checkpoint, or one that gives NaN.
        DatasetError: the dataset is missing, damaged, of another size, or has too few clips.
        InputError: videos that cannot be read or are too short, or weights that are not there.
        ExportError: the report is there already or cannot be written.
    """
    config = resolve(options)
    if (real is None) != (fake is None):
        raise OptionError("--real and --fake go together: give both, or a run")
    if real is not None and fake is not None:
        if run is not None or dataset is not None:
            raise OptionError("--real and --fake stand in place of a run; leave the run out")
        real, fake = Path(real), Path(fake)
        if real.resolve() == fake.resolve():
            raise OptionError(
                f"--real and --fake both name {real}: its distance from itself says nothing; the "
                "floor in every report is that of two split_real of the real clips"
            )
        compare = evaluate_paired if config.paired else _evaluate_pair
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
) -> dict[str, Any]:
    from vidgan.training.run import Run

    # Everything that can be wrong is looked at before TensorFlow starts, which takes seconds.
    run = Run.open(
        path,
        task=DEFAULT_TASK,
        otherwise=lambda task: f"measure the videos that this makes with {task.measured}",
    )
    checkpoint = run.checkpoint(config.checkpoint)
    manifest = protocol.open_dataset(run, dataset)
    target = report.target(
        output, run.path / report.FOLDER / f"{checkpoint.name}.json", config.overwrite
    )
    shape = protocol.shape(run, config)
    reference, floor, training = protocol.splits(run, manifest, shape, config)
    generated = config.n or max(MIN_GENERATED, reference.count)
    floor.choose(generated, config.seed)
    runtime.prepare()
    device = runtime.choose_device(config.device)

    from vidgan.jobs.generate.sampler import Sampler
    from vidgan.tasks.load import load_discriminator

    sampler = Sampler(run, config.checkpoint, config.device)
    samples = SampleSet(
        sampler,
        min(generated, floor.count) if config.n is None else generated,
        config.seed,
        labels=protocol.labels(run, floor),
        batch_size=config.batch_size,
        frames=shape.frames,
    )
    held = "real" if config.split == "test" else "floor"
    sides = ClipSets(reference, floor, samples, training, held)
    step = int(run.state(checkpoint)["step"])
    judge = load_discriminator(run, config.checkpoint) if wanted(config, "discriminator") else None
    result = measure(sides, config, device, progress, run=run, judge=judge)
    result["title"] = f"{run.path}, step {step}, on {manifest.path}"
    result["run"], result["step"], result["dataset"] = str(run.path), step, str(manifest.path)
    result["figures"] += [each.to_json() for each in speed(sampler, config)]
    result["notes"] += protocol.notes(run, manifest, shape)
    return report.write(target, result, log=run.path / "log.csv")


def _evaluate_pair(
    real: Path,
    fake: Path,
    config: EvaluateConfig,
    output: Path | str | None,
    progress: bool,
) -> dict[str, Any]:
    target = report.target(output, Path("evaluation.json"), config.overwrite)
    sides = split_real(real, fake, config)
    runtime.prepare()
    result = measure(sides, config, runtime.choose_device(config.device), progress)
    result["title"] = f"{fake} against {real}"
    return report.write(target, result)
