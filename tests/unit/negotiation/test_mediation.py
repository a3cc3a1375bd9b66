"""Coalitions by a mediator: candidates, sealed rankings, fallback bargaining, acceptance by all."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealed_table import MEDIATOR, SealedTable, mediated_domain
from table import REVIEWER, START, Table, signer

from parley.negotiation.effects import Agreed, Called, Ended
from parley.negotiation.errors import (
    ApprovalMissing,
    AwardWrong,
    BondMissing,
    CandidatesInvalid,
    NotAuthorised,
    NotInProtocol,
    OfferExpired,
    RankingInvalid,
    StateForbids,
    WrongPhase,
)
from parley.negotiation.protocols.fallback_bargaining import Settled, settle
from parley.negotiation.status import Fallback, Reason, Status
from parley.terms.domain import Domain
from parley.terms.errors import DocumentInvalid, OpeningInvalid
from parley.terms.opening import check_opening

FIVE = tuple({"price": str(100 * at), "days": at, "colour": "red"} for at in range(5))


def _called(candidates: tuple[Any, ...] = FIVE, of: Domain | None = None) -> SealedTable:
    table = SealedTable(of or mediated_domain())
    table.play(1, "open")
    table.play(MEDIATOR, "call", candidates=candidates)
    return table


def _ranked(table: SealedTable, *rankings: tuple[int, ...]) -> SealedTable:
    for who, ranking in enumerate(rankings, 1):
        table.seal(who, ranking=ranking)
    for who in range(1, len(rankings) + 1):
        table.unseal(who)
    return table


def test_the_rankings_meet_and_everyone_accepts() -> None:
    table = _called()
    assert isinstance(table.effects[0], Called)
    _ranked(table, (0, 1, 2), (4, 2, 1), (3, 1, 0))
    table.award()
    assert table.state.offer is not None
    assert table.state.offer.offer.values == FIVE[1]
    for who in (2, 3):
        table.answer(who)
        assert table.state.status is Status.PROPOSED
    with pytest.raises(StateForbids):
        table.answer(2)
    table.answer(1)
    assert table.state.status is Status.ACCEPTED
    assert isinstance(table.effects[0], Agreed)


@pytest.mark.parametrize(
    ("rankings", "chosen", "depth"),
    [
        (((0, 1, 2), (4, 2, 1), (3, 1, 0)), 1, 3),
        (((0, 1), (1, 0)), 0, 2),  # both at depth 2 and with the same sum: the first role decides
        (((1, 0), (0, 1)), 1, 2),
        (((0, 1, 2, 3), (3, 1, 0, 2)), 1, 2),
        (((2,), (2,), (2,)), 2, 1),
    ],
)
def test_fallback_bargaining(rankings: tuple[tuple[int, ...], ...], chosen: int, depth: int) -> None:
    assert settle(rankings) == Settled(chosen, depth)


@given(
    st.integers(3, 5).flatmap(
        lambda parties: st.lists(
            st.permutations(range(6)).flatmap(lambda order: st.integers(0, 6).map(lambda n: order[:n])),
            min_size=parties,
            max_size=parties,
        )
    )
)
def test_it_widens_until_they_intersect(rankings: list[list[int]]) -> None:
    found = settle(rankings)
    for depth in range(1, 7):
        shared = set.intersection(*(set(ranking[:depth]) for ranking in rankings))
        shared = {each for each in shared if all(each in ranking for ranking in rankings)}
        if shared:
            assert found is not None
            assert found.depth == depth
            assert found.candidate in shared
            sums = {each: sum(ranking.index(each) for ranking in rankings) for each in shared}
            assert sums[found.candidate] == min(sums.values())
            return
    assert found is None


def test_the_order_of_speaking_does_not_matter() -> None:
    rankings = {1: (0, 1, 2), 2: (4, 2, 1), 3: (3, 1, 0)}
    found = set()
    for order in permutations((1, 2, 3)):
        table = _called()
        for who in order:
            table.seal(who, ranking=rankings[who])
        for who in reversed(order):
            table.unseal(who)
        found.add(str(table.machine.protocol.award_values(table.state)))  # type: ignore[attr-defined]
    assert len(found) == 1


def test_no_overlap_calls_for_other_candidates_until_the_rounds_are_over() -> None:
    table = _ranked(_called(of=mediated_domain(max_rounds=2, fallback="post")), (0, 1), (2,), (1, 2))
    assert (table.state.round, table.state.live) == (1, True)
    with pytest.raises(CandidatesInvalid, match="before"):
        table.play(MEDIATOR, "call", candidates=tuple(reversed(FIVE)))
    table.play(MEDIATOR, "call", candidates=FIVE[:3])
    assert table.state.status is Status.COUNTER
    _ranked(table, (0,), (1,), ())
    assert table.effects[-1] == Ended(Status.TERMINATED, Reason.NO_OVERLAP, Fallback.POST)


def test_a_rejection_costs_a_round_and_a_final_one_ends_it() -> None:
    table = _ranked(_called(of=mediated_domain(max_rounds=2)), (0,), (0,), (0,))
    table.award()
    table.answer(1)
    table.answer(2, "reject")
    assert (table.state.offer, table.state.acceptances, table.state.round) == (None, (), 1)
    table.play(MEDIATOR, "call", candidates=FIVE[:2])
    _ranked(table, (1,), (1,), (1,)).award()
    table.answer(3, "reject", final=True)
    assert table.state.reason is Reason.REJECTED


def test_one_that_leaves_ends_it_and_a_missing_one_is_timed_out() -> None:
    table = _called()
    table.play(2, "withdraw")
    assert table.state.reason is Reason.WITHDRAWN
    table = _called()
    table.play(MEDIATOR, "withdraw")
    assert table.state.reason is Reason.WITHDRAWN
    table = _called()
    table.seal(1, ranking=(0,))
    table.play(MEDIATOR, "timeout", sent_at=START + 101)
    assert table.state.reason is Reason.TIMEOUT
    table = _called()
    for who in (1, 2, 3):
        table.seal(who, ranking=(0,))
    table.unseal(1)
    table.play(1, "timeout", sent_at=START + 201)
    assert table.state.reason is Reason.TIMEOUT


def test_the_mediator_decides_nothing() -> None:
    table = _ranked(_called(), (0, 1, 2), (4, 2, 1), (3, 1, 0))
    with pytest.raises(AwardWrong):
        table.award(values=FIVE[0])
    with pytest.raises(AwardWrong):
        table.award(winner="a")
    with pytest.raises(NotAuthorised):
        table.play(1, "award", values=FIVE[1])
    table.award()
    with pytest.raises(NotAuthorised):
        table.answer(MEDIATOR)  # type: ignore[arg-type]
    with pytest.raises(OfferExpired):
        table.answer(1, sent_at=START + 11)
    table.play(3, "timeout", sent_at=START + 11)
    assert table.state.reason is Reason.OFFER_EXPIRED


def test_candidates_and_rankings_are_checked() -> None:
    for wrong in ((), (FIVE[0], FIVE[0]), tuple({**FIVE[0], "days": at} for at in range(9))):
        with pytest.raises(CandidatesInvalid):
            _called(wrong)
    table = SealedTable(mediated_domain())
    table.play(1, "open")
    with pytest.raises(NotAuthorised):
        table.play(1, "call", candidates=FIVE)
    with pytest.raises(WrongPhase):
        table.seal(1, ranking=(0,))
    with pytest.raises(BondMissing):
        _called().seal(1, ranking=(0,), bond=table.state.negotiation)
    for ranking in ((0, 0), (5,), None):
        table = _called()
        for who in (1, 2, 3):
            table.seal(who, ranking=ranking if who == 1 else (0,))
        with pytest.raises(RankingInvalid):
            table.unseal(1)


def test_a_reviewer_approves_before_the_award() -> None:
    table = _ranked(_called(of=mediated_domain(more={"approval": 1})), (1,), (1,), (1,))
    award = table.awarding()
    with pytest.raises(ApprovalMissing):
        table.admit(award)
    with pytest.raises(NotAuthorised):
        table.play(1, "escalate")
    table.play(MEDIATOR, "escalate", terms=table.terms_hash(award))
    table.play(REVIEWER, "approve", terms=table.terms_hash(award), expires_at=START + 9)
    payload = award.payload
    assert payload is not None
    table.award(salt=payload.salt, expires_at=award.core.expires_at)
    table.play(2, "escalate")
    assert table.state.held


def test_a_mediated_domain_names_a_mediator_that_is_no_party() -> None:
    right = SealedTable(mediated_domain())
    check_opening(right.of, right.opening)
    with pytest.raises(OpeningInvalid):
        check_opening(right.of, right.opening.model_copy(update={"mediator": None}))
    with pytest.raises(DocumentInvalid):
        SealedTable(mediated_domain(), more={"mediator": signer(2).address})
    plain = Table()
    with pytest.raises(OpeningInvalid):
        check_opening(plain.of, plain.opening.model_copy(update={"mediator": MEDIATOR.address}))
    right.play(1, "open")
    with pytest.raises(NotInProtocol):
        right.play(1, "propose", price=100)


def test_next_actions_tell_each_phase() -> None:
    table = SealedTable(mediated_domain())
    table.play(1, "open")

    def may(who: Any, at: int | None = None) -> set[str]:
        address = MEDIATOR.address if who == 0 else signer(who).address
        return set(table.machine.next_actions(table.state, address, at)) - {"query", "inform", "fault"}

    assert (may(0), may(1)) == ({"withdraw", "call"}, {"withdraw"})
    table.play(MEDIATOR, "call", candidates=FIVE)
    assert (may(0), may(1)) == ({"withdraw"}, {"withdraw", "commit"})
    assert may(1, START + 101) == {"withdraw", "timeout"} == may(0, START + 101)
    _ranked(table, (1,), (1,), (1,))
    assert (may(0), may(1)) == ({"withdraw", "award", "escalate"}, {"withdraw"})
    table.award()
    table.answer(1)
    assert (may(1), may(2)) == ({"withdraw", "escalate"}, {"withdraw", "accept", "reject", "escalate"})
