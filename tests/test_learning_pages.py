"""The pages that teach: English and Chinese agree, diagrams match the networks, small pictures."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_documentation import DOCS, ROOT, command_lines

PAGES = ("tutorial.rst", *(f"learn/{path.name}" for path in sorted((DOCS / "learn").glob("*.rst"))))
PICTURES = DOCS / "images" / "learn"
# Directives with what a translation must not change, and those whose content is translated.
SAME = ("code-block", "math", "literalinclude")
TRANSLATED = ("image", "network-table")
DIRECTIVE = re.compile(rf"^\.\. ({'|'.join((*SAME, *TRANSLATED))}):: ?(.*)$")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return a page's code, formulas, pictures and tables, in order."""
    found: list[tuple[str, str]] = []
    inside = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if match := DIRECTIVE.match(line):
            name, argument = match.groups()
            if name in ("image", "literalinclude"):
                argument = str((page.parent / argument).resolve())
            found.append((name, argument))
            inside = name in SAME
        elif line and not line.startswith(" "):
            inside = False
        elif inside:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}".rstrip())
    return found


def literals(page: Path) -> dict[str, set[str]]:
    """Return what the text of a page names and a translation must name, too."""
    text = page.read_text(encoding="utf-8")
    return {
        "formulas": {" ".join(each.split()) for each in re.findall(r":math:`([^`]+)`", text)},
        "options": set(re.findall(r"(?<=``)--[^`]+(?=``)", text)),
        "papers": set(re.findall(r"\d{4}\.\d{5}", text)),
    }


def test_every_page_is_translated() -> None:
    translated = {path.relative_to(DOCS / "zh").as_posix() for path in DOCS.glob("zh/**/*.rst")}
    assert translated == {"index.rst", *PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_translation_has_the_same_code_formulas_and_pictures(page: str) -> None:
    original, translation = blocks(DOCS / page), blocks(DOCS / "zh" / page)
    assert original
    assert translation == original


@pytest.mark.parametrize("page", PAGES)
def test_translation_names_the_same_options_and_papers(page: str) -> None:
    assert literals(DOCS / "zh" / page) == literals(DOCS / page)


@pytest.mark.parametrize("page", PAGES)
def test_no_role_is_shown_as_text(page: str) -> None:
    """After a letter or a closing bracket it needs an escaped space."""
    assert not re.findall(r"[\w）」》”]:\w+:`", (DOCS / "zh" / page).read_text(encoding="utf-8"))


def test_readme_is_translated() -> None:
    original, translation = ROOT / "README.rst", ROOT / "README.zh.rst"
    commands = [line.split("#")[0].split() for line in command_lines(original)]
    assert [line.split("#")[0].split() for line in command_lines(translation)] == commands
    images = [
        re.findall(r"image:: (.*)", each.read_text("utf-8")) for each in (original, translation)
    ]
    assert images[0] == images[1]
    assert "README.zh.rst" in original.read_text("utf-8")
    assert "README.rst" in translation.read_text("utf-8")


def test_every_picture_is_shown_and_they_are_small() -> None:
    shown = {
        (path.parent / name).resolve()
        for path in (DOCS / "learn").glob("*.rst")
        for name in re.findall(r"image:: (\S+)", path.read_text(encoding="utf-8"))
    }
    pictures = set(PICTURES.iterdir())
    assert pictures == shown
    assert sum(path.stat().st_size for path in pictures) < 1.5e6


def test_diagram_shows_the_shapes_of_the_networks() -> None:
    from vidgan import models
    from vidgan.config import ModelConfig

    config = ModelConfig(frames=8, pairs=False)
    generator = models.build_generator(config, 32, 32)
    trunk = models.find_architecture("dcgan").trunk(models.resolve(config), (8, 32, 32))
    shapes: list[tuple[int, ...]] = [(config.latent_dim,)]
    for network in (generator, trunk):
        named = [layer for layer in network.layers if layer.name.startswith(("reshape", "conv3d"))]
        shapes += [layer.output.shape[1:] for layer in named]
    shapes.insert(-3, (8, 32, 32, 3))  # The discriminator's input ...
    shapes.append((1,))  # ... and its logit.
    picture = ElementTree.parse(PICTURES / "networks.svg")
    drawn = [text.text for text in picture.iterfind(".//*[@class='shape']")]
    assert drawn == [" × ".join(map(str, shape)) for shape in shapes]
