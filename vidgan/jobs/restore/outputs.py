"""Which video becomes which file: one, or a folder of them."""

from dataclasses import dataclass
from pathlib import Path

from vidgan.config import VIDEO_FORMATS, RestoreConfig
from vidgan.errors import ExportError, InputError, OptionError
from vidgan.video.discover import discover
from vidgan.video.readers.images import numbered_images
from vidgan.video.writers.open import choose_codec


@dataclass(frozen=True)
class Pairing:
    """A video, the file that it becomes, and its mask.

    Attributes:
        source: a video or a folder of numbered images.
        output: a file.
        mask: ``--mask``, with the file of this video where that is a folder.
        error: why it cannot be restored, where that is known already.
    """

    source: Path
    output: Path
    mask: str | None = None
    error: str | None = None


def pair_up(
    input: Path, output: Path, config: RestoreConfig, mask: str | None
) -> list[Pairing] | Pairing:
    """Find the videos that are meant and name their results.

    Args:
        input: a video, a folder of numbered images, or a folder of videos.
        output: a file for one video, a folder for a folder.
        config: the options.
        mask: ``--mask``, None where there is none.

    Returns:
        One pairing for one video, a list for a folder.

    Raises:
        InputError: nothing there.
        OptionError: a file for a folder, or the other way round.
    """
    if not input.exists():
        raise InputError(f"{input}: no such file or folder; check the spelling")
    if not input.is_dir() or numbered_images(input):
        if config.format is not None:
            raise OptionError(f"--format has no meaning for {output}; its suffix is its type")
        return Pairing(input, output, mask)
    if output.suffix and not output.is_dir():
        raise OptionError(f"{output}: {input} is a folder of videos; name a folder with -o")
    suffix = "." + (config.format or VIDEO_FORMATS[0])
    videos = [source for source in discover([input]) if not source.path.is_relative_to(output)]
    places = [output / source.path.relative_to(input).with_suffix(suffix) for source in videos]
    pairings = []
    for source, place in zip(videos, places, strict=True):
        if places.count(place) > 1:
            # a.mov and a.avi: their results keep their suffixes.
            place = place.with_name(source.path.name + suffix)
        pairings.append(_with_mask(Pairing(source.path, place, mask, source.error), input))
    return pairings


def _with_mask(pairing: Pairing, folder: Path) -> Pairing:
    """Choose the mask of one video where a folder of masks is given."""
    if pairing.mask is None or not Path(pairing.mask).is_dir():
        return pairing
    masks = Path(pairing.mask)
    if numbered_images(masks):
        return pairing
    inside = pairing.source.relative_to(folder)
    found = sorted(path for path in (masks / inside.parent).glob("*") if path.stem == inside.stem)
    if len(found) != 1:
        what = "no mask" if not found else "several masks"
        return Pairing(
            pairing.source,
            pairing.output,
            error=f"{pairing.source}: {what} of its name in {masks / inside.parent}",
        )
    return Pairing(pairing.source, pairing.output, str(found[0]))


def check_output(pairing: Pairing, config: RestoreConfig) -> None:
    """See that a result can be written before anything is restored.

    Raises:
        OptionError: the suffix or codec is unknown, or it is the video itself.
        ExportError: something is there already.
        InputError: see ``pairing.error``.
    """
    if pairing.error is not None:
        raise InputError(pairing.error)
    choose_codec(pairing.output, config.codec)
    if not pairing.output.exists():
        return
    for path in (pairing.source, Path(pairing.mask or "")):
        if path.exists() and path.samefile(pairing.output):
            raise OptionError(f"{pairing.output}: input and output are one file; choose another -o")
    if pairing.output.is_dir():
        raise OptionError(f"{pairing.output}: a folder; name a file with -o")
    if not config.overwrite:
        raise ExportError(
            f"{pairing.output} is there already; replace it with --overwrite or choose another -o"
        )
