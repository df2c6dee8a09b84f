"""Animated WebP as input, which Pillow reads; OpenCV makes and checks it."""

import re
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from restore_helpers import call, ok, read
from video_files import make_video, scene

from vidgan.errors import InputError
from vidgan.jobs.evaluate.video_pairs import find_pairs
from vidgan.jobs.preprocess import preprocess
from vidgan.video.discover import discover
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.open import open_video


def write_webp(path: Path, rgba: np.ndarray, milliseconds: list[int]) -> Path:
    """Write uint8 frames ``(frames, height, width, 4)``, without loss."""
    animation = cv2.Animation()
    animation.frames = [cv2.cvtColor(frame, cv2.COLOR_RGBA2BGRA) for frame in rgba]
    animation.durations = milliseconds
    animation.loop_count = 0
    assert cv2.imwriteanimation(str(path), animation, [cv2.IMWRITE_WEBP_QUALITY, 101])
    return path


def opaque(frames: np.ndarray) -> np.ndarray:
    return np.concatenate([frames, np.full_like(frames[..., :1], 255)], -1)


def frame_places(data: bytes | bytearray) -> list[int]:
    """Return where the chunk of every frame begins."""
    return [match.start() for match in re.finditer(b"ANMF", data)]


def test_frames_and_times(tmp_path: Path) -> None:
    times = [40, 70, 20, 500, 30]
    path = write_webp(tmp_path / "a.webp", opaque(scene(5)), times)
    for decoder in ("pyav", "opencv"):
        with open_video(path, decoder=decoder) as reader:
            found, frames = zip(*reader, strict=True)
            assert (np.stack(frames) == scene(5)).all()
            assert np.allclose(found, [0, 0.04, 0.11, 0.13, 0.63])
            assert reader.frame_duration == 0.03
            info = reader.info
            assert (info.width, info.height, info.frames) == (96, 64, 5)
            assert info.fps == pytest.approx(5 / 0.66)
            assert not reader.notes
            assert not reader.decode_errors
    with open_video(path, FrameFit(48, 32)) as reader:
        assert reader.grab() == 0
        assert reader.retrieve().shape == (32, 48, 3)


def test_transparent_parts_are_black(tmp_path: Path) -> None:
    rgba = opaque(scene(4))
    rgba[:, :10, :20, 3] = 0
    rgba[:, 20:30, :20, 3] = 128
    with open_video(write_webp(tmp_path / "a.webp", rgba, [40] * 4)) as reader:
        frames = np.stack([frame for _, frame in reader]).astype(int)
        assert reader.notes == ["its transparent parts become black"]
    assert not frames[:, :10, :20].any()
    assert np.abs(frames[:, 20:30, :20] - scene(4)[:, 20:30, :20] * 128.0 / 255).max() <= 1
    assert (frames[:, 40:] == scene(4)[:, 40:]).all()


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".mkv", ".avi"])
def test_restored(tmp_path: Path, suffix: str) -> None:
    path = write_webp(tmp_path / "a.webp", opaque(scene(20)), [40] * 20)
    ok("enhance", path, "-o", tmp_path / f"out{suffix}", "--method", "bicubic", "--scale", 1)
    video = read(tmp_path / f"out{suffix}")
    assert np.abs(video.frames.astype(int) - scene(20)).mean() < 6
    assert np.allclose(video.times, np.arange(20) / 25, atol=0.002)


def test_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    write_webp(folder / "a1.webp", opaque(scene(40)), [40] * 40)
    write_webp(folder / "a2.webp", opaque(scene(40, seed=1)), [40] * 40)
    # Not animated: photos.
    for name in ("b1.webp", "b2.webp"):
        cv2.imwrite(str(folder / name), scene(1)[0])
    assert [source.path.name for source in discover([folder])] == ["a1.webp", "a2.webp"]
    manifest = preprocess(folder, tmp_path / "data")
    assert [source["frames"] for source in manifest.sources] == [40, 40]
    pairs, _ = find_pairs(folder, folder)
    assert [pair.name for pair in pairs] == ["a1", "a2"]


@pytest.mark.parametrize("whole", [0, 1, 9])
@pytest.mark.parametrize("left", [4, 30])
def test_cut_short(tmp_path: Path, whole: int, left: int) -> None:
    data = write_webp(tmp_path / "a.webp", opaque(scene(10)), [40] * 10).read_bytes()
    path = tmp_path / "cut.webp"
    path.write_bytes(data[: frame_places(data)[whole] + left])
    if not whole:
        with pytest.raises(InputError, match="not one frame can be decoded"):
            open_video(path)
        return
    with open_video(path) as reader:
        frames = np.stack([frame for _, frame in reader])
        assert reader.decode_errors == 1
        assert reader.problem == f"ends in the middle of frame {whole + 1}"
    assert (frames == scene(whole)).all()


@pytest.mark.parametrize("damaged", [0, 5])
def test_damaged(tmp_path: Path, damaged: int) -> None:
    path = make_video(tmp_path / "a.webp", 10, codec="libwebp_anim")
    data = bytearray(path.read_bytes())
    # The first bytes of the frame's VP8 stream.
    place = frame_places(data)[damaged] + 32
    data[place : place + 10] = bytes(10)
    path.write_bytes(data)
    if not damaged:
        with pytest.raises(InputError, match="not one frame can be decoded"):
            open_video(path)
        return
    with open_video(path) as reader:
        assert sum(1 for _ in reader) == damaged
        assert reader.decode_errors


def test_too_large_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = write_webp(tmp_path / "a.webp", opaque(scene(2)), [40] * 2)
    data = bytearray(path.read_bytes())
    data[24:30] = 2 * struct.pack("<I", 15_999)[:3]
    path.write_bytes(data)
    for command in ("preprocess", "enhance"):
        options = ["--method", "bicubic"] if command == "enhance" else []
        result = call(command, path, "-o", tmp_path / "out.mp4", *options)
        assert result.exit_code == 1
        assert "a.webp: 16000x16000 is more than 67108864 pixels" in result.output


def test_lossy_and_partial_frames_are_drawn_as_opencv_draws_them(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.webp", 10, fps=10, codec="libwebp_anim")
    _, animation = cv2.imreadanimation(str(path))
    with open_video(path) as reader:
        frames = np.stack([frame for _, frame in reader])
    assert (frames == np.stack(animation.frames)[..., 2::-1]).all()
