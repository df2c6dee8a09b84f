"""``vidgan card``, and runs on the Hugging Face Hub."""

import json
import pickle
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from commands import get_command
from dataset_files import make_dataset
from hub_server import TOKEN, Hub, serve
from restore_helpers import call, ok, refused
from tiny_run import MODEL, make_encoder_run, make_restorer_run

import vidgan
from vidgan.config import TASK_OPTIONS, CardConfig
from vidgan.errors import RunError
from vidgan.jobs.card.model_card import compose, escaped
from vidgan.jobs.card.pictures import Pictures
from vidgan.jobs.evaluate.report.report import Report
from vidgan.remote.hub import is_repository
from vidgan.tasks.load import load_discriminator, load_generator
from vidgan.training.run import Run
from vidgan.training.sharing import write_shared
from vidgan.training.soundness import SHARED_EMA_NAME

safetensors = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
huggingface_hub = pytest.importorskip("huggingface_hub", reason="it is not installed")
constants = pytest.importorskip("huggingface_hub.constants", reason="it is not installed")

SECRET = "holiday at Anna's"
STEP = "checkpoints/step-00000001"
REPORT = Path(__file__).parent / "fixtures" / "reports" / "run.json"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run whose folder, dataset and dataset's sources have names to keep private."""
    folder = tmp_path_factory.mktemp(SECRET)
    manifest = make_dataset(folder / "data")
    source = {"path": f"/home/{SECRET}/beach_1.mp4", "frames": 124, "dropped": {"black": 3}}
    path = folder / "data" / "manifest.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"sources": [source]}))
    return make_encoder_run(folder / "waves", MODEL, dataset=manifest.path)


@pytest.fixture(scope="module")
def card(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the command writes."""
    folder = tmp_path_factory.mktemp("cards") / "waves"
    shown = ok("card", run.path, "-o", folder)
    assert f"Wrote {folder}" in shown.output
    assert "Choose a licence" in shown.output
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, cache: Path) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN_PATH", str(cache / "token"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    with serve(monkeypatch) as found:
        yield found


def publish(folder: Path, hub: Hub, name: str = "ann/waves") -> str:
    files = (path for path in folder.rglob("*") if path.is_file())
    hub.files[name] = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return f"hf://{name}"


def test_folder_holds_what_generates_and_nothing_private(run: Run, card: Path) -> None:
    found = {str(path.relative_to(card)) for path in card.rglob("*") if path.is_file()}
    assert found == {
        *("README.md", "clips.gif", "config.json"),
        *(f"{STEP}/{name}" for name in (SHARED_EMA_NAME, "encoder.safetensors", "state.json")),
    }
    for path in card.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for private in (SECRET, "beach_1", str(run.path.parent), str(Path.home())):
                assert private.encode() not in content, path


def test_shared_run_is_used_like_the_one_it_was_made_from(
    run: Run, card: Path, tmp_path: Path
) -> None:
    clips = [vidgan.load(path).generate(n=2) for path in (run.path, card)]
    np.testing.assert_array_equal(clips[0], clips[1])
    codes = [vidgan.load(path).encode(clips[0], steps=0)["latent"] for path in (run.path, card)]
    np.testing.assert_array_equal(codes[0], codes[1])
    made = ok("generate", card, "-o", tmp_path / "out.npy", "--n", "2")
    assert "was shared without its training clips" in made.output
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), clips[0])
    assert "shared without" in refused("generate", card, "-o", tmp_path / "b.npy", "--sharpen")
    described = json.loads(ok("info", card, "--json").output)
    assert described["trained"]["step"] == 1
    assert not described["dataset_there"]
    again = tmp_path / "again"
    again.mkdir()
    write_shared(Run.open(card), card / STEP, again)
    assert (again / STEP / SHARED_EMA_NAME).read_bytes() == (
        card / STEP / SHARED_EMA_NAME
    ).read_bytes()


def test_training_clips_can_be_put_back(run: Run, card: Path, tmp_path: Path) -> None:
    shutil.copytree(card, tmp_path / "waves")
    shutil.copytree(run.dataset, tmp_path / "waves" / "dataset")
    made = ok("generate", tmp_path / "waves", "-o", tmp_path / "a.npy", "--n", "1", "--sharpen")
    assert "shared without" not in made.output
    ok("generate", run.path, "-o", tmp_path / "b.npy", "--n", "1", "--sharpen")
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))


def test_what_only_trains_is_not_there(card: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="shared without discriminators"):
        load_discriminator(Run.open(card))
    assert "can't be resumed" in refused("train", "--resume", card)
    assert "name it with --dataset" in refused("evaluate", card)


def test_evaluate_leaves_the_discriminator_out(run: Run, card: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    few = ("--n", "2", "--measures", "motion,discriminator", "--bootstrap", "0")
    ok("evaluate", card, "--dataset", run.dataset, "-o", report, *few)
    values = json.loads(report.read_text())
    assert {each["group"] for each in values["figures"]} == {"motion", "speed"}
    assert any("without the discriminator" in note for note in values["notes"])
    assert "sharpened" not in values


def front_matter(card: Path) -> dict[str, object]:
    data = huggingface_hub.ModelCard.load(card / "README.md").data.to_dict()
    assert isinstance(data, dict)
    return data


def test_card_has_the_front_matter_of_the_hub(card: Path) -> None:
    data = front_matter(card)
    assert data["library_name"] == "vidgan"
    assert "unconditional-video-generation" in data["tags"]  # type: ignore[operator]
    assert "license" not in data
    text = (card / "README.md").read_text()
    assert "license: to fill in" in text
    assert "vidgan generate hf://USER/NAME" in text
    assert "Not measured" in text
    assert "up to 512 training clips" in text
    assert "| 1 file, " in text.replace("Videos ", "")
    for picture in re.findall(r"(?:!\[[^]]+\]\(|src=\")([^)\"]+)", text):
        assert (card / picture).is_file()


def test_card_shows_the_metrics_of_the_checkpoint(tmp_path: Path) -> None:
    run = make_restorer_run(tmp_path / "run", "colorize")
    folder = run.path / "evaluation"
    folder.mkdir()
    report = json.loads(REPORT.read_text())
    for step, name in ((100, "old"), (99, "new")):
        (folder / f"{name}.json").write_text(json.dumps(report | {"step": step}))
    arguments = ("card", run.path, "-o", tmp_path / "card", "--license", "mit", "--overwrite")
    ok(*arguments)
    text, data = (tmp_path / "card" / "README.md").read_text(), front_matter(tmp_path / "card")
    figures = [
        each for each in report["figures"] if each["value"] is not None and each["group"] != "speed"
    ]
    models: Any = data["model-index"]
    (model,) = models
    metrics = {
        metric["type"]: metric["value"] for each in model["results"] for metric in each["metrics"]
    }
    assert metrics == {each["key"]: each["value"] for each in figures}
    assert all(escaped(each["title"]) in text for each in figures)
    assert data["license"] == "mit"
    ok(*arguments, "--report", folder / "new.json")
    assert "another checkpoint, step 99" in (tmp_path / "card" / "README.md").read_text()
    (folder / "old.json").write_text(json.dumps(report | {"step": 100, "sharpened": True}))
    ok(*arguments)
    assert "model-index" not in front_matter(tmp_path / "card")
    assert "clips with patches of the training clips" in (tmp_path / "card/README.md").read_text()
    (folder / "old.json").write_text("{}")
    assert "--report" in refused(*arguments)


def test_card_has_the_verdicts_and_names_sources_if_asked(run: Run, card: Path) -> None:
    report = Report.from_json(json.loads(REPORT.read_text()))
    config = CardConfig(sources=True)
    text = compose(run, Run.open(card), "waves", report, Pictures(), config)
    for verdict in report.verdicts:
        assert escaped(verdict.text) in text
    assert "beach\\_1.mp4" in text
    assert SECRET not in text


@pytest.mark.parametrize("task", [task for task in TASK_OPTIONS if task != "synthesis"])
def test_every_task_has_a_card(task: str, tmp_path: Path) -> None:
    source = make_restorer_run(tmp_path / "run", task)
    ok("card", source.path, "-o", tmp_path / "card")
    data = front_matter(tmp_path / "card")
    assert data["pipeline_tag"] == "video-to-video"
    text = (tmp_path / "card" / "README.md").read_text()
    found = re.search(rf"^vidgan {task} (.*)$", text, re.MULTILINE)
    assert found
    parsed = get_command(task).make_context(task, shlex.split(found[1]))
    assert parsed.params["run"] == "hf://USER/NAME"
    assert Run.open(tmp_path / "card", task=task).shared
    pairs = zip(
        load_generator(source).get_weights(),
        load_generator(Run.open(tmp_path / "card")).get_weights(),
        strict=True,
    )
    assert all(np.array_equal(first, second) for first, second in pairs)


def test_existing_folder_is_kept(card: Path, run: Run, tmp_path: Path) -> None:
    before = (card / "README.md").read_bytes()
    assert "--overwrite" in refused("card", run.path, "-o", card)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine")
    assert "has no card" in refused("card", run.path, "-o", tmp_path / "mine", "--overwrite")
    assert (card / "README.md").read_bytes() == before


def test_text_of_files_has_no_effect_in_the_card() -> None:
    assert escaped("a|b\n<script>*[x](y)") == "a\\|b &lt;script&gt;\\*\\[x\\](y)"


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_damaged_weights_are_one_error_line(card: Path, tmp_path: Path, cut: int) -> None:
    shutil.copytree(card, tmp_path / "run")
    path = tmp_path / "run" / STEP / SHARED_EMA_NAME
    path.write_bytes(path.read_bytes()[:cut])
    command = ("generate", tmp_path / "run", "-o", tmp_path / "out.npy", "--no-sharpen")
    assert SHARED_EMA_NAME in refused(*command)
    state = path.with_name("state.json")  # A stranger writes fitting hashes, or none.
    state.write_text(json.dumps(json.loads(state.read_text()) | {"sha256": {}}))
    message = refused(*command)
    assert SHARED_EMA_NAME in message
    assert "use another checkpoint" in message


@pytest.mark.parametrize("fault", ["too large", "NaN", "missing", "another shape"])
def test_weights_that_do_not_fit_are_refused(card: Path, tmp_path: Path, fault: str) -> None:
    shutil.copytree(card, tmp_path / "run")
    path = tmp_path / "run" / STEP / SHARED_EMA_NAME
    arrays = safetensors.load_file(path)
    name = next(name for name, array in arrays.items() if array.dtype == np.float32)
    if fault == "too large":
        arrays["more"] = np.zeros(2**23, np.float32)
    elif fault == "NaN":
        arrays[name] = np.full_like(arrays[name], np.nan)
    elif fault == "missing":
        del arrays[name]
    else:
        arrays[name] = arrays[name][..., :-1].copy()
    safetensors.save_file(arrays, path)
    state = path.with_name("state.json")
    state.write_text(json.dumps(json.loads(state.read_text()) | {"sha256": {}}))
    message = refused("generate", tmp_path / "run", "-o", tmp_path / "out.npy", "--no-sharpen")
    assert f"{SHARED_EMA_NAME}: does not fit" in message


def test_run_on_the_hub(card: Path, hub: Hub, tmp_path: Path) -> None:
    url = publish(card, hub)
    ok("generate", url, "-o", tmp_path / "a.npy", "--n", "1")
    ok("generate", card, "-o", tmp_path / "b.npy", "--n", "1")
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))
    assert {Path(name).suffix for name in hub.fetched()} == {".json", ".safetensors"}
    count = len(hub.fetched())
    described = json.loads(ok("info", f"{url}@v1", "--json").output)
    assert described["path"] == f"{url}@v1"
    assert "hf://ann/waves" in ok("info", f"{url}@1.0").output
    before = hub.fetched()[count:]
    assert json.loads(ok("info", url, "--json").output)["path"] == url
    assert hub.fetched()[count:] == before  # It has not changed.
    hub.files["ann/waves"]["config.json"] += b"\n"
    ok("info", url)
    assert hub.fetched()[count:] == [*before, "config.json"]


def test_run_on_the_hub_does_not_choose_its_dataset(card: Path, hub: Hub, run: Run) -> None:
    url = publish(card, hub)
    values = json.loads(hub.files["ann/waves"]["config.json"])
    values["dataset"]["path"] = str(run.dataset)
    hub.files["ann/waves"]["config.json"] = json.dumps(values).encode()
    described = json.loads(ok("info", url, "--json").output)
    assert described["dataset"] == f"{url}/dataset"
    assert not described["dataset_there"]


def test_offline(card: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    url = publish(card, hub)
    publish(card, hub, "ann/other")
    ok("info", url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert url in ok("info", url).output  # The copy.
    assert "HF_HUB_OFFLINE is set" in refused("info", "hf://ann/other")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached" in refused("info", "hf://ann/other")
    assert url in ok("info", url).output


def test_repositories_that_are_not_there(card: Path, hub: Hub) -> None:
    assert "no such repository" in refused("info", "hf://ann/nothing")
    url = publish(card, hub)
    assert "no such revision" in refused("info", f"{url}@v9")
    hub.private.add("ann/waves")
    message = refused("info", url)
    assert "private" in message
    assert "HF_TOKEN" in message
    assert "no repository" in refused("info", "hf://ann/wa ves")
    hub.files["ann/empty"] = {"README.md": b"nothing"}
    refused("info", "hf://ann/empty")


def test_dataset_on_the_hub(run: Run, hub: Hub) -> None:
    url = publish(run.dataset, hub, "datasets/ann/clips")
    hub.files["datasets/ann/clips"]["model.pkl"] = b""
    described = json.loads(ok("info", url, "--json").output)
    assert described["kind"] == "dataset"
    assert described["path"] == url
    assert set(hub.fetched()) == set(hub.files["datasets/ann/clips"]) - {"model.pkl"}


class _Harm:
    """An object whose unpickling makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.path), "w")


def test_files_that_can_hold_code_are_refused(
    card: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harm = tmp_path / "harm"
    network = keras.Sequential([keras.Input((1,)), keras.layers.Lambda(lambda x: x)])
    network.save(tmp_path / "generator.keras")
    url = publish(card, hub)
    files = hub.files["ann/waves"]
    files["optimizer.pkl"] = pickle.dumps(_Harm(harm))
    files["generator.keras"] = (tmp_path / "generator.keras").read_bytes()
    ok("info", url)  # They are left where they are.
    assert not {"optimizer.pkl", "generator.keras"} & set(hub.fetched())
    hub.files["ann/other"] = {
        name: content for name, content in files.items() if not name.endswith(".safetensors")
    }
    count = len(hub.fetched())
    message = refused("generate", "hf://ann/other", "-o", tmp_path / "out.npy")
    assert "generator.keras" in message or "optimizer.pkl" in message
    assert hub.fetched()[count:] == []
    assert not harm.exists()


def test_hub_is_written_by_push_only(card: Path, run: Run, hub: Hub) -> None:
    url = publish(card, hub)
    assert "--push" in refused("generate", card, "-o", f"{url}/clip.mp4")
    before = dict(hub.files["ann/waves"])
    assert "read only" in refused("train", "--resume", url)
    assert hub.files["ann/waves"] == before


def test_push(
    card: Path, run: Run, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "card"
    push = ("card", run.path, "-o", target, "--push")
    assert "needs a token" in refused(*push, "ann/new", status=2)
    assert not target.exists()
    assert "names no repository" in refused(*push, "https://ann", status=2)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.files["ann/new"] = {"checkpoints/step-00000009/state.json": b"{}", "notes.md": b"kept"}
    assert f"Uploaded to {hub.url}/ann/new" in ok(*push, "ann/new").output
    files = (path for path in target.rglob("*") if path.is_file())
    assert hub.files["ann/new"] == {"notes.md": b"kept"} | {
        str(path.relative_to(target)): path.read_bytes() for path in files
    }
    assert b"vidgan generate hf://ann/new" in hub.files["ann/new"]["README.md"]
    assert "ann/new" in ok("info", "hf://ann/new").output
    ok(*push, "ann/second", "--overwrite")
    assert hub.private == {"ann/second"}
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    failed = call(*push, "ann/third", "--overwrite")
    assert failed.exit_code == 1
    message = failed.output.splitlines()[-1]
    assert message.startswith("Error: --push ann/third: ")
    assert "hf auth login" in message
    assert f"the folder {target} is there" in message


def test_repository_urls() -> None:
    assert is_repository("hf://ann/waves@1.0")
    assert is_repository("hf://datasets/ann/waves")
    assert not is_repository("hf://datasets/ann/waves/film.mp4@1:30")
    assert not is_repository("s3://ann/waves")
