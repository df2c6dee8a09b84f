"""Which video becomes which file: one, or those of a folder."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from vidgan.config import VIDEO_FORMATS, RestoreConfig
from vidgan.errors import ExportError, InputError, OptionError
from vidgan.video.discover import discover, is_image_sequence
from vidgan.video.readers.images import numbered_images
from vidgan.video.writers.open import choose_codec


@dataclass(frozen=True)
class RestoreJob:
    """A video to process.

    Attributes:
        source: a video or a folder of numbered images.
        output: the file to write.
        mask: value of ``--mask``; if that is a folder, the mask of this video in it.
        error: why the video cannot be processed, if that is known already.
    """

    source: Path
    output: Path
    mask: str | None = None
    error: str | None = None


def find_jobs(
    input: Path, output: Path, config: RestoreConfig, mask: str | None
) -> RestoreJob | list[RestoreJob]:
    """Find the input videos and name their outputs.

    Args:
        input: a video, a folder of numbered images, or a folder of videos.
        output: a file for one video, a folder for a folder.
        config: the options.
        mask: ``--mask``; None without.

    Returns:
        One job for one video, a list for a folder.

    Raises:
        InputError: ``input`` does not exist or holds no video.
        OptionError: a file is given for a folder, or the other way round, or the input lies in
            the output.
    """
    if not input.exists():
        raise InputError(f"{input}: no such file or folder; check the spelling")
    if not input.is_dir() or is_image_sequence(input):
        if config.format is not None:
            raise OptionError(f"--format is for folders of videos; {output} has a suffix already")
        return RestoreJob(input, output, mask)
    if output.suffix and not output.is_dir():
        raise OptionError(f"{output}: {input} is a folder of videos; name a folder with -o")
    suffix = "." + (config.format or VIDEO_FORMATS[0])
    results = output.resolve()
    if input.resolve().is_relative_to(results):
        # Results of an earlier call are no input, which would be everything.
        raise OptionError(f"{output}: the videos of {input} lie in it; choose another -o")
    videos = [
        source for source in discover([input]) if not source.path.resolve().is_relative_to(results)
    ]
    outputs = [output / source.path.relative_to(input).with_suffix(suffix) for source in videos]
    # Many disks do not tell a.mp4 from A.mp4.
    counts = Counter(str(file).casefold() for file in outputs)
    jobs = []
    for source, file in zip(videos, outputs, strict=True):
        if counts[str(file).casefold()] > 1:
            # a.mov and a.avi become a.mov.mp4 and a.avi.mp4.
            file = file.with_name(source.path.name + suffix)
        jobs.append(_with_own_mask(RestoreJob(source.path, file, mask, source.error), input))
    return jobs


def _with_own_mask(job: RestoreJob, folder: Path) -> RestoreJob:
    """Choose the mask of one video if ``--mask`` is a folder of masks."""
    if job.mask is None or not Path(job.mask).is_dir():
        return job
    masks = Path(job.mask)
    if numbered_images(masks):
        return job
    inside = job.source.relative_to(folder)
    found = sorted(path for path in (masks / inside.parent).glob("*") if path.stem == inside.stem)
    if len(found) != 1:
        what = "no mask" if not found else "several masks"
        return RestoreJob(
            job.source,
            job.output,
            error=f"{job.source}: {what} of its name in {masks / inside.parent}",
        )
    return RestoreJob(job.source, job.output, str(found[0]))


def check_output(job: RestoreJob, config: RestoreConfig) -> None:
    """Check that the result can be written before any work is done.

    Raises:
        OptionError: the suffix or codec is unknown, or the output is an input.
        ExportError: the output exists already.
        InputError: the job has an ``error``.
    """
    if job.error is not None:
        raise InputError(job.error)
    choose_codec(job.output, config.codec)
    if not job.output.exists():
        return
    for path in (job.source, Path(job.mask or "")):
        if path.exists() and path.samefile(job.output):
            raise OptionError(f"{job.output}: input and output are one file; choose another -o")
    if job.output.is_dir():
        raise OptionError(f"{job.output}: a folder; name a file with -o")
    if not config.overwrite:
        raise ExportError(
            f"{job.output} is there already; replace it with --overwrite or choose another -o"
        )
