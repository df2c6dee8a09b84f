"""``report.html``, without a browser; see also ``test_report_in_browser.py``."""

import base64
import io
import re
import tempfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from pictures import decoded_picture
from reports import CAPTION, PATH, histograms, media, metric, report, shapes, write_log

from vidgan.errors import ExportError
from vidgan.jobs.evaluate.report import page
from vidgan.jobs.evaluate.report.page import charts, encoding, rows
from vidgan.jobs.evaluate.report.page import histograms as drawings
from vidgan.metrics.result import MetricResult

NOTHING = page.PageMedia({}, 25.0, {})


class Reader(HTMLParser):
    """Gathers a page's text and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def cells(*results: list[MetricResult]) -> list[rows.Cell | None]:
    """Return the cells of the first row of a comparison of reports with these results."""
    return rows.groups([report(each) for each in results])[0].rows[0].cells


def filled(cell: rows.Cell | None) -> rows.Cell:
    assert cell is not None
    return cell


def bars(*results: list[MetricResult]) -> list[rows.Bar]:
    found = []
    for cell in cells(*results):
        bar = filled(cell).bar
        assert bar is not None
        found.append(bar)
    return found


def marks(*results: list[MetricResult]) -> list[str | None]:
    return [None if cell is None else cell.best for cell in cells(*results)]


def first_group(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None
    return found[1]


def decoded(uri: str) -> np.ndarray:
    """Decode a video's address: uint8 RGB ``(frames, height, width, 3)``."""
    data = base64.b64decode(uri.partition("base64,")[2])
    with av.open(io.BytesIO(data), "r") as container:
        assert container.streams.video[0].codec_context.name in ("h264", "vp9")
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    log = write_log(folder / "log.csv", 50, d_loss=1.5, g_loss=2.5, d_acc_real=1, d_acc_fake=0.5)
    shown = [
        metric("fvd", 7.906, floor=7.28, low=7.5, high=8.8, unit="grey levels"),
        metric("fid", None, "frames", note=f"no weights in {PATH}"),
        metric("odd", 1.25, "something_new", better=None),
    ]
    page.write(folder / "deep" / "report.html", [report(shown)], [media(log)])
    return (folder / "deep" / "report.html").read_text(encoding="utf-8")


def test_everything_in_the_report_stands_on_the_page(written: str) -> None:
    text = read(written).text
    for words in (
        f"runs/00000-dcgan-x, step 996, on {PATH}",
        f"Memorisation: good none is from {PATH}",
        "Distance: warning these can be told apart",
        "Metric fvd",
        "7.906 grey levels 7.5 to 8.8",
        "1.1 × the floor of 7.28",
        "↓ lower is better",
        "features random3d clips 68, 256",
        f"no weights in {PATH}",
        "Something new Metric odd",
        "9 of 68 clips",
        "5 of 256 clips",
        "size 64 × 48",
        f"few clips in {PATH}",
        CAPTION,
    ):
        assert words in text


def test_what_users_name_their_files_is_no_markup(written: str) -> None:
    page_read = read(written)
    assert not page_read.all("script")
    assert [image["alt"] for image in page_read.all("img")] == [CAPTION]
    assert not any(name.startswith("on") for _, given in page_read.elements for name in given)


def test_nothing_is_loaded_from_anywhere(written: str) -> None:
    """Neither by an attribute nor by a style."""
    page_read = read(written)
    for _, attributes in page_read.elements:
        for name in ("src", "href", "xlink:href", "poster", "srcset", "data", "action"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))
    assert all(address.startswith("#") for address in re.findall(r"url\(['\"]?([^)]*)\)", written))
    assert "@import" not in written
    policies = [meta for meta in page_read.all("meta") if "http-equiv" in meta]
    assert "default-src 'none'" in (policies[0]["content"] or "")


def test_the_videos_show_the_clips(written: str) -> None:
    """Decoded again they are the clips, enlarged, in their grid, at their rate."""
    given = media().clips
    videos = read(written).all("video")
    assert [video["aria-label"] for video in videos] == [
        "Real: test clips",
        "Generated: generated by the run",
    ]
    assert all({"autoplay", "loop", "muted", "playsinline"} <= video.keys() for video in videos)
    for video, clips, columns in zip(videos, given.values(), (3, 3), strict=True):
        shown = decoded(video["src"] or "")
        assert len(shown) == clips.shape[1]
        width, height = int(video["width"] or 0), int(video["height"] or 0)
        assert shown.shape[1:3] == (height, width)
        rows = -(-min(9, len(clips)) // columns)
        tile = shown[:, : height // rows, : width // columns]
        inner = tile[:, encoding.MARGIN : -encoding.MARGIN, encoding.MARGIN : -encoding.MARGIN]
        first = [cv2.resize(frame, (64, 48), interpolation=cv2.INTER_AREA) for frame in inner]
        error = np.mean((np.stack(first).astype(float) - clips[0]) ** 2)
        assert 10 * np.log10(255**2 / error) > 28


def test_clips_are_taken_from_all_over_the_set() -> None:
    clips = np.repeat(np.arange(0, 200, 10, dtype=np.uint8), 8 * 32 * 32 * 3)
    shown = encoding.encode_clips(clips.reshape(20, 8, 32, 32, 3), 25.0, 1 << 20)
    assert (shown.clips, shown.frames, shown.of_frames) == (9, 8, 8)
    last = decoded(shown.uri)[0, -20, -20].astype(int)
    assert np.abs(last - 190).max() < 8


def test_large_clips_are_made_smaller() -> None:
    shown = encoding.encode_clips(shapes(0, 2, 4, (256, 128)), 25.0, 1 << 20)
    side = encoding.CHOICES[0][2]
    assert shown.width == side + 4 * encoding.MARGIN
    assert shown.height == side // 4 + 2 * encoding.MARGIN


def test_long_and_noisy_clips_are_cut_until_they_fit() -> None:
    """Noise does not compress: fewer clips and frames are shown, and the page says so."""
    noise = np.random.default_rng(0).integers(0, 256, (2, 80, 32, 32, 3), np.uint8)
    shown = encoding.encode_clips(noise, 25.0, 150_000)
    assert len(base64.b64decode(shown.uri.partition(",")[2])) <= 150_000
    assert (shown.clips, shown.frames, shown.of_frames) == (1, 16, 80)
    text = page.render([report([])], [page.PageMedia({"real": noise}, 25.0, {})])
    assert "of 80 frames" in read(text).text
    assert len(text) < 1.4 * page.PICTURE_BYTES


def test_sheets_are_shrunk_until_they_fit() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (900, 1200, 3), np.uint8)
    shown = encoding.encode_image(noise, 200_000)
    data = base64.b64decode(shown.uri.partition(",")[2])
    assert len(data) <= 200_000
    picture = decoded_picture(data)
    assert picture.shape[:2] == (shown.height, shown.width)
    assert shown.width / shown.height == pytest.approx(4 / 3, rel=0.02)
    assert shown.shrunk
    assert not encoding.encode_image(noise[:50, :50], 200_000).shrunk


def test_many_runs_share_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 16, 32, 32, 3), np.uint8)
    sheet = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
    each = page.PageMedia({"real": noise}, 25.0, {"pairs": sheet})
    monkeypatch.setattr(page, "MEDIA_BYTES", 800_000)
    text = page.render([report([])] * 4, [each] * 4)
    assert 400_000 < len(text) < 1.4 * 800_000
    assert len(read(text).all("video")) == 4


def test_a_page_without_clips_curves_and_verdicts() -> None:
    bare = report([], verdicts=[], notes=[])
    reader = read(page.render([bare], [page.PageMedia({"real": shapes(0, 1)[:0]}, 25.0, {})]))
    assert not reader.all("video")
    assert "Verdicts" not in reader.text


@pytest.mark.parametrize("value", ["lower", "higher"])
def test_the_best_of_a_row_is_marked(value: str) -> None:
    results = [[metric("fvd", number, better=value)] for number in (10.0, 20.0, 5.0)]
    expected = {"lower": [None, None, "best"], "higher": [None, "best", None]}
    assert marks(*results) == expected[value]


def test_the_best_is_marked_with_care() -> None:
    def row(value: float | None, **more: Any) -> list[MetricResult]:
        return [metric("fvd", value, **more)]

    assert marks(row(10.0), row(10.5)) == ["best; intervals overlap", None]
    assert marks(row(10.0), row(10.0), row(30.0)) == ["best", "best", None]
    assert marks(row(10.0), row(10.0)) == [None, None]
    assert marks(row(10.0), row(None)) == [None, None]
    assert marks(row(10.0), row(float("nan")), row(30.0)) == ["best", None, None]
    assert marks(row(10.0, better=None), row(20.0, better=None)) == [None, None]
    assert marks(row(10.0), []) == [None, None]
    assert marks(row(10.0), row(20.0, low=None, high=None)) == ["best", None]


def test_no_best_among_figures_of_other_protocols() -> None:
    others = metric("fvd", 20.0, protocol={"features": "random3d", "clips": [68, 512]})
    both = [report([metric("fvd", 10.0)]), report([others])]
    row = rows.groups(both)[0].rows[0]
    assert [filled(cell).best for cell in row.cells] == [None, None]
    assert row.problem == "different settings: clips"
    assert [names for names, _ in row.protocols] == ["A", "B"]
    assert "different settings: clips" in read(page.render(both, [NOTHING] * 2)).text


def test_no_best_among_runs_on_other_clips() -> None:
    both = [report([metric("fvd", 10.0)]), report([metric("fvd", 20.0)])]
    others = {"real": replace(both[1].sets["real"], clips=70)}
    both[1] = replace(
        both[1], protocol=replace(both[1].protocol, seed=3), sets=both[1].sets | others
    )
    text = read(page.render(both, [NOTHING] * 2)).text
    assert "The runs differ in seed (0, 3); the real set's clips (68, 70)" in text
    assert "★ best" not in text


def test_runs_with_other_figures_are_put_in_one_table() -> None:
    first = report([metric("speed", 3.0, "speed"), metric("fvd", 1.0)])
    second = report([metric("new", 2.0, "unheard"), metric("fvd", 4.0, note="few clips")], "second")
    groups = rows.groups([first, second])
    assert [group.title for group in groups] == [
        "Distance from the real clips",
        "Speed",
        "Unheard",
    ]
    assert [filled(cell).result.value for cell in groups[0].rows[0].cells] == [1.0, 4.0]
    assert groups[0].rows[0].notes == [("B", "few clips")]
    assert groups[1].rows[0].cells[1] is None
    assert groups[2].rows[0].cells[0] is None
    reader = read(page.render([first, second], [NOTHING] * 2))
    assert "B: few clips" in reader.text
    # Above the table, at its column and at its own section.
    assert reader.text.count(first.title) == 3


def test_bars_of_a_row_share_their_scale() -> None:
    near = metric("fvd", 10.0, low=9.0, high=12.0, floor=8.0)
    far = metric("fvd", 30.0, low=25.0, high=40.0, floor=8.0)
    first, second = bars([near], [far])
    assert (first.start, first.length, first.interval, first.floor) == (0, 25, (22.5, 30), 20)
    assert (second.start, second.length, second.interval, second.floor) == (0, 75, (62.5, 100), 20)


def test_bars_of_negative_values_and_of_nothing() -> None:
    (below,) = bars([metric("kvd", -1.0, low=-2.0, high=0.5, floor=2.0)])
    assert (below.start, below.length, below.floor) == (25, 25, 100)
    for lone in (metric("loss", 1.5), metric("loss", 0.0, floor=0.0), metric("loss", None)):
        assert filled(cells([lone])[0]).bar is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"value": 14.56, "floor": 7.28}, "2 × the floor of 7.28"),
        ({"value": 8.0, "low": 7.0, "high": 9.0, "floor": 7.28}, "at the floor of 7.28"),
        ({"value": 0.62, "floor": 0.87}, "0.71 × the floor of 0.87"),
        ({"value": 0.002, "floor": -0.0002}, "floor of −0.0002"),
        ({"value": None, "floor": 7.28}, "floor of 7.28"),
        ({"value": 3.0, "floor": None}, None),
    ],
)
def test_the_floor_in_words(given: dict[str, Any], words: str | None) -> None:
    assert filled(cells([replace(metric("fvd", None), **given)])[0]).relative == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.9063, "7.906"),
        (0.5, "0.5"),
        (68, "68"),
        (0, "0"),
        (-0.00012345, "−0.0001234"),
        (12345.678, "12346"),
        (2.5e-7, "2.500e−07"),
        (9.99996, "10"),
        (3.2e17, "3.200e+17"),
        (None, "–"),
        (float("nan"), "nan"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert rows.number(value) == text


def test_values_of_a_protocol() -> None:
    assert rows.plain([64, 48], "size") == "64 × 48"
    assert rows.plain([68, 256], "clips") == "68, 256"
    assert rows.plain({"test": 7, "size": [2, 3]}) == "test 7, size 2 × 3"
    assert rows.plain(True) == "yes"
    assert rows.plain(None) == "–"


def test_charts_say_what_they_show_and_share_their_axes(tmp_path: Path) -> None:
    """The same value stands at the same height in both runs' charts."""
    low = write_log(tmp_path / "a.csv", 20, d_loss=1.0)
    high = write_log(tmp_path / "b.csv", 40, d_loss=4.0, r1=0.5)
    first, none, missing, second = charts.draw([low, None, tmp_path / "no.csv", high])
    assert (none, missing) == ([], [])
    assert (len(first), len(second)) == (1, 2)
    assert 'aria-label="loss, steps 10 to 200: discriminator from 0.05 to 1"' in first[0]
    ends = []
    for svg in (first[0], second[0]):
        path = first_group(r'<path d="([^"]*)"[^>]*var\(--first\)', svg)
        ends.append([float(word) for word in path.split()[-2:]])
    start = float(first_group(r'<path d="M (\S+) \S+\s+L[^"]*"[^>]*var\(--first\)', first[0]))
    # Steps 10 to 200 and 10 to 400 of one axis.
    assert (ends[1][0] - start) / (ends[0][0] - start) == pytest.approx(390 / 190, rel=1e-3)
    assert ends[0][1] > ends[1][1]
    # Colours that the page chooses, and no names that two charts would share.
    assert "#1f77b4" not in "".join(first + second)
    names = re.findall(r' id="([^"]*)"', "".join(first + second))
    assert len(names) == len(set(names))


def outline(svg: str, colour: str) -> np.ndarray:
    """Return the corners of the first line of a colour, ``(n, 2)``: to the right and downwards."""
    path = first_group(rf'<path d="([^"]*)"[^>]*fill: none;[^"]*stroke: var\(--{colour}\)', svg)
    return np.array(re.findall(r"[ML] (\S+) (\S+)", path), float)


@pytest.mark.parametrize(
    ("turn", "way", "words"),
    [(0, (1, 0), "right"), (9, (0, 1), "down"), (18, (-1, 0), "left"), (27, (0, -1), "up")],
)
def test_directions_are_drawn_as_they_are_on_the_screen(
    turn: int, way: tuple[int, int], words: str
) -> None:
    _, svg = drawings.draw([report([], histograms=histograms(turn=turn))])[0]
    assert "real 100% right, 0% down, 0% left, 0% up; generated" in svg
    assert f"100% {words}" in svg.partition("; generated ")[2]
    assert "0° right" in svg
    assert "90° down" in svg
    real, generated = outline(svg, "first"), outline(svg, "second")
    # The outline leaves the centre, where there is no motion, to one side.
    centre = np.median(real, axis=0)
    farthest = generated[np.argmax(np.abs(generated - centre).sum(axis=1))] - centre
    assert np.abs(farthest).max() > 30
    np.testing.assert_allclose(farthest / np.abs(farthest).max(), way, atol=0.2)


def test_speeds_of_all_runs_share_their_axes() -> None:
    """The same speed stands at the same place, and its axis says what it is in."""
    pages = [report([], histograms=histograms(fast)) for fast in (20, 60)]
    slow, none, fast = drawings.draw([pages[0], report([]), pages[1]])
    assert none == []
    ends: list[list[float]] = []
    for svg, _ in (slow, fast):
        assert "speed, pixels a frame of 64 × 48" in svg
        ends.append([])
        for name in ("first", "second"):
            line = outline(svg, name)
            raised = line[line[:, 1] < line[:, 1].max() - 1]
            ends[-1].append(raised[:, 0].max() - line[:, 0].min())
    assert ends[0][0] == pytest.approx(ends[1][0])
    assert ends[0][1] / ends[0][0] == pytest.approx(2.1 / 1.1, rel=0.1)
    assert ends[1][1] / ends[1][0] == pytest.approx(6.1 / 1.1, rel=0.1)
    names = re.findall(r' id="([^"]*)"', "".join(slow + fast))
    assert len(names) == len(set(names))


def test_clips_in_which_nothing_moves_are_drawn() -> None:
    given = histograms()
    given["motion.direction"] = replace(given["motion.direction"], generated=[0.0] * 36)
    speeds, directions = drawings.draw([report([], histograms=given)])[0]
    assert "generated: nothing moves" in directions
    assert "generated none, nothing moves" in directions
    given["motion.direction"] = replace(given["motion.direction"], real=[0.0] * 36)
    given["motion.speed"] = replace(given["motion.speed"], real=[1.0], generated=[1.0])
    (speeds,) = drawings.draw([report([], histograms=given)])[0]
    assert "real 90% below 0.1, 99% below 0.1" in speeds


def test_the_motion_of_each_run_stands_under_its_name() -> None:
    runs = [report([], name, histograms=histograms(turn=9)) for name in ("one", "two")]
    text = page.render([*runs, report([], "three")], [NOTHING] * 3)
    section = text.partition('<section aria-labelledby="motion">')[2].partition("</section>")[0]
    assert section.count('role="img" aria-label="fraction of motion') == 2
    words = read(section).text
    assert words.index("one, step") < words.index("two, step")
    assert "three, step" not in words
    assert 'aria-labelledby="motion"' not in page.render([report([])], [NOTHING])


def test_a_long_log_is_thinned_to_means() -> None:
    rows = [{"step": float(step), "d_loss": float(step % 2)} for step in range(1000)]
    rows[0]["r1"] = 5.0
    thin = charts.thin(rows, 300)
    assert len(thin) == 250
    assert thin[0] == {"step": 1.5, "d_loss": 0.5, "r1": 5.0}
    assert thin[-1] == {"step": 997.5, "d_loss": 0.5}
    assert charts.thin([], 300) == []


def test_a_training_that_diverged_has_curves(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", 5, d_loss=float("inf"), g_loss=float("nan"), r1=1e9)
    assert len(charts.draw([log])[0]) == 2


def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"report\.html: cannot be written"):
        page.write(tmp_path / "file" / "report.html", [report([])], [NOTHING])
    (tmp_path / "report.html").mkdir()
    with pytest.raises(ExportError, match=r"report\.html: cannot be written"):
        page.write(tmp_path / "report.html", [report([])], [NOTHING])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "report.html"]


def test_no_room_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    with pytest.raises(ExportError, match="TMPDIR"):
        page.write(tmp_path / "report.html", [report([])], [media()])
    assert not list(tmp_path.iterdir())


def test_a_path_that_is_no_utf8(tmp_path: Path) -> None:
    odd = b"/data/\xff".decode("utf-8", "surrogateescape")
    page.write(tmp_path / "report.html", [replace(report([]), title=odd)], [NOTHING])
    assert "/data/" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_reports_and_media_go_together(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a PageMedia for each report"):
        page.write(tmp_path / "report.html", [report([])], [])
    with pytest.raises(ValueError, match="a PageMedia for each report"):
        page.write(tmp_path / "report.html", [], [])
