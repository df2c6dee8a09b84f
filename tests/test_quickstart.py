"""The three commands that everything is about: in one folder, with no further option."""

from pathlib import Path

import av
import pytest
from click.testing import CliRunner
from video_files import make_video

from vidgan.cli import main
from vidgan.training.run import Run


def test_three_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_video(tmp_path / "input.mp4", frames=60, size=(160, 120))
    monkeypatch.chdir(tmp_path)
    for line in (
        "preprocess input.mp4",
        "train --epochs 100",
        "generate --n 100 -o out.mp4",
    ):
        result = CliRunner().invoke(main, line.split())
        assert result.exit_code == 0, result.output
    run = Run.open()
    assert run.state()["epoch"] >= 100
    with av.open(tmp_path / "out.mp4") as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        frames = sum(1 for _ in container.decode(stream))
    assert frames == 100 * run.frames
