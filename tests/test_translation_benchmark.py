"""The translation benchmark: its drawn domains, how translations are scored, and a short run."""

from pathlib import Path

import drawn_domains
import numpy as np
import pytest
import translate
from click.testing import CliRunner


@pytest.mark.parametrize("domain", drawn_domains.DOMAINS)
def test_drawn_domains_show_what_stands_for_their_motion(domain: str) -> None:
    kinds = []
    for kind, clip in drawn_domains.clips(domain, 60, seed=1):
        seen = drawn_domains.look(clip)
        expected = (kind, kind, -1) if domain == "shapes" else (kind, 0, kind)
        assert (seen.direction, seen.shape, seen.color) == expected
        # Whole in all frames, and never still.
        assert (seen.path > 2).all()
        assert (seen.path < drawn_domains.SIDE - 3).all()
        assert (np.linalg.norm(np.diff(seen.path, axis=0), axis=1) > 1).all()
        kinds.append(kind)
    assert np.bincount(kinds, minlength=3).min() > 10


def test_a_translation_is_right_only_in_every_respect() -> None:
    def clip(domain: str, kind: int, seed: int) -> np.ndarray:
        return drawn_domains.draw(domain, kind, np.random.default_rng(seed))

    for kind in range(3):
        a, b = clip("shapes", kind, seed=3), clip("colors", kind, seed=3)
        assert drawn_domains.recovered(a, b, kind, "colors")
        assert drawn_domains.recovered(b, a, kind, "shapes")
        # Not translated, of another colour, elsewhere, in another direction, nothing at all.
        other = clip("colors", (kind + 1) % 3, seed=3)
        recolored = np.roll(b, 1, axis=-1)
        for wrong in (a, recolored, np.roll(b, 3, axis=1), b[::-1], other, np.zeros_like(b)):
            assert not drawn_domains.recovered(a, wrong, kind, "colors")


def test_drawn_domains_as_files(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in drawn_domains.DOMAINS]
    arguments = [*map(str, folders), "--clips", "2"]
    done = CliRunner().invoke(drawn_domains.main, arguments)
    assert done.exit_code == 0, done.output
    assert [len(list(folder.iterdir())) for folder in folders] == [2, 2]
    again = CliRunner().invoke(drawn_domains.main, arguments)
    assert again.exit_code == 1
    assert "exists already" in again.output


@pytest.mark.slow
def test_translations_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translate, "HELD_OUT", 8)
    arguments = [str(tmp_path / "out"), "--clips", "20", "--cpu-minutes", "0.001"]
    done = CliRunner().invoke(translate.main, arguments)
    assert done.exit_code == 0, done.output
    rows = [
        line.split(" | ") for line in (tmp_path / "out" / "translate.md").read_text().split("\n")
    ]
    assert [row[1] for row in rows[2:4]] == ["shapes → colors", "colors → shapes"]
    # Nothing is right after one step.
    assert [row[4] for row in rows[2:4]] == ["0.0%", "0.0%"]
    run = tmp_path / "out" / "run-0" / "config.json"
    before = run.stat().st_mtime_ns
    again = CliRunner().invoke(translate.main, arguments)
    assert again.output.endswith(done.output[-200:])
    assert run.stat().st_mtime_ns == before
