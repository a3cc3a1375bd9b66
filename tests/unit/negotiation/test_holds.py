"""Holds, approvals and refusals by reviewers; what may be done next."""

from __future__ import annotations

import pytest
from table import GATEWAY, NOWHERE, REVIEWER, START, STRANGER, Table, domain, signer

from parley.negotiation.effects import Approved, Held, Resumed
from parley.negotiation.errors import ApprovalMismatch, NotAuthorised, NotOnHold, OnHold
from parley.negotiation.status import Reason, Status
from parley.terms.values import Hash32

TERMS = Hash32("0x" + "77" * 32)


def test_a_hold_stops_everything_but_its_end() -> None:
    table = Table().started()
    table.play(1, "propose", price=100)
    table.play(2, "escalate", terms=TERMS)
    assert table.effects == (Held(signer(2).address, TERMS),)
    for name in ("accept", "query", "escalate"):
        with pytest.raises(OnHold):
            table.play(2, name)
    with pytest.raises(NotAuthorised):
        table.play(1, "resume")
    table.play(2, "resume")
    assert table.effects == (Resumed(signer(2).address),)
    assert table.play(2, "accept").status is Status.ACCEPTED


def test_an_approval_is_for_the_terms_that_were_escalated() -> None:
    table = Table().started()
    table.play(1, "escalate", terms=TERMS)
    with pytest.raises(ApprovalMismatch):
        table.play(REVIEWER, "approve", terms=NOWHERE, expires_at=START + 100)
    with pytest.raises(ApprovalMismatch):
        table.play(REVIEWER, "approve", terms=TERMS, expires_at=START - 1)
    with pytest.raises(NotAuthorised):
        table.play(2, "approve", terms=TERMS, expires_at=START + 100)
    with pytest.raises(NotAuthorised):
        table.play(GATEWAY, "approve", terms=TERMS, expires_at=START + 100)
    state = table.play(REVIEWER, "approve", terms=TERMS, expires_at=START + 100)
    assert table.effects == (
        Approved(TERMS, REVIEWER.address, START + 100),
        Resumed(REVIEWER.address),
    )
    assert not state.held
    assert [granted.terms for granted in state.approvals] == [TERMS]


def test_an_escalation_without_terms_may_be_decided_on_any() -> None:
    table = Table().started()
    table.play(1, "escalate")
    assert table.play(REVIEWER, "approve", terms=NOWHERE, expires_at=START).approvals


def test_a_refusal_ends_it() -> None:
    table = Table().started()
    table.play(1, "escalate", terms=TERMS)
    state = table.play(REVIEWER, "refuse", terms=TERMS)
    assert (state.status, state.reason, state.held) == (Status.TERMINATED, Reason.REFUSED, False)


def test_without_a_hold_there_is_nothing_to_decide() -> None:
    table = Table().started()
    for name, fields in (
        ("resume", {}),
        ("approve", {"terms": TERMS, "expires_at": START}),
        ("refuse", {"terms": TERMS}),
    ):
        with pytest.raises(NotOnHold):
            table.play(REVIEWER, name, **fields)


@pytest.mark.parametrize("hand", [1, 2, GATEWAY])
def test_a_held_negotiation_can_always_be_left(hand: object) -> None:
    table = Table().started()
    table.play(1, "escalate")
    state = table.play(hand, "control" if hand is GATEWAY else "withdraw")  # type: ignore[arg-type]
    assert state.status is Status.TERMINATED


def _next(table: Table, number: int, now: int | None = None) -> tuple[str, ...]:
    return table.machine.next_actions(table.state, signer(number).address, now)


def test_next_actions_follow_the_state() -> None:
    table = Table(domain(max_queries=1))
    assert _next(table, 1) == ("open",)
    assert _next(table, 2) == ()
    table.started()
    assert _next(table, 1) == ("propose", "query", "inform", "withdraw", "escalate", "fault")
    assert _next(table, 2) == ("query", "inform", "withdraw", "escalate", "fault")
    table.play(1, "propose", price=100, expires_at=START + 10)
    table.play(2, "query")
    assert _next(table, 2, START) == ("counter", "accept", "reject", "withdraw", "escalate", "fault")
    assert _next(table, 2, START + 11) == ("counter", "reject", "withdraw", "escalate", "timeout", "fault")
    assert _next(table, 2, START + 3_601) == ("timeout", "fault")
    table.play(2, "reject")
    assert "reject" not in _next(table, 1)
    assert "counter" in _next(table, 1)
    table.play(1, "escalate")
    assert _next(table, 1) == ("withdraw", "resume", "fault")
    assert _next(table, 2) == ("withdraw", "fault")
    reviewer = table.machine.next_actions(table.state, REVIEWER.address)
    assert reviewer == ("resume", "approve", "refuse")
    assert table.machine.next_actions(table.state, GATEWAY.address) == ("timeout", "control", "fault")
    assert table.machine.next_actions(table.state, STRANGER.address) == ()
    table.play(2, "withdraw")
    assert _next(table, 1) == ()


def test_next_actions_after_the_last_round() -> None:
    table = Table(domain(max_rounds=1, fallback="escalate"), reviewers=()).started()
    table.play(1, "propose", price=100)
    table.play(2, "counter", price=900)
    assert _next(table, 1) == ("withdraw", "resume", "fault")
    assert _next(table, 2) == ("withdraw", "fault")
    table.play(1, "resume")
    assert _next(table, 1) == ("accept", "reject", "withdraw", "fault")
