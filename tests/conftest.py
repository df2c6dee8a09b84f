"""What every test shares."""

import gc
import http.server
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vidgan import runtime

# The files that take longest are started first, so that no process is left with one at the end.
LONGEST = (
    "test_benchmarks",
    "test_train",
    "test_compatibility",
    "test_clip_sampler",
    "test_signals",
    "test_distance_monitor",
    "test_quality_benchmark",
    "test_spectral_norm",
    "test_conditional",
    "test_model_matrix",
    "test_evaluate",
    "test_models",
    "test_video_gan",
    "test_health",
    "test_long_clips",
    "test_loops",
    "test_long_generation",
    "test_translate",
    "test_generate",
    "test_fuzzing",
    "test_explore",
    "test_report_in_browser",
    "test_preprocess",
    "test_infogan",
    "test_inpaint",
    "test_muon",
    "test_dvdgan",
    "test_models_command",
    "test_extending",
    "test_examples",
)

# As many processes as there are cores: threads of their own would only be in each other's way.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

# Test modules import TensorFlow themselves; what it reads at its import must stand before.
runtime.set_environment()

# A shell that runs the tests in the background has them ignore Ctrl-C, and what they start would
# ignore it as well; a handler is set back to the default in a new program, "ignore" is not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; see ``LONGEST``."""
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(scope="module", autouse=True)
def frozen() -> Iterator[None]:
    """Leave what a module has left behind out of later garbage collections.

    Keras collects with each network, and TensorFlow keeps its graphs: for later modules that would
    take seconds each time.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for what vidgan keeps between its calls; it need not be there."""
    monkeypatch.setenv("VIDGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], str]]:
    """A function that offers bytes on this machine and returns their address."""
    servers = []

    def start(content: bytes) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/weights"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
