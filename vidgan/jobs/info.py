"""The job behind ``vidgan info``: describe a dataset, a run or a checkpoint, without TensorFlow."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidgan.config import DEFAULT_TASK, TASK_OPTIONS, ModelConfig
from vidgan.dataset.manifest import MANIFEST_NAME, Manifest
from vidgan.errors import InputError
from vidgan.files import tree_size
from vidgan.remote.arguments import takes_urls
from vidgan.remote.places import exists, shown
from vidgan.training import health_rules
from vidgan.training.run import Run
from vidgan.training.run_lookup import CHECKPOINTS, CONFIG_NAME
from vidgan.training.state import STATE_NAME, Measurement, read_measurement

# What is said of a run without open health events.
SOUND = "no problem found"


@takes_urls()
def info(path: Path | str, checkpoint: str | None = None) -> dict[str, Any]:
    """Describe a dataset, a run or a checkpoint.

    Args:
        path: its folder, or ``latest`` for the newest run under ``runs``.
        checkpoint: describe this checkpoint of the run: ``latest``, ``best`` or a step.

    Returns:
        Plain JSON values; ``kind`` is ``dataset``, ``run`` or ``checkpoint``.

    Raises:
        InputError: the folder is none of these.
        DatasetError: the manifest cannot be read.
        RunError: the run or checkpoint cannot be read or does not exist.
    """
    folder = Path(path)
    if checkpoint is not None:
        run = Run.open(path)
        return _checkpoint(run, run.checkpoint(checkpoint))
    if (folder / MANIFEST_NAME).is_file():
        return _dataset(Manifest.load(folder))
    if (folder / CONFIG_NAME).is_file() or str(path) == "latest":
        return _run(Run.open(path))
    parent = folder.resolve().parent
    if (folder / STATE_NAME).is_file() and parent.name == CHECKPOINTS:
        return _checkpoint(Run.open(parent.parent), folder)
    if not folder.exists():
        raise InputError(f"{path}: no such folder; name a dataset, a run or a checkpoint")
    raise InputError(
        f"{path}: neither a dataset ({MANIFEST_NAME}), a run ({CONFIG_NAME}) nor a checkpoint "
        f"({STATE_NAME}) of vidgan"
    )


def _dataset(manifest: Manifest) -> dict[str, Any]:
    dropped: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for source in manifest.sources:
        dropped.update(source.get("dropped", {}))
        rejected.update(shot["reason"] for shot in source.get("rejected", []))
    return {
        "kind": "dataset",
        "path": shown(str(manifest.path)),
        "size": list(manifest.size),
        "fps": manifest.fps,
        "labels": manifest.labels,
        "splits": {
            name: {
                "shots": len(split.lengths),
                "frames": split.frames,
                "seconds": round(split.frames / manifest.fps, 3),
                "clips": split.clips(ModelConfig.frames),
                "shards": len(split.shards),
                "bytes": split.bytes,
            }
            for name, split in manifest.splits.items()
        },
        "sources": {
            "files": len(manifest.sources),
            "frames": sum(source.get("frames", 0) for source in manifest.sources),
            "left_out": {
                str(source.get("path")): source["error"]
                for source in manifest.sources
                if source.get("error")
            },
        },
        "dropped_frames": dict(dropped),
        "rejected_shots": dict(rejected),
        "options": manifest.options,
    }


def _run(run: Run) -> dict[str, Any]:
    checkpoints, best = run.checkpoints(), run.best()
    return {
        "kind": "run",
        "path": shown(str(run.path)),
        "task": run.task,
        **_clip(run),
        "dataset": shown(str(run.dataset)),
        **({} if run.second is None else {"second_dataset": shown(str(run.second))}),
        "dataset_there": exists(run.dataset / MANIFEST_NAME),
        "trained": run.state() if checkpoints else None,
        "checkpoints": [path.name for path in checkpoints],
        "best": None if best is None else _measurement(best),
        "health": health(run.path / health_rules.HEALTH_NAME),
        "bytes": tree_size(run.path),
        **run.options(),
    }


def _checkpoint(run: Run, folder: Path) -> dict[str, Any]:
    return {
        "kind": "checkpoint",
        "path": shown(str(folder)),
        "run": shown(str(run.path)),
        **_clip(run),
        "trained": run.state(folder),
        "measurement": _measurement(folder),
        "files": {file.name: file.stat().st_size for file in sorted(folder.iterdir())},
    }


def _measurement(checkpoint: Path) -> dict[str, Any] | None:
    found = read_measurement(checkpoint)
    return None if found is None else found.to_json()


def _clip(run: Run) -> dict[str, Any]:
    values = {"size": list(run.size), "frames": run.frames, "fps": run.fps}
    return values | ({"latent_dim": run.model.latent_dim} if run.task == DEFAULT_TASK else {})


def health(path: Path) -> list[str] | None:
    """Return the open health events of a run; None if its health was not watched."""
    if not path.is_file():
        return None
    return [str(finding) for finding in health_rules.unresolved(health_rules.read_events(path))]


def as_text(values: dict[str, Any]) -> str:
    """Format the values of :func:`info` for a terminal, one line each."""
    lines = [f"{values['kind'].capitalize()} {values['path']}"]
    rows = {"dataset": _dataset_rows, "run": _run_rows, "checkpoint": _checkpoint_rows}
    table = rows[values["kind"]](values)
    width = max(len(label) for label, _ in table)
    lines += [f"  {label:<{width}}  {text}" for label, text in table]
    return "\n".join(lines)


def _dataset_rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    sources = values["sources"]
    rows = [
        ("frames", f"{_size(values)}, {values['fps']:g} frames/s"),
        ("labels", ", ".join(values["labels"]) or "none"),
    ]
    for name, split in values["splits"].items():
        rows.append(
            (
                name,
                f"{split['shots']} shots, {split['frames']} frames "
                f"({time_text(split['seconds'])}), {split['clips']} clips of "
                f"{ModelConfig.frames} frames, {_disk(split['bytes'])} in "
                f"{_count(split['shards'], 'shard')}",
            )
        )
    rows += [
        ("sources", f"{_count(sources['files'], 'file')}, {sources['frames']} frames decoded"),
        *((path, f"left out: {reason}") for path, reason in sources["left_out"].items()),
        ("frames dropped", _counts(values["dropped_frames"])),
        ("shots rejected", _counts(values["rejected_shots"])),
        ("options", _options(values["options"])),
    ]
    return rows


def _run_rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    dataset = values["dataset"] + ("" if values["dataset_there"] else " (not there)")
    labels = values["model"].get("labels")
    second = values.get("second_dataset")
    return [
        ("task", f"{values['task']}: {TASK_OPTIONS[values['task']].summary}"),
        *_clip_rows(values),
        ("dataset", dataset),
        *([("second dataset", second)] if second else []),
        *([("labels", ", ".join(labels))] if labels else []),
        ("trained", _trained(values["trained"])),
        ("checkpoints", ", ".join(values["checkpoints"]) or "none"),
        ("best", _measured(values["best"])),
        *(("health", text) for text in health_texts(values["health"], values["trained"])),
        ("on disk", _disk(values["bytes"])),
        ("model", _options(values["model"])),
        ("training", _options(values["train"])),
    ]


def health_texts(findings: list[str] | None, trained: Mapping[str, Any] | None) -> list[str]:
    """Return what the health rules say of a run, one line each.

    Args:
        findings: of :func:`health`.
        trained: has the ``step`` of the training; None before the first checkpoint.
    """
    if findings is None:
        return ["not watched"]
    early = trained is None or trained["step"] <= health_rules.GRACE
    return findings or [health_rules.TOO_EARLY if early else SOUND]


def _checkpoint_rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("run", values["run"]),
        *_clip_rows(values),
        ("trained", _trained(values["trained"])),
        ("measured", _measured(values["measurement"])),
        *((name, _disk(size)) for name, size in values["files"].items()),
    ]


def _clip_rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    clip = f"{values['frames']} frames of {_size(values)}, {values['fps']:g} frames/s"
    if "latent_dim" not in values:
        return [("clips", clip)]
    return [("clips", clip), ("latent vector", f"{values['latent_dim']} numbers")]


def _trained(state: dict[str, Any] | None) -> str:
    if state is None:
        return "not yet: no checkpoint"
    return (
        f"{state['step']} steps, {state['clips']} clips, {state['epoch']:.1f} epochs, "
        f"{time_text(state['seconds'])}"
    )


def _measured(found: dict[str, Any] | None) -> str:
    if found is None:
        return "not measured"
    measured = Measurement.from_json(found)
    return f"step {measured.step}: {measured.text} ({measured.protocol})"


def _size(values: dict[str, Any]) -> str:
    return f"{values['size'][0]}x{values['size'][1]}"


def time_text(seconds: float) -> str:
    """Return a duration as ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _disk(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in counts.items()) or "none"


def _options(options: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items() if value is not None)
