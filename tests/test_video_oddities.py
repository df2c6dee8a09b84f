"""Files that are whole but unusual: sizes that change, edit lists, photos, links, pipes."""

import os
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from restore_helpers import call, ok
from video_files import make_images, make_video, scene, write_video

from vidgan.errors import InputError
from vidgan.jobs.preprocess import preprocess
from vidgan.video.discover import discover
from vidgan.video.readers import pyav
from vidgan.video.readers.open import open_video

DECODERS = ("pyav", "opencv")


def size_changes_in_a_file(folder: Path) -> Path:
    parts = [
        write_video(folder / f"part{size[0]}.ts", scene(20, size), options={"bf": "0"})
        for size in ((96, 64), (48, 48))
    ]
    path = folder / "video" / "both.ts"
    path.parent.mkdir()
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def size_changes_in_a_sequence(folder: Path) -> Path:
    path = make_images(folder / "images", 40)
    for i in range(20, 40):
        cv2.imwrite(str(path / f"frame{i + 1}.png"), scene(40, (48, 48))[i, ..., ::-1])
    return path


@pytest.mark.parametrize("make", [size_changes_in_a_file, size_changes_in_a_sequence])
def test_all_frames_get_the_size_of_the_first(tmp_path: Path, make: Any) -> None:
    with open_video(make(tmp_path)) as reader:
        frames = np.stack([pixels for _, pixels in reader])
        assert [note for note in reader.notes if "from 96x64 to 48x48" in note]
    assert frames.shape == (40, 64, 96, 3)
    assert np.abs(frames[:20].astype(int) - scene(20)).mean() < 6
    # A square is as high as the frame, between bars of 16 columns.
    assert frames[20:, :, :15].max() < 8
    assert frames[20:, :, 81:].max() < 8


def test_a_size_that_changes_is_said_and_the_batch_goes_on(tmp_path: Path) -> None:
    folder = size_changes_in_a_file(tmp_path).parent
    make_video(folder / "z.mp4", 10)
    output = tmp_path / "out"
    printed = ok("enhance", folder, "-o", output, "--method", "bicubic", "--scale", 1).output
    assert printed.count("the size of its frames changes from 96x64 to 48x48") == 1
    assert sorted(path.name for path in output.iterdir()) == ["both.mp4", "z.mp4"]


@pytest.mark.parametrize("error", [IndexError, ValueError, MemoryError, ZeroDivisionError, OSError])
def test_one_video_that_breaks_a_decoder_does_not_end_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    folder = tmp_path / "videos"
    for name in ("a", "b", "c"):
        make_video(folder / f"{name}.mp4", 10)
    convert = pyav.PyAVReader._retrieve

    def break_b(reader: pyav.PyAVReader) -> np.ndarray:
        if reader.path.name == "b.mp4":
            raise error
        return convert(reader)

    monkeypatch.setattr(pyav.PyAVReader, "_retrieve", break_b)
    output = tmp_path / "out"
    result = call("enhance", folder, "-o", output, "--method", "bicubic", "--scale", 1)
    assert result.exit_code == 1
    assert "b.mp4: cannot be decoded" in result.output
    assert sorted(path.name for path in output.iterdir()) == ["a.mp4", "c.mp4"]


@pytest.mark.parametrize("decoder", DECODERS)
def test_what_an_edit_list_hides_is_not_missing(tmp_path: Path, decoder: str) -> None:
    whole = make_video(tmp_path / "whole.mp4", 60, options={"g": "250", "bf": "2"})
    path = tmp_path / "trimmed.mp4"
    with av.open(str(whole)) as source, av.open(str(path), "w") as output:
        stream = source.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None and packet.pts is not None and packet.time_base is not None:
                hidden = round(1 / packet.time_base)
                packet.pts, packet.dts = packet.pts - hidden, packet.dts - hidden
                packet.stream = copy
                output.mux(packet)
    with open_video(path, decoder=decoder) as reader:
        count = sum(1 for _ in reader)
        if decoder == "pyav":
            assert count == reader.info.frames == 35
        assert not reader.decode_errors, reader.problem


def test_a_photo_beside_videos_is_no_video(tmp_path: Path) -> None:
    folder = tmp_path / "camera"
    for number in (1, 2):
        make_video(folder / f"IMG_000{number}.MP4", 10)
    for number in (3, 4):
        cv2.imwrite(str(folder / f"IMG_000{number}.JPG"), scene(1)[0])
    assert [source.path.name for source in discover([folder])] == ["IMG_0001.MP4", "IMG_0002.MP4"]
    output = tmp_path / "out"
    ok("enhance", folder, "-o", output, "--method", "bicubic", "--scale", 1)
    assert sorted(path.name for path in output.iterdir()) == ["IMG_0001.mp4", "IMG_0002.mp4"]


def test_linked_folders_are_searched_once(tmp_path: Path) -> None:
    make_video(tmp_path / "far" / "a.mp4", 2)
    folder = tmp_path / "videos"
    make_video(folder / "b.mp4", 2)
    (folder / "link").symlink_to(tmp_path / "far")
    (folder / "loop").symlink_to(folder)
    (tmp_path / "far" / "back").symlink_to(folder)
    found = discover([folder])
    assert [source.path.relative_to(folder).as_posix() for source in found] == [
        "b.mp4",
        "link/a.mp4",
    ]
    assert [source.label for source in found] == ["videos", "link"]


def test_a_pipe_is_not_called_empty(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(InputError, match=r"pipe\.mp4: is no regular file"):
        open_video(tmp_path / "pipe.mp4")


def test_a_damaged_end_keeps_what_is_before(tmp_path: Path, monkeypatch: Any) -> None:
    path = make_video(tmp_path / "v.mp4", 40)
    grab = pyav.PyAVReader._grab

    def fail(reader: pyav.PyAVReader) -> float | None:
        if reader.frames_read == 30:
            raise IndexError("list index out of range")
        return grab(reader)

    monkeypatch.setattr(pyav.PyAVReader, "_grab", fail)
    manifest = preprocess(path, tmp_path / "data")
    assert manifest.sources[0]["frames"] == 30
    assert manifest.sources[0]["dropped"]["undecodable"] == 1
