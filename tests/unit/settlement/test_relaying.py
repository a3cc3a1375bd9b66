"""The relayer: what it joins, what it simulates, which keys it uses, and what it may spend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fake_chain import escrow_log
from fake_escrow import FakeEscrow, Market

from parley.chain.batching import SPARE_GAS, BatchSettings
from parley.chain.intents import IntentStatus
from parley.chain.node import NodeClient
from parley.chain.opening_errors import BatchGasShort
from parley.chain.spending import GasBudget
from parley.settlement import Settlement
from parley.settlement.models import FAILED, PENDING
from parley.store import EventStore
from parley.terms.signing import LocalSigner

FIRST, SECOND = LocalSigner(b"\7" * 32), LocalSigner(b"\x08" * 32)
GAS, FEE = 125_000, 2 * 10**9 + 10**6  # the limit of one call, and what a unit of it can cost at most


def connect(store: EventStore, chain: FakeEscrow, **options: Any) -> Settlement:
    node = NodeClient("http://fake", chain_id=31_337, transport=chain, attempts=1)
    return Settlement.connect(store, node, FakeEscrow.ESCROW, FIRST, **options)


def run(settlement: Settlement, ticks: int = 8) -> None:
    for _ in range(ticks):
        settlement.tick()


def submit(settlement: Settlement, market: Market, *nonces: int) -> list[str]:
    found = []
    for nonce in nonces:
        signed = market.signed(nonce)
        settlement.submit(signed.deal, signed.buyer, signed.seller)
        found.append(str(signed.deal_id))
    return found


def statuses(settlement: Settlement, deals: list[str]) -> list[str]:
    return [settlement.deal(deal_id).status for deal_id in deals]


def test_openings_that_wait_together_go_together(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    deals = submit(settlement, market, 1, 2, 3)
    run(settlement)
    assert len(chain.accepted) == 1
    views = [settlement.deal(deal_id) for deal_id in deals]
    assert [view.status for view in views] == ["open"] * 3
    assert {view.transactions[0].hash for view in views} == set(chain.accepted)
    assert {view.transactions[0].status for view in views} == {"confirmed"}


def test_a_batch_is_no_bigger_than_it_may_be_and_waits_for_company(
    store: EventStore, market: Market, chain: FakeEscrow, clock: Any
) -> None:
    settlement = connect(store, chain, batches=BatchSettings(items=2, seconds=5))
    deals = submit(settlement, market, 1, 2, 3)
    run(settlement)
    assert statuses(settlement, deals) == ["open", "open", PENDING]
    clock.now += 5
    run(settlement)
    assert statuses(settlement, deals) == ["open"] * 3
    assert len(chain.accepted) == 2


@pytest.mark.parametrize("short", [False, True])
def test_a_batch_like_one_before_is_run_with_its_limit_and_estimated_only_where_that_is_too_low(
    settlement: Settlement, market: Market, chain: FakeEscrow, short: bool
) -> None:
    asked: list[str] = []
    limits: list[int] = []

    def estimated(params: list[Any]) -> None:
        asked.append(params[0]["data"][:10])

    def called(params: list[Any]) -> dict[str, Any] | None:
        if "gas" not in params[0]:
            return None
        limits.append(int(params[0]["gas"], 16))
        raw = BatchGasShort.selector.hex() + "00" * 96
        refused = {"error": {"code": 3, "message": "execution reverted", "data": "0x" + raw}}
        return refused if short else None

    chain.before = {"eth_estimateGas": estimated, "eth_call": called}
    submit(settlement, market, 1, 2)
    run(settlement)
    assert (len(asked), limits) == (1, []), "nothing like it was sent before"
    deals = submit(settlement, market, 3, 4, 5)
    run(settlement)
    assert len(asked) == (2 if short else 1)
    assert limits == [150_000 + SPARE_GAS]
    assert statuses(settlement, deals) == ["open"] * 3
    last = settlement.sender.intents.in_status([IntentStatus.CONFIRMED])
    carrier = max((intent for intent in last if intent.nonce is not None), key=lambda one: one.nonce or 0)
    sent = settlement.sender.intents.sent([carrier])[carrier.id][-1]
    assert sent.gas == (100_000 + SPARE_GAS if short else limits[0])


def test_what_would_fail_is_left_out_of_the_batch_with_its_reason(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    stranger = LocalSigner(b"\x0c" * 32)
    chain.money[stranger.address] = chain.allowed[stranger.address] = 1000
    poor = Market(chain)
    poor.buyer = stranger
    deals = submit(settlement, market, 1, 2)
    deals += submit(settlement, poor, 3)
    chain.money[stranger.address] = 0
    run(settlement)
    assert statuses(settlement, deals) == ["open", "open", FAILED]
    error = settlement.deal(deals[2]).error
    assert error is not None
    assert (error["code"], error["next_action"] != "") == ("contract.funding-refused", True)
    assert len(chain.accepted) == 1
    assert settlement.deal(deals[2]).transactions[0].hash is None, "it was never sent"


def test_what_fails_in_the_block_is_told_from_what_does_not(
    settlement: Settlement, market: Market, chain: FakeEscrow
) -> None:
    chain.automine = False
    stranger = LocalSigner(b"\x0c" * 32)
    chain.money[stranger.address] = chain.allowed[stranger.address] = 1000
    poor = Market(chain)
    poor.buyer = stranger
    first = poor.signed(1)
    deals = [settlement.submit(first.deal, first.buyer, first.seller).deal_id]
    deals += submit(settlement, market, 2)
    settlement.tick()
    assert [settlement.deal(deal_id).transactions[0].status for deal_id in deals] == ["carried"] * 2
    chain.money[stranger.address] = 0
    chain.mine()
    run(settlement)
    assert statuses(settlement, deals) == [FAILED, "open"]
    assert settlement.deal(deals[0]).error["code"] == "contract.funding-refused"  # type: ignore[index]
    chain.money[stranger.address] = 1000
    assert not settlement.submit(first.deal, first.buyer, first.seller).duplicate
    chain.automine = True
    run(settlement)
    assert statuses(settlement, deals) == ["open"] * 2


@pytest.mark.parametrize("keep", [False, True])
def test_a_batch_that_a_reorganisation_took_back_is_made_again(
    settlement: Settlement, market: Market, chain: FakeEscrow, keep: bool
) -> None:
    deals = submit(settlement, market, 1, 2)
    run(settlement)
    chain.reorg(1, keep=keep)
    chain.mine(transactions=[])
    settlement.tick()
    assert [settlement.deal(deal_id).transactions[0].status for deal_id in deals] == ["carried"] * 2
    chain.mine()
    run(settlement)
    assert statuses(settlement, deals) == ["open"] * 2
    assert settlement.sender.intents.in_status([IntentStatus.CARRIED]) == []


def test_a_key_without_money_stops_no_other(store: EventStore, market: Market, chain: FakeEscrow) -> None:
    def broke(params: list[Any]) -> Any:
        if chain.decode(bytes.fromhex(params[0][2:])).sender == FIRST.address:
            return {"error": {"code": -32003, "message": "insufficient funds for gas * price + value"}}
        return None

    chain.before["eth_sendRawTransaction"] = broke
    settlement = connect(store, chain, others=(SECOND,), batches=BatchSettings(items=1))
    deals = submit(settlement, market, 1, 2)
    run(settlement)
    assert sorted(statuses(settlement, deals)) == ["open", PENDING]
    more = submit(settlement, market, 3, 4)
    run(settlement)
    assert statuses(settlement, more) == ["open"] * 2
    assert settlement.sender.last_error is not None
    chain.before.clear()
    run(settlement)
    assert statuses(settlement, deals) == ["open"] * 2
    assert {transaction.sender for block in chain.blocks for transaction in block.transactions} == {
        FIRST.address,
        SECOND.address,
    }


def test_what_a_key_that_is_gone_never_sent_another_sends(
    store: EventStore, market: Market, chain: FakeEscrow
) -> None:
    deals = submit(connect(store, chain), market, 1)
    node = NodeClient("http://fake", chain_id=31_337, transport=chain, attempts=1)
    settlement = Settlement.connect(store, node, FakeEscrow.ESCROW, SECOND)
    run(settlement)
    assert statuses(settlement, deals) == ["open"]


@pytest.mark.parametrize(
    ("budget", "scope"),
    [(GasBudget(per_day=GAS * FEE), "day"), (GasBudget(per_deal=GAS * FEE - 1), "deal")],
)
def test_beyond_the_budget_a_deal_waits_says_so_and_goes_when_it_may(
    store: EventStore,
    market: Market,
    chain: FakeEscrow,
    clock: Any,
    budget: GasBudget,
    scope: str,
) -> None:
    settlement = connect(store, chain, budget=budget, batches=BatchSettings(items=1))
    deals = submit(settlement, market, 1, 2)
    run(settlement)
    waiting = [deal_id for deal_id in deals if settlement.deal(deal_id).status == PENDING]
    assert len(waiting) == (1 if scope == "day" else 2)
    shown = settlement.deal(waiting[0]).transactions[0]
    assert (shown.status, shown.error["code"]) == ("waiting", "chain.gas-budget")  # type: ignore[index]
    assert shown.error["values"]["scope"] == scope  # type: ignore[index]
    alarms = [event.kind for event in store.read("relayer")]
    assert alarms == ["relayer.waiting"] * len(waiting)
    assert [e.kind for e in store.read(f"deal:{waiting[0]}")].count("deal.waiting") == 1
    if scope == "day":
        clock.now += 86_400
    else:
        chain.base_fee = 10**8
    run(settlement)
    assert statuses(settlement, deals) == ["open"] * 2


def test_spending_is_counted_once_with_what_it_really_cost(
    store: EventStore, market: Market, chain: FakeEscrow, clock: Any
) -> None:
    settlement = connect(store, chain, budget=GasBudget(per_day=10**18))
    deals = submit(settlement, market, 1, 2)
    run(settlement)
    real = 21_000 * chain.base_fee  # as the stand-in charges
    purse = settlement.sender.purse
    assert purse.spent_today(clock.now) == real
    assert [purse.spent_on(deal_id) for deal_id in deals] == [real // 2] * 2
    chain.reorg(1, keep=True)
    chain.mine()
    run(settlement)
    assert connect(store, chain).sender.purse.spent_today(clock.now) == real


def test_a_replacement_keeps_to_the_budget(
    store: EventStore, market: Market, chain: FakeEscrow, clock: Any
) -> None:
    settlement = connect(store, chain, budget=GasBudget(per_day=GAS * FEE))
    chain.automine = False
    deals = submit(settlement, market, 1)
    settlement.tick()
    chain.base_fee *= 10
    chain.mine()
    clock.now += 31
    settlement.tick()
    assert len(chain.accepted) == 1
    assert settlement.sender.last_error is not None
    assert settlement.sender.last_error.code == "chain.gas-budget"
    chain.base_fee //= 10
    chain.mine()
    run(settlement)
    assert statuses(settlement, deals) == ["open"]


def test_a_stuck_transaction_that_can_only_revert_makes_way(
    settlement: Settlement, market: Market, chain: FakeEscrow, clock: Any
) -> None:
    chain.automine = False
    deals = submit(settlement, market, 1)
    settlement.tick()
    chain.base_fee *= 10
    chain.mine(escrow_log("Cancelled", dealId=deals[0], party=market.buyer.address))
    clock.now += 31
    settlement.tick()
    assert len(chain.accepted) == 2
    replaced = chain.known[chain.accepted[1]]
    assert (replaced.to, replaced.data, replaced.nonce) == (FIRST.address, "0x", 0)
    chain.mine()
    run(settlement)
    view = settlement.deal(deals[0])
    assert (view.status, view.transactions[0].status) == ("cancelled", "failed")
    assert view.transactions[0].error["code"] == "chain.withdrawn"  # type: ignore[index]
    chain.base_fee //= 10
    chain.automine = True
    more = submit(settlement, market, 2)
    run(settlement)
    assert statuses(settlement, more) == ["open"]


def test_a_batch_that_runs_short_of_gas_is_taken_apart(
    settlement: Settlement, market: Market, chain: FakeEscrow, again: Callable[[], Settlement]
) -> None:
    chain.automine = False
    deals = submit(settlement, market, 1, 2)
    settlement.tick()
    chain.reverting.add(chain.pool[0].data)  # as BatchGasShort takes the whole batch back
    chain.mine()
    chain.automine = True
    run(again())
    assert statuses(settlement, deals) == ["open"] * 2
    assert len(chain.accepted) == 3
