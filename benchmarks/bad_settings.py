"""Does ``vidgan train`` mend itself, or say that its samples are garbage? 64 bad settings.

    python benchmarks/bad_settings.py [--only PART ...] [--output FOLDER]

Videos are drawn here. Small networks are trained for a few hundred steps with settings that are bad
on purpose, and with a few that are not. Each row of the table tells how often training was set
back, its verdict, its exit status, and what an independent look at the final samples says: blank,
clipped, noise, unlike every training clip, or nothing. That look shares no code with the health
rules. A row is right if

- samples that are garbage end with an error, or at least without a good verdict, and
- other samples, and all healthy settings, end without an error.

The folder gets a contact sheet for each setting, training clips on the left and samples on the
right, and ``results.jsonl``; a setting that is in it is not run again. Writes the table to
bad_settings.md.
"""

import argparse
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

from vidgan import runtime

runtime.prepare()

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from drawn_clips import draw  # noqa: E402
from moving_digits import write_lossless  # noqa: E402

import vidgan  # noqa: E402
from vidgan import latents, pixels  # noqa: E402
from vidgan.config import MODELS, RECONSTRUCTION_DEFAULTS, TrainConfig  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import training_clips  # noqa: E402
from vidgan.errors import VidganError  # noqa: E402
from vidgan.images import save_image  # noqa: E402
from vidgan.losses import LOSSES  # noqa: E402
from vidgan.tasks import synthesis  # noqa: E402
from vidgan.tasks.synthesis import build_gan  # noqa: E402
from vidgan.tasks.video_gan import VideoGAN  # noqa: E402
from vidgan.training import curves  # noqa: E402
from vidgan.training.callbacks.snapshots import Snapshots  # noqa: E402
from vidgan.training.health_rules import DIVERGENCE, HEALTH_NAME, read_events  # noqa: E402
from vidgan.training.log_file import LOG_NAME, read_log  # noqa: E402
from vidgan.training.run import Run  # noqa: E402
from vidgan.training.sample_diversity import RealClips  # noqa: E402
from vidgan.training.sampling import EmaSampler  # noqa: E402

Options = dict[str, Any]

STEPS, SAMPLES, WINDOWS = 220, 24, 48
NETWORKS: Options = {
    "frames": 8,
    "latent_dim": 16,
    "g_channels": 6,
    "d_channels": 6,
    "batch_size": 2,
}
LARGE: Options = {"frames": 32, "g_channels": 4, "d_channels": 4}
KINDS = ("shapes", "eight", "black", "white noise", "still", "large")


@dataclass(frozen=True)
class Setting:
    """A training.

    Attributes:
        name: of the row.
        options: of ``vidgan.train``, beside ``NETWORKS``.
        kind: of video, one of ``KINDS``.
        steps: fraction of ``STEPS``.
    """

    name: str
    options: Options
    kind: str = "shapes"
    steps: float = 1.0


GAN: Options = {"reconstruction": 0.0}


def rates(g: float, d: float, base: Options = GAN) -> Options:
    """Return the default learning rates times these; ``base`` says whether reconstruction leads."""
    led: Any = RECONSTRUCTION_DEFAULTS["g_lr"]
    g_lr = TrainConfig.g_lr if base is GAN else led
    return {"g_lr": g_lr * g, "d_lr": TrainConfig.d_lr * d}


HEALTHY = (
    Setting("defaults, 1320 steps", {}, steps=6),
    Setting("defaults, 60 steps", {}, steps=0.28),
    Setting("defaults, 150 steps", {}, steps=0.7),
    Setting("defaults, black video", {}, "black"),
    Setting("defaults, still video, 1320 steps", {}, "still", steps=6),
    Setting("defaults, eight clips, 660 steps", {}, "eight", steps=3),
    Setting("GAN alone, black video", GAN, "black"),
    Setting("128 x 128 x 32", LARGE, "large", steps=0.4),
)


def bad_settings() -> list[Setting]:
    """Return the 64 bad settings."""
    found = []
    without, slow = {"r1": 0.0}, {"precision": "mixed_bfloat16"}
    for name, base in (("led", {}), ("GAN alone", GAN)):
        for g, d in ((10, 1), (1, 10), (10, 10), (50, 1), (1, 50), (50, 50)):
            found.append(Setting(f"{name}, rates g x {g}, d x {d}", base | rates(g, d, base)))
        for kind in ("eight", "black", "white noise", "still"):
            found.append(Setting(f"{name}, {kind}, rates x 50", base | rates(50, 50, base), kind))
        found += [
            Setting(f"{name}, white noise", base, "white noise"),
            Setting(f"{name}, R1 0", base | without),
            Setting(f"{name}, R1 0, rates x 10", base | without | rates(10, 10, base)),
            Setting(f"{name}, R1 0, rate d x 50", base | without | rates(1, 50, base)),
            Setting(f"{name}, batch 1, rates x 10", {"batch_size": 1} | base | rates(10, 10, base)),
            Setting(f"{name}, batch 1, rates x 50", {"batch_size": 1} | base | rates(50, 50, base)),
            Setting(f"{name}, rates x 50, 60 steps", base | rates(50, 50, base), steps=0.28),
            # Few steps: slow on processors without such instructions.
            Setting(f"{name}, bfloat16, rates x 50", base | slow | rates(50, 50, base), steps=0.28),
        ]
    for loss in LOSSES:
        bare = GAN | without | {"loss": loss}
        found.append(Setting(f"GAN alone, {loss}, R1 0, rates x 50", bare | rates(50, 50)))
        if loss != TrainConfig.loss:
            found.append(Setting(f"GAN alone, {loss}, R1 0", bare))
    for model in MODELS[1:]:
        for factor in (10, 50):
            options = {"model": model} | rates(factor, factor)
            found.append(Setting(f"{model}, rates x {factor}", options))
    return [
        *found,
        Setting("GAN alone, eight clips, R1 0", GAN | without, "eight"),
        Setting("128 x 128 x 32, rates x 10", LARGE | rates(10, 10, LARGE), "large", steps=0.4),
        Setting("128 x 128 x 32, rates x 50", LARGE | rates(50, 50, LARGE), "large", steps=0.4),
        Setting("128 x 128 x 32, GAN alone", LARGE | GAN | rates(50, 50), "large", steps=0.4),
        Setting("GAN alone, 60 steps", GAN, steps=0.28),
    ]


def draw_clips(kind: str) -> list[np.ndarray]:
    """Return the videos of a kind, uint8 ``(frames, height, width, 3)``."""
    random = np.random.default_rng(0)
    shapes = ("drifting", "growing", "falling", "turning")
    if kind == "eight":
        return [draw(shapes[index % 4], 8, random)[:, ::2, ::2] for index in range(10)]
    if kind == "large":
        clips = [draw(shapes[index % 4], 32, random) for index in range(10)]
        return [clip.repeat(2, axis=1).repeat(2, axis=2) for clip in clips]
    if kind == "black":
        return [np.zeros((24, 32, 32, 3), np.uint8) for _ in range(10)]
    if kind == "white noise":
        return [random.integers(0, 256, (24, 32, 32, 3)).astype(np.uint8) for _ in range(10)]
    clips = [draw(shapes[index % 4], 24, random) for index in range(32)]
    clips = [
        np.stack([cv2.resize(f, (32, 32), interpolation=cv2.INTER_AREA) for f in clip])
        for clip in clips
    ]
    return [clip[:1].repeat(24, axis=0) for clip in clips] if kind == "still" else clips


def make_dataset(kind: str, folder: Path) -> Path:
    """Draw and preprocess the videos of a kind, once; return the dataset."""
    dataset = folder / "data" / kind.replace(" ", "-")
    if not dataset.exists():
        videos = folder / "videos" / dataset.name
        for index, clip in enumerate(draw_clips(kind)):
            write_lossless(videos / f"{index:02d}.mkv", clip)
        side = 128 if kind == "large" else 32
        vidgan.preprocess(
            videos,
            dataset,
            size=(side, side),
            shots="none",
            clean=False,
            lossless=True,
            min_frames=8,
            test_share=0.2,
        )
    return dataset


def correlations(clips: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the correlation of each clip with each other one, at a quarter of the size."""

    def vectors(values: np.ndarray) -> np.ndarray:
        side = values.shape[2] // 4
        flat = np.stack(
            [[cv2.resize(f, (side, side), interpolation=cv2.INTER_AREA) for f in c] for c in values]
        )
        # Without the mean of each colour, which a plain surface has as well.
        flat = flat - flat.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float64)
        flat = flat.reshape(len(values), -1)
        return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9))

    return np.asarray(vectors(clips) @ vectors(others).T)


def grain(clips: np.ndarray) -> float:
    """Return the mean square of steps between neighbours over twice the variance: 1 is noise."""
    values = clips.astype(np.float64)
    step = np.diff(values, axis=3)
    spread = values.var(axis=(2, 3), keepdims=True).mean()
    return float(np.square(step).mean() / (2 * max(spread, 1.0)))


@dataclass(frozen=True)
class Look:
    """What an independent look at samples says.

    Attributes:
        garbage: what is wrong, empty if nothing is.
        figures: clipped, contrast, grain, correlation, empty and spread of the samples.
    """

    garbage: str
    figures: dict[str, float]


def look(samples: np.ndarray, real: np.ndarray) -> Look:
    """Look at samples beside training clips, both uint8 ``(n, frames, height, width, 3)``."""

    def extreme(clips: np.ndarray) -> np.ndarray:
        return np.array([(clips < 2).mean(), (clips > 253).mean()])

    def deviation(clips: np.ndarray) -> float:
        return float(clips.std(axis=(2, 3)).mean())

    distance = min(
        float(np.abs(samples.mean(axis=0) - clip.astype(np.float64)).mean()) for clip in real
    )
    figures = {
        "clipped": float(np.maximum(extreme(samples) - extreme(real), 0).sum()),
        "contrast": (deviation(samples) + 0.5) / (deviation(real) + 0.5),
        "grain": grain(samples),
        "correlation": float(np.median(correlations(samples, real).max(axis=1))),
        "empty": float(
            np.mean([deviation(s[None]) < 0.1 * deviation(real) - 0.1 for s in samples])
        ),
        "spread": float(samples.std(axis=0).mean() / max(real.std(axis=0).mean(), 1.0)),
    }
    flat = deviation(real) < 2
    wrong = {
        "clipped": figures["clipped"] > 0.4,
        "blank": figures["contrast"] < 0.15 or figures["empty"] > 0.3,
        "noise": figures["grain"] > 0.5 > 0.4 > grain(real) and deviation(samples) > 8,
        "another picture": (distance > 12)
        if flat
        else (grain(real) < 0.4 and figures["correlation"] < 0.35),
    }
    return Look(", ".join(name for name, found in wrong.items() if found), figures)


@cache
def training_windows(dataset: Path, frames: int) -> np.ndarray:
    batches = training_clips(Manifest.load(dataset), frames, 1, seed=5)
    return np.concatenate([pixels.to_uint8(b.numpy()) for b in islice(batches, WINDOWS)])


def sheet(real: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Return eight clips of each as rows of four frames, uint8 ``(height, width, 3)``."""

    def rows(clips: np.ndarray) -> np.ndarray:
        frames = np.linspace(0, clips.shape[1] - 1, 4).astype(int)
        picked = clips[:8, frames]
        scale = max(1, 64 // picked.shape[2])
        picked = picked.repeat(scale, axis=2).repeat(scale, axis=3)
        return np.concatenate([np.concatenate(list(clip), 1) for clip in picked], 0)

    gap = np.full((rows(real).shape[0], 16, 3), 128, np.uint8)
    return np.concatenate([rows(real), gap, rows(samples)], axis=1)


def stem(name: str) -> str:
    """Return a file name for a setting."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower())


class Networks:
    """Builds networks as ``vidgan train`` does, but keeps them, with their graphs, for other rates.

    To build and to trace them takes longer than to train them for a few hundred steps.
    """

    def __init__(self) -> None:
        self.kept: dict[Any, tuple[VideoGAN, list[np.ndarray]]] = {}
        self.last: VideoGAN

    def build(self, run: Run) -> VideoGAN:
        same = run.train.replace(g_lr=1.0, d_lr=1.0, steps=1)
        key = (run.model, same, run.size)
        if key not in self.kept:
            gan = build_gan(run)
            self.kept[key] = gan, [variable.numpy() for variable in state(gan)]
            for name in ("train_step", "reconstruction_step", "discriminate", "call"):
                if hasattr(gan, name):
                    method = getattr(gan, name)
                    setattr(gan, name, tf.function(method, autograph=False, jit_compile=False))
        gan, values = self.kept[key]
        for variable, value in zip(state(gan), values, strict=True):
            variable.assign(value)
        gan.train_config = gan.schedules.train = run.train
        gan.schedules.set_scale(1.0)
        self.last = gan
        return gan


def state(gan: VideoGAN) -> list[Any]:
    """Return all variables of a model, each once."""
    optimizers = [*gan.g_optimizer.variables, *gan.d_optimizer.variables]
    every = [*gan.variables, *gan.generator_ema.variables, *optimizers]
    return list({id(variable): variable for variable in every}.values())


NETWORKS_KEPT = Networks()


@contextmanager
def sharing() -> Iterator[None]:
    """Let trainings share networks and what samples are compared with; save no pictures."""
    kept: dict[Any, RealClips] = {}
    load = RealClips.load

    def load_once(run: Run, manifest: Manifest) -> RealClips:
        key = (manifest.path, run.frames)
        if key not in kept:
            kept[key] = load(run, manifest)
        return kept[key]

    trace = tf.function

    def trace_once(function: Any = None, **options: Any) -> Any:
        traced = hasattr(function, "get_concrete_function")
        return function if traced else trace(function, **options)

    task = replace(synthesis.TASK, build=NETWORKS_KEPT.build)
    with (
        mock.patch.object(synthesis, "TASK", task),
        mock.patch.object(RealClips, "load", load_once),
        mock.patch.object(tf, "function", trace_once),
        mock.patch.object(curves, "plot"),
        mock.patch.object(Snapshots, "_write_samples"),
    ):
        yield


def run(setting: Setting, folder: Path, steps: int) -> Options:
    """Train and look at the samples; return the values of a row."""
    dataset, path = make_dataset(setting.kind, folder), folder / "runs" / stem(setting.name)
    shutil.rmtree(path, ignore_errors=True)
    lines: list[str] = []
    options, status, started = NETWORKS | setting.options, 0, time.process_time()
    steps = max(1, round(steps * setting.steps))
    try:
        vidgan.train(
            dataset,
            output=path,
            steps=steps,
            tensorboard=False,
            metrics="none",
            notify=lines.append,
            clock=time.process_time,  # Independent of the load of the machine.
            **options,
        )
        verdict = next((x for x in lines if x.startswith("Health")), "none")
    except VidganError as error:
        status, verdict = error.exit_code, str(error).removeprefix(f"{path}: ")
    events = read_events(path / HEALTH_NAME) if (path / HEALTH_NAME).exists() else []
    # There is none where the options are refused.
    logged = read_log(path / LOG_NAME) if (path / LOG_NAME).exists() else []
    row: Options = {
        "name": setting.name,
        "steps": steps,
        "healthy": setting in HEALTHY,
        "recoveries": sum(event.rule == DIVERGENCE for event in events),
        "verdict": " / ".join(verdict.splitlines()),
        "status": status,
        "events": [str(event) for event in events],
        "looks": [row for row in logged if "contrast" in row],
    }
    if list((path / "checkpoints").glob("step-*")):
        gan = NETWORKS_KEPT.last
        noise = latents.from_seeds(Run.open(path).latents(), range(SAMPLES))
        samples = np.concatenate(
            list(EmaSampler(gan, 2 * (gan.train_config.batch_size or 1)).batches(noise))
        )
        real = training_windows(dataset, options["frames"])
        found = look(samples, real)
        row |= {"garbage": found.garbage, **found.figures}
        save_image(folder / "sheets" / f"{stem(setting.name)}.png", sheet(real, samples))
    else:
        row["garbage"] = "no samples"
    shutil.rmtree(path, ignore_errors=True)
    return row | {"seconds": time.process_time() - started}


def right(row: Options) -> bool:
    """Return whether verdict and look agree."""
    praised = re.search("no problem|resolved", row["verdict"]) is not None
    if row["garbage"]:
        return not praised and not row["healthy"]
    return bool(row["status"] == 0)


COLUMNS: dict[str, Callable[[Options], str]] = {
    "setting": lambda row: row["name"],
    "steps": lambda row: str(row["steps"]),
    "set back": lambda row: str(row["recoveries"]),
    "verdict": lambda row: shorten(row["verdict"]),
    "status": lambda row: str(row["status"]),
    "look": lambda row: row["garbage"] or "fine",
    "clipped": lambda row: figure(row, "clipped"),
    "contrast": lambda row: figure(row, "contrast"),
    "grain": lambda row: figure(row, "grain"),
    "empty": lambda row: figure(row, "empty"),
    "correlation": lambda row: figure(row, "correlation"),
    "agree": lambda row: "yes" if right(row) else "NO",
}


def figure(row: Options, name: str) -> str:
    return f"{row[name]:.2f}" if name in row else ""


def shorten(verdict: str) -> str:
    """Return a verdict without its advice."""
    return re.sub(r"^Health:( /)?\s*|: [^:]*--.*|; the run and.*", "", verdict)


def table(rows: Sequence[Options]) -> str:
    lines = [" | ".join(COLUMNS), "|".join("---" for _ in COLUMNS)]
    lines += [" | ".join(cell(row) for cell in COLUMNS.values()) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def report(rows: Sequence[Options]) -> str:
    """Return the tables of all settings that were run, with what they add up to."""
    bad = [row for row in rows if not row["healthy"]]
    healthy = [row for row in rows if row["healthy"]]
    garbage = [row for row in bad if row["garbage"]]
    seconds, names = sum(row["seconds"] for row in rows), {row["name"] for row in rows}
    left = [each.name for each in (*bad_settings(), *HEALTHY) if each.name not in names]
    return f"""# Does training mend itself?

Made by `benchmarks/bad_settings.py`: clips of 8 frames of 32 x 32, six channels, batch 2, in
{seconds / 60:.0f} minutes of one core.

- Verdict and look agree in {sum(map(right, bad))} of {len(bad)} bad settings and in
  {sum(map(right, healthy))} of {len(healthy)} healthy ones.
- Samples of {len(garbage)} bad settings show nothing: {sum(row["status"] == 1 for row in garbage)}
  of those ended with an error, the others with the verdict that it is too early to judge.
- {sum(bool(row["recoveries"]) for row in bad)} bad settings were set back at least once.

*clipped*: fraction of black or white values beyond that of training clips. *contrast*: relative to
theirs. *grain*: 1 for white noise. *empty*: fraction of samples without contrast. *correlation*:
median with the nearest training clip, without each colour's mean.

## Bad settings

{table(bad)}

## Healthy settings

{table(healthy)}

## Not run

{", ".join(left) or "None."}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="*", default=[], help="settings whose names contain this")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--output", type=Path, default=Path("bad_settings"))
    parser.add_argument("--report", type=Path, default=Path(__file__).with_suffix(".md"))
    args = parser.parse_args(arguments)
    args.output.mkdir(parents=True, exist_ok=True)
    results = args.output / "results.jsonl"
    known = [json.loads(x) for x in results.read_text().splitlines()] if results.exists() else []
    rows = {row["name"]: row for row in known}
    with sharing():
        for setting in (*bad_settings(), *HEALTHY):
            if setting.name in rows or (
                args.only and not any(p in setting.name for p in args.only)
            ):
                continue
            row = rows[setting.name] = run(setting, args.output, args.steps)
            with results.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(table([row]).splitlines()[-1], f"{row['seconds']:.0f} s", flush=True)
    args.report.write_text(report(list(rows.values())), encoding="utf-8")


if __name__ == "__main__":
    main()
