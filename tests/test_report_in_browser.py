"""``report.html`` in a real browser: Chromium without a window, steered through Playwright."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from reports import CAPTION, PATH, histograms, media, metric, report, write_log

from vidgan.jobs.evaluate.report import page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs the browser chromium (Debian: apt install chromium)"
)
RESULTS = [
    metric("fvd", 7.906, floor=7.28),
    metric("precision", 0.62, "coverage", better="higher", floor=0.87, unit="of all"),
    metric("fid", None, "frames", note=f"no weights in {PATH}"),
    metric("speed", 132.4, "speed", better="higher", low=None, high=None),
]


@dataclass
class Seen:
    """A page that is open, and what happened since it was opened."""

    page: Page
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One report, and one that compares three runs."""
    folder = tmp_path_factory.mktemp("pages")
    log = write_log(folder / "log.csv", 300, d_loss=1.5, g_loss=2.5, d_acc_real=1, r1=0.1)
    one = report(RESULTS, histograms=histograms(turn=9))
    page.write(folder / "one.html", [one], [media(log)])
    runs = [report(RESULTS, f"runs/0000{number}-dcgan-x") for number in range(3)]
    others = [replace(RESULTS[0], value=1.5, low=1.4, high=1.6), *RESULTS[1:]]
    runs[0] = replace(runs[0], histograms=histograms(turn=9))
    runs[1] = replace(runs[1], results=others, histograms=histograms(fast=60))
    page.write(folder / "three.html", runs, [media(log), media(log), media()])
    return folder


@pytest.fixture
def visit(browser: Browser, folder: Path) -> Iterator[Any]:
    """A function that opens a page in a window of a width, in a colour scheme."""
    opened = []

    def visit(name: str, width: int = 1200, scheme: Literal["light", "dark"] = "light") -> Seen:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        opened.append(context)
        seen = Seen(context.new_page())
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("pageerror", lambda error: seen.problems.append(str(error)))
        seen.page.on("console", lambda message: seen.problems.append(message.text))
        seen.page.goto((folder / name).as_uri(), wait_until="load")
        return seen

    yield visit
    for context in opened:
        context.close()


def test_every_figure_stands_in_its_row(visit: Any) -> None:
    seen = visit("one.html")
    for given, words in zip(
        RESULTS,
        (
            ["7.906", "7.115 to 8.697", "at the floor of 7.28"],
            ["0.62", "of all", "0.558 to 0.682", "0.71 × the floor of 0.87"],
            ["–"],
            ["132.4"],
        ),
        strict=True,
    ):
        row = seen.page.get_by_role("row").filter(has_text=given.title)
        assert row.get_by_role("rowheader").count() == 1
        text = row.get_by_role("cell").inner_text()
        assert all(word in text for word in words)
    assert PATH in seen.page.inner_text("h1")
    assert seen.page.title() == report([]).title


def test_the_protocol_of_a_figure_opens(visit: Any) -> None:
    row = visit("one.html").page.get_by_role("row").filter(has_text="Metric fvd")
    assert not row.get_by_text("random3d").is_visible()
    row.get_by_text("Protocol").click()
    assert row.get_by_text("random3d").is_visible()


def test_the_best_of_several_runs_is_marked(visit: Any) -> None:
    row = visit("three.html").page.get_by_role("row").filter(has_text="Metric fvd")
    cells = [cell.inner_text() for cell in row.get_by_role("cell").all()]
    assert ["★ best" in cell for cell in cells] == [False, True, False]


@pytest.mark.parametrize(("name", "count"), [("one.html", 2), ("three.html", 6)])
def test_the_clips_play_and_loop(visit: Any, name: str, count: int) -> None:
    seen = visit(name)
    videos = seen.page.locator("video").all()
    assert len(videos) == count
    for video in videos[:2]:
        video.scroll_into_view_if_needed()
        # At its end it goes back to its start, and on.
        looped = video.evaluate(
            """video => new Promise(done => {
                video.addEventListener("seeked", () => done(!video.paused && !video.error));
                setTimeout(() => done(`${video.readyState} ${video.error?.message}`), 60000);
            })"""
        )
        assert looped is True
    # Waited for one by one: a video that is just going back to its start has no picture.
    for video in videos:
        video.scroll_into_view_if_needed()
        seen.page.wait_for_function(
            """video => !video.paused && video.currentTime > 0 && video.readyState > 1
                && video.videoWidth == video.width""",
            arg=video.element_handle(),
            timeout=60_000,
        )
    assert seen.problems == []


def test_pictures_and_curves_are_drawn(visit: Any) -> None:
    seen = visit("three.html").page
    for image in seen.locator("img").all():
        assert image.evaluate("image => image.complete && image.naturalWidth") == 90
        assert image.get_attribute("alt") == CAPTION
    charts = seen.locator("svg.chart").all()
    # Three panels of curves of two runs, and two histograms of two.
    assert len(charts) == 6 + 4
    for chart in charts:
        box = chart.bounding_box()
        assert box["width"] > 250
        assert box["height"] > 150
        assert chart.evaluate("chart => chart.getBBox().width") > 200


@pytest.mark.parametrize("name", ["one.html", "three.html"])
def test_nothing_is_fetched_and_nothing_is_wrong(visit: Any, folder: Path, name: str) -> None:
    seen = visit(name)
    seen.page.wait_for_load_state("networkidle")
    others = [url for url in seen.requests if not url.startswith("data:")]
    assert others == [(folder / name).as_uri()]
    assert seen.problems == []


def test_the_page_refuses_to_fetch_and_to_run_scripts(visit: Any) -> None:
    """What it would say if something did slip in."""
    seen = visit("one.html")
    refused = seen.page.evaluate(
        """async address => {
            const refused = [];
            document.addEventListener(
                "securitypolicyviolation", event => refused.push(event.effectiveDirective));
            const image = new Image();
            image.src = address;
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken'";
            document.body.append(image, script);
            await fetch(address).catch(() => {});
            await new Promise(done => setTimeout(done, 100));
            return refused;
        }""",
        "http://127.0.0.1:9/x.png",
    )
    assert {"img-src", "connect-src", "script-src-elem"} <= set(refused)
    assert seen.page.title() != "taken"
    assert any("Content Security Policy" in problem for problem in seen.problems)


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [("one.html", 360, "light"), ("one.html", 1200, "dark"), ("three.html", 360, "dark")],
)
def test_everyone_can_read_it(visit: Any, name: str, width: int, scheme: str) -> None:
    """Headers, names, contrast and the like, by the rules of axe-core; no sideways scrolling."""
    seen = visit(name, width, scheme).page
    seen.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = Axe().run(seen)
    assert [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]] == []
    assert seen.evaluate("document.documentElement.scrollWidth") == width
    back = seen.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(back.split("(")[1].split(",")[0]) < 64) == (scheme == "dark")
