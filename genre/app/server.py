"""The server of the page: `launch` runs it until it is interrupted."""

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

from genre.app.page import LARGEST, Page
from genre.app.uploads import Uploads
from genre.errors import UserError
from genre.model.exported import RELEASED

# Gradio's default, but for two colours that are too pale to read.
THEME = gr.themes.Default().set(body_text_color_subdued="*neutral_500", link_text_color_dark="*secondary_400")
# What the page and the endpoint need. Gradio's server has more: it fetches any public address for a visitor, and keeps
# recordings of a screen.
_ROUTES = re.compile(
    r"/(config|theme\.css|favicon\.ico|manifest\.json|(assets|static)/.*)?"
    r"|/gradio_api/(app_id|info|openapi\.json|startup-events|heartbeat/\w+|upload|upload_progress|queue/(join|data)"
    r"|call/predict(/\w+)?|cancel|reset|file=(?!https?:).*)"
)

_LARGEST_BODY = 10_000_000  # of a request that is no upload, in bytes


def launch(*, model: Path = RELEASED, host: str = "127.0.0.1", port: int | None = None, browser: bool = False) -> None:
    """Serve the page until the process is interrupted; uploads are kept in a folder of its own, and deleted with it.

    At the address `0.0.0.0` other machines are let in; the port is the first free one from 7860 unless given. Raises
    DataError where there is no usable model, UserError where the port cannot be listened on.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for name in ("SIGTERM", "SIGHUP"):  # for the folder to be deleted; Windows has no SIGHUP, and nohup ignores it
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_DFL:
            signal.signal(getattr(signal, name), lambda *_: sys.exit())
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port or 0))  # Gradio would try a hundred ports, and say less
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", error)
            raise UserError(f"cannot listen at {host}, port {port or 7860}: {reason}") from None
    with tempfile.TemporaryDirectory(prefix="genre-app-") as folder, threadpool_limits(1, user_api="blas"):
        os.environ["GRADIO_TEMP_DIR"] = folder
        past_proxy = filter(None, [os.environ.get("no_proxy", os.environ.get("NO_PROXY")), "localhost", host])
        os.environ["no_proxy"] = ",".join(past_proxy)  # Gradio asks itself whether it is up
        uploads = Uploads(Path(folder))
        blocks = Page(model, uploads).blocks
        _, address, _ = blocks.launch(
            server_name=host,
            server_port=port,
            inbrowser=browser,
            max_file_size=f"{LARGEST}mb",
            theme=THEME,
            css_paths=Path(__file__).with_name("page.css"),
            footer_links=["api"],
            app_kwargs={"middleware": [Middleware(Gate, uploads=uploads)]},
            prevent_thread_lock=True,
            quiet=True,
            show_error=True,
            # None of what environment variables can turn on.
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
    """Lets through `_ROUTES` and uploaded files alone, and counts the uploads."""

    def __init__(self, app: ASGIApp, uploads: Uploads) -> None:
        super().__init__(app)
        self._uploads = uploads

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        path = request.scope["path"]
        if not _ROUTES.fullmatch(path):
            return PlainTextResponse("not found", 404)
        if path == "/gradio_api/upload":
            response: Any = await call_next(request)
            answer = b"".join([part async for part in response.body_iterator])
            if response.status_code == 200:  # counted before the client learns the paths
                self._uploads.add(map(Path, json.loads(answer)))
            return Response(answer, response.status_code, response.headers)
        if request.method == "POST":
            if int(request.headers.get("content-length", _LARGEST_BODY + 1)) > _LARGEST_BODY:
                return PlainTextResponse("too large, or of unknown length", 413)
            try:
                json.loads(await request.body(), object_hook=_without_address)
            except (ValueError, RecursionError) as error:
                return PlainTextResponse(str(error), 400)
        return await call_next(request)


def _without_address(item: dict[str, Any]) -> dict[str, Any]:
    if str(item.get("path")).startswith(("http:", "https:")):
        raise ValueError("addresses are not fetched; upload the file")
    return item
