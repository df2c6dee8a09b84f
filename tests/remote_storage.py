"""Storage behind URLs: emulated services, what lies there, and commands that use it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vidgan.cli import main

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")


@contextlib.contextmanager
def s3(environment: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the URL of a bucket of an emulated S3."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    service = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    service.start()
    host, port = service.get_host_and_port()
    environment.setenv("AWS_ACCESS_KEY_ID", "test")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
    environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
    environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    try:
        with _new_instances("s3"):
            fsspec.filesystem("s3").mkdir("bucket")
            yield "s3://bucket"
    finally:
        service.stop()


@contextlib.contextmanager
def gs(environment: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the URL of a bucket of an emulated Google Cloud Storage."""
    emulator = pytest.importorskip(
        "gcp_storage_emulator.server", reason="gcp-storage-emulator is not installed"
    )
    # Else gcsfs asks the real service for the kind of each bucket.
    environment.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    pytest.importorskip("gcsfs", reason="gcsfs is not installed")
    service = emulator.create_server("127.0.0.1", 0, in_memory=True, default_bucket="bucket")
    service.start()
    server = service._api._httpd
    # gcsfs hangs up on some answers, which the server would print in the midst of a command.
    server.handle_error = lambda request, address: None
    host, port = server.server_address
    environment.setenv("STORAGE_EMULATOR_HOST", f"http://{host}:{port}")
    try:
        with _new_instances("gs"):
            yield "gs://bucket"
    finally:
        service.stop()


@contextlib.contextmanager
def _new_instances(scheme: str) -> Iterator[None]:
    """Forget the instances of a file system before and after, which have other addresses."""
    kind = fsspec.get_filesystem_class(scheme)
    kind.clear_instance_cache()
    try:
        yield
    finally:
        kind.clear_instance_cache()


SERVICES: dict[str, Callable[[pytest.MonkeyPatch], contextlib.AbstractContextManager[str]]] = {
    "s3": s3,
    "gs": gs,
}


def upload(source: Path, url: str) -> None:
    fs, root = fsspec.core.url_to_fs(url)
    if source.is_dir():
        for path in source.rglob("*"):
            if path.is_file():
                fs.put_file(str(path), f"{root}/{path.relative_to(source)}")
    else:
        fs.put_file(str(source), root)


def names(url: str) -> list[str]:
    """Return the names of the objects below a URL, relative to it."""
    fs, root = fsspec.core.url_to_fs(url)
    return [name.removeprefix(root).removeprefix("/") for name in sorted(fs.find(root))]


def vidgan_command(*args: str | Path, expected: int = 0) -> Result:
    result = CliRunner().invoke(main, list(map(str, args)))
    assert result.exit_code == expected, result.output
    assert "Traceback" not in result.output
    return result


def refused(*args: str | Path, expected: int = 1) -> str:
    """Return the only line of a command that fails."""
    lines = vidgan_command(*args, expected=expected).output.strip().splitlines()
    assert len(lines) == 1
    return lines[0]
