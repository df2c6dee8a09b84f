"""What every test shares."""

import http.server
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vidgan import runtime

# Test modules import TensorFlow themselves; what it reads at its import must stand before.
runtime.set_environment()

# A shell that runs the tests in the background has them ignore Ctrl-C, and what they start would
# ignore it as well; a handler is set back to the default in a new program, "ignore" is not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
