"""Video export: every file is decoded again and compared with what went in."""

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from vidgan.errors import ExportError, OptionError
from vidgan.video.containers import CODECS, CONTAINERS, Codec
from vidgan.video.writers.open import open_writer
from vidgan.video.writers.palette import quantize

FPS = 25
VARIANTS = [
    (f"clip{suffix}", codec)
    for suffix, container in CONTAINERS.items()
    for codec in (*container.codecs, "auto")
]


def frames(count: int, width: int = 64, height: int = 64) -> np.ndarray:
    """A smooth backdrop with a coloured square that moves: kind to codecs, yet asymmetric."""
    rows, columns = np.mgrid[:height, :width]
    base = np.stack([columns * 200 // width, rows * 200 // height, np.full_like(rows, 60)], axis=-1)
    video = np.repeat(base[None].astype(np.uint8), count, axis=0)
    for index in range(count):
        left = 2 * (index % 8)
        video[index, 8:24, left : left + 16] = (230, 40, 20)
    return video


class Stream(NamedTuple):
    """What a file says of its stream; PyAV's own object is void once the file is closed."""

    rate: float
    codec: str
    pixels: str | None


def decode(path: Path) -> tuple[np.ndarray, Stream]:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        frames = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video)])
        context = video.codec_context
        assert video.average_rate
        return frames, Stream(float(video.average_rate), context.name, context.pix_fmt)


def save(path: Path, video: np.ndarray, fps: float = FPS, codec: str = "auto") -> None:
    _, height, width, _ = video.shape
    with open_writer(path, fps, (width, height), codec) as file:
        for frame in video:
            file.write(frame)


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a tmpfs of ``size``; skip where that is not allowed."""
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(("name", "codec"), VARIANTS)
def test_frames_come_back(tmp_path: Path, name: str, codec: str) -> None:
    video = frames(20)
    save(tmp_path / name, video, codec=codec)
    decoded, stream = decode(tmp_path / name)
    assert decoded.shape == video.shape
    tolerance = 6 if name.endswith(".gif") else 5
    assert np.abs(decoded.astype(int) - video).mean() < tolerance
    # A swap of red and blue would show here.
    assert decoded[0, 10:22, 2:14, 0].mean() > decoded[0, 10:22, 2:14, 2].mean() + 100
    assert stream.rate == pytest.approx(FPS, rel=0.01)
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("name", "codec"), VARIANTS)
def test_odd_sizes_lose_no_pixel(tmp_path: Path, name: str, codec: str) -> None:
    video = frames(6, width=45, height=35)
    save(tmp_path / name, video, codec=codec)
    decoded, _ = decode(tmp_path / name)
    _, height, width, _ = decoded.shape
    assert (width, height) in ((45, 35), (46, 36))
    assert np.abs(decoded[:, :35, :45].astype(int) - video).mean() < 8
    if width == 46:
        edge = decoded[:, :, 45].astype(int) - decoded[:, :, 44]
        assert np.abs(edge).mean() < 8


@pytest.mark.parametrize("fps", [5, 24, 29.97, 50, 60])
@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.avi"])
def test_frame_rate(tmp_path: Path, name: str, fps: float) -> None:
    save(tmp_path / name, frames(30), fps=fps)
    _, stream = decode(tmp_path / name)
    assert stream.rate == pytest.approx(fps, rel=0.02)


def gif_delays(data: bytes) -> list[int]:
    """Hundredths of a second from every graphic control extension."""
    delays, position = [], data.find(b"\x21\xf9\x04")
    while position >= 0:
        delays.append(int.from_bytes(data[position + 4 : position + 6], "little"))
        position = data.find(b"\x21\xf9\x04", position + 8)
    return delays


def test_gif_loops_forever_at_the_right_speed(tmp_path: Path) -> None:
    save(tmp_path / "a.gif", frames(30), fps=30)
    data = (tmp_path / "a.gif").read_bytes()
    loop = data.index(b"NETSCAPE2.0")
    assert data[loop + 11 : loop + 15] == b"\x03\x01\x00\x00"
    delays = gif_delays(data)
    assert len(delays) == 30
    assert set(delays) == {3, 4}
    assert sum(delays) == pytest.approx(100, abs=1)


def test_gif_keeps_still_frames(tmp_path: Path) -> None:
    video = np.repeat(frames(1), 20, axis=0)
    save(tmp_path / "a.gif", video)
    assert len(decode(tmp_path / "a.gif")[0]) == 20


def test_gif_too_fast(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="at most 50"):
        open_writer(tmp_path / "a.gif", 60, (64, 64))


def test_few_colors_are_exact() -> None:
    video = np.zeros((2, 8, 8, 3), np.uint8)
    video[:, :4] = (255, 0, 255)
    video[:, 4:] = (0, 255, 0)
    indices, palette = quantize(video)
    np.testing.assert_array_equal(palette[indices], video)


def test_noise_quantizes_close() -> None:
    video = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    indices, palette = quantize(video)
    assert np.abs(palette[indices].astype(int) - video).mean() < 16


def test_mp4_plays_everywhere(tmp_path: Path) -> None:
    save(tmp_path / "a.mp4", frames(10))
    _, stream = decode(tmp_path / "a.mp4")
    assert stream.codec == "h264"
    assert stream.pixels == "yuv420p"
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "the index must come first to stream"


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.mp3"])
def test_unknown_suffix_lists_the_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=r"\.mp4, \.webm, \.avi, \.gif"):
        open_writer(tmp_path / name, FPS, (64, 64))
    assert not list(tmp_path.iterdir())


def test_codec_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="use h264 or mp4v"):
        open_writer(tmp_path / "a.mp4", FPS, (64, 64), codec="vp9")
    with pytest.raises(OptionError, match="is none of auto, h264"):
        open_writer(tmp_path / "a.mp4", FPS, (64, 64), codec="h266")


def test_opencv_says_what_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A FourCC that no FFmpeg knows stands for a codec that this build of OpenCV lacks.
    monkeypatch.setitem(CODECS, "mjpg", Codec("opencv", {"ZZZZ": {}}))
    with pytest.raises(ExportError, match=r"cannot write mjpg into \.avi; it can write .*mp4v"):
        open_writer(tmp_path / "a.avi", FPS, (64, 64))
    assert not list(tmp_path.iterdir())


def test_without_h264_the_mp4_still_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CODECS, "h264", Codec("pyav", {"none such": {}}))
    save(tmp_path / "a.mp4", frames(5))
    assert decode(tmp_path / "a.mp4")[1].codec == "mpeg4"
    with pytest.raises(ExportError, match="no h264 encoder; use --codec mp4v"):
        open_writer(tmp_path / "b.mp4", FPS, (64, 64), codec="h264")


@pytest.mark.parametrize(
    "name", ["with space.mp4", "日本語 é.gif", "-dash.avi", "a:b.webm", "%d.mp4"]
)
def test_awkward_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    save(Path(name), frames(4))
    assert len(decode(tmp_path / name)[0]) == 4


def test_missing_folder_is_made(tmp_path: Path) -> None:
    save(tmp_path / "new" / "deep" / "a.mp4", frames(3))
    assert (tmp_path / "new/deep/a.mp4").is_file()


@pytest.mark.parametrize("suffix", list(CONTAINERS))
def test_folder_that_is_a_file(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportError, match="cannot be written") as caught:
        open_writer(tmp_path / "file" / f"a{suffix}", FPS, (64, 64))
    assert "\n" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("suffix", list(CONTAINERS))
def test_folder_without_permission(tmp_path: Path, suffix: str) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ExportError, match="cannot be written"):
        open_writer(tmp_path / f"a{suffix}", FPS, (64, 64))


@pytest.mark.parametrize("suffix", list(CONTAINERS))
def test_read_only_folder(tmp_path: Path, suffix: str) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(ExportError, match="cannot be written"):
            open_writer(disk / f"a{suffix}", FPS, (64, 64))


@pytest.mark.parametrize(("name", "codec"), VARIANTS)
def test_full_disk(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, codec: str
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 128, 128, 3), dtype=np.uint8)
    with small_disk(tmp_path / "disk", "128k") as disk:
        target = disk / name

        def fill() -> None:
            with open_writer(target, FPS, (128, 128), codec) as file:
                for index in range(160):
                    file.write(noise[index % 8])

        with pytest.raises(ExportError) as caught:
            fill()
        assert os.strerror(errno.ENOSPC) in str(caught.value)
        assert str(target) in str(caught.value)
        assert not list(disk.iterdir())
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", list(CONTAINERS))
@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError])
def test_interrupted_leaves_what_was_there(
    tmp_path: Path, suffix: str, failure: type[BaseException]
) -> None:
    target = tmp_path / f"a{suffix}"
    target.write_bytes(b"the old video")

    def interrupted() -> None:
        with open_writer(target, FPS, (64, 64)) as file:
            for frame in frames(3):
                file.write(frame)
            raise failure

    with pytest.raises(failure):
        interrupted()
    assert target.read_bytes() == b"the old video"
    assert list(tmp_path.iterdir()) == [target]


def test_no_frames_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(ExportError, match="at least one frame"),
        open_writer(tmp_path / "a.mp4", FPS, (64, 64)),
    ):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "frame", [np.zeros((64, 32, 3), np.uint8), np.zeros((64, 64, 3)), np.zeros((64, 64), np.uint8)]
)
def test_wrong_frames_are_refused(tmp_path: Path, frame: np.ndarray) -> None:
    with open_writer(tmp_path / "a.mp4", FPS, (64, 64)) as file:
        with pytest.raises(ValueError, match="expected uint8"):
            file.write(frame)
        file.write(frames(1)[0])
    with pytest.raises(ValueError, match="closed"):
        file.write(frames(1)[0])


@pytest.mark.parametrize(("name", "codec"), VARIANTS)
def test_libraries_stay_silent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, codec: str
) -> None:
    save(tmp_path / name, frames(4), codec=codec)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", list(CONTAINERS))
def test_memory_does_not_grow_with_length(tmp_path: Path, suffix: str) -> None:
    script = f"""
import resource, sys
import numpy as np
from vidgan.video.writers.open import open_writer
frame = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
with open_writer({str(tmp_path)!r} + "/a{suffix}", 30, (128, 128)) as file:
    for index in range(int(sys.argv[1])):
        file.write(np.roll(frame, index, axis=1))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    peaks = [
        int(subprocess.check_output([sys.executable, "-c", script, str(count)]))
        for count in (100, 400)
    ]
    # 300 frames more would be 14 MiB if they were kept; the encoders' own buffers vary by less.
    assert peaks[1] - peaks[0] < 8 * 1024
