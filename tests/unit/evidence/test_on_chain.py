from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import samples
from stand_in_chain import SEPARATOR, TRANSACTION, StandInChain, history

from parley.errors import ParleyError
from parley.evidence.bundle import Bundle
from parley.evidence.chain_reader import ChainEvent, ChainReader, DealOnChain
from parley.evidence.report import Outcome
from parley.evidence.verify import verify_bundle
from parley.terms.actions import receive_authorization_digest
from parley.terms.values import Address

BUNDLE = samples.agreement().bundle(transactions=[TRANSACTION])
CLOSED = StandInChain(events=history(BUNDLE, "Delivered", "Settled", "Delivered", "Settled"))


def _failed(bundle: Bundle, chain: ChainReader) -> str:
    report = verify_bundle(bundle, chain)
    assert report.failure is not None
    return report.failure.name


def test_a_settled_deal_verifies_against_its_chain() -> None:
    report = verify_bundle(BUNDLE, CLOSED)
    assert report.ok
    assert [check.outcome for check in report.checks[-4:]] == [Outcome.PASSED] * 4
    assert report.verdict == "Verified."


def test_the_escrow_of_the_bundle_is_asked() -> None:
    asked: list[Address] = []

    def connect(escrow: Address) -> ChainReader:
        asked.append(escrow)
        return CLOSED

    assert verify_bundle(BUNDLE, connect).ok
    assert asked == [samples.ESCROW]


class Unreachable(ParleyError):
    code = "test.unreachable"


def test_a_node_that_cannot_be_reached_fails_the_checks_that_need_it() -> None:
    def connect(escrow: Address) -> ChainReader:
        raise Unreachable("no answer")

    report = verify_bundle(BUNDLE, connect)
    assert report.failure is not None
    assert (report.failure.name, report.failure.detail) == ("escrow code", "no answer [test.unreachable]")


def test_a_node_that_dies_in_the_middle() -> None:
    class Dying(StandInChain):
        def deal_history(self, deal_id: Any) -> Any:
            raise Unreachable("gone")

    assert _failed(BUNDLE, Dying()) == "history on chain"


@pytest.mark.parametrize("change", [{"id": 1}, {"code": False}, {"ours": False}])
def test_another_chain_or_no_contract(change: dict[str, Any]) -> None:
    assert _failed(BUNDLE, replace(CLOSED, **change)) == "escrow code"


def test_a_deal_that_was_never_opened() -> None:
    empty = StandInChain(state=DealOnChain("Unopened", 0, 0))
    assert _failed(BUNDLE, empty) == "state on chain"
    assert verify_bundle(samples.agreement().bundle(), empty).ok  # not yet opened: nothing was claimed


@pytest.mark.parametrize(
    ("names", "status", "ok"),
    [
        ((), "Open", True),
        (("Delivered",), "Delivered", True),
        (("Delivered", "Rejected"), "Rejected", True),
        (("Delivered", "Rejected", "Disputed"), "Disputed", True),
        (("Delivered", "Rejected", "Disputed", "Ruled"), "Open", True),
        (("Delivered", "Rejected", "Disputed", "Lapsed", "Closed"), "Closed", True),
        (("Closed",), "Closed", True),
        (("Delivered",), "Closed", False),
        (("Closed",), "Open", False),
        ((), "Unopened", False),
    ],
)
def test_events_end_in_the_state(names: tuple[str, ...], status: str, ok: bool) -> None:
    chain = StandInChain(state=DealOnChain(status, 0, 0), events=history(BUNDLE, *names))
    assert verify_bundle(BUNDLE, chain).ok is ok


@pytest.mark.parametrize("field", ["buyer", "seller", "token", "price", "locked", "transcriptRoot"])
def test_it_was_opened_as_signed(field: str) -> None:
    opened, *rest = CLOSED.events
    other: int | str = 1 if isinstance(opened.arguments[field], int) else "0x" + "00" * 20
    wrong = replace(opened, arguments={**opened.arguments, field: other})
    assert _failed(BUNDLE, replace(CLOSED, events=[wrong, *rest])) == "history on chain"


def test_nothing_happens_before_the_opening() -> None:
    assert _failed(BUNDLE, replace(CLOSED, events=CLOSED.events[1:])) == "history on chain"
    cancelled = [ChainEvent("Cancelled", 1, TRANSACTION, {})]
    chain = StandInChain(state=DealOnChain("Cancelled", 0, 0), events=cancelled)
    assert verify_bundle(BUNDLE, chain).ok


@pytest.mark.parametrize("transactions", [{}, {TRANSACTION: False}])
def test_named_transactions_were_executed(transactions: dict[str, bool]) -> None:
    assert _failed(BUNDLE, replace(CLOSED, transactions=transactions)) == "transactions"


def _with_deal(**changes: Any) -> Bundle:
    return BUNDLE.model_copy(update={"deals": (BUNDLE.deals[0].model_copy(update=changes),)})


def test_contract_accounts_are_asked() -> None:
    bundle = _with_deal(buyer_signature="0x00" + "ab" * 300)
    assert verify_bundle(bundle, replace(CLOSED, valid=True)).ok
    assert _failed(bundle, replace(CLOSED, valid=False)) == "deal signatures"


def _authorized(side: str, amount: int, name: str, **changes: Any) -> Bundle:
    item = BUNDLE.deals[0]
    party = item.deal.buyer if side == "buyer" else item.deal.seller
    digest = receive_authorization_digest(
        SEPARATOR, party, samples.ESCROW, amount, 0, item.deal.open_by + 1, item.deal_id
    )
    return _with_deal(**{f"{side}_authorization": samples.signer(name).sign_digest(digest), **changes})


def test_a_party_that_opened_the_deal_itself_signed_nothing() -> None:
    bundle = _with_deal(buyer_signature="0x")
    assert verify_bundle(bundle, CLOSED).ok
    for status in ("Unopened", "Cancelled"):
        assert _failed(bundle, StandInChain(state=DealOnChain(status, 0, 0))) == "deal signatures"


def test_authorisations_pay_what_the_deal_locks() -> None:
    deal = BUNDLE.deals[0].deal
    for good in (
        _authorized("buyer", deal.buyer_lock, "alice"),
        _authorized("buyer", deal.buyer_lock, "alice", buyer_signature="0x"),
        _authorized("seller", deal.seller_bond, "bob", seller_signature="0x"),
    ):
        report = verify_bundle(good, CLOSED)
        assert report.ok
        assert (
            next(check for check in report.checks if check.name == "authorisations").outcome is Outcome.PASSED
        )
    for wrong in (
        _authorized("buyer", deal.buyer_lock + 1, "alice"),
        _authorized("buyer", deal.buyer_lock, "mallory", buyer_signature="0x"),
        _authorized("seller", deal.buyer_lock, "bob"),
    ):
        assert _failed(wrong, CLOSED) == "authorisations"
    good = _authorized("buyer", deal.buyer_lock, "alice")
    assert _failed(good, replace(CLOSED, separator=None)) == "authorisations"
    offline = verify_bundle(good)
    assert offline.ok
    assert (
        next(check for check in offline.checks if check.name == "authorisations").outcome is Outcome.SKIPPED
    )
