"""Every reader against the same videos."""

import gc
import os
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from video_files import make_images, make_video, rotate_mp4, scene, write_video

from vidgan.errors import InputError
from vidgan.video.rate import resample
from vidgan.video.readers.base import VideoReader
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.open import open_video

DECODERS = ("pyav", "opencv")
SOURCES = ("pyav", "opencv", "images")


def open_source(
    tmp_path: Path, kind: str, fit: FrameFit | None = None, **kwargs: Any
) -> VideoReader:
    if kind == "images":
        return open_video(make_images(tmp_path / "images", **kwargs), fit)
    video = make_video(tmp_path / "video.mp4", **kwargs)
    return open_video(video, fit, decoder=kind)


def read(path: Path, fit: FrameFit | None = None, decoder: str = "pyav") -> np.ndarray:
    with open_video(path, fit, decoder=decoder) as reader:
        return np.stack([pixels for _, pixels in reader])


def corner(frame: np.ndarray, where: str) -> np.ndarray:
    """Return the mean colour of a corner, such as ``top left``."""
    height, width = frame.shape[0] // 4, frame.shape[1] // 4
    rows = slice(0, height) if "top" in where else slice(-height, None)
    columns = slice(0, width) if "left" in where else slice(-width, None)
    mean: np.ndarray = frame[rows, columns].mean(axis=(0, 1))
    return mean


def marked(width: int, height: int) -> np.ndarray:
    """Return a grey frame whose top left quarter is red."""
    frame = np.full((height, width, 3), 90, np.uint8)
    frame[: height // 2, : width // 2] = (250, 10, 10)
    return frame


@pytest.mark.parametrize("kind", SOURCES)
class TestEverySource:
    def test_delivers_the_frames_in_rgb_and_in_order(self, tmp_path: Path, kind: str) -> None:
        with open_source(tmp_path, kind, frames=12) as reader:
            frames = np.stack([pixels for _, pixels in reader])
        expected = scene(12)
        assert frames.shape == expected.shape
        assert frames.dtype == np.uint8
        # Encoding changes a little; exchanged channels or frames change a lot.
        assert np.abs(frames.astype(int) - expected).mean() < 6

    def test_times_and_header(self, tmp_path: Path, kind: str) -> None:
        with open_source(tmp_path, kind, frames=12) as reader:
            info = reader.info
            times = [time for time, _ in reader]
            assert reader.frames_read == 12
            assert reader.decode_errors == 0
        assert (info.width, info.height, info.frames) == (96, 64, 12)
        assert info.aspect == pytest.approx(1.5)
        assert info.fps == (None if kind == "images" else 25)
        np.testing.assert_allclose(np.diff(times), 1 / 25, atol=1e-3)

    def test_scales_like_averaging_the_whole_frame(self, tmp_path: Path, kind: str) -> None:
        size = (640, 480)
        with open_source(tmp_path, kind, FrameFit(32, 32), frames=3, size=size) as reader:
            frames = np.stack([pixels for _, pixels in reader])
        expected = [
            cv2.resize(frame[:, 80:560], (32, 32), interpolation=cv2.INTER_AREA)
            for frame in scene(3, size)
        ]
        assert frames.shape == (3, 32, 32, 3)
        assert np.abs(frames.astype(int) - np.stack(expected)).mean() < 4

    def test_grabbing_without_retrieving_skips(self, tmp_path: Path, kind: str) -> None:
        with open_source(tmp_path, kind, frames=6) as reader:
            for _ in range(4):
                reader.grab()
            fourth = reader.retrieve()
        assert np.abs(fourth.astype(int) - scene(6)[3]).mean() < 6

    @pytest.mark.parametrize("size", [(97, 63), (33, 101)])
    def test_odd_sizes(self, tmp_path: Path, kind: str, size: tuple[int, int]) -> None:
        options: dict[str, Any] = {} if kind == "images" else {"pix_fmt": "yuv444p"}
        with open_source(tmp_path, kind, frames=3, size=size, **options) as reader:
            assert (reader.info.width, reader.info.height) == size
            for _, pixels in reader:
                assert pixels.shape == (size[1], size[0], 3)

    def test_holds_one_frame_at_a_time(self, tmp_path: Path, kind: str) -> None:
        with open_source(tmp_path, kind, FrameFit(32, 32), frames=5) as reader:
            reader.grab()
            first = reader.retrieve()
            kept = first.copy()
            reader.grab()
            reader.retrieve()
        np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("decoder", DECODERS)
class TestDecoders:
    def test_rotation_is_honoured(self, tmp_path: Path, decoder: str) -> None:
        video = rotate_mp4(write_video(tmp_path / "phone.mp4", [marked(96, 64)] * 3))
        with open_video(video, decoder=decoder) as reader:
            assert (reader.info.width, reader.info.height) == (64, 96)
            assert reader.info.aspect == pytest.approx(64 / 96)
        frame = read(video, decoder=decoder)[0]
        assert frame.shape == (96, 64, 3)
        assert corner(frame, "top right")[0] > 200
        assert corner(frame, "top left")[0] < 130
        fitted = read(video, FrameFit(32, 48), decoder)[0]
        assert fitted.shape == (48, 32, 3)
        assert corner(fitted, "top right")[0] > 200
        assert corner(fitted, "bottom right")[0] < 130

    @pytest.mark.parametrize(
        ("mode", "left", "middle"),
        [("crop", 90, 90), ("pad", 90, 90), ("stretch", 200, 90)],
    )
    def test_fit_modes(
        self, tmp_path: Path, decoder: str, mode: str, left: int, middle: int
    ) -> None:
        # 200 at both ends, 90 in the square in the middle.
        frame = np.full((64, 128, 3), 200, np.uint8)
        frame[:, 32:96] = 90
        video = write_video(tmp_path / "wide.mp4", [frame] * 2)
        fitted = read(video, FrameFit(64, 64, mode), decoder)[0]
        assert fitted.shape == (64, 64, 3)
        assert abs(int(fitted[32, 32, 0]) - middle) < 8
        if mode == "pad":
            assert fitted[:14].max() < 8, "black bars above"
            assert abs(int(fitted[32, 2, 0]) - 200) < 12
        else:
            assert abs(int(fitted[32, 2, 0]) - left) < 12

    def test_grey_video(self, tmp_path: Path, decoder: str) -> None:
        grey = scene(4)[..., 0]
        video = write_video(tmp_path / "grey.mkv", grey, codec="ffv1", pix_fmt="gray")
        frames = read(video, decoder=decoder)
        assert frames.shape == (4, 64, 96, 3)
        assert np.abs(frames[..., 1].astype(int) - grey).mean() < 6

    def test_non_square_pixels(self, tmp_path: Path, decoder: str) -> None:
        video = tmp_path / "anamorphic.mp4"
        write_video(video, [marked(64, 64)] * 2, options={"x264-params": "sar=2/1"})
        with open_video(video, decoder=decoder) as reader:
            assert reader.info.aspect == pytest.approx(2)
        # Twice as wide as stored: cropping to a square keeps the middle half of the columns.
        fitted = read(video, FrameFit(64, 64), decoder)[0]
        assert fitted[16, 28, 0] > 200
        assert fitted[16, 36, 0] < 130
        padded = read(video, FrameFit(64, 64, "pad"), decoder)[0]
        assert padded[:14].max() < 8

    @pytest.mark.parametrize("name", ["with space.mp4", "Übung 東京.mp4", "-dash.mp4", "a:b.mp4"])
    def test_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoder: str, name: str
    ) -> None:
        make_video(tmp_path / name, frames=3)
        monkeypatch.chdir(tmp_path)
        assert len(read(Path(name), decoder=decoder)) == 3

    @pytest.mark.parametrize("size", [(1, 1), (7680, 16)])
    def test_extreme_sizes(self, tmp_path: Path, decoder: str, size: tuple[int, int]) -> None:
        video = make_video(tmp_path / "v.mkv", frames=2, size=size, codec="ffv1", pix_fmt="bgr0")
        assert read(video, FrameFit(32, 32), decoder).shape == (2, 32, 32, 3)
        assert read(video, FrameFit(32, 32, "pad"), decoder).shape == (2, 32, 32, 3)

    def test_text_named_mp4(self, tmp_path: Path, decoder: str) -> None:
        path = tmp_path / "notes.mp4"
        path.write_text("this is no video\n" * 50)
        with pytest.raises(InputError, match=r"notes\.mp4: not a video"):
            open_video(path, decoder=decoder)

    def test_without_index(self, tmp_path: Path, decoder: str) -> None:
        whole = make_video(tmp_path / "whole.mp4").read_bytes()
        path = tmp_path / "headless.mp4"
        path.write_bytes(whole[: whole.index(b"moov") - 4])
        with pytest.raises(InputError, match=r"headless\.mp4: not a video"):
            open_video(path, decoder=decoder)

    def test_cut_short(self, tmp_path: Path, decoder: str) -> None:
        whole = make_video(tmp_path / "whole.mp4", frames=60).read_bytes()
        path = tmp_path / "cut.mp4"
        path.write_bytes(whole[: int(len(whole) * 0.6)])
        with open_video(path, decoder=decoder) as reader:
            frames = sum(1 for _ in reader)
            assert 10 < frames < 55
            assert reader.decode_errors > 0
            assert reader.problem

    def test_missing_and_empty(self, tmp_path: Path, decoder: str) -> None:
        with pytest.raises(InputError, match=r"nothing\.mp4: no such file"):
            open_video(tmp_path / "nothing.mp4", decoder=decoder)
        (tmp_path / "empty.mp4").touch()
        with pytest.raises(InputError, match=r"empty\.mp4: the file is empty"):
            open_video(tmp_path / "empty.mp4", decoder=decoder)

    def test_no_frames(self, tmp_path: Path, decoder: str) -> None:
        path = write_video(tmp_path / "none.mkv", [])
        with pytest.raises(InputError, match=r"none\.mkv: "):
            assert list(open_video(path, decoder=decoder)) == []


def test_sound_only_is_no_video(tmp_path: Path) -> None:
    import av

    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(InputError, match=r"song\.mp4: has no video in it, only sound"):
        open_video(path)


def test_transparent_parts_are_black(tmp_path: Path) -> None:
    clip = np.concatenate([scene(3), np.full((3, 64, 96, 1), 255, np.uint8)], axis=-1)
    clip[:, :, :48, 3] = 0
    video = write_video(tmp_path / "alpha.mov", clip, codec="png", pix_fmt="rgba")
    frames = read(video)
    assert frames[:, :, :47].max() == 0
    np.testing.assert_array_equal(frames[:, :, 48:], clip[:, :, 48:, :3])
    with open_video(video) as reader:
        assert "its transparent parts become black" in reader.notes


def test_transparent_and_deep_images(tmp_path: Path) -> None:
    clip = scene(2).astype(np.uint16) * 257
    opacity = np.full((64, 96, 1), 65535, np.uint16)
    opacity[:, :48] = 0
    (tmp_path / "deep").mkdir()
    for i, frame in enumerate(clip):
        image = np.concatenate([frame[..., ::-1], opacity], axis=-1)
        cv2.imwrite(str(tmp_path / "deep" / f"{i}.png"), image)
    frames = read(tmp_path / "deep")
    assert frames[:, :, :48].max() == 0
    assert np.abs(frames[:, :, 48:].astype(int) - scene(2)[:, :, 48:]).max() <= 1


def test_gif(tmp_path: Path) -> None:
    video = make_video(tmp_path / "anim.gif", frames=10, fps=10)
    with open_video(video) as reader:
        times, frames = zip(*reader, strict=True)
    assert len(frames) == 10
    np.testing.assert_allclose(np.diff(times), 0.1, atol=1e-3)


def test_images_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = make_images(tmp_path / "images", frames=11)
    (folder / "readme.txt").write_text("no image")
    (folder / "cover.png").write_bytes(b"no number")
    frames = read(folder)
    np.testing.assert_array_equal(frames, scene(11))


def test_a_damaged_image_is_left_out(tmp_path: Path) -> None:
    folder = make_images(tmp_path / "images", frames=5)
    (folder / "frame3.png").write_bytes(b"\x89PNG\r\n broken")
    with open_video(folder) as reader:
        assert sum(1 for _ in reader) == 4
        assert reader.decode_errors == 1
        assert "frame3.png" in str(reader.problem)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path: Path) -> None:
    path = make_video(tmp_path / "secret.mp4", frames=2)
    path.chmod(0)
    with pytest.raises(InputError, match=r"secret\.mp4: cannot be read"):
        open_video(path)


class TestRate:
    def slots(self, path: Path, fps: float) -> list[tuple[int, int]]:
        with open_video(path, FrameFit(32, 32)) as reader:
            return [(sample.index, sample.copies) for sample in resample(reader, fps)]

    def test_own_rate_keeps_every_frame(self, tmp_path: Path) -> None:
        # Milliseconds cannot hold 1/30 s: rounding must neither drop nor repeat.
        video = make_video(tmp_path / "v.mkv", frames=30, fps=30)
        assert self.slots(video, 30) == [(i, 1) for i in range(30)]

    def test_slower_drops_and_faster_repeats(self, tmp_path: Path) -> None:
        video = make_video(tmp_path / "v.mp4", frames=20, fps=20)
        assert self.slots(video, 10) == [(i, 1) for i in range(10)]
        assert self.slots(video, 40) == [(2 * i, 2) for i in range(19)] + [(38, 1)]

    def test_variable_rate_keeps_the_speed(self, tmp_path: Path) -> None:
        times = [0, 0.1, 0.2, 0.6, 1.0, 1.1]
        video = write_video(tmp_path / "v.mkv", scene(6), times=times)
        assert self.slots(video, 10) == [(0, 1), (1, 1), (2, 4), (6, 4), (10, 1), (11, 1)]

    def test_long_hole_is_a_gap_not_a_thousand_copies(self, tmp_path: Path) -> None:
        times = [0, 0.1, 0.2, 500.0, 500.1]
        video = write_video(tmp_path / "v.mkv", scene(5), times=times)
        with open_video(video, FrameFit(32, 32)) as reader:
            samples = [(s.index, s.copies, s.gap) for s in resample(reader, 10)]
        assert samples == [(0, 1, False), (1, 1, False), (2, 1, False), (3, 1, True), (4, 1, False)]

    def test_images_have_whatever_rate_is_wanted(self, tmp_path: Path) -> None:
        folder = make_images(tmp_path / "images", frames=5)
        assert self.slots(folder, 12.5) == [(i, 1) for i in range(5)]


def test_times_that_are_in_another_order_than_the_frames(tmp_path: Path) -> None:
    # The times of a stream with B-frames, in one that has none.
    order = [0, *(first + place for first in range(1, 40, 3) for place in (2, 0, 1))][:40]
    right, wrong = tmp_path / "right.mp4", tmp_path / "wrong.mp4"
    write_video(right, scene(40), options={"bf": "0"})
    with av.open(str(right)) as source, av.open(str(wrong), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        duration = packets[0].duration or 0
        for number, packet in zip(order, packets, strict=True):
            packet.pts = (number + 2) * duration
            packet.stream = copy
            target.mux(packet)
    with open_video(wrong) as reader:
        samples = list(resample(reader, 25))
    assert not any(sample.gap for sample in samples)
    assert 38 <= sum(sample.copies for sample in samples) <= 44
    frames = np.stack([sample.pixels for sample in samples])
    np.testing.assert_array_equal(frames[-30:], read(right)[-30:])


def test_frames_are_freed_at_once(tmp_path: Path) -> None:
    """Not by the garbage collector, which does not see how large they are."""
    path = make_video(tmp_path / "v.mp4", frames=4)

    def frames() -> int:
        return sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())

    gc.collect()
    before = frames()
    gc.disable()
    try:
        for _ in range(3):
            with open_video(path):
                pass
            read(path)
        assert frames() == before
    finally:
        gc.enable()
