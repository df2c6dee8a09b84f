"""``vidgan explore`` in a real browser: Chromium without a window, steered through Playwright."""

import csv
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, expect, sync_playwright
from reports import write_log
from restore_helpers import refused
from test_restore_with_run import make as make_enhancer
from tiny_run import MODEL, make_run
from video_files import make_video, scene

from vidgan.training.run import Run
from vidgan.video.writers.open import open_writer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs the browser chromium (Debian: apt install chromium)"
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("gradio") is None, reason="needs gradio of the extra web"
    ),
]
# Milliseconds: TensorFlow, a browser and other tests share the machine.
PATIENCE = 300_000
FRAMES, LABELS = 12, ("run", "walk")


@dataclass
class Server:
    """A ``vidgan explore`` of its own process, in a folder with its runs."""

    url: str
    folder: Path
    temporary: Path


@dataclass
class Visit:
    """A page that is open, and what happened since it was opened."""

    page: Page
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        # Gradio warns of an upload that is complete.
        if message.type == "error":
            self.problems.append(message.text)

    def tab(self, name: str) -> Locator:
        tab = self.page.get_by_role("tab", name=name)
        # A narrow page has those that do not fit in a menu.
        menu = self.page.locator(".overflow-dropdown")
        entry = menu.get_by_role("button", name=name, include_hidden=True)
        expect(tab.or_(entry)).to_be_attached()
        if entry.count():
            self.page.get_by_role("button", name="More tabs").click()
            entry.click()
        else:
            tab.click()
        # Those of other tabs are hidden.
        return self.page.get_by_role("tabpanel")


def add_training(run: Run, steps: int, seed: int) -> None:
    """Give a run a log of so many lines, and samples of its last step."""
    log = {"d_loss": 1.5, "g_loss": 2.5, "frechet_distance": 3.0, "seconds": 30.0}
    write_log(run.path / "log.csv", steps, every=1, **log)
    add_samples(run, steps, seed)


def add_samples(run: Run, step: int, seed: int) -> None:
    path = run.path / "samples" / f"step-{step:08d}.mp4"
    with open_writer(path, 12.5, (64, 32)) as writer:
        for frame in scene(6, (64, 32), seed):
            writer.write(frame)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page of four runs, two of which generate; it ends with Ctrl-C and leaves nothing."""
    folder = tmp_path_factory.mktemp("explore")
    temporary = folder / "temporary"
    temporary.mkdir()
    for name, model in {
        "a": MODEL,
        "b": MODEL.replace(conditional=True, labels=LABELS, latent_dim=6),
        "live": MODEL,
    }.items():
        run = make_run(folder / "runs" / name, (32, 32), model=model)
        add_training(run, 30, seed=len(name))
    make_enhancer(folder / "runs" / "sharp", 2)
    command = [sys.executable, "-m", "vidgan", "explore", "runs/a", "runs/b", "runs/live"]
    command += ["runs/sharp", "--no-open", "--max-upload", "1", "--max-frames", str(FRAMES)]
    environment = {"TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).parents[1])}
    with (
        (folder / "stderr").open("w") as errors,
        subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        # Ends readline(), too.
        limit = threading.Timer(PATIENCE / 1000, process.kill)
        limit.daemon = True
        limit.start()
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            limit.cancel()
            found = re.search(r"http://127\.0\.0\.1:\d+/", line)
            assert found is not None, line + (folder / "stderr").read_text()
            yield Server(found[0], folder, temporary)
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE / 1000) == 0
        finally:
            process.kill()
    assert list(temporary.glob("vidgan-explore-*")) == []
    # Gradio writes one for a file that is only called an upload.
    told = (folder / "stderr").read_text()
    assert told.count("Traceback") == told.count("gradio.exceptions.InvalidPathError: "), told


@pytest.fixture(scope="module")
def opened(server: Server) -> Iterator[Visit]:
    """The page, which takes seconds to open, is opened once."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM)
        expect.set_options(timeout=PATIENCE)
        page = chromium.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(PATIENCE)
        seen = Visit(page)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("pageerror", lambda error: seen.problems.append(str(error)))
        page.on("console", seen.hear)
        page.goto(server.url)
        expect(page.get_by_text("time trained")).to_be_visible()
        yield seen
        chromium.close()


@pytest.fixture
def visit(opened: Visit, server: Server) -> Iterator[Any]:
    """A function that chooses a run; whatever the page asks for comes from the server."""

    def visit(run: str) -> Visit:
        field = opened.page.get_by_label("Run", exact=True)
        if field.input_value() != run:
            field.click()
            opened.page.get_by_role("option", name=run).click()
        return opened

    yield visit
    mine = (server.url, "data:", "blob:")
    assert [url for url in opened.requests if not url.startswith(mine)] == []
    assert opened.problems == []


def fetch(address: str) -> bytes:
    with urllib.request.urlopen(address) as answer:
        content: bytes = answer.read()
    return content


def shown_video(place: Locator, name: str | re.Pattern[str]) -> bytes:
    """Return the file of a video that plays."""
    video = place.get_by_label(name)
    expect(video).to_be_visible()
    video.scroll_into_view_if_needed()
    place.page.wait_for_function(
        "video => !video.paused && video.currentTime > 0", arg=video.element_handle()
    )
    return fetch(str(video.evaluate("video => video.src")))


def decoded(content: bytes, folder: Path) -> np.ndarray:
    """Return the frames of a video, as OpenCV reads it: BGR."""
    path = folder / "decoded.mp4"
    path.write_bytes(content)
    frames, capture = [], cv2.VideoCapture(str(path))
    while (read := capture.read())[0]:
        frames.append(read[1])
    return np.stack(frames)


def set_slider(panel: Locator, label: str, value: float) -> None:
    number = panel.get_by_label(f"number input for {label}")
    number.fill(str(value))
    number.press("Tab")


def upload(panel: Locator, path: Path) -> None:
    """Put a file into the first field of a tab, in place of that of an earlier test."""
    clear = panel.get_by_role("button", name="Clear")
    if clear.count():
        clear.first.click()
    panel.locator("input[type=file]").first.set_input_files(path)


def error_message(page: Page) -> str:
    """Return the text of an error that pops up, and close it."""
    text: str = page.get_by_test_id("toast-text").inner_text()
    page.get_by_test_id("toast-close").click()
    return text


def test_clips_by_seed_and_between_seeds(visit: Any, tmp_path: Path) -> None:
    panel = visit("runs/a").tab("Generate")
    button = panel.get_by_role("button", name="Generate")
    button.click()
    first = shown_video(panel, "Seed 0")
    frames = decoded(first, tmp_path)
    assert frames.shape == (8, 256, 256, 3)
    set_slider(panel, "Seed", 7)
    button.click()
    assert shown_video(panel, "Seed 7") != first
    expect(panel.get_by_text("vidgan generate runs/a --seeds 7")).to_be_visible()
    # A slider that was moved generates the clip anew.
    set_slider(panel, "Frames", 10)
    set_slider(panel, "Position between the two", 0.5)
    between = shown_video(panel, "Between seed 7 and seed 1, at 0.5")
    assert len(decoded(between, tmp_path)) == 10
    with panel.page.expect_download() as download:
        panel.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "a-seed-000007-to-000001-0010-of-0020.mp4"
    assert Path(download.value.path()).read_bytes() == between
    expect(panel.get_by_label("Label")).to_have_count(0)


def test_labels_of_a_conditional_run(visit: Any) -> None:
    panel = visit("runs/b").tab("Generate")
    set_slider(panel, "Seed", 3)
    set_slider(panel, "Position between the two", 0)
    panel.get_by_label("Label").click()
    panel.page.get_by_role("option", name="walk").click()
    panel.get_by_label("Loop: the last frame leads to the first").check()
    panel.get_by_role("button", name="Generate").click()
    shown_video(panel, "Seed 3")
    command = "vidgan generate runs/b --seeds 3 --frames 8 --label walk --loop"
    expect(panel.get_by_text(command)).to_be_visible()


def test_variations_of_an_upload(visit: Any, tmp_path: Path) -> None:
    panel = visit("runs/a").tab("Vary")
    panel.get_by_role("button", name="Vary").click()
    assert "No video yet" in error_message(panel.page)
    clip = make_video(tmp_path / "my clip;.mp4", 20, (40, 32))
    upload(panel, clip)
    expect(panel.get_by_label(f", first {FRAMES} frames")).to_be_visible()
    panel.get_by_label("2", exact=True).check()
    panel.get_by_role("button", name="Vary").click()
    varied = decoded(shown_video(panel, re.compile("^Variations of")), tmp_path)
    assert varied.shape == (FRAMES, 32, 80, 3)
    assert np.abs(varied[:, :, :40].astype(int) - varied[:, :, 40:]).mean() > 1


def test_tabs_are_those_of_the_run(visit: Any) -> None:
    tabs = visit("runs/a").page.get_by_role("tab")
    expect(tabs).to_have_text(["Training", "Generate", "Vary", "Compare"])
    visit("runs/a").tab("Generate")
    visit("runs/sharp")
    expect(tabs).to_have_text(["Training", "Vary", "Restore", "Compare"])
    # The tab that was open is gone.
    expect(visit("runs/sharp").page.get_by_text("No log yet")).to_be_visible()
    visit("runs/sharp").tab("Vary")
    visit("runs/b")
    expect(tabs).to_have_text(["Training", "Generate", "Vary", "Compare"])


def test_before_and_after_of_a_restoration(visit: Any, tmp_path: Path) -> None:
    panel = visit("runs/sharp").tab("Restore")
    clip = make_video(tmp_path / "clip.avi", 10, (40, 32))
    upload(panel, clip)
    expect(panel.get_by_label("clip.avi, 10 frames")).to_be_visible()
    panel.get_by_role("button", name="Restore").click()
    assert decoded(shown_video(panel, "Before"), tmp_path).shape == (10, 32, 40, 3)
    after = shown_video(panel, "After")
    assert decoded(after, tmp_path).shape == (10, 64, 80, 3)
    halves = panel.locator("img")
    before = [str(image.get_attribute("src")) for image in halves.all()]
    assert len(before) == 2
    set_slider(panel, "Frame", 9)
    expect(halves.first).not_to_have_attribute("src", before[0])
    assert fetch(str(halves.first.get_attribute("src"))) != fetch(before[0])
    with panel.page.expect_download() as download:
        panel.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "clip-enhance.mp4"
    assert Path(download.value.path()).read_bytes() == after


def test_a_training_is_followed(visit: Any, server: Server) -> None:
    """As another process writes it: a line of the log, then samples."""
    seen = visit("runs/live")
    run = server.folder / "runs" / "live"
    panel = seen.tab("Training")
    first = shown_video(panel, "Samples at step 30")
    chart = panel.get_by_role("img", name=re.compile("^loss, steps"))
    expect(chart).to_have_attribute("aria-label", re.compile("to 30:"))
    with (run / "log.csv").open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    with (run / "log.csv").open("a", newline="") as file:
        csv.DictWriter(file, last).writerow(last | {"step": "4321", "d_loss": "0.25"})
    expect(panel.get_by_text("4,321")).to_be_visible()
    expect(panel.get_by_text("training now")).to_be_visible()
    expect(chart).to_have_attribute("aria-label", re.compile("to 4321: .*to 0.25"))
    add_samples(Run.open(run), 4321, seed=9)
    assert shown_video(panel, "Samples at step 4,321") != first
    event = {"step": 4321, "trouble": "mode collapse", "gone": False, "text": "mode collapse!"}
    (run / "health.jsonl").write_text(json.dumps(event) + "\n")
    expect(panel.get_by_text("step 4321: mode collapse!")).to_be_visible()


def test_runs_side_by_side(visit: Any) -> None:
    panel = visit("runs/a").tab("Compare")
    panel.get_by_role("checkbox", name="runs/live").uncheck()
    panel.get_by_role("checkbox", name="runs/sharp").uncheck()
    row = panel.get_by_role("row").filter(has_text="--latent-dim")
    expect(row.get_by_role("cell")).to_have_text(["8", "6"])
    expect(panel.get_by_role("img", name="Fréchet distance of runs/a, runs/b")).to_be_visible()
    panel.get_by_role("button", name="Generate samples").click()
    clips = {shown_video(panel, f"Seed 0 of runs/{name}") for name in "ab"}
    assert len(clips) == 2


def test_what_is_no_video_is_one_line(visit: Any, tmp_path: Path) -> None:
    panel = visit("runs/a").tab("Vary")
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video" * 100)
    upload(panel, bad)
    assert error_message(panel.page).startswith("bad.mp4: ")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_everyone_can_use_it(
    visit: Any, opened: Visit, width: int, scheme: Literal["light", "dark"]
) -> None:
    """Names, contrast and the like, by the rules of axe-core; no sideways scrolling."""
    opened.page.set_viewport_size({"width": width, "height": 900})
    opened.page.emulate_media(color_scheme=scheme)
    for run, tabs in {
        "runs/b": ("Training", "Generate", "Vary", "Compare"),
        "runs/sharp": ("Restore",),
    }.items():
        seen = visit(run)
        for tab in tabs:
            seen.tab(tab)
            found = Axe().run(seen.page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], tab
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


# Without a browser


def status(address: str, data: bytes | None = None, **headers: str) -> int:
    request = urllib.request.Request(address, data, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_no_other_file_is_served(server: Server) -> None:
    temporary = next(server.temporary.glob("vidgan-explore-*"))
    assert temporary.stat().st_mode & 0o077 == 0
    own = server.folder / "runs" / "a" / "config.json"
    for path in (
        "/etc/passwd",
        f"{temporary}/../../../../../../../../../etc/passwd",
        f"{temporary}/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        str(own),
        "runs/a/config.json",
        "http://127.0.0.1:1/",
        "https://example.com/",
    ):
        assert status(f"{server.url}gradio_api/file={path}") in (403, 404), path
    assert status(f"{server.url}gradio_api/proxy=https://example.com/") in (403, 404)


def called(server: Server, value: object) -> list[dict[str, Any]]:
    """Send the event of an upload with a value, as a program could; return what comes of it."""
    config = json.loads(fetch(f"{server.url}config"))
    files = [each["id"] for each in config["components"] if each["type"] == "file"]
    event = next(each for each in config["dependencies"] if each["inputs"] == files[:1])
    body = {"data": [value], "fn_index": event["id"], "session_hash": "s" + str(time.time())}
    request = urllib.request.Request(
        f"{server.url}gradio_api/queue/join",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()
    query = urllib.parse.urlencode({"session_hash": body["session_hash"]})
    lines = fetch(f"{server.url}gradio_api/queue/data?{query}").decode().split("\n\n")
    return [json.loads(line.removeprefix("data:")) for line in lines if line]


def test_only_uploads_are_used(server: Server) -> None:
    """Neither files of the machine nor addresses, also if they are called uploads."""
    for path in ("/etc/passwd", "https://example.com/a.mp4"):
        value = {"path": path, "meta": {"_type": "gradio.FileData"}}
        (done,) = (each for each in called(server, value) if each["msg"] == "process_completed")
        assert not done["success"], path
    assert not list(server.temporary.rglob("passwd"))


def test_uploads_are_bounded(server: Server) -> None:
    def send(size: int) -> int:
        head = (
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="../../a.mp4"\r\n\r\n'
        )
        body = head + bytes(size) + b"\r\n--x--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        return status(f"{server.url}gradio_api/upload", body, **headers)

    assert send(1000) == 200
    assert send(1_100_000) == 413
    (found,) = server.temporary.rglob("a.mp4")
    assert next(server.temporary.glob("vidgan-explore-*")) in found.parents


def test_other_names_of_this_machine_are_refused(server: Server) -> None:
    assert status(server.url, Host="localhost") == 200
    assert status(server.url, Host="evil.example") == 400


def test_a_taken_port_is_one_line(server: Server) -> None:
    port = urllib.parse.urlparse(server.url).port
    run = server.folder / "runs" / "a"
    line = refused("explore", run, "--no-open", "--port", port, status=2)
    assert f"--port {port}: cannot listen there (Address already in use)" in line


def test_the_missing_package_is_one_line(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    line = refused("explore", server.folder / "runs" / "a", "--no-open", status=2)
    assert "pip install 'vidgan[web]'" in line


def test_there_must_be_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "no run there" in refused("explore", "--no-open")
