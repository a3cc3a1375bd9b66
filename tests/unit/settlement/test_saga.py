"""A process that dies before or after any durable step is taken over by another: every deal opens, is
delivered and is paid once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_escrow import FakeEscrow, Market, text_hash

from parley.chain.abi import interface
from parley.chain.intents import IntentStatus
from parley.chain.node import NodeClient
from parley.errors import ParleyError
from parley.settlement import Settlement
from parley.settlement.saga import Saga, Step, StepName
from parley.store import EventStore
from parley.terms.actions import Delivery, Receipt
from parley.terms.signing import LocalSigner

THING = text_hash("thing")
FOREVER = 2**40 - 1


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Boundary:
    """Counts durable writes and broadcasts; dies before or after the one that is named."""

    def __init__(
        self, store: EventStore, chain: FakeEscrow, dies_at: int | None = None, *, after: bool
    ) -> None:
        self.passed = 0
        self._dies_at, self._after = dies_at, after
        for owner, name in ((store, "transact"), (store, "append"), (chain, "eth_sendRawTransaction")):
            setattr(owner, name, self._guarded(getattr(owner, name)))

    def _guarded(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self.passed += 1
            mine = self.passed == self._dies_at
            if mine and not self._after:
                raise Killed
            found = real(*given, **named)
            if mine:
                raise Killed
            return found

        return call


class World:
    """One chain and one database, on which processes come and go."""

    def __init__(self, folder: Path) -> None:
        self.chain = FakeEscrow()
        self.market = Market(self.chain)
        self.url = f"sqlite:///{folder}/store.sqlite"
        self.signed = [self.market.signed(nonce) for nonce in (1, 2)]

    def process(self, dies_at: int | None = None, *, after: bool = False) -> int:
        """One process lives through the whole story, or dies on the way; how many boundaries it passed."""
        send = self.chain.eth_sendRawTransaction
        with EventStore.open(self.url, clock=lambda: 1_700_000_000) as store:
            boundary = Boundary(store, self.chain, dies_at, after=after)
            node = NodeClient("http://fake", chain_id=31_337, transport=self.chain, attempts=1)
            try:
                self._live(Settlement.connect(store, node, FakeEscrow.ESCROW, LocalSigner(b"\7" * 32)))
            except Killed:
                pass
            finally:
                self.chain.eth_sendRawTransaction = send  # type: ignore[method-assign]
                del store.transact, store.append  # type: ignore[attr-defined]
        return boundary.passed

    def _live(self, settlement: Settlement) -> None:
        for signed in self.signed:
            settlement.submit(signed.deal, signed.buyer, signed.seller)
        self._until(settlement, "open")
        for signed in self.signed:
            self._act(settlement, signed, self.market.seller, Delivery, delivery=1)
        self._until(settlement, "delivered")
        for signed in self.signed:
            self._act(settlement, signed, self.market.buyer, Receipt)
        self._until(settlement, "settled")

    def _act(self, settlement: Settlement, signed: Any, signer: LocalSigner, kind: Any, **more: Any) -> None:
        done = settlement.deal(signed.deal_id).status
        if done == "settled" or (kind is Delivery and done == "delivered"):
            return
        at = {"deal_id": signed.deal_id, "milestone": 0, "fee": 0, "valid_until": FOREVER}
        action = kind(**at, deliverable=THING, **more)
        settlement.act(signed.deal_id, action, self.market.action(action, signer))

    def _until(self, settlement: Settlement, status: str) -> None:
        reached = ("open", "delivered", "settled")
        for _ in range(30):
            moved = settlement.tick()
            found = [settlement.deal(signed.deal_id).status for signed in self.signed]
            if all(one in reached[reached.index(status) :] for one in found) and not moved:
                return
        raise AssertionError(f"it never became {status}: {found}")

    def check(self) -> None:
        names = [
            (interface("IEscrow").events[log.topics[0]].name, log.topics[1])
            for block in self.chain.blocks
            for _, log in block.logs
        ]
        for signed in self.signed:
            mine = [name for name, deal_id in names if deal_id == signed.deal_id]
            assert mine == ["Opened", "Delivered", "Settled"]
        with EventStore.open(self.url, clock=lambda: 1_700_000_000) as store:
            node = NodeClient("http://fake", chain_id=31_337, transport=self.chain, attempts=1)
            left = Settlement.connect(store, node, FakeEscrow.ESCROW, LocalSigner(b"\7" * 32)).sender
            unfinished = [status for status in IntentStatus if status is not IntentStatus.CONFIRMED]
            assert left.intents.in_status(unfinished) == []
            paid = sum(left.purse.spent_on(signed.deal_id) for signed in self.signed)
            sent = {transaction.hash for block in self.chain.blocks for transaction in block.transactions}
            assert paid == 21_000 * self.chain.base_fee * len(sent), "each transaction is paid for once"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def boundaries(folder: Path) -> int:
    folder.mkdir()
    whole = World(folder)
    passed = whole.process()
    whole.check()
    return passed


def dying(folder: Path, points: Iterator[tuple[int, bool]] | list[tuple[int, bool]]) -> None:
    for number, after in points:
        place = folder / f"{number}-{after}"
        place.mkdir()
        world = World(place)
        world.process(number, after=after)
        world.process()
        world.check()


def test_a_process_that_dies_at_a_step_is_taken_over(tmp_path: Path) -> None:
    """A sample; all of them in the long run."""
    passed = boundaries(tmp_path / "whole")
    assert passed >= 12
    dying(tmp_path, [(number, number % 2 == 0) for number in range(2, passed + 1, 9)])


@pytest.mark.deep
def test_a_process_that_dies_at_any_step_is_taken_over(tmp_path: Path) -> None:
    passed = boundaries(tmp_path / "whole")
    dying(tmp_path, [(number, after) for number in range(1, passed + 1) for after in (False, True)])


def test_a_step_that_fails_stops_no_other() -> None:
    ran: list[StepName] = []

    def step(name: StepName) -> Step:
        def run() -> bool:
            ran.append(name)
            if name is StepName.SEND and len(ran) == 1:
                raise ParleyError("the node is away")
            return name is StepName.EXITS

        return Step(name, run)

    saga = Saga(tuple(map(step, StepName)))
    with pytest.raises(ParleyError):
        saga.tick()
    assert ran == list(StepName)
    assert list(saga.troubles) == [StepName.SEND]
    assert saga.tick()
    assert saga.troubles == {}
    with pytest.raises(ValueError, match="the steps are"):
        Saga(tuple(map(step, reversed(StepName))))
