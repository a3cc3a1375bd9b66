"""Every path of a deal on a real chain: the fold equals the contract's word, the next actions tell the truth,
money is conserved to the unit.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from market import Market, Signed, run, text_hash, until

from parley.chain.contract_error import ContractError
from parley.chain.escrow import Status
from parley.chain.reader import OnChainReader
from parley.chain.transactions import send_now
from parley.settlement import Settlement
from parley.settlement.actions import plan, plan_exit
from parley.settlement.errors import ActionMisdirected
from parley.settlement.next_actions import EXITS
from parley.store import EventStore
from parley.terms.actions import Cancellation, Delivery, Dispute, Receipt, Refund, Rejection, Ruling, Split
from parley.terms.values import ZERO_ADDRESS, Hash32

THING, WHY = text_hash("thing"), text_hash("why")
FOREVER = 2**40 - 1


class Course:
    """One deal on its way, checked after every step."""

    def __init__(self, market: Market, settlement: Settlement, **changes: Any) -> None:
        self.market, self.settlement = market, settlement
        self.before = market.holdings()
        self.signed: Signed = market.deal(**changes)
        self.id = self.signed.deal_id
        settlement.submit(self.signed.deal, self.signed.buyer, self.signed.seller)
        self.finish()

    def finish(self) -> None:
        def idle() -> bool:
            return not self.settlement.tick()

        until(idle)
        self.check()

    def check(self) -> None:
        view = self.settlement.deal(self.id)
        assert view.chain.word == self.market.escrow.state_of(self.id)
        held = self.market.holdings()
        assert sum(held.values()) == sum(self.before.values())
        assert held["locked"] - self.before["locked"] == view.chain.locked
        chain = view.chain
        assert (
            chain.taken
            == chain.locked
            + chain.to_seller
            + chain.to_buyer
            + chain.to_arbiter
            + chain.to_caller
            + chain.returned
        )
        self.check_next_actions()

    def check_next_actions(self) -> None:
        """What is offered the escrow takes, what is not offered it refuses, at the time of the next block."""
        now = self.market.now()
        view = self.settlement.deal(self.id)
        roles = {"buyer": self.market.buyer, "seller": self.market.seller, "arbiter": self.market.arbiter}
        offered = {
            (action.name, role)
            for role in (*roles, "anyone")
            for action in view.next_actions(role, now)
            if action.by == role
        }
        for name, role in {(n, r) for n in self.actions() for r in roles} | {(e, "anyone") for e in EXITS}:
            taken = self.would_take(name, role, now)
            assert ((name, role) in offered) is taken, (name, role, view.status, offered)

    def actions(self) -> dict[str, Callable[[str], Any]]:
        """By name: the action as the given role would sign it in the deal's present state."""
        word = self.settlement.deal(self.id).chain.word
        parties = {"buyer": self.market.buyer, "seller": self.market.seller, "arbiter": self.market.arbiter}
        at = {"deal_id": self.id, "milestone": word.milestone, "fee": 0, "valid_until": FOREVER}
        return {
            "deliver": lambda _r: Delivery(**at, delivery=word.deliveries + 1, deliverable=THING),
            "accept_delivery": lambda _r: Receipt(**at, deliverable=THING),
            "reject": lambda _r: Rejection(**at, delivery=word.deliveries, reason=WHY),
            "dispute": lambda role: Dispute(**at, party=parties[role].address, evidence=WHY),
            "rule": lambda _r: Ruling(**at, seller_bps=7_000, rationale=WHY),
            "refund": lambda role: Refund(**at, party=parties[role].address),
        }

    def would_take(self, name: str, role: str, now: int) -> bool:
        """Whether the escrow would take it in a block of this time, without doing it."""
        escrow, deal = self.market.escrow, self.signed.deal
        if name in EXITS:
            milestone = self.settlement.deal(self.id).chain.milestone
            planned = plan_exit(escrow, deal, name, milestone)
        else:
            signers = {
                "buyer": self.market.buyer,
                "seller": self.market.seller,
                "arbiter": self.market.arbiter,
            }
            action = self.actions()[name](role)
            try:
                planned = plan(escrow, deal, self.id, action, self.market.sign(action, signers[role]))
            except ActionMisdirected:
                return False
        try:
            request = {
                "to": planned.call.to,
                "data": "0x" + planned.call.data.hex(),
                "from": self.market.relayer.address,
            }
            self.market.node.request("eth_call", [request, "latest", {}, {"time": hex(now)}])
        except ContractError:
            return False
        return True

    def act(self, name: str, role: str, **changes: Any) -> None:
        signer = {"buyer": self.market.buyer, "seller": self.market.seller, "arbiter": self.market.arbiter}[
            role
        ]
        action = self.actions()[name](role).model_copy(update=changes)
        self.settlement.act(self.id, action, self.market.sign(action, signer))
        self.finish()

    def exit(self, name: str) -> None:
        self.settlement.exit(self.id, name)
        self.finish()

    def travel(self, seconds: int) -> None:
        self.market.anvil.travel(seconds)
        self.finish()

    def ended(self, status: str) -> dict[str, int]:
        """The deal ended so; what everyone gained."""
        assert self.settlement.deal(self.id).status == status
        reader = OnChainReader(self.market.node, self.market.deployment.escrow)
        assert reader.deal_state(Hash32(self.id)).locked == 0
        stored = self.settlement.deal(self.id).chain.events
        assert [e.name for e in reader.deal_history(Hash32(self.id))] == [e.name for e in stored]
        now = self.market.holdings()
        return {role: now[role] - self.before[role] for role in now}


@pytest.fixture
def course(market: Market, tmp_path: Path) -> Any:
    with EventStore.open(f"sqlite:///{tmp_path}/s.sqlite") as store:
        settlement = market.settlement(store)
        yield lambda **changes: Course(market, settlement, **changes)


def test_delivered_accepted_and_settled_by_silence(course: Any) -> None:
    deal = course()
    deal.act("deliver", "seller")
    deal.act("accept_delivery", "buyer")
    deal.act("deliver", "seller")
    deal.travel(50)
    deal.travel(60)
    deal.exit("silence")
    # Who makes the exit gets min(relay fee, 1 % of what it gives): here 3 of 667, from the seller's share.
    assert deal.ended("settled") == {"relayer": 6, "buyer": -1003, "seller": 997, "arbiter": 0, "locked": 0}


def test_rejected_disputed_ruled_twice(course: Any) -> None:
    deal = course()
    deal.act("deliver", "seller")
    deal.travel(30)
    deal.act("reject", "buyer")
    deal.act("deliver", "seller")
    deal.act("reject", "buyer")
    deal.travel(20)
    deal.act("dispute", "seller")
    deal.travel(10)
    deal.act("rule", "arbiter", seller_bps=2_500)
    deal.act("deliver", "seller")
    deal.act("reject", "buyer")
    deal.act("dispute", "buyer")
    deal.act("rule", "arbiter", seller_bps=10_000)
    gained = deal.ended("settled")
    assert gained["arbiter"] == 22
    assert gained["seller"] + gained["buyer"] + gained["relayer"] == -22


def test_an_arbiter_that_stays_silent(course: Any) -> None:
    deal = course()
    deal.act("deliver", "seller")
    deal.act("reject", "buyer")
    deal.act("dispute", "buyer")
    deal.travel(101)
    deal.exit("lapse")
    deal.act("deliver", "seller")
    deal.act("reject", "buyer")
    deal.act("dispute", "seller")
    deal.travel(101)
    deal.exit("lapse")
    gained = deal.ended("settled")
    shares = {333: 333 * 4321 // 10_000, 667: 667 * 4321 // 10_000}
    # Each lapse pays 3 to who makes it, of which the seller bears its part of the milestone.
    borne = sum(3 * share // milestone for milestone, share in shares.items())
    assert (gained["seller"], gained["arbiter"]) == (sum(shares.values()) - borne, 0)
    assert gained["relayer"] == 3 + 3 + 3


def test_a_rejection_that_nobody_disputes(course: Any) -> None:
    deal = course()
    deal.act("deliver", "seller")
    deal.act("reject", "buyer")
    deal.travel(101)
    deal.exit("close_rejected")
    assert deal.ended("rejection_closed")["seller"] == 333 * 1234 // 10_000


def test_a_missed_deadline_costs_the_bond(course: Any) -> None:
    deal = course()
    deal.travel(5_001)
    deal.exit("default")
    # The buyer pays 3 for the exit out of what comes back to it.
    assert deal.ended("defaulted") == {"relayer": 6, "buyer": 95, "seller": -101, "arbiter": 0, "locked": 0}


def test_a_seller_that_walks_away_loses_its_share(course: Any) -> None:
    deal = course()
    deal.act("refund", "seller")
    assert deal.ended("walked_away")["seller"] == -(101 * 5_000 // 10_000)


def test_a_buyer_that_cancels_in_time(course: Any) -> None:
    deal = course()
    deal.act("refund", "buyer")
    assert deal.ended("cancelled_by_buyer") == {
        "relayer": 3,
        "buyer": -3,
        "seller": 0,
        "arbiter": 0,
        "locked": 0,
    }


def test_a_split_in_a_dispute(course: Any) -> None:
    deal = course()
    deal.act("deliver", "seller")
    deal.act("reject", "buyer")
    deal.act("dispute", "buyer")
    word = deal.settlement.deal(deal.id).chain.word
    split = Split(
        deal_id=deal.id,
        milestone=0,
        status=int(Status.DISPUTED),
        locked=word.locked,
        to_seller=500,
        to_buyer=word.locked - 505,
        to_arbiter=5,
        nonce=1,
        fee=0,
        valid_until=FOREVER,
    )
    market = deal.market
    deal.settlement.split(deal.id, split, market.sign(split, market.buyer), market.sign(split, market.seller))
    deal.finish()
    assert deal.ended("split")["seller"] == 399


def test_without_an_arbiter(course: Any) -> None:
    deal = course(arbiter=ZERO_ADDRESS, arbiter_fee=0, seller_bond=0)
    deal.act("deliver", "seller")
    deal.act("reject", "buyer")
    deal.exit("close_rejected")
    deal.ended("rejection_closed")


def test_cancelled_before_it_opens(market: Market, tmp_path: Path) -> None:
    with EventStore.open(f"sqlite:///{tmp_path}/s.sqlite") as store:
        settlement = market.settlement(store)
        market.anvil.automine(False)
        signed = market.deal()
        settlement.submit(signed.deal, signed.buyer, signed.seller)
        cancel = Cancellation(deal_id=signed.deal_id, party=market.buyer.address, fee=0, valid_until=FOREVER)
        settlement.act(signed.deal_id, cancel, market.sign(cancel, market.buyer))
        # The cancellation overtakes the opening.
        opening, cancelling = (item.key for item in settlement.sender.intents.with_prefix(signed.deal_id))
        assert ":open:" in opening
        assert ":cancel:" in cancelling
        market.anvil.automine(True)
        call = settlement.escrow.cancel(signed.deal, cancel, market.sign(cancel, market.buyer))
        send_now(market.node, market.seller, call)
        run(settlement, signed.deal_id, "cancelled")
        until(lambda: not settlement.tick())
        assert market.openings(signed.deal_id) == 0
        assert settlement.deal(signed.deal_id).next_actions("buyer", market.now()) == ()
