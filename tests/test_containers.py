"""The table of containers and codecs: complete, and all that an addition needs."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import av
import pytest
from restore_helpers import add_sound, ok, read
from video_files import make_video

from vidgan.config import CODEC_NAMES, VIDEO_FORMATS
from vidgan.video.containers import (
    CODECS,
    CONTAINERS,
    INTERMEDIATE_CODEC,
    Codec,
    Container,
    codec_help,
    listed,
    suffixes_of,
)

# A container and a codec that are not in the table.
TOY_CODEC = Codec("pyav", {"mpeg4": {"qscale": "2"}})
TOY_CONTAINER = Container(
    ".mov", ("toy", "h264"), audio_codecs=frozenset({"pcm_s16le"}), audio_encoder="aac"
)


def test_every_codec_goes_into_a_container_and_every_container_has_one() -> None:
    assert {codec for row in CONTAINERS.values() for codec in row.codecs} == set(CODECS)
    assert all(row.codecs and suffix == row.suffix for suffix, row in CONTAINERS.items())
    assert suffixes_of("mp4v") == (".mp4", ".avi")
    assert CODECS[INTERMEDIATE_CODEC].lossless


def test_options_and_help_come_from_the_table() -> None:
    assert ("auto", *CODECS) == CODEC_NAMES
    assert tuple("." + name for name in VIDEO_FORMATS) == tuple(CONTAINERS)
    assert codec_help() == (
        "Video codec; auto is h264 for .mp4 and .mkv, vp9 for .webm, mjpg for .avi. "
        "Lossless: ffv1 (.mkv)."
    )


@pytest.mark.parametrize(
    ("words", "text"), [(("a",), "a"), (("a", "b"), "a or b"), (("a", "b", "c"), "a, b or c")]
)
def test_lists_in_sentences(words: tuple[str, ...], text: str) -> None:
    assert listed(words, "or") == text


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({}, "its sound (flac) cannot be stored in .mov; encoded as aac"),
        ({"audio_encoder": None}, "its sound (flac) cannot be stored in .mov; left out"),
        ({"variable_rate": False, "max_fps": 30}, "encoded as aac"),
    ],
)
def test_a_new_container_and_codec_are_a_row_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], note: str
) -> None:
    monkeypatch.setitem(CODECS, "toy", TOY_CODEC)
    row: dict[str, Any] = TOY_CONTAINER.__dict__ | changes
    monkeypatch.setitem(CONTAINERS, ".mov", Container(**row))
    clip = add_sound(make_video(tmp_path / "v.mp4", 12, (48, 32)), tmp_path / "l.mkv", "flac")
    result = ok("enhance", clip, "-o", tmp_path / "o.mov", "--method", "bicubic")
    assert note in result.output
    made = read(tmp_path / "o.mov")
    assert made.frames.shape == (12, 64, 96, 3)
    assert made.codec == "mpeg4"
    with av.open(str(tmp_path / "o.mov")) as container:
        names = [stream.codec_context.name for stream in container.streams.audio]
    assert names == ([] if "left out" in note else ["aac"])


def test_the_command_line_offers_a_new_row(tmp_path: Path) -> None:
    """In a process of its own: the options are built from the table when they are imported."""
    make_video(tmp_path / "in" / "v.mp4", 4, (48, 32))
    script = """
        import sys
        from vidgan.video.containers import CODECS, CONTAINERS, Codec, Container
        CODECS["toy"] = Codec("pyav", {"mpeg4": {}}, lossless=False)
        CONTAINERS[".mov"] = Container(".mov", ("h264", "toy"))
        from vidgan.cli import main
        main(sys.argv[1:])
    """

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", textwrap.dedent(script), *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    text = " ".join(run("enhance", "--help").split())
    assert "OUT is .mp4, .webm, .avi, .gif, .mkv or .mov" in text
    assert "h264 for .mp4, .mkv and .mov" in text
    options = ("--method", "bicubic", "--format", "mov", "--codec", "toy")
    assert "out/v.mov" in run("enhance", "in", "-o", "out", *options)
    assert read(tmp_path / "out" / "v.mov").codec == "mpeg4"
