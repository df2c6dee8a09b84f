"""What a model card tells of the training videos."""

from dataclasses import dataclass
from pathlib import PurePath

from vidgan.dataset.manifest import MANIFEST_NAME, Manifest, span
from vidgan.remote.places import exists, url_of
from vidgan.training.run import Run

_HUB = "hf://datasets/"


@dataclass(frozen=True)
class Data:
    """A dataset in numbers.

    Attributes:
        size: ``(width, height)`` of the frames in pixels.
        fps: frames per second.
        clips: number of clips of the run's length by split; they do not overlap.
        hours: of video in all splits.
        labels: names of the classes.
        files: number of source videos.
        sources: their names without folders, if they are to be named.
        dropped: number of frames that were left out.
    """

    size: tuple[int, int]
    fps: float
    clips: dict[str, int]
    hours: float
    labels: list[str]
    files: int
    sources: list[str]
    dropped: int

    @property
    def duration(self) -> str:
        """The hours, or for short videos the minutes, as text."""
        if self.hours >= 1:
            return f"{self.hours:.1f} hours"
        minutes = 60 * self.hours
        return f"{minutes:.1f} minutes" if minutes >= 1 else f"{60 * minutes:.0f} seconds"


def describe(run: Run, name_sources: bool) -> list[Data | None]:
    """Return each dataset of a run, None for those that are gone.

    Args:
        run: the run.
        name_sources: whether source videos are named.

    Raises:
        DatasetError: a manifest is damaged.
    """
    return [
        _describe(Manifest.load(folder), run, name_sources)
        if exists(folder / MANIFEST_NAME)
        else None
        for folder in run.datasets
    ]


def _describe(manifest: Manifest, run: Run, name_sources: bool) -> Data:
    covered = span(run.frames, run.stride)
    used = [source for source in manifest.sources if not source.get("error")]
    names = sorted({PurePath(str(source.get("path"))).name for source in used})
    frames = sum(split.frames for split in manifest.splits.values())
    return Data(
        size=manifest.size,
        fps=manifest.fps,
        clips={name: split.clips(covered) for name, split in manifest.splits.items()},
        hours=frames / manifest.fps / 3600,
        labels=manifest.labels,
        files=len(used),
        sources=names if name_sources else [],
        dropped=sum(sum(source.get("dropped", {}).values()) for source in used),
    )


def on_hub(run: Run) -> list[str]:
    """Return the names of the datasets that are on the Hugging Face Hub, such as ``user/name``."""
    urls = [url_of(folder) or "" for folder in run.datasets]
    names = [url.removeprefix(_HUB).split("/") for url in urls if url.startswith(_HUB)]
    return ["/".join(parts[:2]).partition("@")[0] for parts in names if len(parts) > 1]
