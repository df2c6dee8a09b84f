"""The report of an evaluation, as objects and as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Self, TypeAlias

import msgspec
from msgspec import Meta

from vidgan import json_files
from vidgan.json_files import Amount, Count, FrameRate, Number, Side, Text, Value, Whole
from vidgan.metrics.result import MetricResult
from vidgan.version import __version__

FORMAT_VERSION = 2
# Keys of the histograms of a report of clips; some reports have none.
HISTOGRAMS = SPEED, DIRECTION = "motion.speed", "motion.direction"
_Size: TypeAlias = Annotated[list[Side], Meta(min_length=2, max_length=2)]
# Of more bins nothing could be seen.
_Fractions: TypeAlias = Annotated[
    list[Annotated[float, Meta(ge=0, le=1.001)]], Meta(min_length=1, max_length=2000)
]


class _Record:
    """A dataclass that is a JSON object with the same keys."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True)
class ReportSet(_Record):
    """A set of clips, or of videos, that was compared.

    Attributes:
        title: what the clips are.
        path: where they come from.
        clips: how many.
        fps: frames per second, None where unknown or not the same.
        size: ``[width, height]``, None where not the same.
        frames: of each clip; of videos, of all together.
    """

    title: Text
    path: Text
    clips: Count
    fps: FrameRate | None
    size: _Size | None
    frames: Count


@dataclass(frozen=True)
class Protocol:
    """The settings that all metrics of a report depend on.

    Attributes:
        name: of the protocol, see ``vidgan.config.PROTOCOLS``; ``paired`` for restored videos.
        frames: of each clip; of videos, of all together.
        size: ``[width, height]`` of frames, None where not the same.
        seed: of generated clips and of the bootstrap.
        bootstrap: resamples of the confidence intervals.
        confidence: level of the intervals.
        stride: of real clips, None for videos.
        videos: how many videos were compared, None for clips.
    """

    name: Text
    frames: Count
    size: _Size | None
    seed: Whole
    bootstrap: Count
    confidence: Amount
    stride: Count | None = None
    videos: Count | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; ``stride`` or ``videos`` is left out where it is None."""
        order = ("name", "videos", "frames", "stride", "size", "seed", "bootstrap", "confidence")
        values = {name: getattr(self, name) for name in order}
        optional = ("videos", "stride")
        return {k: v for k, v in values.items() if v is not None or k not in optional}


@dataclass(frozen=True)
class Environment(_Record):
    """What computed a report.

    Attributes:
        weights: which weights of the generator, empty without a run.
        device: TensorFlow's name of it.
        tensorflow: its version.
    """

    weights: Text
    device: Text
    tensorflow: Text


@dataclass(frozen=True)
class Histogram(_Record):
    """Histograms of real and of generated clips over the same bins.

    Attributes:
        unit: of the bins.
        step: width of a bin; bin i begins at i × ``step``.
        real: fractions whose sum is 1, or 0 where nothing was counted.
        generated: the same of generated clips.
    """

    unit: Text
    step: Annotated[float, Meta(ge=0.01, le=360)]
    real: _Fractions
    generated: _Fractions

    @property
    def by_set(self) -> dict[str, list[float]]:
        """The two histograms by the names of their sets."""
        return {"real": self.real, "generated": self.generated}


@dataclass(frozen=True)
class Verdict(_Record):
    """A conclusion from the metrics.

    Attributes:
        title: what it is about.
        text: the conclusion with its numbers.
        good: whether it speaks for the generated clips.
    """

    title: Text
    text: Text
    good: bool


@dataclass(frozen=True)
class VideoRow:
    """The metrics of one restored video.

    Attributes:
        name: of the video.
        frames: how many.
        size: ``[width, height]``.
        values: mean over frames by the metric's key, None where it cannot be computed.
    """

    name: Text
    frames: Count
    size: _Size
    values: dict[str, Number | None]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"name": self.name, "frames": self.frames, "size": self.size, **self.values}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote.

        Raises:
            ValueError: a value is missing, of another type or out of bounds.
        """
        metrics = {k: v for k, v in values.items() if k not in ("name", "frames", "size")}
        return json_files.convert({**values, "values": metrics}, cls)


@dataclass(frozen=True)
class EvaluatedRun:
    """The run that generated the clips.

    Attributes:
        path: its folder.
        step: of the checkpoint.
        dataset: the dataset with the real clips.
        sharpened: whether clips have the patches of training clips.
    """

    path: str
    step: int
    dataset: str
    sharpened: bool = False


@dataclass(frozen=True)
class Report:
    """What ``vidgan evaluate`` computed.

    Attributes:
        title: what was compared.
        sets: by name: ``real``, ``floor`` and ``generated``, or ``original`` and ``restored``.
        protocol: the settings.
        results: the metrics.
        notes: what a reader must know.
        verdicts: conclusions from the metrics.
        histograms: of motion, by the key of the metric that compares them.
        environment: what computed it, None for restored videos.
        run: the run that generated the clips, if there is one.
        videos: the metrics of each restored video, None for clips.
        version: of vidgan.
        page: path of the page.
        picture: path of the picture.
        log: path of the run's ``log.csv``, None without one.
    """

    title: str
    sets: dict[str, ReportSet]
    protocol: Protocol
    results: list[MetricResult]
    notes: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    histograms: dict[str, Histogram] = field(default_factory=dict)
    environment: Environment | None = None
    run: EvaluatedRun | None = None
    videos: list[VideoRow] | None = None
    version: str = __version__
    page: str = ""
    picture: str = ""
    log: str | None = None

    @property
    def paired(self) -> bool:
        """Whether it is about restored videos and their originals."""
        return self.videos is not None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, what the report's file holds."""
        values: dict[str, Any] = {
            "format": FORMAT_VERSION,
            "vidgan": self.version,
            "title": self.title,
            "sets": {name: each.to_json() for name, each in self.sets.items()},
            "protocol": self.protocol.to_json(),
        }
        if self.environment is not None:
            values["made"] = self.environment.to_json()
        values["figures"] = [each.to_json() for each in self.results]
        if not self.paired:
            values["histograms"] = {name: each.to_json() for name, each in self.histograms.items()}
        values["verdicts"] = [each.to_json() for each in self.verdicts]
        values["notes"] = self.notes
        if self.run is not None:
            run = self.run
            values |= {"run": run.path, "step": run.step, "dataset": run.dataset}
            values |= {"sharpened": True} if run.sharpened else {}
        if self.videos is not None:
            values["videos"] = [each.to_json() for each in self.videos]
        return values | {"page": self.page, "picture": self.picture, "log": self.log}

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Return the report of a file.

        Raises:
            ValueError: it has another format, or a value is missing, of another type or out of
                bounds.
        """
        if (version := json_files.convert(values, _Format).format) != FORMAT_VERSION:
            raise ValueError(f"it has format {version}, not {FORMAT_VERSION}")
        file = json_files.convert(values, _File)
        run = None
        if file.run is not None:
            run = EvaluatedRun(file.run, file.step, file.dataset, file.sharpened)
        _check(file)
        return cls(
            title=file.title,
            sets=file.sets,
            protocol=file.protocol,
            results=file.figures,
            notes=file.notes,
            verdicts=file.verdicts,
            histograms=file.histograms,
            environment=file.made,
            run=run,
            videos=None if file.videos is None else [VideoRow.from_json(v) for v in file.videos],
            version=file.vidgan,
            page=file.page,
            picture=file.picture,
            log=file.log,
        )


class _Format(msgspec.Struct):
    format: Whole


class _File(msgspec.Struct):
    """What the JSON file of a report holds."""

    vidgan: Text
    title: Text
    sets: dict[str, ReportSet]
    protocol: Protocol
    figures: list[MetricResult]
    notes: list[Text]
    verdicts: list[Verdict]
    page: Text
    picture: Text
    log: Text | None
    histograms: dict[str, Histogram] = {}
    made: Environment | None = None
    videos: list[dict[str, Value]] | None = None
    run: Text | None = None
    step: Count = 0
    dataset: Text = ""
    sharpened: bool = False


def _check(file: _File) -> None:
    """Check that the parts of a report fit together.

    Raises:
        ValueError: they do not.
    """
    if file.histograms:
        for name in HISTOGRAMS:
            if name not in file.histograms:
                raise ValueError(f"histograms: {name} is missing")
        directions = file.histograms[DIRECTION]
        for values in directions.by_set.values():
            if len(values) % 4 or round(len(values) * directions.step, 3) != 360:
                raise ValueError(f"histograms.{DIRECTION}: the bins do not cover 360 degrees")
    for each in file.figures:
        json_files.convert(each.protocol, dict[str, Value])
    keys = {each.key for each in file.figures}
    for row in file.videos or ():
        if missing := keys - set(row):
            raise ValueError(f"videos: {min(missing)!r:.40} is missing")
