"""README's three commands, as they stand there: in one folder, with no further option."""

import re
import shlex
from pathlib import Path

import av
import pytest
from click.testing import CliRunner
from video_files import make_video

from vidgan.cli import main
from vidgan.training.run import Run

README = Path(__file__).parents[1] / "README.rst"


def quick_start() -> list[list[str]]:
    """Return the arguments of the commands in README's section Quick start."""
    section = README.read_text().split("\nQuick start\n", 1)[1].split("\nCommands\n", 1)[0]
    return [shlex.split(line) for line in re.findall(r"^    vidgan (.+)$", section, re.MULTILINE)]


@pytest.mark.slow
def test_three_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = quick_start()
    assert commands == [
        ["preprocess", "input.mp4"],
        ["train", "--epochs", "100"],
        ["generate", "--n", "100", "-o", "out.mp4"],
    ]
    make_video(tmp_path / "input.mp4", frames=60, size=(160, 120))
    monkeypatch.chdir(tmp_path)
    for arguments in commands:
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
    run = Run.open()
    assert run.state()["epoch"] >= 100
    with av.open(tmp_path / "out.mp4") as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        frames = sum(1 for _ in container.decode(stream))
    assert frames == 100 * run.frames
