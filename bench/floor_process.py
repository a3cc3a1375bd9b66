"""What a gateway cannot do without, and nothing else, as a process of its own: an ASGI application without a
framework that takes a message, recovers one signature, commits two rows durably by a writer thread, signs a
digest and answers. It checks nothing: its processor time is the floor of `bench.gateway_process`.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
from concurrent.futures import Future
from typing import Any

import orjson
import uvicorn
from coincurve import PrivateKey, PublicKey

from bench.gateway_process import KEY, end_with_parent
from parley.gateway.serve import listen
from parley.terms.values import keccak

ANSWER = 700
"""Bytes of an answer."""
ROW = 1_000
GROUP = 512


class Rows:
    """One thread that commits what waits in one transaction: WAL, full synchronisation."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._waiting: queue.SimpleQueue[tuple[list[bytes], Future[int]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, bodies: list[bytes]) -> Future[int]:
        kept: Future[int] = Future()
        self._waiting.put((bodies, kept))
        return kept

    def _run(self) -> None:
        database = sqlite3.connect(self._path, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA wal_autocheckpoint = 2000")
        database.execute(
            "CREATE TABLE rows (position INTEGER PRIMARY KEY, stream TEXT NOT NULL,"
            " sequence INTEGER NOT NULL, data TEXT NOT NULL, UNIQUE (stream, sequence))"
        )
        position = 0
        while True:
            group = [self._waiting.get()]
            while len(group) < GROUP and not self._waiting.empty():
                group.append(self._waiting.get())
            rows: list[tuple[int, str, int, bytes]] = []
            for bodies, _ in group:
                for body in bodies:
                    position += 1
                    rows.append((2 * position, "messages", position, body[:ROW]))
                    rows.append((2 * position + 1, "decisions", position, body[:ROW]))
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", rows)
            database.execute("COMMIT")
            for _, kept in group:
                kept.set_result(position)


class Floor:
    """The ASGI application. A body is one message or `{"messages": […]}`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._key = PrivateKey(KEY)
        self._answer = orjson.dumps({"receipt": "x" * ANSWER})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = bytearray()
        while True:
            part = await receive()
            body += part["body"]
            if not part.get("more_body"):
                break
        given = orjson.loads(bytes(body))
        bodies = [orjson.dumps(one) for one in given["messages"]] if "messages" in given else [bytes(body)]
        for one in bodies:
            digest = keccak(one)
            signature = self._key.sign_recoverable(digest, hasher=None)
            PublicKey.from_signature_and_message(signature, digest, hasher=None)
        await asyncio.wrap_future(self._rows.put(bodies))
        answer = self._answer * len(bodies)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def main() -> None:
    listening = listen("127.0.0.1", 0)
    rows = Rows(os.environ["PARLEY_DATABASE"].removeprefix("sqlite:///"))
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    options = uvicorn.Config(Floor(rows), log_level="warning", access_log=False, ws="none", lifespan="off")
    uvicorn.Server(options).run(sockets=[listening])


if __name__ == "__main__":
    main()
