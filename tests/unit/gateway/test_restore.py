"""A gateway on PostgreSQL that comes back from a dump, and processes that are replaced one by one."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.evidence.bundle import Bundle
from parley.evidence.verify import verify_bundle
from parley.gateway.app import app_of


@pytest.fixture
def gateway(make_gateway: Any, postgres: Any) -> Any:
    with postgres.database() as url:
        found = make_gateway(database=url)
        yield found
        found.close()


def verified(agent: Any, negotiation: str) -> int:
    """How many messages the gateway's evidence has; all of it verifies."""
    body = agent.get(f"/v1/negotiations/{negotiation}/bundle").json()["bundle"]
    report = verify_bundle(Bundle.parse(body))
    assert report.ok, report
    return len(body["messages"])


def test_a_gateway_goes_on_from_a_dump_in_the_middle_of_a_talk(
    talk: Any,
    buyer: Any,
    seller: Any,
    gateway: Any,
    make_gateway: Any,
    make_agent: Any,
    postgres: Any,
    tmp_path: Path,
) -> None:
    copy = tmp_path / "parley.dump"
    talk.start()
    assert talk.say_offer(buyer, 2_000_000).status_code == 201
    postgres.tool("pg_dump", "--format=custom", f"--file={copy}", gateway.settings.database)
    assert talk.say_offer(seller, 6_000_000).status_code == 201  # acknowledged, and missing from the copy
    with postgres.database(empty=True) as other:
        postgres.tool("pg_restore", "--exit-on-error", str(copy), into=other)
        with (
            contextlib.closing(make_gateway(database=other)) as back,
            TestClient(app_of(back), raise_server_exceptions=False) as http,
        ):
            assert http.get("/ready").status_code == 200
            there = make_agent("seller", http)
            assert http.get("/v1/session", headers={"Authorization": f"Bearer {buyer.token}"}).is_success
            assert verified(there, talk.id) == 2
            missing = talk.messages[-1].wire()
            assert there.post(f"/v1/negotiations/{talk.id}/messages", missing).status_code == 201
            buyer.http, buyer.token = http, None
            assert talk.say_accept(buyer).status_code == 201
            assert there.get(f"/v1/negotiations/{talk.id}").json()["negotiation"]["status"] == "ACCEPTED"
            assert verified(there, talk.id) == 4


def test_one_process_after_the_other_is_replaced_while_a_talk_goes_on(
    talk: Any, buyer: Any, seller: Any, gateway: Any, make_gateway: Any, make_agent: Any
) -> None:
    def process() -> Any:
        return make_gateway(database=gateway.settings.database)

    with contextlib.ExitStack() as ending:

        def serving(found: Any) -> tuple[contextlib.ExitStack, TestClient]:
            stack = ending.enter_context(contextlib.ExitStack())
            stack.callback(found.close)
            return stack, stack.enter_context(TestClient(app_of(found), raise_server_exceptions=False))

        talk.start()
        first, second = serving(process()), serving(process())
        price = 2_000_000
        for round_ in range(2):  # each of the two is stopped and started anew, and the other one answers
            for agent, answering in ((buyer, second[1]), (seller, second[1])):
                agent.http = answering
            first[0].close()
            assert talk.say_offer(buyer, price + 100_000 * round_).status_code == 201
            first = serving(process())
            seller.http = first[1]
            assert talk.say_offer(seller, 6_000_000 - 100_000 * round_).status_code == 201
            first, second = second, first
        assert verified(buyer, talk.id) == 5
        assert talk.say_accept(buyer).status_code == 201
