"""Mutated signed messages by the thousand: each refused in kind, nothing of them stored, memory bounded."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))

from mutants import Mutants

from parley.store import schema

MEBIBYTE = 2**20
KEPT_APART = ("events", "idempotency")  # where proofs of misconduct and decisions go, bounded and looked at


@pytest.fixture
def gateway(make_gateway: Any) -> Any:
    return make_gateway(agent_rate="1000000/second", address_rate="1000000/second")


def rows(gateway: Any) -> dict[str, int]:
    """How many rows each table has."""
    count = sa.func.count()
    return {
        table.name: gateway.store.query(sa.select(count).select_from(table))[0][0]
        for table in schema.metadata.sorted_tables
        if table.name not in KEPT_APART
    }


def bombard(talk: Any, buyer: Any, seller: Any, gateway: Any, number: int) -> None:
    talk.start()
    seller.sign_in()
    mutants = Mutants(talk, seed=number)
    before, streams = rows(gateway), {f"negotiation:{talk.id}": 1}
    memory = 0
    for index in range(number):
        body = mutants.next()
        answer = (buyer if index % 3 else seller).request(
            "POST", f"/v1/negotiations/{talk.id}/messages", content=body
        )
        assert 400 <= answer.status_code < 500, (index, body[:2_000], answer.text)
        assert "Traceback" not in answer.text
        assert answer.json()["next_actions"]
        if index == number // 2:
            gc.collect()
            memory = psutil.Process().memory_info().rss
    assert rows(gateway) == before
    for stream, length in streams.items():
        assert gateway.store.length(stream) == length
    told = {event.stream.partition(":")[0] for event in gateway.store.feed(limit=10_000)}
    assert told <= {"negotiation", "evidence", "decisions"}
    assert gateway.store.last_position() <= 1 + 2, "at most a proof for each side"
    gc.collect()
    assert psutil.Process().memory_info().rss - memory < 64 * MEBIBYTE
    assert talk.say_offer(buyer, 4_000_000).status_code == 201, "and the negotiation goes on"


def test_a_thousand_mutants(talk: Any, buyer: Any, seller: Any, gateway: Any) -> None:
    bombard(talk, buyer, seller, gateway, 1_000)


@pytest.mark.deep
@pytest.mark.timeout(3_600)
def test_a_hundred_thousand_mutants(talk: Any, buyer: Any, seller: Any, gateway: Any) -> None:
    bombard(talk, buyer, seller, gateway, 100_000)
