"""The escalation path, the approval gate and the draw of alternating offers."""

from __future__ import annotations

from typing import Any

import pytest
from sealed_table import SealedTable
from table import REVIEWER, START, Table, domain, signer

from parley.negotiation.effects import Drawn
from parley.negotiation.errors import (
    ApprovalMissing,
    DrawOpen,
    NotInProtocol,
    OnHold,
    OwnOffer,
    RoundsExhausted,
    SealBroken,
    SealRepeated,
)
from parley.negotiation.status import Reason, Status
from parley.terms.errors import DocumentInvalid
from parley.terms.terms import terms_of


def _deadlocked(path: list[str], **limits: Any) -> Table:
    """Three parties at the end of their only round, the offer on the table being c's."""
    of = domain(("a", "b", "c"), {"escalation": path}, max_rounds=1, fallback="escalate", **limits)
    table = Table(of).started()
    for who, price in ((1, 100), (2, 900), (3, 500)):
        table.play(who, "propose" if who == 1 else "counter", price=price)
    return table


def test_a_deadlock_gives_the_first_of_the_path_the_last_word() -> None:
    table = _deadlocked(["b", "a"])
    assert table.state.held
    assert (table.state.turn, table.state.exhausted) == ("b", True)
    with pytest.raises(OnHold):
        table.play(2, "counter", price=700)
    table.play(2, "resume")
    table.play(2, "counter", price=900)  # an old offer may be repeated
    with pytest.raises(RoundsExhausted):
        table.play(3, "counter", price=600)
    table.play(3, "accept")
    table.play(1, "accept")
    assert table.state.status is Status.ACCEPTED


def test_a_final_rejection_hands_the_word_on_until_the_path_ends() -> None:
    table = _deadlocked(["b", "a"])
    table.play(2, "resume")
    table.play(2, "counter", price=700)
    with pytest.raises(RoundsExhausted):
        table.play(3, "reject")
    table.play(3, "reject", final=True)
    assert (table.state.held, table.state.turn) == (True, "a")
    table.play(REVIEWER, "resume")
    table.play(1, "counter", price=600)
    table.play(2, "accept")
    table.play(3, "reject", final=True)
    assert table.state.reason is Reason.REJECTED


def test_instead_of_a_word_of_its_own_it_may_accept_what_is_there() -> None:
    table = _deadlocked(["b"])
    table.play(2, "resume")
    table.play(2, "accept")
    assert table.state.turn == "a"  # c made the offer
    with pytest.raises(RoundsExhausted):
        table.play(1, "counter", price=200)
    table.play(1, "accept")
    assert table.state.status is Status.ACCEPTED


def test_the_maker_of_the_standing_offer_may_speak_again() -> None:
    table = _deadlocked(["c"])
    table.play(3, "resume")
    assert "counter" in table.machine.next_actions(table.state, signer(3).address)
    table.play(3, "counter", price=450)
    assert table.state.turn == "a"


def test_a_last_offer_over_the_threshold_can_still_be_approved() -> None:
    more = {"escalation": ["b"], "approval": {"max": [0, {"sub": [{"issue": "price"}, 400]}]}}
    table = Table(domain(("a", "b", "c"), more, max_rounds=1, fallback="escalate")).started()
    for who, price in ((1, 100), (2, 900), (3, 300)):
        table.play(who, "propose" if who == 1 else "counter", price=price)
    table.play(2, "resume")
    with pytest.raises(RoundsExhausted):
        table.play(1, "escalate")  # what stands needs no approval
    table.play(2, "counter", price=700)
    assert table.state.offer is not None
    terms = terms_of(table.of, table.state.negotiation, table.state.offer.offer).hash()
    table.play(3, "accept")
    with pytest.raises(ApprovalMissing):
        table.play(1, "accept")
    with pytest.raises(RoundsExhausted):
        table.play(1, "escalate", terms=table.state.negotiation)
    assert "escalate" in table.machine.next_actions(table.state, signer(1).address)
    table.play(1, "escalate", terms=terms)
    table.play(REVIEWER, "approve", terms=terms, expires_at=START + 9)
    assert "escalate" not in table.machine.next_actions(table.state, signer(3).address)
    table.play(1, "accept")
    assert table.state.status is Status.ACCEPTED


@pytest.mark.parametrize("path", [[], ["a", "a"], ["nobody"]])
def test_paths_that_make_no_sense(path: list[str]) -> None:
    with pytest.raises(DocumentInvalid):
        _deadlocked(path)
    with pytest.raises(DocumentInvalid):
        domain(("a", "b"), {"escalation": ["a"]}, fallback="abort")


def test_an_agreement_over_the_threshold_waits_for_an_approval() -> None:
    over = {"approval": {"max": [0, {"sub": [{"issue": "price"}, 400]}]}}
    table = Table(domain(more=over)).started()
    table.play(1, "propose", price=500)
    assert table.state.offer is not None
    terms = terms_of(table.of, table.state.negotiation, table.state.offer.offer).hash()
    with pytest.raises(ApprovalMissing) as refused:
        table.play(2, "accept")
    assert refused.value.values["terms"] == terms
    table.play(2, "escalate", terms=terms)
    table.play(REVIEWER, "approve", terms=terms, expires_at=START + 9)
    with pytest.raises(ApprovalMissing):
        table.play(2, "accept", sent_at=START + 10)
    table.play(2, "accept", sent_at=START + 9)
    assert table.state.status is Status.ACCEPTED
    below = Table(domain(more=over)).started()
    below.play(1, "propose", price=400)
    assert below.play(2, "accept").status is Status.ACCEPTED


def test_a_gate_without_a_value_is_closed() -> None:
    broken = {"approval": {"floor_div": [1, {"issue": "days"}]}}
    table = Table(domain(more=broken)).started()
    table.play(1, "propose", price=100, days=0)
    with pytest.raises(ApprovalMissing):
        table.play(2, "accept")


# ------------------------------------------------------------------- the draw


def _drawing(parties: int = 2) -> SealedTable:
    table = SealedTable(domain(tuple("abc"[:parties])), more={"draw": True})
    table.play(1, "open")
    return table


def test_the_first_proposer_is_drawn_from_all_lots() -> None:
    firsts = set()
    for number in range(30):
        table = _drawing(3)
        table.drawn_salts = 100 * number
        for who in (2, 1, 3):
            table.seal(who)
        for who in (3, 1, 2):
            table.unseal(who)
        (drawn,) = (effect for effect in table.effects if isinstance(effect, Drawn))
        assert table.state.turn == drawn.first
        firsts.add(drawn.first)
        table.play("abc".index(drawn.first) + 1, "propose", price=100)
    assert firsts == {"a", "b", "c"}


def test_nobody_proposes_or_reveals_before_all_have_committed() -> None:
    table = _drawing()
    with pytest.raises(DrawOpen):
        table.play(1, "propose", price=100)
    table.seal(1)
    with pytest.raises(SealRepeated):
        table.seal(1)
    with pytest.raises(DrawOpen):
        table.unseal(1)
    assert table.machine.next_actions(table.state, signer(2).address)[-1] == "commit"
    table.seal(2)
    table.unseal(2)
    with pytest.raises(SealRepeated):
        table.unseal(2)
    with pytest.raises(DrawOpen):
        table.play(1, "propose", price=100)
    with pytest.raises(SealBroken):
        table.play(1, "reveal")  # with another salt
    table.unseal(1)
    assert not table.state.document()["draw"][0].keys() - {"role", "commitment", "secret"}


def test_a_lot_is_nothing_but_a_lot() -> None:
    table = _drawing()
    mine = table.reveal_of(1, price=100)
    table.play(1, "commit", commitment=mine.hash())
    table.seal(2)
    with pytest.raises(SealBroken):
        table.play(1, "reveal", salt=mine.salt, values=mine.values)
    with pytest.raises(NotInProtocol):
        Table().started().play(1, "commit", commitment=mine.hash())


def test_silence_in_the_draw_is_timed_out() -> None:
    table = _drawing()
    table.seal(1)
    table.play(1, "timeout", sent_at=START + 3_601)
    assert table.state.reason is Reason.DEADLINE


def test_the_same_party_never_accepts_twice() -> None:
    table = _deadlocked(["b"])
    table.play(2, "resume")
    table.play(2, "counter", price=700)
    table.play(3, "accept")
    table.play(1, "reject", final=True)
    assert table.state.reason is Reason.REJECTED
    own = _deadlocked(["c"])
    own.play(3, "resume")
    with pytest.raises(OwnOffer):
        own.play(3, "accept")
    again = _deadlocked(["a", "b", "c"])
    again.play(1, "resume")
    again.play(1, "accept")
    again.play(2, "reject", final=True)
    again.play(2, "resume")
    again.play(2, "accept")
    assert again.state.status is Status.ACCEPTED
