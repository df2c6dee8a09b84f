"""The report as objects: its JSON is that of the first release, byte for byte."""

import json
from pathlib import Path

import numpy as np
import pytest

from vidgan.errors import ExportError
from vidgan.jobs.evaluate.report import files
from vidgan.jobs.evaluate.report.media import ClipMedia, NearestPairs, PairedMedia
from vidgan.jobs.evaluate.report.report import Report

# Written by vidgan 0.1.0: of a run, and of restored videos.
REPORTS = sorted((Path(__file__).parent / "fixtures" / "reports").glob("*.json"))


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_reports_of_the_first_release_are_read_and_written_unchanged(
    path: Path, tmp_path: Path
) -> None:
    text = path.read_text(encoding="utf-8")
    report = Report.from_json(json.loads(text))
    files.write_json(tmp_path / "again.json", report.to_json())
    assert (tmp_path / "again.json").read_text(encoding="utf-8") == text
    assert report.paired == (path.stem == "paired")


def test_reports_without_histograms_are_read() -> None:
    values = json.loads(REPORTS[1].read_text(encoding="utf-8"))
    del values["histograms"]
    assert Report.from_json(values).histograms == {}


def test_media_are_kept_as_arrays() -> None:
    clips = np.arange(4 * 2 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 2, 8, 8, 3)
    with_pairs = ClipMedia(clips, clips[:2], NearestPairs(clips[:1], clips[1:2]))
    assert list(with_pairs.to_arrays()) == ["real", "generated", "copies", "originals"]
    assert list(ClipMedia(clips, clips).to_arrays()) == ["real", "generated"]
    again = ClipMedia.from_arrays(with_pairs.to_arrays())
    assert again.pairs is not None
    np.testing.assert_array_equal(again.pairs.training, clips[1:2])
    paired = PairedMedia({"a b": (clips[0], clips[1])})
    assert list(paired.to_arrays()) == ["original a b", "restored a b"]
    np.testing.assert_array_equal(
        PairedMedia.from_arrays(paired.to_arrays()).videos["a b"][1], clips[1]
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "expected object, got array"),
        ('{"format": 1}', "it has format 1, not 2"),
        ('{"format": 2}', "missing required field vidgan"),
        ("{", "not a report that can be read"),
    ],
)
def test_files_that_are_no_reports(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(ExportError, match=message):
        files.read(tmp_path / "r.json")
