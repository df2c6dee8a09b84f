"""Inception v3 on frames: how they are enlarged, and its weights from a file or downloaded."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from vidgan.errors import InputError, OptionError
from vidgan.files import cache_folder
from vidgan.metrics import FEATURES
from vidgan.metrics.features import inception, weights


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(299, 299, 3), pooling="avg"
    )


@pytest.fixture(scope="module")
def published(network: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as Keras 2 wrote them, which is what its publishers offer."""
    path = tmp_path_factory.mktemp("weights") / inception.FILE
    network.save(path)
    return path


def test_frames_are_enlarged_and_embedded_in_their_order(
    network: keras.Model, published: Path
) -> None:
    clips = np.random.default_rng(0).integers(0, 256, (2, 2, 48, 64, 3), np.uint8)
    features = FEATURES["inception"].load(published)(clips)
    assert features.shape == (4, 2048)
    assert features.dtype == np.float32
    frames = clips.reshape(4, 48, 64, 3).astype(np.float32)
    large = np.stack([cv2.resize(frame, (299, 299)) for frame in frames])
    expected = network(large / 127.5 - 1, training=False).numpy()
    np.testing.assert_allclose(features, expected, atol=2e-3 * np.abs(expected).max())


CONTENT = b"weights"
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def url(serve: Callable[[bytes], str]) -> str:
    return serve(CONTENT)


def test_published_weights_are_downloaded_once(
    cache: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = weights.fetch("w.h5", url, MD5)
    assert first == cache / "weights" / "w.h5"
    assert first.read_bytes() == CONTENT
    changed = first.stat().st_mtime_ns
    assert weights.fetch("w.h5", "http://127.0.0.1:1/gone", MD5) == first
    assert first.stat().st_mtime_ns == changed
    # The standard output belongs to the result, which may be JSON.
    assert capsys.readouterr().out == ""


def test_other_content_than_published_is_refused(cache: Path, url: str) -> None:
    with pytest.raises(InputError, match=r"w\.h5 cannot be downloaded \(.*does not match"):
        weights.fetch("w.h5", url, "0" * 32)


def test_without_a_network_it_says_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inception, "URL", "http://127.0.0.1:1/weights.h5")
    message = r"cannot be downloaded \(.*refused.*\); download http://.* name the file with"
    with pytest.raises(InputError, match=message) as caught:
        FEATURES["inception"].load()
    assert "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VIDGAN_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot be downloaded"):
        weights.fetch("w.h5", "http://127.0.0.1:1/weights.h5", MD5)


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.setenv("VIDGAN_CACHE", "/y")
    assert cache_folder() == Path("/y")
    monkeypatch.delenv("VIDGAN_CACHE")
    assert cache_folder() == Path("/x/vidgan")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path("~/.cache/vidgan").expanduser()


def test_files_that_are_no_weights_of_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        FEATURES["inception"].load(tmp_path / "none.h5")
    (tmp_path / "w.npz").write_bytes(b"x")
    with pytest.raises(OptionError, match=r"use the \.h5 that Keras publishes"):
        FEATURES["inception"].load(tmp_path / "w.npz")


def test_weights_of_another_network(tmp_path: Path, network: keras.Model) -> None:
    small = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    small.save(tmp_path / "small.h5")
    with pytest.raises(InputError, match=r"small\.h5: cannot be used as weights .*[Ll]ayer"):
        weights.load_hdf5(network, tmp_path / "small.h5")
    (tmp_path / "torn.h5").write_bytes((tmp_path / "small.h5").read_bytes()[:3000])
    with pytest.raises(InputError, match=r"torn\.h5: cannot be used as weights"):
        weights.load_hdf5(network, tmp_path / "torn.h5")
