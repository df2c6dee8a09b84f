"""``--sharpen``: patches of training clips in generated ones."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from dataset_files import make_dataset, moving_shapes
from tiny_run import MODEL, make_encoder_run, make_run
from video_files import make_video

import vidgan
from vidgan.cli import main
from vidgan.patches.index import PatchIndex
from vidgan.patches.matches import patch_count
from vidgan.patches.pyramid import PatchPyramid
from vidgan.training.run import Run

FRAMES, SIDE = 8, 32


def drawn(count: int) -> np.ndarray:
    """Return clips of 8 frames, uint8 ``(count, 8, 32, 32, 3)``."""
    return np.stack([moving_shapes(number, FRAMES, (SIDE, SIDE)) for number in range(count)])


def blurred(clips: np.ndarray) -> np.ndarray:
    frames = [cv2.GaussianBlur(frame, (0, 0), 1.5) for clip in clips for frame in clip]
    return np.stack(frames).reshape(clips.shape)


def error(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.mean(np.square(first.astype(float) - second.astype(float))))


def contrast(clip: np.ndarray) -> float:
    """Return the mean difference of neighbouring pixels."""
    return float(np.abs(np.diff(clip.astype(float), axis=2)).mean())


# The index


def test_known_clips_come_back() -> None:
    clips = drawn(6)
    found = PatchIndex(clips, clips).replace(clips[2])
    assert found.dtype == np.uint8
    assert found.shape == clips[2].shape
    assert error(found, clips[2]) < 0.1 * error(clips[1], clips[2])


def test_values_take_the_place_of_keys() -> None:
    """Blur that the keys have, too, is undone, in a clip that is none of them."""
    clips = drawn(24)
    index = PatchIndex(blurred(clips[1:]), clips[1:])
    sharp, soft = clips[0], blurred(clips[:1])[0]
    found = index.replace(soft)
    assert error(found, sharp) < 0.9 * error(soft, sharp)
    assert abs(contrast(found) - contrast(sharp)) < 0.7 * abs(contrast(soft) - contrast(sharp))


def test_clips_of_other_lengths() -> None:
    clips = drawn(4)
    index = PatchIndex(clips, clips)
    longer = np.concatenate([clips[0], clips[1]])
    assert error(index.replace(longer), longer) < 0.1 * error(longer[:8], longer[8:])
    assert index.replace(clips[0][:1]).shape == (1, SIDE, SIDE, 3)


def test_one_grey_clip() -> None:
    clips = np.full((1, 3, 17, 19, 3), 77, np.uint8)
    np.testing.assert_array_equal(PatchIndex(clips, clips).replace(clips[0]), clips[0])


def test_the_nearest_of_overlapping_patches_count_most() -> None:
    """Something new beside something known does not blur what is known."""
    clips = drawn(6)
    mixed = clips[2].copy()
    mixed[:, :, SIDE // 2 :] = 255 - clips[4][:, :, SIDE // 2 :]
    found = PatchIndex(clips, clips).replace(mixed)
    known = np.s_[:, :, : SIDE // 2 - 2]
    assert error(found[known], mixed[known]) < 1


def test_equal_patches_are_searched_once() -> None:
    """A small thing that moves in black clips is found among many equal patches."""
    clips = np.zeros((12, FRAMES, SIDE, SIDE, 3), np.uint8)
    for number, clip in enumerate(clips):
        for frame in range(FRAMES):
            clip[frame, 4 + number : 10 + number, 4 + 2 * frame : 10 + 2 * frame] = 200
    index = PatchIndex(clips, clips)
    assert index.size < 0.5 * patch_count(clips.shape[1:4]) * len(clips)
    assert error(index.replace(clips[5]), clips[5]) < 0.05 * error(clips[4], clips[5])


# The pyramid


@pytest.mark.parametrize(
    ("size", "coarsest"), [((24, 30), (24, 30)), ((64, 64), (32, 32)), ((200, 130), (50, 32))]
)
def test_sizes_of_a_pyramid(size: tuple[int, int], coarsest: tuple[int, int]) -> None:
    clips = np.stack([moving_shapes(number, 4, size) for number in range(2)])
    pyramid = PatchPyramid(clips, clips)
    assert pyramid.sizes[0] == coarsest
    assert pyramid.sizes[-1] == size
    found = pyramid.replace(clips[1])
    assert found.shape == clips[1].shape
    assert error(found, clips[1]) < 0.1 * error(clips[0], clips[1])


def test_a_pyramid_sharpens_more() -> None:
    """Where keys are noisy, large patches at a coarse size tell more than those at the full one."""
    random = np.random.default_rng(0)
    clips = np.stack([moving_shapes(number, FRAMES, (64, 64)) for number in range(12)])
    noisy = np.clip(clips + random.normal(0, 60, clips.shape), 0, 255).astype(np.uint8)
    again = np.clip(clips + random.normal(0, 60, clips.shape), 0, 255).astype(np.uint8)
    alone, pyramid = PatchIndex(noisy, clips), PatchPyramid(noisy, clips)
    assert error(pyramid.replace(again[3]), clips[3]) < 0.8 * error(
        alone.replace(again[3]), clips[3]
    )


def test_patch_count() -> None:
    assert patch_count((3, 5, 8)) == 2 * 3 * 4


# The commands


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("sharpen")
    make_dataset(folder / "clips", (40, 60), (40, 40))
    return make_encoder_run(folder / "run", MODEL, dataset=folder / "clips")


def generate(run: Run, output: Path, *options: str) -> tuple[np.ndarray, str]:
    """Return clips of the command line, and what was printed."""
    result = CliRunner().invoke(main, ["generate", str(run.path), *options, "-o", str(output)])
    assert result.exit_code == 0, result.output
    return np.load(output), result.output


def test_generate(run: Run, tmp_path: Path) -> None:
    """The command and the library agree, and it is the default."""
    clips, said = generate(run, tmp_path / "a.npy", "--sharpen", "--n=3")
    assert "sharpened" not in said
    default, said = generate(run, tmp_path / "b.npy", "--n=3")
    assert "Clips are sharpened by patches of training clips; --no-sharpen" in said
    np.testing.assert_array_equal(default, clips)
    sampler = vidgan.load(run.path, sharpen=True)
    np.testing.assert_array_equal(sampler.generate(3), clips)
    plain = vidgan.load(run.path).generate(3)
    assert clips.shape == plain.shape
    assert error(clips, plain) > 1
    unsharpened, said = generate(run, tmp_path / "c.npy", "--no-sharpen", "--n=3")
    assert "sharpened" not in said
    np.testing.assert_array_equal(unsharpened, plain)


@pytest.mark.slow
def test_variations_of_real_clips_are_not_sharpened_by_default(run: Run, tmp_path: Path) -> None:
    clip = make_video(tmp_path / "v.mp4", 40, (32, 32))
    found = [
        generate(run, tmp_path / f"{i}.npy", "--from", str(clip), "--n=1", *more)
        for i, more in enumerate([[], ["--no-sharpen"], ["--sharpen"]])
    ]
    assert not any("sharpened" in said for _, said in found)
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert error(found[0][0], found[2][0]) > 1


def test_continuations_are_sharpened_by_default(run: Run, tmp_path: Path) -> None:
    clip = make_video(tmp_path / "v.mp4", 20, (32, 32))
    options = ("--continue", str(clip), "--frames=6")
    default, said = generate(run, tmp_path / "a.npy", *options)
    assert "Clips are sharpened" in said
    plain, _ = generate(run, tmp_path / "b.npy", *options, "--no-sharpen")
    np.testing.assert_array_equal(default[0, :16], plain[0, :16])
    assert error(default[0, 20:], plain[0, 20:]) > 1


def test_long_clips_and_loops_are_sharpened_without_seams(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = vidgan.load(run.path, sharpen=True)
    clip = vidgan.load(run.path).generate(1, frames=40)[0]
    whole, loop = sampler.finish(clip), sampler.finish(clip, loop=True)
    monkeypatch.setattr("vidgan.jobs.generate.sampler.FRAMES_AT_ONCE", 8)
    effect = error(whole, clip)
    assert effect > 1
    assert error(sampler.finish(clip), whole) < 0.05 * effect
    assert error(sampler.finish(clip, loop=True), loop) < 0.05 * effect
    # A loop may begin anywhere.
    begun_later = sampler.finish(np.roll(clip, 20, axis=0), loop=True)
    assert error(np.roll(begun_later, -20, axis=0), loop) < 0.05 * effect
    assert error(loop[[0, -1]], whole[[0, -1]]) > 0.1, "the end is seen from the beginning"
    assert sampler.finish(clip[:3], loop=True).shape == clip[:3].shape


def test_evaluate(run: Run, tmp_path: Path) -> None:
    """What is measured is sharpened by default, and the page says so."""
    options = ["--n=16", "--measures=distance", "--clip-features=random3d", "--no-cache"]
    found = []
    for i, more in enumerate(([], ["--sharpen"], ["--no-sharpen"])):
        output = tmp_path / f"evaluation{i}.json"
        arguments = ["evaluate", str(run.path), *options, *more, "-o", str(output)]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        figures = json.loads(output.read_text("utf-8"))["figures"]
        found.append([each["value"] for each in figures if each["group"] == "distance"])
        page = output.with_suffix(".html").read_text("utf-8")
        assert (", sharpened," in page) == (i < 2)
        assert ("as the generator makes them.\n" in result.output) == (i == 0)
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("fault", ["no encoder", "no dataset", "another size", "short shots"])
def test_refused(fault: str, run: Run, tmp_path: Path) -> None:
    if fault == "no encoder":
        broken, text = make_run(tmp_path / "run"), "--reconstruction 1"
    elif fault == "no dataset":
        broken, text = make_encoder_run(tmp_path / "run", MODEL), "/data/clips"
    else:
        lengths, side = ((40,), 16) if fault == "another size" else ((7, 5), 32)
        make_dataset(tmp_path / "small", lengths, (), (side, side))
        broken = make_encoder_run(tmp_path / "run", MODEL, dataset=tmp_path / "small")
        text = "another size or no training clips"
    output = tmp_path / "out.mp4"
    result = CliRunner().invoke(
        main, ["generate", str(broken.path), "--sharpen", "-o", str(output)]
    )
    assert result.exit_code == 1
    assert text in result.output
    assert "Traceback" not in result.output
    assert not output.exists()
    # By default, the clips are left as they are; that is said unless the run cannot sharpen at all.
    clips, said = generate(broken, tmp_path / "out.npy", "--n=2")
    np.testing.assert_array_equal(clips, vidgan.load(broken.path).generate(2))
    assert ("Clips are not sharpened: " in said) == (fault != "no encoder")
    assert (text in said) == (fault != "no encoder")


@pytest.mark.slow
def test_another_dataset_in_its_place(tmp_path: Path) -> None:
    """Its patches are not those of the run, and are used only if asked for."""
    make_dataset(tmp_path / "clips", (40, 60), (40,))
    trained = vidgan.train(
        tmp_path / "clips",
        output=tmp_path / "run",
        steps=1,
        metrics="none",
        frames=8,
        g_channels=4,
        d_channels=4,
    )
    run = Run.open(trained)
    _, said = generate(run, tmp_path / "a.npy", "--n=1")
    assert "Clips are sharpened" in said
    shutil.rmtree(tmp_path / "clips")
    make_dataset(tmp_path / "clips", (50, 60), (40,))
    _, said = generate(run, tmp_path / "b.npy", "--n=1")
    assert f"not sharpened: {tmp_path / 'clips'} was replaced since {run.path} was made" in said
    clips, _ = generate(run, tmp_path / "c.npy", "--n=1", "--sharpen")
    np.testing.assert_array_equal(clips, vidgan.load(run.path, sharpen=True).generate(1))
