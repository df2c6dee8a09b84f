"""Opening the networks of a run, to generate clips."""

from collections.abc import Callable

from vidgan import runtime
from vidgan.errors import DatasetError, RunError
from vidgan.jobs.generate.clip_sampler import ClipSampler
from vidgan.training.run import Run


def open_sampler(
    run: Run,
    checkpoint: str = "latest",
    device: str = "auto",
    *,
    sharpen: bool | None = False,
    notify: Callable[[str], None] = lambda note: None,
) -> ClipSampler:
    """Load the networks of a run.

    Args:
        run: the run.
        checkpoint: ``latest``, ``best`` or the step of a checkpoint.
        device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.
        sharpen: whether patches of clips are replaced by those of training clips; None: if the run
            has an encoder and its dataset is there.
        notify: called with a line that says whether clips are sharpened, if ``sharpen`` is None and
            the run has an encoder.

    Raises:
        RunError: the checkpoint is missing or damaged; to sharpen, the run has no encoder, or its
            dataset does not fit.
        DatasetError: to sharpen, the dataset cannot be read.
        OptionError: there is no such device.
    """
    if sharpen is False or (sharpen is None and not run.model.reconstruction):
        return ClipSampler(run, checkpoint, device)
    runtime.prepare()
    from vidgan.jobs.generate.sharpened import SharpenedSampler, open_training_clips

    try:
        manifest = open_training_clips(run, unchanged=sharpen is None)
    except (RunError, DatasetError) as error:
        if sharpen:
            raise
        notify(f"Clips are not sharpened: {error}")
        return ClipSampler(run, checkpoint, device)
    if sharpen is None:
        notify(
            "Clips are sharpened by patches of training clips; --no-sharpen leaves them as the "
            "generator makes them."
        )
    return SharpenedSampler(run, manifest, checkpoint, device)
