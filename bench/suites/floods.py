"""What half-sent requests and floods of strangers cost an honest agent: the delay of its messages without and
with them, from another network address. A figure to look at; nothing is asserted.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bench.gateway_process import ESCROW, running
from bench.model import Bench, Result, Target
from bench.talks import BUYER, POLICY, SELLER, Talk, encoded, signed_in, talk
from parley.errors import ParleyError

FLOOD = Target(
    "P1",
    "median delay of an honest message beside 500 half-sent requests, as a share of that alone",
    "ratio",
    5.0,
)
OFFERS = 200
SLOW = 500
STRANGERS = 2
FROM = "127.0.0.2"
"""Where the attacks come from: limits are by network address, and the honest agent has another."""


def delays(http: httpx.Client, one: Talk, headers: dict[str, dict[str, str]]) -> list[float]:
    found = []
    for agent, body in one.offers:
        began = time.perf_counter()
        answer = http.post(one.path, content=body, headers=headers[agent.address])
        found.append((time.perf_counter() - began) * 1e3)
        if answer.status_code >= 300:
            raise MessageRefused("An honest message was refused.", answer=answer.text[:400])
    return sorted(found)


@contextlib.contextmanager
def attacking(attack: Callable[[str], None] | None, url: str, number: int) -> Iterator[None]:
    """Processes of their own, so that an attacker takes nothing from the honest agent's process."""
    fresh = multiprocessing.get_context("spawn")
    processes = [fresh.Process(target=attack, args=(url,), daemon=True) for _ in range(number)]
    for process in processes:
        process.start()
    time.sleep(5 if processes else 0)
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def half_sent(url: str) -> None:
    """Holds as many connections as it gets, each with a head that goes on by a byte now and then."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 0)
    held: list[socket.socket] = []
    while True:
        while len(held) < SLOW:
            with contextlib.suppress(OSError):
                held.append(socket.create_connection(address, timeout=5, source_address=(FROM, 0)))
                held[-1].sendall(b"POST /v1/challenge HTTP/1.1\r\nX-Slow: ")
        for connection in held[:]:
            try:
                connection.sendall(b"a")
            except OSError:
                connection.close()
                held.remove(connection)
        time.sleep(1)


def strangers(url: str) -> None:
    """Asks without a session, again and again."""
    with httpx.Client(base_url=url, transport=httpx.HTTPTransport(local_address=FROM)) as http:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                http.get("/v1/negotiations")


def run() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder = Path(name)
        policy = folder / "policy.json"
        policy.write_bytes(encoded(POLICY))
        rates = {"agent_rate": "1000000/second", "address_rate": "1000000/second"}
        with (
            running(folder, policy, **rates) as gateway,
            httpx.Client(base_url=gateway.url, timeout=60) as http,
        ):
            headers = {str(agent.address): signed_in(http, agent) for agent in (BUYER, SELLER)}
            attacks = {"alone": (None, 0), "half-sent": (half_sent, 1), "strangers": (strangers, STRANGERS)}
            found = {}
            for number, (kind, (attack, processes)) in enumerate(attacks.items()):
                one = talk(70_000 + number, OFFERS, escrow=ESCROW, gateway=gateway.address)
                http.post("/v1/negotiations", content=one.opening, headers=headers[BUYER.address])
                with attacking(attack, gateway.url, processes):
                    found[kind] = delays(http, one, headers)
    return [
        FLOOD.measured(
            found["half-sent"][OFFERS // 2] / found["alone"][OFFERS // 2],
            how=f"{OFFERS} offers posted one after the other to a gateway on SQLite: alone; beside {SLOW} "
            "connections of a process at another address, each with a head that goes on by a byte every "
            f"second and is opened again when the gateway hangs up; beside {STRANGERS} processes that ask "
            "without a session as fast as they are answered. Attackers, gateway and honest agent share one "
            "machine's cores, so a part of what the attacks cost is the attackers' own processor time.",
            parts={
                f"{kind}, {what} in ms": round(each[index], 1)
                for kind, each in found.items()
                for what, index in (("median", OFFERS // 2), ("95th percentile", OFFERS * 95 // 100))
            },
        )
    ]


class MessageRefused(ParleyError):
    """An honest message was refused: the measurement says nothing."""

    code = "bench.message-refused"
    next_action = "read the answer; the benchmark or the gateway changed"


BENCH = Bench("floods", "what half-sent requests and strangers cost an honest agent", run)
