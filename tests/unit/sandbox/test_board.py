"""What the agents report, as the few things that matter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from parley.sandbox.demo.board import Board

TALK = "0x" + "ab" * 32
DEAL = "0x" + "cd" * 32


def said(board: Board, who: str, kind: str, **details: Any) -> list[str]:
    moments = board.take(who, {"kind": kind, "negotiation": TALK, **details})
    return [f"{moment.who}: {moment.text}" for moment in moments]


def test_from_a_first_offer_to_a_paid_seller(make_terms: Callable[..., dict[str, Any]]) -> None:
    board, values, money = Board(), make_terms(), {"locked": "4292200000", "to_seller": "0"}
    assert said(board, "crusoe", "joined", role="seller") == ["crusoe: negotiation opened"]
    assert said(board, "buyer", "joined", role="buyer") == []
    assert said(board, "buyer", "offered", values=make_terms(1_200_000)) == []
    assert said(board, "crusoe", "offered", values=make_terms(3_990_000)) == []
    assert said(board, "buyer", "offered", values=values) == []
    talk = board.talks[TALK]
    assert (talk.buying.offers, talk.selling.offers, talk.offers) == (2, 1, 3)
    assert talk.buying.first == make_terms(1_200_000)
    assert talk.buying.last == values
    assert said(board, "crusoe", "accepted", values=values) == ["crusoe: agreed: 1600 h A100-80GB at 2.54"]
    assert said(board, "crusoe", "deal_signed", deal=DEAL) == []
    assert said(board, "buyer", "deal_signed", deal=DEAL, price="4064000000") == [
        "crusoe: both have signed after 3 offers: 4 064.00 USD"
    ]
    assert said(board, "buyer", "deal", status="open", money=money) == [
        "crusoe: escrow open, 4 292.20 USD locked"
    ]
    assert said(board, "crusoe", "deal", status="delivered", money=money) == [], "told by the buyer alone"
    assert said(board, "buyer", "deal", status="delivered", money=money) == ["crusoe: delivered"]
    paid = {"locked": "0", "to_seller": "4064000000"}
    assert said(board, "buyer", "deal", status="settled", money=paid) == ["crusoe: paid 4 064.00 USD"]
    assert (talk.stage, talk.price, talk.deal_id) == ("paid", 4_064_000_000, DEAL)


def test_a_buyer_that_is_heard_before_its_seller(make_terms: Callable[..., dict[str, Any]]) -> None:
    board = Board()
    assert said(board, "buyer", "offered", values=make_terms()) == []
    assert board.talks[TALK].name == "…"
    said(board, "crusoe", "joined", role="seller")
    assert board.talks[TALK].name == "crusoe"


def test_whoever_leaves_is_told_once() -> None:
    board = Board()
    said(board, "crusoe", "joined", role="seller")
    assert said(board, "crusoe", "ended", status="TERMINATED", reason="withdrawn") == []
    assert said(board, "buyer", "withdrew", reason="nothing is left") == [
        "crusoe: buyer leaves: nothing is left"
    ]
    assert said(board, "buyer", "ended", status="TERMINATED", reason="withdrawn") == []
    assert board.talks[TALK].stage == "left"


def test_a_negotiation_without_agreement_is_told() -> None:
    board = Board()
    said(board, "crusoe", "joined", role="seller")
    assert said(board, "buyer", "ended", status="TERMINATED", reason="rounds") == [
        "crusoe: ended without agreement: rounds"
    ]


def test_trouble_is_told_even_without_a_negotiation() -> None:
    board = Board()
    [moment] = board.take("crusoe", {"kind": "trouble", "message": "no answer"})
    assert (moment.who, moment.text, moment.trouble) == ("crusoe", "in trouble: no answer", True)
    [refused] = board.take(
        "buyer", {"kind": "guard_refused", "negotiation": TALK, "reason": "the reviewer refused"}
    )
    assert refused.trouble
    assert "buyer may not sign: the reviewer refused" in refused.text


def test_unknown_reports_change_nothing() -> None:
    board = Board()
    assert board.take("buyer", {"kind": "stopped"}) == []
    assert board.take("buyer", {"kind": "new in a later version", "negotiation": 7}) == []
    assert board.talks == {}
