"""Imports go one way: to what stands below, never up and never in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import vidgan

ROOT = Path(vidgan.__file__).parent
# From the foundations up. A module belongs to the longest name here that it begins with; it may
# import from the same name and from the names above it.
ORDER = (
    "version",
    "errors",
    "extras",
    "lazy",
    "replicas",
    "losses",
    "augment",
    "video.containers",
    "containment",
    "json_files",
    "npz_files",
    "hdf5_files",
    "config",
    "files",
    "remote",
    "signals",
    "pixel_limit",
    "stderr",
    "pixels",
    "images",
    "latents",
    "runtime",
    "video.readers",
    "video.writers",
    "video",
    "dataset",
    "models.layers",
    "models",
    "regularizers",
    "metrics",
    "degradations",
    "patches",
    "tiling",
    "training.optimizers",
    "training",
    "training.callbacks",
    "tasks",
    "jobs",
    "jobs.generate",
    "jobs.vary",
    "jobs.restore",
    "jobs.export",
    "jobs.train",
    "jobs.evaluate.sources",
    "jobs.evaluate.report",
    "jobs.evaluate",
    "jobs.card",
    "jobs.explore",
    "cli",
    "__init__",
    "__main__",
)
# What every command imports must not pull in what only some need.
LIGHT = (
    "errors",
    "extras",
    "lazy",
    "losses",
    "augment",
    "config",
    "files",
    "remote",
    "signals",
    "cli",
    "video.containers",
)
HEAVY = {"tensorflow", "keras", "cv2", "matplotlib", "av", "scipy"}


def module_name(path: Path) -> str:
    """Return a file's module without ``vidgan.``, as ``dataset.scan``; of a package its name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported_modules(source: str) -> set[str]:
    """Return the modules of vidgan that a source imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                inside = f"{node.module}.{alias.name}".removeprefix("vidgan.")
                found.add(f"vidgan.{inside}" if inside in MODULES else str(node.module))
    names = {
        name.partition(".")[2] or "__init__" for name in found if name.split(".")[0] == "vidgan"
    }
    return names & set(MODULES)


IMPORTS = {
    name: imported_modules(path.read_text(encoding="utf-8")) for name, path in MODULES.items()
}


def place(module: str) -> int:
    """Return where a module stands in ``ORDER``."""
    fitting = [name for name in ORDER if f"{module}.".startswith(f"{name}.")]
    assert fitting, f"{module} has no place in ORDER"
    return ORDER.index(max(fitting, key=len))


def test_imports_within_functions_count() -> None:
    source = "from vidgan import files\ndef f():\n  from vidgan.jobs.train import train\n"
    assert imported_modules(source) == {"files", "jobs.train.train"}


def test_every_name_of_the_order_is_there() -> None:
    assert {ORDER[place(module)] for module in MODULES} == set(ORDER)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    above = {name for name in IMPORTS[module] if place(name) > place(module)}
    assert not above, f"vidgan.{module} imports from above: {', '.join(sorted(above))}"


def test_there_is_no_circle() -> None:
    """``CycleError`` names the modules of one."""
    TopologicalSorter(IMPORTS).prepare()


@pytest.mark.parametrize(
    "module", [m for m in MODULES if any(f"{m}.".startswith(f"{name}.") for name in LIGHT)]
)
def test_heavy_libraries_stay_out_of_the_foundations(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for statement in block.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {node.module.split(".")[0]}
        else:
            continue
        assert not names & HEAVY
