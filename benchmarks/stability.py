"""Health rules of ``vidgan train``: provoke each failure, and none, and count the alarms.

    python benchmarks/stability.py VIDEOS [--steps 1200] [--only NAME ...] [--output FOLDER]

VIDEOS is a folder of at least 20 short videos; they are preprocessed to 32 x 32 into three
datasets: all of them, a dozen, and eight clips of eight frames. Small networks (8 frames, 8
channels) are trained with settings that must fail in a known way, and with the default
recipe, which must not. A provoked run ends once all expected alarms have been raised. Prints a
table: expected alarms with their steps, other alarms, and the verdict. A run is right if every
expected alarm was raised and, for a healthy recipe, no alarm at all.
"""

import argparse
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import vidgan
from vidgan import runtime

runtime.prepare()

import numpy as np  # noqa: E402

from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import evaluation_clips  # noqa: E402
from vidgan.errors import TrainingError  # noqa: E402
from vidgan.training import health_rules  # noqa: E402
from vidgan.training.log_file import LOG_NAME, read_log  # noqa: E402
from vidgan.video.writers.open import open_writer  # noqa: E402

NETWORKS = {"frames": 8, "latent_dim": 32, "g_channels": 8, "d_channels": 8}
BARE: dict[str, Any] = {"r1": 0.0, "augment": "none"}
WON, IDLE = "winning discriminator", "idle discriminator"
EXPLODING, VANISHING = "exploding gradient", "vanishing gradient"
COLLAPSE, MEMORISATION = "mode collapse", "memorisation"


@dataclass(frozen=True)
class Setting:
    """A training: its options and the expected alarms (none: it is healthy)."""

    name: str
    options: dict[str, Any]
    expected: tuple[str, ...] = ()
    dataset: str = "all"
    steps: float = 1.0
    networks: dict[str, Any] = field(default_factory=dict)


SETTINGS = (
    Setting("default recipe, seed 0", {}),
    Setting("default recipe, seed 1", {"seed": 1}),
    Setting("default recipe, a dozen videos", {}, dataset="dozen"),
    Setting("default recipe, hinge loss", {"loss": "hinge"}, steps=0.4),
    Setting("default recipe, least squares", {"loss": "least-squares"}, steps=0.4),
    Setting("default recipe, relativistic", {"loss": "relativistic"}, steps=0.4),
    Setting(
        "Wasserstein with gradient penalty",
        {"loss": "wasserstein", "gradient_penalty": 10.0, "r1": 0.0, "penalty_every": 1},
        steps=0.4,
    ),
    Setting("learning rates x 50", {"g_lr": 0.04, "d_lr": 0.02}, (EXPLODING,)),
    Setting("d_lr >> g_lr, no R1", {"g_lr": 1e-5, "d_lr": 4e-3, **BARE}, (WON,)),
    # Pairs prevent mode collapse.
    Setting(
        "g_lr x 5, no R1",
        {"g_lr": 4e-3, "d_lr": 4e-4, "pairs": False, **BARE},
        (COLLAPSE,),
    ),
    Setting(
        "saturating loss, strong D",
        {"loss": "saturating", "g_lr": 2e-4, "d_lr": 2e-3, **BARE},
        (VANISHING, WON),
    ),
    Setting("D hardly learns", {"d_lr": 1e-8}, (IDLE,)),
    Setting("R1 of 10000", {"r1": 1e4}, (IDLE,)),
    Setting(
        "eight clips, no R1",
        {**BARE, "mirror": False},
        (MEMORISATION,),
        dataset="eight",
        steps=2.0,
        networks={"g_channels": 12, "d_channels": 12},
    ),
)


def make_datasets(videos: Path, folder: Path) -> dict[str, Path]:
    """Preprocess the videos into the three datasets."""
    paths = {name: folder / name for name in ("all", "dozen", "eight")}
    files = sorted(path for path in videos.rglob("*") if path.suffix in (".mp4", ".avi", ".webm"))
    vidgan.preprocess(files, output=paths["all"], size=(32, 32), overwrite=True)
    few = files[:: max(1, len(files) // 12)][:12]
    vidgan.preprocess(few, output=paths["dozen"], size=(32, 32), overwrite=True)
    manifest = Manifest.load(paths["all"])
    # Eight training clips of eight frames and eight held-out ones, spread over the videos.
    cut = folder / "cut"
    shutil.rmtree(cut, ignore_errors=True)
    cut.mkdir()
    clips = list(evaluation_clips(manifest, "train", 8))
    for index in np.linspace(0, len(clips) - 1, 16).astype(int):
        with open_writer(cut / f"{index:04d}.mp4", manifest.fps, manifest.size) as writer:
            for frame in clips[index]:
                writer.write(frame)
    vidgan.preprocess(
        cut,
        output=paths["eight"],
        size=(32, 32),
        test_share=0.5,
        shots="none",
        clean=False,
        overwrite=True,
    )
    return paths


class Enough(Exception):
    """All expected alarms have been raised."""


def run(setting: Setting, datasets: dict[str, Path], folder: Path, steps: int) -> str:
    """Train and return the row of the table."""
    output = folder / "run"
    shutil.rmtree(output, ignore_errors=True)
    steps = round(steps * setting.steps)

    def report(line: str) -> None:
        if setting.expected and line.startswith("step "):
            raised = {
                event.rule for event in health_rules.read_events(output / health_rules.HEALTH_NAME)
            }
            if raised >= set(setting.expected):
                raise Enough

    died = ""
    try:
        vidgan.train(
            datasets[setting.dataset],
            output=output,
            steps=steps,
            tensorboard=False,
            notify=report,
            clock=time.process_time,  # Independent of the load of the machine.
            **NETWORKS | setting.networks | setting.options,
        )
    except Enough:
        pass
    except TrainingError as error:
        died = f"; stopped: {error}"
    events = health_rules.read_events(output / health_rules.HEALTH_NAME)
    first = {f.rule: f.step for f in reversed(events) if not f.resolved}
    caught = all(name in first for name in setting.expected)
    right = caught and (bool(setting.expected) or not first)
    others = [f"{name} ({step})" for name, step in first.items() if name not in setting.expected]
    seen = [f"{name} ({first.get(name, 'missed')})" for name in setting.expected]
    rows = [row for row in read_log(output / LOG_NAME) if "diversity" in row and row["step"] >= 250]
    figures = [
        f"{min(values):.2f} to {max(values):.2f}" if values else ""
        for values in ([row[k] for row in rows if k in row] for k in ("diversity", "overfitting"))
    ]
    cells = [
        setting.name,
        ", ".join(seen) or "none",
        (", ".join(others) or "none") + died,
        *figures,
        "right" if right else "WRONG",
    ]
    return "| " + " | ".join(cells) + " |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("videos", type=Path)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--only", nargs="*", default=[], help="settings whose names contain this")
    parser.add_argument("--output", type=Path, default=Path("stability"))
    args = parser.parse_args(arguments)
    args.output.mkdir(parents=True, exist_ok=True)
    datasets = make_datasets(args.videos, args.output)
    print(
        "| setting | expected (step of alarm) | other alarms | diversity | overfitting | verdict |"
    )
    print("|---|---|---|---|---|---|", flush=True)
    for setting in SETTINGS:
        if not args.only or any(part in setting.name for part in args.only):
            print(run(setting, datasets, args.output, args.steps), flush=True)


if __name__ == "__main__":
    main()
