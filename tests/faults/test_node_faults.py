"""Nodes that die, stop, lie, lose answers and reorganise, with a real chain behind: nothing is lost, nothing
opens twice.
"""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lying_proxy import LyingProxy, falsify
from market import Market, run, text_hash, until

from parley.chain.anvil import LocalAnvil
from parley.chain.errors import NodeAnswerInvalid, NodesDisagree, NodeUnreachable, NodeWrongChain
from parley.chain.escrow import Status
from parley.chain.node import NodeClient
from parley.chain.transactions import send_now
from parley.errors import ParleyError
from parley.settlement import Settlement
from parley.store import EventStore
from parley.terms.actions import Delivery, Receipt

THING = text_hash("thing")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    with EventStore.open(f"sqlite:///{tmp_path}/s.sqlite") as opened:
        yield opened


@pytest.fixture
def proxy(market: Market) -> Iterator[LyingProxy]:
    with LyingProxy(market.anvil.rpc_url) as started:
        yield started


def submit(settlement: Settlement, market: Market, nonce: int = 1) -> str:
    signed = market.deal(nonce)
    settlement.submit(signed.deal, signed.buyer, signed.seller)
    return signed.deal_id


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_reorganisation_takes_the_opening_back_and_it_is_made_again(
    market: Market, store: EventStore, depth: int
) -> None:
    settlement = market.settlement(store)
    deals = []
    for nonce in range(3):  # a block each
        deals.append(submit(settlement, market, nonce))
        run(settlement, deals[-1], "open")
    market.anvil.reorg(depth)
    gone = [deal_id for deal_id in deals if market.escrow.state_of(deal_id).status is Status.UNOPENED]
    assert len(gone) == min(depth, 3)
    for deal_id in deals:
        run(settlement, deal_id, "open")
    until(lambda: all(market.openings(deal_id) == 1 for deal_id in deals))
    for deal_id in gone:
        kinds = [event.kind for event in store.read(f"chain:{deal_id}")]
        assert kinds in (["chain.Opened", "chain.undone", "chain.Opened"], ["chain.Opened"])


def test_money_that_a_reorganisation_took_back_fails_the_opening_until_it_is_there_again(
    market: Market, store: EventStore
) -> None:
    settlement = market.settlement(store)
    send_now(market.node, market.buyer, market.token.approve(market.deployment.escrow, 0))
    send_now(market.node, market.buyer, market.token.approve(market.deployment.escrow, 5_000))
    signed = market.deal()
    settlement.submit(signed.deal, signed.buyer, signed.seller)
    run(settlement, signed.deal_id, "open")
    market.anvil.reorg(2)  # the opening and the allowance
    run(settlement, signed.deal_id, "failed")
    view = settlement.deal(signed.deal_id)
    assert view.error is not None
    assert view.error["code"] == "contract.funding-refused"
    send_now(market.node, market.buyer, market.token.approve(market.deployment.escrow, 5_000))
    assert not settlement.submit(signed.deal, signed.buyer, signed.seller).duplicate
    run(settlement, signed.deal_id, "open")
    assert market.openings(signed.deal_id) == 1


def test_a_reorganisation_of_a_paid_deal_ends_paid_once(market: Market, store: EventStore) -> None:
    settlement = market.settlement(store)
    before = market.holdings()
    deal_id = submit(settlement, market)
    run(settlement, deal_id, "open")
    at = {"deal_id": deal_id, "milestone": 0, "fee": 0, "valid_until": 2**40 - 1}
    sent, paid = Delivery(**at, delivery=1, deliverable=THING), Receipt(**at, deliverable=THING)
    settlement.act(deal_id, sent, market.sign(sent, market.seller))
    run(settlement, deal_id, "delivered")
    settlement.act(deal_id, paid, market.sign(paid, market.buyer))
    until(lambda: settlement.tick() and settlement.deal(deal_id).chain.milestone == 1)
    market.anvil.reorg(3)
    until(
        lambda: (
            (settlement.tick(), settlement.deal(deal_id).chain.milestone)[1] == 1 and not settlement.tick()
        )
    )
    held = market.holdings()
    assert held["seller"] - before["seller"] == 333 - 101
    assert sum(held.values()) == sum(before.values())
    assert settlement.deal(deal_id).chain.word == market.escrow.state_of(deal_id)


def test_rebuilding_from_the_first_block_gives_the_same_state(
    market: Market, store: EventStore, tmp_path: Path
) -> None:
    settlement = market.settlement(store)
    deals = [submit(settlement, market, nonce) for nonce in range(4)]
    for deal_id in deals:
        run(settlement, deal_id, "open")
    market.anvil.reorg(2)
    for deal_id in deals:
        run(settlement, deal_id, "open")
    with EventStore.open(f"sqlite:///{tmp_path}/fresh.sqlite") as fresh:
        rebuilt = market.settlement(fresh).indexer
        rebuilt.catch_up()
        settlement.indexer.catch_up()
        assert [rebuilt.deal_view(deal_id) for deal_id in deals] == [
            settlement.indexer.deal_view(deal_id) for deal_id in deals
        ]
        assert rebuilt.balances() == settlement.indexer.balances()


def test_confirmations_keep_an_unsure_opening_unsaid(market: Market, store: EventStore) -> None:
    settlement = market.settlement(store, confirmations=3)
    deal_id = submit(settlement, market)
    until(lambda: (settlement.tick(), market.openings(deal_id) == 1)[1])
    for _ in range(5):
        settlement.tick()
    assert settlement.deal(deal_id).status == "pending"
    market.anvil.mine(3)
    run(settlement, deal_id, "open")


def test_a_node_that_is_down_at_the_start_says_so(store: EventStore, market: Market) -> None:
    with pytest.raises(NodeUnreachable) as caught:
        market.settlement(store, rpc_url="http://127.0.0.1:9")
    assert caught.value.next_action


def test_a_node_of_another_chain_is_refused(store: EventStore, market: Market) -> None:
    with LocalAnvil(chain_id=99) as other, pytest.raises(NodeWrongChain):
        market.settlement(store, rpc_url=other.rpc_url)


def test_a_node_that_stops_answering_is_waited_for(market: Market, store: EventStore) -> None:
    """The node's process is stopped, so that it accepts connections and never answers."""
    settlement = market.settlement(store, timeout=0.2)
    accepted = submit(settlement, market, 1)
    process = market.anvil._process
    assert process is not None
    os.killpg(process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(NodeUnreachable):
            settlement.tick()
        with pytest.raises(NodeUnreachable):
            settlement.submit(*_plain(market, 2, accepted))
    finally:
        os.killpg(process.pid, signal.SIGCONT)
    patient = market.settlement(store)
    run(patient, accepted, "open")
    assert market.openings(accepted) == 1


def _plain(market: Market, nonce: int, like: str) -> Any:
    """A deal signed without asking the node, which does not answer."""
    market.now = lambda: 1_900_000_000  # type: ignore[method-assign]
    signed = market.deal(nonce)
    assert signed.deal_id != like
    del market.now
    return signed.deal, signed.buyer, signed.seller


def test_a_node_that_is_killed_and_comes_back(tmp_path: Path) -> None:
    """The node goes away in the middle and returns with its chain on the same port."""
    state = tmp_path / "chain.json"
    anvil = LocalAnvil(state=state).start()
    try:
        market = Market.deploy(anvil)
        with EventStore.open(f"sqlite:///{tmp_path}/s.sqlite") as store:
            settlement = market.settlement(store)
            first = submit(settlement, market, 1)
            run(settlement, first, "open")
            second = submit(settlement, market, 2)
            anvil.stop()
            with pytest.raises(NodeUnreachable):
                settlement.tick()
            assert settlement.deal(second).status == "pending"
            port = int(anvil.rpc_url.rsplit(":", 1)[1])
            anvil = market.anvil = LocalAnvil(state=state, port=port).start()
            run(settlement, second, "open")
            assert (market.openings(first), market.openings(second)) == (1, 1)
    finally:
        anvil.stop()


def test_what_waits_in_the_pool_is_seen_through_a_restart(market: Market, store: EventStore) -> None:
    settlement = market.settlement(store)
    market.anvil.automine(False)
    deals = [submit(settlement, market, nonce) for nonce in range(3)]
    for _ in range(3):
        settlement.tick()
    assert {item.status for deal_id in deals for item in settlement.deal(deal_id).transactions} == {"carried"}
    restarted = market.settlement(store)
    restarted.tick()
    market.anvil.mine()
    market.anvil.automine(True)
    for deal_id in deals:
        run(restarted, deal_id, "open")
        assert market.openings(deal_id) == 1


def test_a_transaction_that_is_too_cheap_is_replaced(market: Market, tmp_path: Path) -> None:
    now = [1_900_000_000]
    with EventStore.open(f"sqlite:///{tmp_path}/s.sqlite", clock=lambda: now[0]) as store:
        settlement = market.settlement(store)
        market.anvil.automine(False)
        deal_id = submit(settlement, market)
        settlement.tick()
        (sent,) = settlement.deal(deal_id).transactions
        # The base fee jumps above what the transaction offers; blocks go by without it.
        market.anvil.request("anvil_setNextBlockBaseFeePerGas", hex(50 * 10**9))
        market.anvil.mine(2)
        assert market.openings(deal_id) == 0
        now[0] += 31
        until(lambda: (settlement.tick(), settlement.deal(deal_id).transactions[0].hash != sent.hash)[1])
        market.anvil.automine(True)
        market.anvil.mine(20)
        run(settlement, deal_id, "open")
        assert market.openings(deal_id) == 1


def lost(_asked: Any, ask: Callable[[], bytes]) -> None:
    """The node hears it, the answer is lost."""
    ask()


@pytest.mark.parametrize(
    ("meddle", "error"),
    [
        (lambda _a, _ask: None, NodeUnreachable),
        (lost, NodeUnreachable),
        (lambda _a, _ask: b"<html>busy</html>", NodeAnswerInvalid),
        (lambda _a, _ask: b"{}", NodeAnswerInvalid),
        (lambda _a, ask: ask()[:-9], NodeAnswerInvalid),
        (falsify("eth_getTransactionCount", lambda _r: "lots"), NodeAnswerInvalid),
        (falsify("eth_sendRawTransaction", lambda _r: "0x" + "11" * 32), NodeAnswerInvalid),
        (
            falsify("eth_getTransactionReceipt", lambda r: r and {**r, "transactionHash": "0x" + "11" * 32}),
            NodeAnswerInvalid,
        ),
        (falsify("eth_getBlockByNumber", lambda r: {**r, "parentHash": "0x" + "11" * 32}), NodeAnswerInvalid),
        (
            falsify("eth_getLogs", lambda r: [{**log, "blockHash": "0x" + "11" * 32} for log in r]),
            NodeAnswerInvalid,
        ),
    ],
    ids=["closed", "lost", "html", "empty", "cut", "count", "acknowledgement", "receipt", "parent", "log"],
)
def test_a_lie_stops_nothing_for_good(
    market: Market, proxy: LyingProxy, store: EventStore, meddle: Any, error: type[ParleyError]
) -> None:
    settlement = market.settlement(store, rpc_url=proxy.rpc_url)
    deal_id = submit(settlement, market)
    proxy.meddle = meddle
    seen: set[type[ParleyError]] = set()
    for _ in range(4):
        try:
            settlement.tick()
        except ParleyError as found:
            seen.add(type(found))
    assert error in seen
    proxy.honest()
    run(settlement, deal_id, "open")
    assert market.openings(deal_id) == 1
    assert settlement.deal(deal_id).chain.word == market.escrow.state_of(deal_id)


def test_http_errors_are_typed(proxy: LyingProxy) -> None:
    node = NodeClient(proxy.rpc_url, attempts=2)
    for status, error in ((500, NodeUnreachable), (429, NodeUnreachable), (404, NodeAnswerInvalid)):
        proxy.status = status
        before = proxy.requests
        with pytest.raises(error):
            node.block_number()
        assert proxy.requests - before == (2 if error is NodeUnreachable else 1)


def test_a_node_that_hides_events_from_a_range_is_caught_by_the_header(
    market: Market, proxy: LyingProxy, store: EventStore
) -> None:
    def hide(asked: list[dict[str, Any]], ask: Callable[[], bytes]) -> bytes:
        answered = json.loads(ask())
        if asked[0]["method"] == "eth_getLogs" and "fromBlock" in asked[0]["params"][0]:
            answered["result"] = []
        return json.dumps(answered).encode()

    settlement = market.settlement(store, rpc_url=proxy.rpc_url)
    deal_id = submit(settlement, market)
    proxy.meddle = hide
    run(settlement, deal_id, "open")


def test_through_a_bad_line_every_deal_opens_once(
    market: Market, proxy: LyingProxy, store: EventStore
) -> None:
    """One request in five is dropped before or after the node heard it, or sent to it twice."""
    chance = random.Random(5)
    settlement = market.settlement(store, rpc_url=proxy.rpc_url)
    deals = [submit(settlement, market, nonce) for nonce in range(8)]

    def bad_line(_asked: Any, ask: Callable[[], bytes]) -> bytes | None:
        fate = chance.random()
        if fate < 0.06:
            return None
        if fate < 0.14:
            ask()
            return None
        if fate < 0.2:
            ask()
        return ask()

    proxy.meddle = bad_line
    seen: set[str] = set()

    def opened() -> bool:
        try:
            settlement.tick()
        except ParleyError as error:
            seen.add(error.code)
        return all(settlement.deal(deal_id).status == "open" for deal_id in deals)

    until(opened)
    assert [market.openings(deal_id) for deal_id in deals] == [1] * 8
    assert seen <= {"chain.node-unreachable", "chain.node-answer-invalid"}


def test_nothing_counts_that_two_nodes_tell_differently_and_it_goes_on_when_they_agree(
    market: Market, store: EventStore, proxy: LyingProxy
) -> None:
    settlement = market.settlement(store, witnesses=(proxy.rpc_url,))
    before = submit(settlement, market, 1)
    run(settlement, before, "open")
    agreed = market.node.block_number()

    def forged(block: Any) -> Any:
        beyond = block is not None and int(block["number"], 16) > agreed
        return {**block, "hash": "0x" + block["hash"][:1:-1]} if beyond else block

    proxy.meddle = falsify("eth_getBlockByNumber", forged)
    market.anvil.mine(1)
    with pytest.raises(NodesDisagree):
        settlement.tick()
    assert settlement.indexer.trust.agreed() == agreed
    waiting = submit(settlement, market, 2)
    for _ in range(4):
        with pytest.raises(NodesDisagree):
            settlement.tick()
    assert market.openings(waiting) == 0, "nothing is sent while nobody can say to which chain"
    assert (settlement.deal(before).status, settlement.deal(waiting).status) == ("open", "pending")
    proxy.honest()
    run(settlement, waiting, "open")
    assert settlement.indexer.trust.agreed() is None
    kinds = [event.kind for event in store.read("relayer") if event.kind.startswith("indexer.")]
    assert kinds == ["indexer.disagreement", "indexer.agreement"]
