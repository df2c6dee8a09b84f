"""Opening the networks of a run, to generate clips."""

from vidgan import runtime
from vidgan.jobs.generate.clip_sampler import ClipSampler
from vidgan.training.run import Run


def open_sampler(
    run: Run, checkpoint: str = "latest", device: str = "auto", *, sharpen: bool = False
) -> ClipSampler:
    """Load the networks of a run.

    Args:
        run: the run.
        checkpoint: ``latest``, ``best`` or the step of a checkpoint.
        device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.
        sharpen: whether patches of clips are replaced by those of training clips.

    Raises:
        RunError: the checkpoint is missing or damaged; to sharpen, the run has no encoder, or its
            dataset does not fit.
        DatasetError: to sharpen, the dataset cannot be read.
        OptionError: there is no such device.
    """
    if not sharpen:
        return ClipSampler(run, checkpoint, device)
    runtime.prepare()
    from vidgan.jobs.generate.sharpened import SharpenedSampler

    return SharpenedSampler(run, checkpoint, device)
