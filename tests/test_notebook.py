"""The notebook in examples/: well formed, without outputs, and it runs."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NOTEBOOK = EXAMPLES / "gans_for_video.ipynb"
# In place of the cell with the tag "parameters".
SMALL = """
FOLDER = "notebook-demo"
SECONDS = 12
STEPS = 4
BROKEN_STEPS = 2
CHANNELS = 4
CLIPS = 8
"""


def cells(kind: str) -> list[dict[str, Any]]:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_notebook_is_valid() -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))


def test_cells_compile_and_have_no_outputs() -> None:
    assert len(cells("markdown")) >= 7
    for cell in cells("code"):
        compile("".join(cell["source"]), NOTEBOOK.name, "exec")
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


def test_small_parameters_replace_all() -> None:
    (parameters,) = (
        cell for cell in cells("code") if "parameters" in cell["metadata"].get("tags", ())
    )
    names = [
        {line.split(" = ")[0] for line in text.split("\n") if line}
        for text in ("".join(parameters["source"]), SMALL)
    ]
    assert names[0] == names[1]


@pytest.mark.slow
def test_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    client = pytest.importorskip("nbclient", reason="nbclient is not installed")
    for name in ("make_video.py", "puppets.py"):
        shutil.copy(EXAMPLES / name, tmp_path)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", ()):
            cell.source = SMALL
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    client.NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    pictures = [each for each in outputs if "image/png" in each.get("data", {})]
    assert len(pictures) >= 8
