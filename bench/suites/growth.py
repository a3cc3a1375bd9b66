"""What growth costs: a deal after many others, appends and pages of a store with a million events (T13),
memory with many negotiations alive (T14).
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from bench import growing_chain
from bench.gateway_process import ESCROW, KEY, running
from bench.model import Bench, Result, Target
from bench.old_store import LENGTH, PARTIES, negotiation, seeded
from bench.suites.verify import ROOT, verified
from bench.talks import BUYER, POLICY, domain, encoded, signed_in, talk
from parley.errors import ParleyError
from parley.gateway import admission
from parley.gateway.admission import MESSAGE
from parley.gateway.gateway import Gateway, assemble
from parley.gateway.governance import gate
from parley.gateway.governance.gate import DECIDED, decision_stream
from parley.gateway.live import stream_of
from parley.gateway.settings import GatewaySettings
from parley.policy.facts import Counterparty, facts_of
from parley.policy.models import Bundle
from parley.policy.service import PolicyEngine
from parley.store.models import ANY, NewEvent
from parley.terms.message import Message
from parley.terms.signing import LocalSigner

T13B = Target("T13b", "an append after 1 000 000 events, against one after 10 000", "ratio", 1.1)
T13C = Target("T13c", "a page of 100 of 10 000 negotiations, against one of 100", "ratio", 1.1)
T14 = Target("T14", "resident memory of a gateway with 10 000 live negotiations", "MB", 300)
T14C = Target("T14c", "peak memory of verifying a bundle of 10 000 messages", "MB", 200)

FEW, MANY = 100, 10_000
APPENDS, PAGES, ROUNDS = 25, 4, 40
LIVE = 10_000
OFFERS = 2
BATCH = 100
VERIFIED = 10_000
AGE = {"agent_rate": "10000000/minute", "address_rate": "10000000/minute", "live_cache": str(LIVE)}


class GatewayForgot(ParleyError):
    """The measured gateway did not take what was to stay alive in it."""

    code = "bench.gateway-forgot"
    next_action = "read the answer; the benchmark or the gateway changed"


def events() -> tuple[NewEvent, NewEvent]:
    """A message and the decision on it, as a gateway keeps them."""
    one = talk(0, 1, escrow=ESCROW, gateway=LocalSigner(KEY).address)
    message = Message.parse(one.offers[0][1])
    terms = domain()
    values = terms.decode_values(message.wire()["payload"]["values"])
    facts = facts_of(terms, values, role="buyer", counterparty=Counterparty(address=BUYER.address), now=1)
    decision = PolicyEngine(Bundle.parse(dict(POLICY))).evaluate(facts, moment="incoming")
    about = {"sequence": 1, "sender": BUYER.address, "counterparty": PARTIES[1][1]}
    said = {"hash": "0x" + "11" * 32, "message": message.wire()}
    decided = {**about, "terms": "0x" + "22" * 32, "decision": decision.as_json()}
    return NewEvent(MESSAGE, said, admission.PRIVATE), NewEvent(DECIDED, decided, gate.PRIVATE)


def store() -> list[Result]:
    """T13: the same work on a young store and on an old one, in turns."""
    message, decision = events()
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        gateways = {
            age: gateway_over(Path(name) / f"{age}.sqlite", count, message, decision)
            for age, count in (("young", FEW), ("old", MANY))
        }
        drawn = random.Random(13)
        counts = {"young": FEW, "old": MANY}

        def append(age: str) -> None:
            chosen = negotiation(drawn.randrange(FEW) * (counts[age] // FEW))  # all over the store
            beside = ((decision_stream(chosen), (decision,)),)
            gateways[age].store.append(stream_of(chosen), ANY, (message,), beside=beside)

        def page(age: str) -> None:
            found = gateways[age].negotiations.page(PARTIES[0][1], None, 100)
            if len(found.items) != min(100, counts[age]):
                raise GatewayForgot("The page is not full.", items=len(found.items))

        appends, pages = in_turns(append, APPENDS), in_turns(page, PAGES)
        for gateway in gateways.values():
            gateway.close()
    return [
        T13B.measured(
            compared(appends, "wall"),
            how=f"Two SQLite stores (WAL, full synchronisation), one of {FEW} negotiations and one of "
            f"{MANY:,}, each negotiation of {LENGTH} messages and as many decisions, written in bulk in the "
            "form that a gateway writes. A message with its decision is appended durably to one of "
            f"{FEW} negotiations that lie all over the store, {APPENDS} times on one store and then on the "
            f"other, {ROUNDS} rounds. Wall time of an append until it is durable, the median ratio; "
            "processor time (user and system, all threads) is in the parts.",
            parts=shown(appends),
        ),
        T13C.measured(
            compared(pages, "wall"),
            how="The same stores: the newest 100 negotiations of an agent, with the number of their messages "
            f"and the time of the last, {PAGES} times on one store and then on the other.",
            parts=shown(pages),
        ),
    ]


def gateway_over(path: Path, count: int, message: NewEvent, decision: NewEvent) -> Gateway:
    held = seeded(path, count, message, decision)
    settings = GatewaySettings(database=f"sqlite:///{path}", escrow=ESCROW)
    return assemble(settings, held, LocalSigner(KEY), None, None)


Times = Mapping[str, Mapping[str, list[float]]]


def in_turns(work: Callable[[str], None], times: int) -> Times:
    """Microseconds of processor and of wall time a call, by age, for every round."""
    spent: dict[str, dict[str, list[float]]] = {
        age: {"processor": [], "wall": []} for age in ("young", "old")
    }
    for number in range(ROUNDS + 1):
        for age, kept in spent.items():
            processor, wall = time.process_time_ns(), time.perf_counter_ns()
            for _ in range(times):
                work(age)
            if number:  # the first round warms up
                kept["processor"].append((time.process_time_ns() - processor) / times / 1_000)
                kept["wall"].append((time.perf_counter_ns() - wall) / times / 1_000)
    return spent


def compared(times: Times, kind: str) -> float:
    pairs = zip(times["old"][kind], times["young"][kind], strict=True)
    return round(statistics.median(old / young for old, young in pairs), 3)


def shown(times: Times) -> dict[str, float]:
    parts = {
        f"{age}, {kind}, µs": round(statistics.median(found), 1)
        for age, kinds in times.items()
        for kind, found in kinds.items()
    }
    return {**parts, "processor, ratio": compared(times, "processor")}


def memory() -> Result:
    """T14: every negotiation is opened and talked in over HTTP, and stays in the gateway's memory."""
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder = Path(name)
        policy = folder / "policy.json"
        policy.write_bytes(encoded(POLICY))
        with (
            running(folder, policy, **AGE) as gateway,
            httpx.Client(base_url=gateway.url, timeout=120) as http,
        ):
            headers = signed_in(http, BUYER)
            empty = resident(gateway.process)
            waiting: list[bytes] = []
            for number in range(LIVE):
                one = talk(number, OFFERS, escrow=ESCROW, gateway=gateway.address)
                answer = http.post("/v1/negotiations", content=one.opening, headers=headers)
                if answer.status_code != 201:
                    raise GatewayForgot("A negotiation was refused.", answer=answer.text[:400])
                waiting += [body for _, body in one.offers]
                if len(waiting) >= BATCH or number == LIVE - 1:
                    content = b'{"messages":[' + b",".join(waiting) + b"]}"
                    found = http.post("/v1/messages:batch", content=content, headers=headers).json()
                    if any("receipt" not in result for result in found.get("results", [{}])):
                        raise GatewayForgot("A batch was refused.", answer=str(found)[:400])
                    waiting = []
            full = resident(gateway.process)
    return T14.measured(
        round(full),
        how=f"Resident memory of a gateway process on SQLite after {LIVE:,} negotiations of {OFFERS + 1} "
        "messages each were opened and talked in over HTTP, all of the same domain, none dropped from memory "
        f"(PARLEY_LIVE_CACHE={LIVE}).",
        parts={
            "before the first, MB": round(empty),
            "a negotiation, kB": round((full - empty) * 1e6 / LIVE / 1e3, 1),
        },
    )


def resident(process: Any) -> float:
    """MB in memory."""
    return float(process.memory_info().rss) / 1e6


def bundle() -> Result:
    """T14c: a fresh process verifies a large bundle from its file."""
    sys.path.insert(0, str(ROOT / "tests" / "vectors"))
    from samples import agreement

    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        path = Path(name) / "bundle.json"
        path.write_bytes(agreement(VERIFIED).bundle().canonical())
        size = path.stat().st_size
        _, took, _, peak = verified(path)
    return T14C.measured(
        round(peak),
        how=f"Peak resident memory of a fresh process that verifies a bundle of {VERIFIED:,} messages, "
        f"{size / 1e6:.0f} MB, offline from its file as `parley verify` does it.",
        parts={"processor, ms": round(took)},
    )


def run() -> list[Result]:
    return [growing_chain.measured(), *store(), memory(), bundle()]


def short() -> list[Result]:
    """The chain alone, with few deals."""
    return [growing_chain.measured(400)]


BENCH = Bench("growth", "gas, appends, pages and memory after much was kept (T13, T14)", run, short)
