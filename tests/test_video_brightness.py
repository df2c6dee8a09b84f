"""Interlaced video and HDR: converted, and said."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from restore_helpers import ok
from video_files import make_video, scene, write_video

from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.open import open_video
from vidgan.video.readers.scaler import converts_hdr

FRAMES = 12
# Constants of SMPTE ST 2084.
M1, M2, C1, C2, C3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875


def field(index: int) -> np.ndarray:
    """Return a grey frame with a bright block that moves."""
    picture = np.full((128, 160, 3), 60, np.uint8)
    left = 3 * index
    picture[30:100, left : left + 24] = 200
    return picture


def interlaced(path: Path, count: int = FRAMES) -> Path:
    frames = []
    for i in range(count):
        frame = field(2 * i)
        frame[1::2] = field(2 * i + 1)[1::2]
        frames.append(frame)
    # Chroma is constant: the conversion to 4:2:0 does not mix fields.
    return write_video(path, frames, options={"x264-params": "interlaced=1:tff=1", "crf": "8"})


def combs(frame: np.ndarray) -> float:
    """Return by how much rows differ from the mean of those above and below."""
    rows = frame[34:96, ..., 0].astype(float)
    return float(np.abs(2 * rows[1:-1] - rows[:-2] - rows[2:]).mean())


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_interlaced_video_is_deinterlaced(tmp_path: Path, suffix: str) -> None:
    path = interlaced(tmp_path / f"v{suffix}")
    with av.open(str(path)) as container:
        raw = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert min(combs(frame) for frame in raw) > 2
    with open_video(path) as reader:
        times, frames = zip(*reader, strict=True)
        assert sum("interlaced" in note for note in reader.notes) == 1
        assert reader.frames_read == FRAMES
        assert not reader.decode_errors
        start = reader.start_time
    np.testing.assert_allclose(np.array(times) - start, np.arange(FRAMES) / 25, atol=2e-3)
    assert max(combs(frame) for frame in frames) < 1
    # Each shows the moment of one field.
    for i, frame in enumerate(frames):
        errors = [np.abs(frame.astype(int) - field(2 * i + late)).mean() for late in (0, 1)]
        assert min(errors) < 2
    with open_video(path, FrameFit(64, 64)) as reader:
        while reader.grab() is not None:
            last = reader.retrieve()
    assert last.shape == (64, 64, 3)


def test_progressive_video_is_not_filtered(tmp_path: Path) -> None:
    path = make_video(tmp_path / "v.mp4", 5)
    with open_video(path) as reader:
        frames = [pixels for _, pixels in reader]
        assert not reader.notes
    with av.open(str(path)) as container:
        graph = [frame.to_ndarray(format="gbrp") for frame in container.decode(video=0)]
    assert np.abs(np.stack(frames).astype(int) - np.stack(graph)).mean() < 3


@pytest.mark.parametrize("command", ["enhance", "preprocess", "preprocess --decoder opencv"])
def test_interlacing_is_said(tmp_path: Path, command: str) -> None:
    path = interlaced(tmp_path / "v.mp4")
    name, *options = command.split()
    options += ["--method", "bicubic"] if name == "enhance" else ["--no-clean"]
    printed = ok(name, path, "-o", tmp_path / "out.mp4", *options).output
    assert printed.count("v.mp4: it is interlaced") == 1
    assert ("use --decoder pyav" in printed) == ("opencv" in command)


def hdr(path: Path, picture: np.ndarray, transfer: str) -> Path:
    """Encode an sRGB-like picture as HDR video whose white has 203 cd/m²."""
    linear = (picture / 255.0) ** 2.4
    # BT.709 to BT.2020 primaries.
    matrix = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
    linear = linear @ np.array(matrix).T
    if transfer == "smpte2084":
        power = (linear * 203 / 10_000) ** M1
        signal = ((C1 + C2 * power) / (1 + C3 * power)) ** M2
    else:
        # HLG shows 203 cd/m² as 75% on a screen of 1000: its system gamma is 1.2.
        luminance = linear @ np.array([0.2627, 0.6780, 0.0593])
        scene_light = (
            linear * 0.203 * np.maximum(luminance * 0.203, 1e-9)[..., None] ** (1 / 1.2 - 1)
        )
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        bright = a * np.log(np.maximum(12 * scene_light - b, 1e-9)) + c
        signal = np.where(scene_light <= 1 / 12, np.sqrt(3 * scene_light), bright)
    red, green, blue = np.moveaxis(signal, -1, 0)
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    planes = [
        luma * 876 + 64,
        *((x - luma) / d * 896 + 512 for x, d in ((blue, 1.8814), (red, 1.4746))),
    ]
    parameters = f"log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx265", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = picture.shape[1], picture.shape[0]
        stream.pix_fmt, stream.options = "yuv444p10le", {"x265-params": parameters, "crf": "4"}
        transfers = {"smpte2084": 16, "arib-std-b67": 18}
        stream.color_trc, stream.color_primaries, stream.colorspace = transfers[transfer], 9, 9
        for i in range(FRAMES):
            frame = av.VideoFrame(picture.shape[1], picture.shape[0], "yuv444p10le")
            for plane, values in zip(frame.planes, planes, strict=True):
                rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
                rows[:, : plane.width] = np.rint(values)
                plane.update(rows.tobytes())
            frame.pts, frame.time_base = i, Fraction(1, 25)
            frame.color_trc, frame.color_primaries, frame.colorspace = transfers[transfer], 9, 9
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


# FFmpeg computes a table of colours for each HDR video that it opens, for some seconds: few cases.
def test_hdr_becomes_sdr_in_both_commands(tmp_path: Path) -> None:
    picture = scene(1)[0]
    path = hdr(tmp_path / "pq.mkv", picture, "smpte2084")
    said = "pq.mkv: it has HDR brightness"
    output = tmp_path / "out.mkv"
    options = ["--method", "bicubic", "--scale", 1, "--codec", "ffv1"]
    assert ok("enhance", path, "-o", output, *options).output.count(said) == 1
    assert ok("preprocess", path, "-o", tmp_path / "data", "--no-clean").output.count(said) == 1
    check_colours(output, picture)


def test_hlg_becomes_sdr(tmp_path: Path) -> None:
    picture = scene(1)[0]
    check_colours(hdr(tmp_path / "hlg.mkv", picture, "arib-std-b67"), picture)


def check_colours(path: Path, picture: np.ndarray) -> None:
    with open_video(path) as reader:
        frame = next(iter(reader))[1]
    if converts_hdr():
        # Read as SDR it would be off by 20 to 30.
        assert np.abs(frame.astype(int) - picture).mean() < 10
