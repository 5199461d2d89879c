"""The server of the page: `launch` runs it until it is interrupted."""

import errno
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
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
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


def launch(*, model: Path = RELEASED, host: str = "127.0.0.1", port: int | None = None, browser: bool = False) -> None:
    """Serve the page until the process is interrupted; uploads are kept in a folder of its own, and deleted with it.

    Parameters
    ----------
    model : Path
        Exported or Keras model.
    host : str
        Address to listen on; `0.0.0.0` lets other machines in.
    port : int
        The first free one from 7860 unless given.
    browser : bool
        Whether to open the page in a browser.

    Raises
    ------
    DataError
        Where there is no usable model.
    UserError
        Where the port cannot be listened on.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # for the folder to be deleted
    try:
        socket.create_server((host, port or 0)).close()  # Gradio would try a hundred ports, and say less
    except (OSError, OverflowError) as error:
        code = getattr(error, "errno", None) or 0
        # The error's own text may repeat the address.
        reason = os.strerror(code) if code in errno.errorcode else getattr(error, "strerror", str(error))
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


class Gate:
    """ASGI middleware around Gradio: lets through `_ROUTES` and uploaded files alone, and counts the uploads."""

    def __init__(self, app: ASGIApp, uploads: Uploads) -> None:
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not _ROUTES.fullmatch(scope["path"]):
                await PlainTextResponse("not found", 404)(scope, receive, send)
                return
            if scope["path"] == "/gradio_api/upload":
                send = self._counting(send)
            elif scope["method"] == "POST":
                body = await Request(scope, receive).body()
                try:
                    json.loads(body, object_hook=_without_address)
                except ValueError as error:
                    await PlainTextResponse(str(error), 400)(scope, receive, send)
                    return
                receive = _again(body, receive)
        await self._app(scope, receive, send)

    def _counting(self, send: Send) -> Send:
        """Count the files in the answer of Gradio's upload route before the client learns their paths."""
        answer = bytearray()

        async def count(message: Message) -> None:
            answer.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body") and answer.startswith(b"["):
                self._uploads.add(map(Path, json.loads(answer)))
            await send(message)

        return count


def _without_address(item: dict[str, Any]) -> dict[str, Any]:
    if str(item.get("path")).startswith(("http:", "https:")):
        raise ValueError("addresses are not fetched; upload the file")
    return item


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body which was read already."""
    messages: list[Message] = [{"type": "http.request", "body": body}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
