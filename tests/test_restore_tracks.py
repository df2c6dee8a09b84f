"""Subtitles, chapters, title, date and languages of restored video."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.subtitles.subtitle import AssSubtitle
from restore_helpers import add_sound, in_seconds, ok
from video_files import make_video

BICUBIC = ("--method", "bicubic", "--scale", 1)
SRT = """1
00:00:00,200 --> 00:00:00,900
Hello

2
00:00:01,000 --> 00:00:01,800
World
"""
LABELS = {"title": "Holiday", "creation_time": "2001-02-03T04:05:06.000000Z"}


def add_labels(path: Path, target: Path) -> Path:
    """Put subtitles, chapters, a title, a date and languages into a video."""
    srt = path.with_suffix(".srt")
    srt.write_text(SRT)
    with av.open(str(path)) as source, av.open(str(srt)) as text, av.open(str(target), "w") as made:
        made.metadata.update(LABELS)
        made.set_chapters(
            [
                {
                    "id": i,
                    "start": 1000 * i,
                    "end": 1000 * i + 1000,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": f"Chapter {i}"},
                }
                for i in range(2)
            ]
        )
        languages = iter(["eng", "deu", "fra"])
        files = (source, text)
        copies = [[made.add_stream_from_template(each) for each in f.streams] for f in files]
        for copy in (copy for of_a_file in copies for copy in of_a_file):
            if copy.type != "video":
                copy.metadata["language"] = next(languages)
        for file, of_it in zip(files, copies, strict=True):
            for packet in file.demux():
                if packet.size:
                    packet.stream = of_it[packet.stream_index]
                    made.mux(packet)
    return target


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("beside")
    loud = add_sound(make_video(folder / "v.mp4", 50, (48, 32)), folder / "loud.mp4", streams=2)
    return add_labels(loud, folder / "labelled.mkv")


def subtitles(path: Path) -> list[tuple[float, float, str]]:
    """Return when each begins and ends, and what it says."""
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[0]
        found = []
        for packet in container.demux(stream):
            for each in packet.decode():
                assert isinstance(each, AssSubtitle)
                begin = in_seconds(packet.pts, packet.time_base)
                end = begin + in_seconds(packet.duration, packet.time_base)
                found.append((begin, end, each.dialogue.decode()))
    return found


@pytest.mark.parametrize(
    ("name", "codec"), [("o.mkv", "srt"), ("o.mp4", "mov_text"), ("o.webm", "webvtt")]
)
def test_subtitles_chapters_and_labels_are_kept(
    labelled: Path, tmp_path: Path, name: str, codec: str
) -> None:
    result = ok("enhance", labelled, "-o", tmp_path / name, *BICUBIC)
    assert "left out" not in result.output
    made, wanted = subtitles(tmp_path / name), subtitles(labelled)
    assert [text for *_, text in made] == [text for *_, text in wanted] == ["Hello", "World"]
    assert [t for *times, _ in made for t in times] == pytest.approx(
        [t for *times, _ in wanted for t in times], abs=0.002
    )
    with av.open(str(tmp_path / name)) as container:
        assert container.streams.subtitles[0].codec_context.name == codec
        assert {key: container.metadata.get(key) for key in LABELS} == LABELS
        tracks = (*container.streams.audio, *container.streams.subtitles)
        assert [track.metadata.get("language") for track in tracks] == ["eng", "deu", "fra"]
        chapters = container.chapters()
    assert [in_seconds(c["start"], c["time_base"]) for c in chapters] == [0, 1]
    assert [c["metadata"]["title"] for c in chapters] == ["Chapter 0", "Chapter 1"]


def test_a_span_takes_its_subtitles_and_chapters_along(labelled: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.mkv"
    ok("enhance", labelled, "-o", out, *BICUBIC, "--start", 0.5, "--end", 1.5)
    (first, second), (hello, world) = subtitles(out), subtitles(labelled)
    assert first[0] == 0
    assert first[1] == pytest.approx(hello[1] - 0.5, abs=0.002)
    assert first[2] == "Hello"
    assert second[0] == pytest.approx(world[0] - 0.5, abs=0.002)
    assert second[1] == pytest.approx(1, abs=0.04)
    with av.open(str(out)) as container:
        starts = [in_seconds(c["start"], c["time_base"]) for c in container.chapters()]
    assert starts == [0, 0.5]


def test_subtitles_of_an_mp4_become_those_of_an_mkv(labelled: Path, tmp_path: Path) -> None:
    ok("enhance", labelled, "-o", tmp_path / "o.mp4", *BICUBIC)
    ok("enhance", tmp_path / "o.mp4", "-o", tmp_path / "o.mkv", *BICUBIC)
    assert [text for *_, text in subtitles(tmp_path / "o.mkv")] == ["Hello", "World"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "o.avi",
            [
                "its subtitles cannot be stored in .avi; left out",
                "its chapters cannot be stored in .avi; left out",
            ],
        ),
        ("o.gif", ["its sound, subtitles and chapters cannot be stored in .gif; left out"]),
    ],
)
def test_what_is_lost_is_said(labelled: Path, tmp_path: Path, name: str, words: list[str]) -> None:
    output = ok("enhance", labelled, "-o", tmp_path / name, *BICUBIC, "--max-frames", 5).output
    assert all(word in output for word in words), output


def write_frames(
    path: Path,
    pixel_aspect: Fraction = Fraction(1),
    attachment: tuple[str, str, bytes] | None = None,
    frames: int = 5,
) -> None:
    """Write black frames, with an attachment given as ``(name, MIME type, content)``."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        if attachment is not None:
            output.add_attachment(*attachment)
        for _ in range(frames):
            output.mux(stream.encode(av.VideoFrame(48, 32, "yuv420p")))
        output.mux(stream.encode())


@pytest.mark.parametrize(
    ("suffix", "codec", "kept"),
    [
        (".mp4", "h264", True),
        (".mp4", "mp4v", True),
        (".mkv", "h264", True),
        (".mkv", "ffv1", False),
        (".webm", "vp9", False),
        (".avi", "mjpg", False),
    ],
)
def test_pixels_that_are_not_square(tmp_path: Path, suffix: str, codec: str, kept: bool) -> None:
    video = tmp_path / "v.mkv"
    # More frames than a part has, with sound between.
    write_frames(video, Fraction(16, 11), frames=120)
    sounding = tmp_path / "sounding.mkv"
    add_sound(video, sounding)
    made = tmp_path / f"made{suffix}"
    output_text = ok("enhance", sounding, "-o", made, "--codec", codec, *BICUBIC).output
    with av.open(str(made)) as container:
        stream = container.streams.video[0]
        found = stream.sample_aspect_ratio
        times = [frame.time for frame in container.decode(stream)]
    assert np.allclose(times, np.arange(120) / 25, atol=0.002)
    if kept:
        assert found == Fraction(16, 11)
        assert "pixel aspect" not in output_text
    else:
        words = f"pixel aspect ratio, 16:11, cannot be stored in {suffix} ({codec}); "
        assert f"{words}use .mp4 (h264) or .mkv (h264)" in output_text


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".webm", ".avi"])
def test_attachments(tmp_path: Path, suffix: str) -> None:
    font = b"a font" * 10
    video = tmp_path / "v.mkv"
    write_frames(video, attachment=("my.ttf", "font/ttf", font))
    made = tmp_path / f"made{suffix}"
    output_text = ok("enhance", video, "-o", made, *BICUBIC).output
    with av.open(str(made)) as container:
        found = [(each.name, each.mimetype, each.data) for each in container.streams.attachments]
    if suffix == ".mkv":
        assert found == [("my.ttf", "font/ttf", font)]
        assert "its attachments" not in output_text
    else:
        assert found == []
        assert f"its attachments cannot be stored in {suffix}; left out" in output_text
