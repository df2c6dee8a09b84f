"""Every command with URLs instead of paths."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
from dataset_files import make_dataset, moving_shapes
from remote_storage import names, refused, s3, upload, vidgan_command
from restore_helpers import read
from tiny_run import MODEL, make_encoder_run, make_restorer_run, make_run
from training_workers import start_workers
from video_files import make_video, scene, write_video

from vidgan import pixels
from vidgan.cli import main
from vidgan.cli.options import PathOrUrl
from vidgan.remote import places
from vidgan.training.run import Run

SIZE = (40, 32)
# Options that take a text which is no path.
NO_PATHS = {
    *(
        "augment",
        "beam_options",
        "blur",
        "checkpoint",
        "damage",
        "dark",
        "device",
        "discriminators",
    ),
    *("end", "jpeg", "label", "masks", "measures", "metric_every", "metrics", "noise", "resize"),
    *("seeds", "shot", "start", "sweep", "video"),
}
# Arguments that a command cannot do without.
NEEDED = {
    **dict.fromkeys(("colorize", "enhance", "interpolate"), ("in.mp4", "-o", "out.mp4")),
    **dict.fromkeys(("translate", "vary"), ("in.mp4", "-o", "out.mp4")),
    "inpaint": ("in.mp4", "-o", "out.mp4", "--mask", "0,0,8,8"),
    "preprocess": ("in.mp4",),
}


def path_parameters() -> Iterator[tuple[str, str]]:
    """Yield commands and their parameters that name a file or a folder."""
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        for parameter in command.params:
            text = isinstance(parameter.type, PathOrUrl) or parameter.type is click.STRING
            if text and parameter.name not in NO_PATHS:
                yield name, str(parameter.name)


@pytest.mark.parametrize(("command", "name"), list(path_parameters()))
def test_path_takes_a_url(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at as a URL, before any work."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    group = main.get_command(click.Context(main), command)
    assert group is not None
    parameter = next(each for each in group.params if each.name == name)
    url = "nothing://there/file.mp4"
    arguments = list(NEEDED.get(command, ()))
    if isinstance(parameter, click.Option):
        flag = parameter.opts[0]
        if flag in arguments:
            del arguments[arguments.index(flag) :][:2]
        arguments += [flag, *[url] * parameter.nargs]
    elif name == "run":
        arguments.insert(bool(arguments), url)
    else:
        arguments[:1] = [url]
    line = refused(command, *arguments, expected=2)
    assert line == f"Error: {url}: Protocol not known: nothing"
    assert not list(here.iterdir())


@pytest.fixture(autouse=True)
def _cache(cache: Path) -> None:
    """Keep the copies of each test apart."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a folder in memory with videos, a mask, an image and a dataset."""
    folder, root = tmp_path_factory.mktemp("remote"), f"memory://{uuid.uuid4().hex}"
    write_video(folder / "video.mp4", scene(12, SIZE))
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[8:16, 8:20] = 255
    cv2.imwrite(str(folder / "mask.png"), mask)
    cv2.imwrite(str(folder / "image.png"), scene(1, SIZE)[0])
    make_video(folder / "small.mp4", 5, (24, 20))
    for side in ("real", "fake"):
        for seed in range(2):
            write_video(folder / side / f"{seed}.mp4", scene(40, SIZE, seed + len(side)))
    make_dataset(folder / "data")
    upload(folder, root)
    return root


@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("inpaint", ("--mask", "{root}/mask.png")),
        ("interpolate", ()),
        ("colorize", ("--reference", "{root}/video.mp4@0:00.2")),
        ("translate", ("--direction", "b2a")),
    ],
)
def test_task_for_videos(root: str, tmp_path: Path, task: str, options: tuple[str, ...]) -> None:
    upload(make_restorer_run(tmp_path / "run", task).path, f"{root}/runs/{task}")
    output = f"{root}/{task}.mp4"
    command = (task, f"{root}/video.mp4", f"{root}/runs/{task}", "-o", output)
    given = [option.format(root=root) for option in options]
    assert vidgan_command(*command, *given).output.startswith(f"Wrote {output} (")
    frames = read(places.fetch(output)).frames
    assert frames.shape == (24 if task == "interpolate" else 12, *SIZE[::-1], 3)
    assert f"Error: {output} is there already" in refused(*command, *given)


def test_folder_of_videos_and_masks(root: str) -> None:
    for name in ("video.mp4", "mask.png"):
        folder = "masked" if name == "video.mp4" else "masks"
        upload(places.fetch(f"{root}/{name}"), f"{root}/{folder}/a/v{Path(name).suffix}")
    output = f"{root}/filled"
    mask = ("--mask", f"{root}/masks", "--method", "telea")
    vidgan_command("inpaint", f"{root}/masked", "-o", output, *mask)
    assert names(output) == ["a/v.mp4"]


def test_reference_image(root: str, tmp_path: Path) -> None:
    run = make_restorer_run(tmp_path / "run", "colorize").path
    reference = ("--reference", f"{root}/image.png")
    output = f"{root}/by-image.mp4"
    vidgan_command("colorize", f"{root}/video.mp4", run, "-o", output, *reference)
    assert len(read(places.fetch(output)).frames) == 12


def test_vary(root: str) -> None:
    video = f"{root}/small.mp4"
    result = vidgan_command("vary", video, "--like", video, "-o", f"{root}/varied/", "--n", "2")
    assert f"copied unchanged from {video}" in result.output
    assert names(f"{root}/varied") == ["seed-000000.mp4", "seed-000001.mp4"]


def test_generate_from_videos(root: str, tmp_path: Path) -> None:
    drawn = np.stack([moving_shapes(number, 8, (32, 32)) for number in range(20)])
    run = make_encoder_run(tmp_path / "run", MODEL, clips=pixels.to_model(drawn))
    upload(run.path, f"{root}/runs/encoder")
    output = f"{root}/continued.npy"
    command = ("generate", f"{root}/runs/encoder", "--no-sharpen", "-o", output)
    video = ("--continue", f"{root}/video.mp4")
    vidgan_command(*command, *video)
    assert np.load(places.fetch(output)).shape[2:] == (32, 32, 3)
    pair = ("--between", f"{root}/real/0.mp4", f"{root}/real/1.mp4")
    vidgan_command(*command[:-1], f"{root}/between.png", *pair)
    assert cv2.imread(str(places.fetch(f"{root}/between.png"))) is not None
    line = refused(*command, "--overwrite", "--continue", f"{root}/none.mp4")
    assert f"{root}/none.mp4: no such file" in line


MEASURES = ("--measures", "motion", "--frames", "8")


def test_evaluate_videos(root: str, tmp_path: Path) -> None:
    report = f"{root}/reports/clips.json"
    sides = ("--real", f"{root}/real", "--fake", f"{root}/fake")
    printed = vidgan_command("evaluate", *sides, "-o", report, *MEASURES).output
    assert f"Page: {root}/reports/clips.html" in printed
    suffixes = {Path(name).suffix for name in names(f"{root}/reports")}
    assert suffixes == {".html", ".json", ".npz", ".png"}
    written = places.fetch(report).read_text("utf-8")
    assert f"{root}/real" in written
    assert str(tmp_path) not in written
    assert "exists already" in refused("evaluate", *sides, "-o", report, *MEASURES)


def test_compare(root: str, tmp_path: Path) -> None:
    """Runs, and the report that the first comparison left in a run."""
    for name, step in (("a", 100), ("b", 7)):
        run = make_run(tmp_path / name, (32, 32), steps=(step,))
        upload(run.path, f"{root}/compared/{name}")
    options = ("--dataset", f"{root}/data", "--n", "4", "--no-sharpen", "--measures", "motion")
    runs = (f"{root}/compared/a", "--compare", f"{root}/compared/b")
    vidgan_command("evaluate", *runs, "-o", f"{root}/compared/all.json", *options)
    assert {"all.html", "a/evaluation/step-00000100.json"} <= set(names(f"{root}/compared"))
    reports = [f"{root}/compared/{name}/evaluation" for name in "ab"]
    printed = vidgan_command(
        *("evaluate", f"{reports[0]}/step-00000100.json", "-o", f"{root}/compared/again.json"),
        *("--compare", f"{reports[1]}/step-00000007.json"),
    ).output
    assert str(tmp_path) not in printed
    first, again = (
        json.loads(places.fetch(f"{root}/compared/{name}.json").read_text("utf-8"))
        for name in ("all", "again")
    )
    assert first == again
    assert [each["run"] for each in first] == [f"{root}/compared/{name}" for name in "ab"]


@pytest.mark.slow
@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_export(root: str, tmp_path: Path, format: str) -> None:
    """The format savedmodel is in test_remote.py."""
    run = make_restorer_run(tmp_path / "run", "inpaint")
    upload(run.path, f"{root}/runs/exported")
    command = ("export", f"{root}/runs/exported", "-o", f"{root}/{format}", "--format", format)
    vidgan_command(*command)
    file = "model.onnx" if format == "onnx" else "model.tflite"
    assert names(f"{root}/{format}") == ["README.md", file, "model.json"]
    assert f"{root}/{format} exists already" in refused(*command)
    vidgan_command(*command, "--overwrite")


@pytest.mark.slow
@pytest.mark.parametrize("task", ["inpaint", "translate"])
def test_training_of_a_task_goes_on(root: str, task: str) -> None:
    data, run = [f"{root}/data"] * (1 + (task == "translate")), f"{root}/trained/{task}"
    small = ("--frames", "8", "--g-channels", "4", "--d-channels", "4", "--metrics", "none")
    vidgan_command("train", *data, "--task", task, "-o", run, "--steps", "1", *small)
    vidgan_command("train", "--resume", run, "--steps", "2")
    assert "checkpoints/step-00000002/state.json" in names(run)


@pytest.mark.slow
def test_several_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chief uploads the run; it is resumed by several, and by one process."""
    make_dataset(tmp_path / "data", (24, 40, 17), (24,))
    options = ("--frames=8", "--batch-size=4", "--g-channels=4", "--d-channels=4", "--metrics=none")
    with s3(monkeypatch) as bucket:
        upload(tmp_path / "data", f"{bucket}/data")
        run = f"{bucket}/run"
        for arguments in (
            (f"{bucket}/data", *options, "--steps=2", "-o", run),
            ("--resume", run, "--steps=3"),
        ):
            workers = start_workers(*arguments)
            said = [worker.communicate(timeout=240) for worker in workers]
            assert [worker.returncode for worker in workers] == [0, 0], said
            assert f"{run}: done" in said[0][0]
        vidgan_command("train", "--resume", run, "--steps", "4")
        checkpoints = Run.open(places.fetch(run)).path / "checkpoints"
        assert (checkpoints / "step-00000004").is_dir()
