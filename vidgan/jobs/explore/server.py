"""Serving the page."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import fastapi
import gradio as gr
import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse

from vidgan.jobs.explore import look
from vidgan.jobs.explore.listening import is_local

# What the browser lets the page do: everything is from here. Gradio has scripts within its HTML.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
# Seconds that open connections get to end.
_PATIENCE = 2


class Guard:
    """Forbids what Gradio would fetch from elsewhere, and has browsers load nothing from there.

    Args:
        app: the application behind it.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if "://" in scope["path"] or "=http" in scope["path"]:
            await PlainTextResponse("Forbidden", 403)(scope, receive, send)
            return

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self.app(scope, receive, answer)


@contextlib.contextmanager
def serving(page: gr.Blocks, opened: socket.socket, max_upload: int) -> Iterator[None]:
    """Serve a page while the block is executed.

    Args:
        page: the page.
        opened: where to.
        max_upload: largest file that is accepted, in MB.
    """
    app = fastapi.FastAPI()
    # Gradio sets it where it starts its own server. Without it, it takes any file of this machine
    # that an event names for an uploaded one.
    page.has_launched = True
    gr.mount_gradio_app(
        app,
        page,
        "/",
        allowed_paths=[],
        footer_links=[],
        max_file_size=max_upload * 10**6,
        mcp_server=False,
        pwa=False,
        show_error=False,
        ssr_mode=False,
        css=look.styles(),
        theme=look.theme(),
    )
    app.add_middleware(Guard)
    if is_local(opened):
        # A name of another site that leads to this machine could read the page otherwise.
        app.add_middleware(
            TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]", "::1"]
        )
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=_PATIENCE)
    )
    thread = threading.Thread(target=server.run, args=([opened],), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(2 * _PATIENCE)
