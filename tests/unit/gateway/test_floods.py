"""Half-sent requests, endless heads and hosts of connections end, and honest callers are served meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from parley.gateway.app import app_of
from parley.gateway.serve import gateway_server, listen

HEAD = b"POST /v1/challenge HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture
def address(make_gateway: Any) -> Iterator[tuple[str, int]]:
    gateway = make_gateway(head_seconds=0.5, body_seconds=0.5, address_connections=12)
    listener = listen("127.0.0.1", 0)
    server = gateway_server(gateway)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()
    server.should_exit = True
    thread.join(20)
    listener.close()


def closed(connection: socket.socket) -> bytes:
    """What was answered before the other side closed the connection; fails when it never does."""
    connection.settimeout(30)
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65_536):
            said += chunk
    return said


def connections(address: tuple[str, int], number: int, stack: contextlib.ExitStack) -> list[socket.socket]:
    return [stack.enter_context(socket.create_connection(address, timeout=30)) for _ in range(number)]


def healthy(address: tuple[str, int]) -> bool:
    return httpx.get(f"http://{address[0]}:{address[1]}/health", timeout=30).status_code == 200


def test_heads_that_never_end_are_hung_up_on(address: tuple[str, int]) -> None:
    with contextlib.ExitStack() as stack:
        slow = connections(address, 10, stack)
        for number, connection in enumerate(slow):
            connection.sendall(b"" if number % 2 else b"GET /health HTT")
        assert healthy(address)
        assert [closed(connection) for connection in slow] == [b""] * 10


def test_a_second_request_on_a_connection_has_no_longer(address: tuple[str, int]) -> None:
    with contextlib.ExitStack() as stack:
        [kept] = connections(address, 1, stack)
        kept.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        kept.settimeout(30)
        assert b"200 OK" in kept.recv(65_536)
        kept.sendall(b"GET /health HTTP/1.1\r\n")
        assert b"HTTP/1.1" not in closed(kept)


def test_an_endless_head_is_cut(address: tuple[str, int]) -> None:
    with contextlib.ExitStack() as stack:
        [endless] = connections(address, 1, stack)
        sent = 0
        with contextlib.suppress(OSError):
            endless.sendall(HEAD)
            for number in range(4_000):
                endless.sendall(b"X-%d: %s\r\n" % (number, b"a" * 1_000))
                sent += 1_000
        assert sent < 4_000_000, "it was cut before it ended"


def test_a_body_that_dribbles_is_refused(address: tuple[str, int]) -> None:
    with contextlib.ExitStack() as stack:
        [slow] = connections(address, 1, stack)
        slow.sendall(HEAD + b"Content-Length: 5000\r\n\r\n{")
        slow.settimeout(30)
        said = slow.recv(65_536)
        assert b"408" in said
        assert b"gateway.body-too-slow" in said
        assert healthy(address)


def test_who_hangs_up_in_a_body_is_no_failure_of_the_gateway(
    make_gateway: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app, said = app_of(make_gateway()), []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/challenge",
        "headers": [(b"content-length", b"5000")],
        "query_string": b"",
    }
    pieces = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return pieces.pop(0)

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    asyncio.run(app(scope, receive, send))
    assert said[0]["status"] == 422
    assert b"gateway.body-invalid" in said[1]["body"]
    assert not caplog.records


def test_one_address_holds_so_many_connections(address: tuple[str, int]) -> None:
    with contextlib.ExitStack() as stack:
        many = connections(address, 40, stack)
        refused = 0
        for connection in many[12:]:
            refused += closed(connection) == b""
        assert refused == 28
        for connection in many[:12]:
            connection.close()
        end = time.monotonic() + 30
        while True:  # the places are free again
            with contextlib.suppress(httpx.HTTPError):
                assert healthy(address)
                return
            assert time.monotonic() < end
