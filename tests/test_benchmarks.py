"""Every script in benchmarks/ runs: each once, as small as it goes.

What the figures are is not checked here. Scripts that need the ``bench`` extra are skipped where it
is not installed.
"""

import ast
import importlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from damages import blur, freeze
from dataset_files import make_dataset
from matrices import some
from tiny_run import make_run
from video_files import make_video

import vidgan
from vidgan.metrics import FEATURES
from vidgan.metrics.features import Features
from vidgan.metrics.moments import Moments
from vidgan.models import restorer
from vidgan.training.callbacks.held_out_metrics import HeldOutMonitor

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py"))
# Options of vidgan train --task enhance.
SMALL: dict[str, Any] = {
    **{"g_channels": 8, "blocks": 1, "batch_size": 2, "crop": 32},
    **{"metric_every": "0.001", "metric_share": 1.0},
}
Arguments = Callable[[Path], list[object]]


@dataclass(frozen=True)
class Smoke:
    """How to run a script within seconds.

    Attributes:
        arguments: returns the command line, and writes into the folder what it names.
        constants: of the script's module, by name, in place of its own.
        needs: packages of the ``bench`` extra.
        writes: files within the folder that the script writes.
    """

    arguments: Arguments
    constants: dict[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


def report(*arguments: object) -> Arguments:
    """Return arguments after which the report is written into the folder."""
    return lambda folder: [*arguments, "--output", folder / "report.md"]


def drawn_dataset(folder: Path, frames: int = 16, side: int = 64) -> Path:
    lengths = (2 * frames,) * 4
    return make_dataset(folder / "data", lengths, lengths, (side, side)).path


def trained(folder: Path, side: int, **options: Any) -> Path:
    """Train for a step."""
    data = drawn_dataset(folder, 8, side)
    small: dict[str, Any] = {
        "g_channels": 4,
        "d_channels": 4,
        "batch_size": 2,
        "tensorboard": False,
    }
    return vidgan.train(data, output=folder / "run", steps=1, **small, **options)


def enhance(folder: Path) -> list[object]:
    data = drawn_dataset(folder)
    return [data, "--output", folder, "--minutes", 0.01, "--clips", 2, "--only"]


def inpaint(folder: Path) -> list[object]:
    run = trained(folder, side=32, task="inpaint", crop=32)
    return [run, folder / "data", "--output", folder / "report.md", "--sheet", folder / "s.png"]


def few_steps(folder: Path) -> list[object]:
    video = make_video(folder / "v.mp4", 120, (64, 64))
    report = ["--output", folder / "report.md", "--sheet", folder / "s.png"]
    return [video, "--steps", 2, "--size", "64x64", *report]


def long_clips(folder: Path) -> list[object]:
    run = trained(folder, side=32, model="continuous", frames=8)
    return [run, "--frames", 16, "--clips", 2]


def videos(folder: Path, count: int, frames: int = 40) -> Path:
    for number in range(count):
        path = folder / "videos" / "ab"[number % 2] / f"{number}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_video(path, frames, (64, 48), seed=number)
    return folder / "videos"


def training_metrics(folder: Path) -> list[object]:
    options = ["--frames", 8, "--steps", 4, "--looks", 2, "--clips", 16, "--channels", 4]
    return [drawn_dataset(folder, 8, 32), *options, "--output", folder]


def small_i3d() -> Features:
    """Return features that take a file of weights, and do without."""
    small = FEATURES["random3d"]
    return replace(small, needs_weights=True, build=lambda _: small.build())


def two_runs(folder: Path) -> list[object]:
    """Write a portfolio of two runs, whose samples are random."""
    make_dataset(folder / "data" / "video", (32,), (32,), (64, 64))
    (folder / "samples").mkdir()
    lines = [json.dumps({"run": run, "video": "video"}) for run in "ab"]
    (folder / "results.jsonl").write_text("\n".join(lines))
    for seed, run in enumerate("ab"):
        clips = np.random.default_rng(seed).integers(0, 256, (8, 16, 64, 64, 3), np.uint8)
        np.save(folder / "samples" / f"{run}.npy", clips)
    return ["draw", folder, "--pairs", 1]


def lesson(folder: Path) -> list[object]:
    """Write what the commands of ``docs/learn`` leave behind."""
    make_dataset(folder / "small", (80,) * 6, (80,) * 2)
    make_run(folder / "good", (32, 32))
    run = trained(folder, side=32, frames=8)
    for name in ("game", "collapse", "vanishing"):
        shutil.copytree(run, folder / name)
    return ["--folder", folder, "--output", folder, "--steps", 0.01]


def tiny_enhance() -> dict[str, Any]:
    module = importlib.import_module("enhance")
    recipe = module.RECIPES["x4"]
    return {"RECIPES": {"x4": module.Recipe(recipe.options | SMALL, recipe.baselines)}}


SMOKES: dict[str, Smoke | Callable[[], Smoke]] = {
    "beam": Smoke(
        lambda _: ["--files", 2, "--minutes", 0.02],
        {"SHARES": (1,)},
        needs=("apache_beam",),
    ),
    "bad_settings": Smoke(
        lambda folder: [
            *("--only", "GAN alone, black, rates x 50", "--steps", 2, "--output", folder / "out"),
            *("--report", folder / "report.md"),
        ],
        {"NETWORKS": {"frames": 8, "g_channels": 4, "d_channels": 4, "batch_size": 2}},
        writes=("report.md", "out/results.jsonl", "out/sheets/gan-alone-black-rates-x-50.png"),
    ),
    "colorize": Smoke(few_steps, {"MEASURED": 8, "WIDTH": 32}, writes=("report.md", "s.png")),
    "enhance": lambda: Smoke(lambda folder: [*enhance(folder), "x4"], tiny_enhance()),
    "evaluate_scale": Smoke(
        report("--timed", 8, "--growing", ""),
        {"TIMINGS": {"distance": ["--measures", "distance"]}},
        writes=("report.md",),
    ),
    "feature_speed": Smoke(
        report("--clips", 4, "--rounds", 1),
        {
            "MANY": 2,
            # Not those of large networks.
            "FEATURES": {
                name: value for name, value in FEATURES.items() if not value.needs_weights
            },
        },
        writes=("report.md",),
    ),
    "few_clips": Smoke(report(), {"COUNTS": (10,), "REPEATS": 2}, writes=("report.md",)),
    "inpaint": Smoke(
        inpaint,
        {"CLIPS": 3, "FRAMES": 8, "SIDE": 32, "DRAWN_SECONDS": 6},
        writes=("report.md", "s.png"),
    ),
    "gpu": Smoke(
        lambda folder: [
            *("--device", "cpu", "--size", 32, "--batch", 2, "--precision", "float32"),
            *("--option", "frames=8", "--option", "g_channels=4", "--output", folder / "report.md"),
        ],
        {
            "cases": lambda: [("synthesis", {"model": "dcgan", "reconstruction": 0.0})],
            "PRODUCT": 64,
            "STEPS": 1,
            "compare": lambda *_: [],  # The script below.
        },
        writes=("report.md",),
    ),
    "interpolate": Smoke(
        lambda folder: [*few_steps(folder), "--whole"],
        {"MEASURED": 9, "PART": 32, "SHOWN": 32},
        writes=("report.md", "s.png"),
    ),
    "intervals": Smoke(
        report(),
        {"PAIRS": 2, "REPLICATES": 40, "COUNTS": (10,), "COST_SIZES": ((64, 8),)},
        writes=("report.md",),
    ),
    "lesson_pictures": Smoke(
        lesson,
        {
            "commands": lambda: [
                ["vidgan", "generate", "good", "--n", "2", "-o", name, "--scale", "2"]
                for name in ("seeds.png", "walk.png")
            ]
        },
        writes=("game_samples.png", "collapse.png", "slices.png", "traps.png", "walk.png"),
    ),
    "long_clips": Smoke(long_clips),
    "long_generation": Smoke(
        lambda folder: [
            trained(folder, side=32, model="dcgan", frames=8),
            *("--frames", 20, "--clips", 2),
        ],
        {"PARTS": 2, "REAL": 8, "LOOPS": 2, "CONTINUED": 1},
    ),
    "memory": Smoke(
        report("--only", 0), {"CASES": ((32, 8, 2, 4, "float32"),)}, writes=("report.md",)
    ),
    "metric_agreement": Smoke(
        report(),
        {"SIZES": ((64, 8),), "CLIPS": ((1, 9, 64, 64),)},
        needs=("prdc", "skimage", "torch", "torch_fidelity", "cdfvd", "efficientnet_lite_pytorch"),
        writes=("report.md",),
    ),
    "metric_sensitivity": Smoke(
        lambda folder: [videos(folder, 2, 100), "--output", folder / "report.md"],
        {
            "DRAWN": 32,
            "SPLITS": 2,
            "WIDE": 16,
            "TIMED": 4,
            "LEFT": (0.5,),
            "FRAMES": 8,
            "DAMAGES": {"blur": (blur, (1.0,), "σ"), "frozen": (freeze, (0.5, 1.0), "share")},
        },
        writes=("report.md",),
    ),
    "model_matrix": Smoke(
        lambda folder: [videos(folder, 1), "--steps", 1, "--models", "dcgan"],
        {"CLIPS": ((32, 8),), "LOSSES": ("non-saturating", "hinge")},
    ),
    "model_speed": Smoke(
        lambda _: ["--rounds", 1, "--steps", 1, "--size", 32, "--frames", 8, "--models", "dcgan"]
    ),
    "perceptual": Smoke(
        report(), {"SIDES": (64,), "DECIBELS": (24.0,)}, ("skimage",), ("report.md",)
    ),
    "judge_pairs": Smoke(two_runs, writes=("pairs.jsonl",)),
    "pipeline_speed": Smoke(
        lambda folder: ["--dataset", drawn_dataset(folder), "--clips", 16], {"ROUNDS": 1}
    ),
    "portfolio": Smoke(
        lambda folder: [
            *("--video", make_video(folder / "v.mp4", frames=80), "--cpu-minutes", 0.01),
            *("--recipe", "g_channels=4 d_channels=4 frames=8", "--output", folder / "out"),
            *("--i3d-weights", folder / "v.mp4", "--sharpen", "--samples", 20),
        ],
        {"FEATURES": {"i3d": small_i3d()}},
        needs=("skimage", "sklearn"),
        writes=(
            "out/results.jsonl",
            "out/samples/v_g_channels=4_d_channels=4_frames=8_0.01min_0_sharpened.npy",
        ),
    ),
    "preprocess_speed": Smoke(
        lambda _: ["--seconds", 1, "--runs", 1],
        {"WIDTH": 320, "HEIGHT": 240},
        needs=("imageio_ffmpeg",),
    ),
    "recurrent": Smoke(
        lambda folder: [*enhance(folder), "recurrent"],
        {"FRAME_BLOCKS": 2, "OPTIONS": {"scale": 4, "damage": "none", **SMALL}},
    ),
    "restore_speed": Smoke(
        lambda _: ["--runs", 1],
        {
            "TIMED": [("small", 1, 4, 1, (64, 48), 8)],
            "UHD": (96, 64),
            "MASK": "8,8,16,16",
            "LOOP_FRAMES": 4,
            "REPEATS": {"network": (), "median": (2,)},
        },
    ),
    "scratch_detector": Smoke(
        lambda folder: [make_video(folder / "v.mp4"), "--output", folder / "report.md"],
        {"FRAMES": 9, "DRAWN_SECONDS": 3, "STRENGTHS": (0.5, 1.0)},
        needs=("skimage",),
        writes=("report.md",),
    ),
    "stability": Smoke(
        lambda folder: [
            *(videos(folder, 20), "--steps", 2, "--output", folder / "out"),
            *("--only", "default recipe, seed 0"),
        ]
    ),
    "side_by_side": Smoke(
        lambda folder: [two_runs(folder)[1], "a=b", "--clips", 2, "--output", folder / "both.png"],
        needs=("skimage",),
        writes=("both.png",),
    ),
    "roofline": Smoke(
        lambda folder: [
            *("--batch", 1, "--size", 32, "--frames", 8, "--rounds", 1),
            *("--output", folder / "report.md"),
        ],
        {"PRODUCT": 64, "COPY": 64},
        writes=("report.md",),
    ),
    "scaling": Smoke(
        lambda folder: [
            *("--gpus", 0, "--size", 32, "--clips", 2, "--steps", 4),
            *("--option", "frames=8", "--option", "g_channels=4", "--option", "reconstruction=0"),
        ],
        {"LOG_EVERY": 1},
    ),
    "startup": Smoke(
        report("--rounds", 1), {"command_names": lambda: ["info"], "WARMING": 0}, (), ("report.md",)
    ),
    "step_speed": Smoke(
        lambda _: ["--rounds", 1, "--steps", 1, "--size", 32, "--frames", 8, "--batch", 2],
        needs=("torch",),
    ),
    "training_metrics": Smoke(training_metrics),
    "vary": Smoke(
        lambda folder: [
            *(make_video(folder / "v.mp4", 10, (40, 32)), "--size", "24x20", "--frames", 4),
            *("--seeds", 2, "--sheets", folder, "--output", folder / "report.md"),
        ],
        {"local_features": lambda _: lambda clip: Moments.of(clip.reshape(-1, 3))},
        writes=("report.md", "v.png"),
    ),
}

# Those that take longest, even so.
SLOW = {
    "bad_settings",
    "colorize",
    "evaluate_scale",
    "gpu",
    "inpaint",
    "interpolate",
    "lesson_pictures",
    "long_clips",
    "long_generation",
    "memory",
    "metric_sensitivity",
    "portfolio",
    "recurrent",
    "scaling",
    "scratch_detector",
    "stability",
    "startup",
    "training_metrics",
}

# Scripts whose own tests run them, by the test's file.
ELSEWHERE = {
    "drawn_domains": "test_translation_benchmark",
    "moving_digits": "test_quality_benchmark",
    "portfolio_videos": "test_portfolio",
    "quality": "test_quality_benchmark",
    "translate": "test_translation_benchmark",
    "two_replicas": "test_replicas",
}


def imported(path: Path) -> set[str]:
    """Return the names of the scripts that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names & set(SCRIPTS)


def test_every_script_is_run_or_imported() -> None:
    """A new script needs an entry in ``SMOKES``."""
    for script, test in ELSEWHERE.items():
        assert script in imported(Path(__file__).with_name(f"{test}.py"))
    run = {*SMOKES, *ELSEWHERE}
    used = run.union(*(imported(FOLDER / f"{script}.py") for script in run))
    assert sorted(used) == SCRIPTS


@pytest.mark.parametrize("script", some(SMOKES, SMOKES.keys() - SLOW))
def test_script_runs(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smoke = SMOKES[script]
    if not isinstance(smoke, Smoke):
        smoke = smoke()
    for package in smoke.needs:
        pytest.importorskip(package, reason="needs: pip install vidgan[bench]")
    module = importlib.import_module(script)
    # Measure, whatever it costs: the scripts take the checkpoint that was best.
    monkeypatch.setattr(HeldOutMonitor, "first_cost", lambda *_: 0.0)
    # recurrent.py puts its own networks there.
    monkeypatch.setattr(restorer, "generator", restorer.generator)
    for name, value in smoke.constants.items():
        monkeypatch.setattr(module, name, value)
    arguments = [str(argument) for argument in smoke.arguments(tmp_path)]
    if isinstance(module.main, click.Command):
        module.main.main(arguments, standalone_mode=False)
    else:
        module.main(arguments)
    for name in smoke.writes:
        assert (tmp_path / name).stat().st_size > 0
