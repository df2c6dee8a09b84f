"""The house: data flows one way, so imports do too."""

import ast
from pathlib import Path

import pytest

import vidgan

ROOT = Path(vidgan.__file__).parent
# From the foundations up. A module imports from its own package and from what stands before it.
ORDER = (
    "errors",
    "config",
    "files",
    "quiet",
    "runtime",
    "pixels",
    "latents",
    "video",
    "sheet",
    "dataset",
    "models",
    "losses",
    "regularizers",
    "augment",
    "metrics",
    "damage",
    "restoring",
    "training",
    "jobs",
    "cli",
    "__init__",
    "__main__",
)
MODULES = sorted(ROOT.rglob("*.py"))


def house_part(path: Path) -> str:
    """Return the top-level module or package that a file belongs to."""
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imported_parts(source: str) -> set[str]:
    """Return the parts of vidgan that a source imports, anywhere in it."""
    parts = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("vidgan.")]
            parts.update(name.split(".")[1] for name in names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "vidgan":
                names = [alias.name for alias in node.names]
                # The version is known before anything is imported.
                parts.update(name for name in names if name != "__version__")
            elif node.module is not None and node.module.startswith("vidgan."):
                parts.add(node.module.split(".")[1])
    return parts


def test_walk_sees_imports_within_functions():
    source = "from vidgan import files, __version__\ndef f():\n  import vidgan.jobs.train.train\n"
    assert imported_parts(source) == {"files", "jobs"}


def test_every_part_has_its_place():
    assert {house_part(path) for path in MODULES} == set(ORDER)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path):
    part = house_part(path)
    allowed = {part, *ORDER[: ORDER.index(part)]}
    assert imported_parts(path.read_text(encoding="utf-8")) <= allowed


def test_heavy_libraries_stay_out_of_the_foundations():
    """What every command imports must not pull in what only some need."""
    heavy = {"tensorflow", "keras", "cv2", "matplotlib", "av", "scipy"}
    light = [path for path in MODULES if house_part(path) in ("errors", "config", "files", "cli")]
    for path in light:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = {node.module.split(".")[0]}
            else:
                continue
            assert not names & heavy, f"{path}: imports {names & heavy}"
