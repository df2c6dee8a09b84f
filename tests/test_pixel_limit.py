"""Pictures that are too large are refused before they are decoded."""

import resource
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from dataset_files import make_dataset
from restore_helpers import call, refused
from video_files import make_images, make_video, scene, write_video

from vidgan import images
from vidgan.dataset.pipeline import checked, training_clips
from vidgan.errors import DatasetError, InputError, OptionError
from vidgan.pixel_limit import max_pixels
from vidgan.video.readers.open import open_video

ENHANCE = ("--method", "bicubic", "--scale", 1)


def huge_png(path: Path, side: int = 20_000) -> Path:
    """Write a PNG that declares a size; its few data end early."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 999))
    )
    return path


def test_an_image_of_a_sequence(tmp_path: Path) -> None:
    folder = make_images(tmp_path / "images", 20)
    huge_png(folder / "frame21.png")
    said = refused("enhance", folder, "-o", tmp_path / "out.mp4", *ENHANCE).splitlines()[-1]
    assert "frame21.png: 20000x20000 is more than 67108864 pixels" in said
    assert "VIDGAN_MAX_PIXELS=400000000" in said
    result = call("preprocess", folder, "-o", tmp_path / "data")
    assert result.exit_code == 0
    assert "frame21.png: 20000x20000 is more than" in result.output


@pytest.mark.parametrize(
    ("suffix", "codec", "pix_fmt"),
    [
        (".mp4", "libx264", "yuv420p"),
        (".mkv", "mjpeg", "yuvj420p"),
        (".mkv", "ffv1", "bgr0"),
        (".gif", "gif", "rgb8"),
    ],
)
def test_a_video(
    tmp_path: Path, suffix: str, codec: str, pix_fmt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video(tmp_path / f"v{suffix}", 3, codec=codec, pix_fmt=pix_fmt)
    monkeypatch.setenv("VIDGAN_MAX_PIXELS", str(96 * 64))
    with open_video(path) as reader:
        assert sum(1 for _ in reader) == 3
    monkeypatch.setenv("VIDGAN_MAX_PIXELS", str(96 * 64 - 1))
    for decoder in ("pyav", "opencv"):
        with pytest.raises(InputError, match="96x64 is more than 6143 pixels"):
            open_video(path, decoder=decoder)


def test_a_size_that_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = (
        write_video(tmp_path / f"{size[0]}.ts", scene(10, size)) for size in ((96, 64), (320, 240))
    )
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    monkeypatch.setenv("VIDGAN_MAX_PIXELS", "7000")
    with open_video(path) as reader:
        # The decoder loses those that it holds back.
        assert 5 < sum(1 for _ in reader) <= 10
        assert reader.decode_errors


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_frame_in_a_dataset(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another size than the manifest says: it is not decoded."""
    frame = cv2.imencode(suffix, np.zeros((32, 32, 3), np.uint8))[1].tobytes()
    if suffix == ".png":
        bomb = huge_png(tmp_path / "bomb.png", 60_000).read_bytes()
    else:
        # The sides are in the start of the frame, after its marker, length and precision.
        place = frame.index(b"\xff\xc0") + 5
        bomb = frame[:place] + struct.pack(">HH", 60_000, 60_000) + frame[place + 4 :]

    class Encoded:
        def __init__(self, content: bytes) -> None:
            self.content = content

        def tobytes(self) -> bytes:
            return self.content

    monkeypatch.setattr(cv2, "imencode", lambda *_: (True, Encoded(bomb)))
    manifest = make_dataset(tmp_path / "data", train=(8,), test=(), shards=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = training_clips(manifest, 8, 1)
    with pytest.raises(DatasetError, match=r"does not match its manifest .*60000 60000"):
        next(checked(data, manifest))
    # In KiB; the frame would take 10 GB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def test_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("many", "0", "-3", "1e6"):
        monkeypatch.setenv("VIDGAN_MAX_PIXELS", text)
        with pytest.raises(OptionError, match="VIDGAN_MAX_PIXELS"):
            max_pixels()
    monkeypatch.setenv("VIDGAN_MAX_PIXELS", "5999")
    with pytest.raises(InputError, match="some: 100x60"):
        images.decode(images.encode(scene(1, (100, 60))[0], ".png"), "some")


def test_a_still_that_lasts_for_hours_does_not_fill_a_gif(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mkv", scene(3), times=[0, 0.04, 36_000])
    result = call("enhance", path, "-o", tmp_path / "out.gif", *ENHANCE)
    assert result.exit_code == 0
    assert (tmp_path / "out.gif").stat().st_size < 1_000_000
