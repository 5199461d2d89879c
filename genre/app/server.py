"""The server of the web page."""

import json
import logging
import os
import re
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp
from threadpoolctl import threadpool_limits

from genre.app.page import MAX_UPLOAD_MB, Page
from genre.app.uploads import Uploads
from genre.errors import UserError
from genre.model.exported import RELEASED

# Gradio's default, except for two colours that are too pale to read.
THEME = gr.themes.Default().set(body_text_color_subdued="*neutral_500", link_text_color_dark="*secondary_400")
# The routes that the page and the endpoint need. Gradio's server has others, which fetch any public URL for a visitor
# or store screen recordings.
_ROUTES = re.compile(
    r"/(config|theme\.css|favicon\.ico|manifest\.json|(assets|static)/.*)?"
    r"|/gradio_api/(app_id|info|openapi\.json|startup-events|heartbeat/\w+|upload|upload_progress|queue/(join|data)"
    r"|call/predict(/\w+)?|cancel|reset|file=(?!https?:).*)"
)

_MAX_BODY = 10_000_000  # bytes of a request other than an upload


def launch(*, model: Path = RELEASED, host: str = "127.0.0.1", port: int | None = None, browser: bool = False) -> None:
    """Serve the page until the process is interrupted; uploads go to a temporary folder that is deleted at the end.

    With `host` 0.0.0.0, other machines can connect; `port` defaults to the first free one from 7860. Raises DataError
    if there is no usable model, UserError if the server cannot listen on the port.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for name in ("SIGTERM", "SIGHUP"):  # so that the folder is deleted; Windows has no SIGHUP, nohup ignores it
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_DFL:
            signal.signal(getattr(signal, name), lambda *_: sys.exit())
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port or 0))  # Gradio would try a hundred ports and report no reason
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", error)
            raise UserError(f"cannot listen at {host}, port {port or 7860}: {reason}") from None
    with tempfile.TemporaryDirectory(prefix="genre-app-") as folder, threadpool_limits(1, user_api="blas"):
        os.environ["GRADIO_TEMP_DIR"] = folder
        no_proxy = filter(None, [os.environ.get("no_proxy", os.environ.get("NO_PROXY")), "localhost", host])
        os.environ["no_proxy"] = ",".join(no_proxy)  # Gradio sends itself a request to check that it is up
        uploads = Uploads(Path(folder))
        blocks = Page(model, uploads).blocks
        _, address, _ = blocks.launch(
            server_name=host,
            server_port=port,
            inbrowser=browser,
            max_file_size=f"{MAX_UPLOAD_MB}mb",
            theme=THEME,
            css_paths=Path(__file__).with_name("page.css"),
            footer_links=["api"],
            app_kwargs={"middleware": [Middleware(Gate, uploads=uploads)]},
            prevent_thread_lock=True,
            quiet=True,
            show_error=True,
            # Environment variables could turn these on.
            share=False,
            ssr_mode=False,
            mcp_server=False,
            run_history=False,
            enable_monitoring=False,
            pwa=False,
        )
        logging.getLogger(__name__).info("%s (Ctrl-C stops)", address)
        blocks.block_thread()


class Gate(BaseHTTPMiddleware):
    """Middleware that rejects requests outside `_ROUTES` and references to URLs, and counts uploads."""

    def __init__(self, app: ASGIApp, uploads: Uploads) -> None:
        super().__init__(app)
        self._uploads = uploads

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        path = request.scope["path"]
        if not _ROUTES.fullmatch(path):
            return PlainTextResponse("not found", 404)
        if path == "/gradio_api/upload":
            response: Any = await call_next(request)
            body = b"".join([part async for part in response.body_iterator])
            if response.status_code == 200:  # count before the client receives the paths
                self._uploads.add(map(Path, json.loads(body)))
            return Response(body, response.status_code, response.headers)
        if request.method == "POST":
            if int(request.headers.get("content-length", _MAX_BODY + 1)) > _MAX_BODY:
                return PlainTextResponse("too large, or of unknown length", 413)
            try:
                json.loads(await request.body(), object_hook=_reject_url)
            except (ValueError, RecursionError) as error:
                return PlainTextResponse(str(error), 400)
        return await call_next(request)


def _reject_url(item: dict[str, Any]) -> dict[str, Any]:
    if str(item.get("path")).startswith(("http:", "https:")):
        raise ValueError("addresses are not fetched; upload the file")
    return item
