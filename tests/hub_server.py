"""A small Hugging Face Hub on the loopback: what huggingface_hub asks for, with real files."""

import base64
import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import pytest

TOKEN = "hf_test"


class Hub:
    """The repositories of a server, and what was asked of it.

    Attributes:
        url: its address.
        files: content by repository, such as ``ann/waves`` or ``datasets/ann/clips``, and by name.
        private: repositories that need :data:`TOKEN`.
        requests: method and path, in order.
        commits: the messages of uploads.
    """

    def __init__(self) -> None:
        self.url = ""
        self.files: dict[str, dict[str, bytes]] = {}
        self.private: set[str] = set()
        self.requests: list[str] = []
        self.commits: list[str] = []

    def fetched(self) -> list[str]:
        """Return the names of the files that were downloaded."""
        found = (
            re.match(r"GET /(?:datasets/)?[^/]+/[^/]+/resolve/[^/]+/(.*)", line)
            for line in self.requests
        )
        return [match[1] for match in found if match]


def _handler(hub: Hub) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve("GET")

        def do_HEAD(self) -> None:
            self._serve("HEAD")

        def do_POST(self) -> None:
            self._serve("POST")

        def _serve(self, method: str) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.requests.append(f"{method} {path}")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if method == "POST":
                self._change(path, body)
            elif match := re.fullmatch(
                r"/api/(?:models/)?((?:datasets/)?[^/]+/[^/]+)(?:/(revision|tree)/(.+))?", path
            ):
                self._describe(*match.groups())
            elif match := re.fullmatch(r"/((?:datasets/)?[^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
                content = hub.files[match[1]][match[3]]
                self._answer(content, {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": "c" * 40})
            else:
                self._fail(404, "EntryNotFound")

        def _describe(self, repository: str, kind: str | None, revision: str | None) -> None:
            allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            if repository not in hub.files or (repository in hub.private and not allowed):
                self._fail(401, "RepoNotFound")
            elif kind and revision not in ("main", "v1", "1.0", "c" * 40):
                self._fail(404, "RevisionNotFound")
            elif kind == "tree":
                files = hub.files[repository].items()
                self._json(
                    [
                        {"type": "file", "path": name, "size": len(content), "oid": _oid(content)}
                        for name, content in files
                    ]
                )
            else:
                self._json({"id": repository, "modelId": repository, "sha": "c" * 40})

        def _change(self, path: str, body: bytes) -> None:
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._fail(401, "")
            elif path == "/api/repos/create":
                values = json.loads(body)
                name = "/".join(filter(None, (values.get("organization"), values["name"])))
                private = values.get("private") or values.get("visibility") == "private"
                if name not in hub.files and private:
                    hub.private.add(name)
                hub.files.setdefault(name, {})
                self._json({"url": f"{hub.url}/{name}", "name": name})
            elif path == "/api/validate-yaml":
                self._json({"errors": [], "warnings": []})
            elif "/preupload/" in path:
                names = [each["path"] for each in json.loads(body)["files"]]
                self._json(
                    {
                        "files": [
                            {"path": name, "uploadMode": "regular", "shouldIgnore": False}
                            for name in names
                        ]
                    }
                )
            elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/.+", path):
                self._commit(match[1], body)
            else:
                self._fail(404, "EntryNotFound")

        def _commit(self, repository: str, body: bytes) -> None:
            for line in body.splitlines():
                entry = json.loads(line)
                value = entry["value"]
                if entry["key"] == "header":
                    hub.commits.append(value["summary"])
                elif entry["key"] == "deletedFile":
                    del hub.files[repository][value["path"]]
                else:
                    hub.files[repository][value["path"]] = base64.b64decode(value["content"])
            url = f"{hub.url}/{repository}/commit/{'c' * 40}"
            self._json({"commitUrl": url, "commitOid": "c" * 40, "success": True})

        def _json(self, values: object) -> None:
            self._answer(json.dumps(values).encode(), {"Content-Type": "application/json"})

        def _fail(self, status: int, code: str) -> None:
            self._answer(b"{}", {"X-Error-Code": code}, status)

        def _answer(self, content: bytes, headers: Mapping[str, str], status: int = 200) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _oid(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


@contextmanager
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Serve a Hub without repositories, which huggingface_hub takes for the real one."""
    from huggingface_hub import constants

    hub = Hub()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
