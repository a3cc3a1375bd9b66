"""A proxy between Parley and a node that drops, delays, doubles and falsifies answers, as a test tells it
to.
"""

from __future__ import annotations

import json
import sys
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Meddle = Callable[[list[dict[str, Any]], Callable[[], bytes]], bytes | None]
"""Given the requests and a way to ask the node: the bytes to answer with, or None to close the connection."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of processes that were killed while they asked; other mistakes fail loudly."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class LyingProxy:
    """`meddle` decides each answer; without one the proxy is honest."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.meddle: Meddle | None = None
        self.status = 200
        self.requests = 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                proxy.requests += 1
                answer = proxy._answer(body)
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(proxy.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                """Say nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.rpc_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def _answer(self, body: bytes) -> bytes | None:
        def ask() -> bytes:
            request = urllib.request.Request(
                self.upstream, data=body, headers={"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=20) as found:
                return bytes(found.read())

        try:
            asked = json.loads(body)
        except ValueError:  # who asked was killed in the middle of the question
            return None
        try:
            if self.meddle is None:
                return ask()
            return self.meddle(asked if isinstance(asked, list) else [asked], ask)
        except OSError:
            return None

    def honest(self) -> None:
        self.meddle, self.status = None, 200

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def falsify(method: str, change: Callable[[Any], Any]) -> Meddle:
    """Answer `method` with a changed result; everything else honestly."""

    def meddle(asked: list[dict[str, Any]], ask: Callable[[], bytes]) -> bytes:
        answered = json.loads(ask())
        for request, answer in zip(
            asked, answered if isinstance(answered, list) else [answered], strict=True
        ):
            if request["method"] == method and "result" in answer:
                answer["result"] = change(answer["result"])
        return json.dumps(answered).encode()

    return meddle
