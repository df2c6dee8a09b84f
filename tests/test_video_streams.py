"""Which stream of a file is its video, and which way up it is."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from restore_helpers import ok
from video_files import make_video, scene

from vidgan.errors import InputError
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.open import open_video

DECODERS = ("pyav", "opencv")


def remux(target: Path, sources: list[Path], dispositions: list[Disposition]) -> Path:
    """Copy the picture of each source, or its sound, into one file."""
    inputs = [av.open(str(path)) for path in sources]
    with av.open(str(target), "w") as output:
        streams = []
        for container, disposition in zip(inputs, dispositions, strict=True):
            stream = output.add_stream_from_template(container.streams[0])
            stream.disposition = disposition
            streams.append(stream)
        for container, stream in zip(inputs, streams, strict=True):
            for packet in container.demux(container.streams[0]):
                if packet.size:
                    packet.stream = stream
                    output.mux(packet)
            container.close()
    return target


def cover(folder: Path) -> Path:
    """Return a picture that is larger than the video."""
    return make_video(folder / "cover.mkv", 1, (200, 200), codec="mjpeg", pix_fmt="yuvj420p")


@pytest.mark.parametrize(
    ("suffix", "first", "second"),
    [
        (".mkv", Disposition.attached_pic, Disposition.default),
        (".mkv", Disposition(0), Disposition.default),
        (".mp4", Disposition.attached_pic, Disposition.default),
        (".mp4", Disposition.timed_thumbnails, Disposition.default),
    ],
)
def test_a_cover_is_no_video(
    tmp_path: Path, suffix: str, first: Disposition, second: Disposition
) -> None:
    film = make_video(tmp_path / "film.mp4", 20)
    path = remux(tmp_path / f"both{suffix}", [cover(tmp_path), film], [first, second])
    with open_video(path) as reader:
        assert (reader.info.width, reader.info.height) == (96, 64)
        assert len(reader.notes) == 1
        assert "left out" in reader.notes[0]
        assert sum(1 for _ in reader) == 20
    output = tmp_path / "out.mp4"
    ok("enhance", path, "-o", output, "--method", "bicubic", "--scale", 1)
    with open_video(output) as reader:
        assert sum(1 for _ in reader) == 20


@pytest.mark.parametrize(("default", "width"), [((0, 1), 96), ((1, 0), 48), ((1, 1), 96)])
def test_of_two_videos_the_default_one_then_the_larger(
    tmp_path: Path, default: tuple[int, int], width: int
) -> None:
    films = [
        make_video(tmp_path / f"{i}.mp4", 5, size) for i, size in enumerate([(48, 32), (96, 64)])
    ]
    path = remux(tmp_path / "both.mkv", films, [Disposition(number) for number in default])
    with open_video(path) as reader:
        assert reader.info.width == width
        assert any(f"2 videos; the one of {width}x" in note for note in reader.notes)


def test_opencv_says_that_it_cannot_choose(tmp_path: Path) -> None:
    film = make_video(tmp_path / "film.mp4", 5)
    both = [Disposition(0), Disposition.default]
    path = remux(tmp_path / "both.mkv", [cover(tmp_path), film], both)
    with pytest.raises(InputError, match="use --decoder pyav"):
        open_video(path, decoder="opencv")


def test_a_song_with_a_cover_is_no_video(tmp_path: Path) -> None:
    song = tmp_path / "song.mp4"
    with av.open(str(song), "w") as output:
        picture = output.add_stream("mjpeg", rate=25)
        assert isinstance(picture, av.VideoStream)
        picture.width, picture.height, picture.pix_fmt = 96, 64, "yuvj420p"
        picture.disposition = Disposition.attached_pic
        sound = output.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        output.mux(picture.encode(av.VideoFrame.from_ndarray(scene(1)[0], format="rgb24")))
        output.mux(picture.encode())
        output.mux(sound.encode(frame))
        output.mux(sound.encode())
    with pytest.raises(InputError, match=r"song\.mp4: has no video in it, only a cover picture"):
        open_video(song)


def test_animated_avif(tmp_path: Path) -> None:
    path = tmp_path / "a.avif"
    make_video(path, 10, fps=10, codec="libsvtav1", options={"svtav1-params": "lp=1"})
    with open_video(path) as reader:
        assert sum(1 for _ in reader) == 10
        assert reader.info.fps == 10


def turned(picture: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Return a picture whose pixel at x, y has gone to a·x + c·y, b·x + d·y."""
    a, b, c, d = matrix
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    to_x, to_y = a * x + c * y, b * x + d * y
    shown = np.empty((np.ptp(to_y) + 1, np.ptp(to_x) + 1, 3), picture.dtype)
    shown[to_y - to_y.min(), to_x - to_x.min()] = picture
    return shown


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    "matrix",
    [
        *((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)),
        *((-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)),
    ],
)
def test_turned_and_mirrored(
    tmp_path: Path, decoder: str, matrix: tuple[int, int, int, int]
) -> None:
    # Four grey levels, one a quarter.
    levels = np.kron([[40, 90], [140, 220]], np.ones((32, 48)))
    picture = levels.astype(np.uint8)[..., None].repeat(3, -1)
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        a, b, c, d = (part << 16 for part in matrix)
        stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        for i in range(3):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    shown = turned(picture, matrix)
    for fit in (None, FrameFit(shown.shape[1], shown.shape[0])):
        with open_video(path, fit, decoder=decoder) as reader:
            assert (reader.info.width, reader.info.height) == (shown.shape[1], shown.shape[0])
            frames = [pixels for _, pixels in reader]
        assert len(frames) == 3
        for found in frames:
            assert found.shape == shown.shape
            assert np.abs(found.astype(int) - shown).mean() < 3
