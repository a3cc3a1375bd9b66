"""Sealed-bid requests for quotes: windows, seals, awards, bonds, rounds."""

from __future__ import annotations

from typing import Any

import pytest
from sealed_table import (
    AWARD_BY,
    BENEFICIARY,
    BOND,
    COMMIT_BY,
    JUDGE,
    REVEAL_BY,
    SETTLEMENT,
    SealedTable,
    auction_domain,
    bid,
)
from table import GATEWAY, REVIEWER, START, domain, signer

from parley.negotiation.effects import Agreed, Ended, Left, OfferMade, Revealed
from parley.negotiation.errors import (
    ApprovalMissing,
    AwardWrong,
    BondMissing,
    FaultUnproven,
    NoProgress,
    NotAuthorised,
    NotInProtocol,
    OfferExpired,
    OfferInvalid,
    SealBroken,
    SealRepeated,
    StateForbids,
    TimeoutTooEarly,
    WrongPhase,
)
from parley.negotiation.protocols.bidding import forfeits
from parley.negotiation.status import Fallback, Reason, Status
from parley.policy.facts import Counterparty, facts_of
from parley.terms.bonds import bond_deal, bond_deal_id
from parley.terms.derivation import derive_deals
from parley.terms.errors import DerivationFailed, DocumentInvalid, OpeningInvalid
from parley.terms.opening import check_opening
from parley.terms.payloads import Award
from parley.terms.values import ZERO_HASH, Address


def _started(**auction: Any) -> SealedTable:
    table = SealedTable(auction_domain(**auction))
    table.play(1, "open")
    return table


def _agreed_price(table: SealedTable) -> tuple[str | None, str]:
    offer = table.state.offer
    assert offer is not None
    assert isinstance(offer.offer, Award)
    return offer.offer.winner, str(offer.offer.values["price"])


def test_the_lowest_bid_wins_and_is_paid_the_second_price() -> None:
    table = bid(_started(), 500, 300, 420)
    assert table.state.status is Status.PROPOSED
    table.award()
    assert _agreed_price(table) == ("s2", "420")
    assert any(isinstance(effect, OfferMade) for effect in table.effects)
    assert table.state.turn == "s2"
    table.answer(3)
    assert table.state.status is Status.ACCEPTED
    assert [type(effect) for effect in table.effects] == [Agreed]


@pytest.mark.parametrize(
    ("auction", "prices", "price"),
    [
        ({"pricing": "first-price"}, (500, 300, 420), "300"),
        ({"pricing": "posted", "posted": "450"}, (500, 420, 300), "450"),
        ({"reserve": "350"}, (500, 300, 420), "350"),
        ({}, (300,), "1000"),
        ({"reserve": "640"}, (300,), "640"),
    ],
)
def test_pricing_rules(auction: dict[str, Any], prices: tuple[int, ...], price: str) -> None:
    table = _started(**auction)
    for who, sealed in enumerate(prices, 2):
        table.seal(who, price=sealed)
    for who in range(2, 2 + len(prices)):
        table.unseal(who, max(table.state.last_sent_at, COMMIT_BY + 1))
    table.award(sent_at=max(table.state.last_sent_at, COMMIT_BY + 1), expires_at=COMMIT_BY + 50)
    assert _agreed_price(table) == ("s2" if len(prices) > 1 else "s1", price)


def test_a_seller_auctions_to_the_highest_bid() -> None:
    table = bid(_started(side="sell"), 500, 300, 420)
    table.award()
    assert _agreed_price(table) == ("s1", "420")


def test_ties_go_to_the_earlier_commitment() -> None:
    table = _started()
    for who in (4, 2, 3):
        table.seal(who, price=300)
    for who in (2, 3, 4):
        table.unseal(who)
    table.award()
    assert _agreed_price(table) == ("s3", "300")


def test_a_penalty_counts_against_the_bid_and_lowers_what_it_is_paid() -> None:
    late = {"mul": [{"issue": "days"}, 33]}
    table = _started(penalty=late)
    table.seal(2, price=400, days=0)
    table.seal(3, price=300, days=2)  # 66, on the grid of prices 70: it counts as 370
    table.seal(4, price=390, days=5)
    for who in (2, 3, 4):
        table.unseal(who)
    table.award()
    assert _agreed_price(table) == ("s2", "330")  # 400 less its own 70


def test_nobody_reveals_while_others_may_still_commit_and_nobody_commits_after() -> None:
    table = _started()
    table.seal(2, price=300)
    with pytest.raises(WrongPhase) as early:
        table.unseal(2, COMMIT_BY)
    assert early.value.values == {"phase": "commit", "until": COMMIT_BY}
    table.unseal(2, COMMIT_BY + 1)
    with pytest.raises(WrongPhase):
        table.seal(3, price=200)


def test_reveals_begin_once_all_are_in_and_end_with_the_window() -> None:
    table = _started()
    for who in (2, 3, 4):
        table.seal(who, price=300 + who)
    with pytest.raises(OfferInvalid):
        table.unseal(2)  # 302 is off the grid
    table = _started()
    for who in (2, 3, 4):
        table.seal(who, price=300)
    table.unseal(3)
    with pytest.raises(WrongPhase) as late:
        table.unseal(2, REVEAL_BY + 1)
    assert late.value.values["phase"] == "award"
    table.unseal(2, REVEAL_BY)
    table.award(sent_at=REVEAL_BY + 1, expires_at=REVEAL_BY + 90)
    assert forfeits(table.machine.rules, table.state) == ("s3",)


def test_a_seal_opens_to_what_was_committed_and_to_its_owner_only() -> None:
    table = _started()
    mine = table.reveal_of(2, price=300)
    table.play(2, "commit", commitment=mine.hash())
    with pytest.raises(SealRepeated):
        table.seal(2, price=400)
    table.play(3, "commit", commitment=mine.hash())  # a copy
    table.seal(4, price=900)
    told = {"salt": mine.salt, "values": mine.values}
    with pytest.raises(SealBroken, match="Another document"):
        table.play(2, "reveal", **{**told, "values": {**(mine.values or {}), "price": "310"}})
    table.play(2, "reveal", **told)
    with pytest.raises(SealRepeated):
        table.play(2, "reveal", **told)
    with pytest.raises(SealBroken, match="Another document"):
        table.play(3, "reveal", **told)
    with pytest.raises(SealBroken, match="another negotiation, party or round"):
        table.play(3, "reveal", **told, party=mine.party)
    with pytest.raises(NotAuthorised):
        table.seal(1, price=10)
    with pytest.raises(SealBroken, match="committed to nothing"):
        _never_committed()


def _never_committed() -> None:
    table = _started()
    table.seal(2, price=300)
    table.admit(table.sign(3, "reveal", values=None, sent_at=COMMIT_BY + 1))


def test_only_the_award_that_follows_is_admitted() -> None:
    table = bid(_started(), 500, 300, 420)
    right = dict(table.awarding().payload.values)  # type: ignore[union-attr]
    for wrong in (
        {"winner": "s1"},
        {"winner": None},
        {"values": {**right, "price": "300"}},
        {"values": {**right, "days": 1}},
    ):
        with pytest.raises(AwardWrong) as refused:
            table.award(**wrong)
        assert refused.value.values == {"winner": "s2", "awarded": right}
    with pytest.raises(NotAuthorised):
        table.play(2, "award", winner="s2", values=right)
    for expires_at in (0, START - 1, START + 101):
        with pytest.raises(OfferInvalid):
            table.award(expires_at=expires_at)
    with pytest.raises(OfferInvalid):
        table.award(final=True)
    table.award()
    with pytest.raises(WrongPhase):
        table.award()
    for stranger in (1, 2, 4):
        with pytest.raises(NotAuthorised):
            table.answer(stranger)
    with pytest.raises(OfferExpired):
        table.answer(3, sent_at=START + 11)


def test_a_winner_that_refuses_or_lets_it_go_is_left_out() -> None:
    table = bid(_started(), 500, 300, 420)
    table.award()
    table.answer(3, "reject")
    assert table.effects == (Left("s2", "refused"),)
    assert table.state.offer is None
    table.award()
    assert _agreed_price(table) == ("s3", "500")
    assert table.state.offer is not None
    later = table.state.offer.expires_at + 1
    assert "award" in table.machine.next_actions(table.state, signer(1).address, later)
    table.award(
        sent_at=later,
        expires_at=later + 10,
        winner="s1",
        values={"price": "1000", "days": 0, "colour": "red"},
    )
    assert _agreed_price(table) == ("s1", "1000")
    assert forfeits(table.machine.rules, table.state) == ("s2", "s3")
    table.play(2, "withdraw")
    assert (table.state.status, table.state.reason) == (Status.TERMINATED, Reason.NO_BIDS)


def test_bidders_leave_and_it_goes_on_until_too_few_are_left() -> None:
    table = _started(min_bids=2, limits={"fallback": "post"})
    table.play(2, "withdraw")
    assert table.effects == (Left("s1", "declined"),)
    assert table.state.live
    with pytest.raises(StateForbids):
        table.seal(2, price=10)
    table.seal(3, price=300)
    table.seal(4, price=300)
    table.play(3, "withdraw")
    assert table.effects == (Left("s2", "withdrawn"), Ended(Status.TERMINATED, Reason.NO_BIDS, Fallback.POST))


def test_a_bidder_that_contradicts_itself_is_out_and_undoes_nothing() -> None:
    table = bid(_started(), 500, 300, 420)
    table.award()
    table.admit(table.convicting(2, by=2))  # a loser that convicts itself
    assert table.effects == (Left("s1", "fault"),)
    assert table.state.offer is not None
    with pytest.raises(FaultUnproven):
        table.admit(table.convicting(2, by=1))
    table.admit(table.convicting(3, by=1))  # the winner
    assert (table.state.offer, table.state.turn) == (None, "buyer")
    assert forfeits(table.machine.rules, table.state) == ("s1", "s2")
    table.award()
    assert _agreed_price(table) == ("s3", "1000")
    table.admit(table.convicting(1, by=4))  # the requester
    assert (table.state.status, table.state.culprit) == (Status.FAILED, signer(1).address)


def test_fewer_bids_than_wanted_end_it() -> None:
    table = bid(_started(reserve="400"), 500, 600, 700)
    assert Revealed("s3", table.state.sequence - 1, False) in table.effects
    assert (table.state.status, table.state.reason) == (Status.TERMINATED, Reason.NO_BIDS)
    table = _started(min_bids=2)
    table.seal(2, price=300)
    table.unseal(2, COMMIT_BY + 1)
    assert table.state.reason is Reason.NO_BIDS


def test_lost_counterparties_are_timed_out_by_anyone() -> None:
    table = _started()
    with pytest.raises(TimeoutTooEarly):
        table.play(2, "timeout", sent_at=COMMIT_BY)
    table.play(2, "timeout", sent_at=COMMIT_BY + 1)  # nobody committed
    assert table.state.reason is Reason.NO_BIDS
    table = bid(_started(), 500, 300, 420)
    with pytest.raises(TimeoutTooEarly):
        table.play(2, "timeout", sent_at=AWARD_BY)
    table.play(2, "timeout", sent_at=AWARD_BY + 1)  # the requester never awards
    assert table.state.reason is Reason.TIMEOUT
    table = bid(_started(), 500, 300, 420)
    table.award()
    table.play(4, "timeout", sent_at=START + 11)
    assert table.state.reason is Reason.OFFER_EXPIRED


def test_a_reviewer_approves_before_the_award() -> None:
    over = {"approval": {"max": [0, {"sub": [{"issue": "price"}, 400]}]}}
    table = bid(_started(more=over), 500, 300, 420)
    award = table.awarding()
    with pytest.raises(ApprovalMissing) as refused:
        table.admit(award)
    terms = table.terms_hash(award)
    assert refused.value.values["terms"] == terms
    with pytest.raises(NotAuthorised):
        table.play(2, "escalate", terms=terms)
    table.play(1, "escalate", terms=terms)
    table.play(REVIEWER, "approve", terms=terms, expires_at=START + 60)
    fields = {"salt": award.payload.salt, "expires_at": award.core.expires_at}  # type: ignore[union-attr]
    with pytest.raises(ApprovalMissing):
        table.award(expires_at=award.core.expires_at)  # another salt: other terms
    table.award(**fields)
    table.answer(3)
    assert table.state.status is Status.ACCEPTED
    below = bid(_started(more=over), 500, 300, 350)
    assert below.award().offer is not None


def test_nobody_holds_what_others_have_a_window_for() -> None:
    table = _started()
    for who in (1, 2):
        with pytest.raises(WrongPhase):
            table.play(who, "escalate")
    bid(table, 500, 300, 420).award()
    with pytest.raises(NotAuthorised):
        table.play(1, "escalate")  # or the requester could let the winner's time run out
    table.play(3, "escalate")
    assert table.state.held


def test_a_second_round_only_betters_bids() -> None:
    table = bid(_started(limits={"max_rounds": 2, "min_concession_ppm": 20_000}), 500, 300, 420)
    table.play(1, "call")
    assert (table.state.status, table.state.round) == (Status.COUNTER, 1)
    table.seal(2, price=280)
    table.seal(3, price=290)  # by less than the minimum: 300 stands
    table.unseal(2, START + 101)
    table.unseal(3, START + 101)
    assert table.effects == (Revealed("s2", table.state.sequence - 1, False),)
    with pytest.raises(NoProgress):
        table.play(1, "call")
    table.award(sent_at=START + 101, expires_at=START + 150)
    assert _agreed_price(table) == ("s1", "300")


def test_no_round_without_progress() -> None:
    table = bid(_started(limits={"max_rounds": 9}), 500, 300, 420)
    with pytest.raises(OfferInvalid):
        table.play(1, "call", candidates=({"price": "0", "days": 0, "colour": "red"},))
    table.play(1, "call")
    for who in (2, 3, 4):
        table.seal(who, price=600)
    for who in (2, 3, 4):
        table.unseal(who)
    with pytest.raises(NoProgress):
        table.play(1, "call")
    table.award()
    assert _agreed_price(table) == ("s2", "420")


def test_a_bond_is_named_in_the_commitment_and_goes_to_neither_side() -> None:
    table = _started(bond=BOND)
    wanted = bond_deal_id(table.of, table.opening, "s1")
    for wrong in (None, ZERO_HASH, bond_deal_id(table.of, table.opening, "s2")):
        with pytest.raises(BondMissing):
            table.seal(2, price=300, bond=wrong)
    table.seal(2, price=300, bond=wanted)
    deal = bond_deal(table.of, table.opening, "s1")
    assert (deal.buyer, deal.seller, deal.price) == (signer(2).address, BENEFICIARY, 500)
    assert deal.open_by == COMMIT_BY
    deal.validate_for_opening(START)
    assert len({bond_deal_id(table.of, table.opening, role) for role in ("s1", "s2", "s3")}) == 3
    with pytest.raises(DerivationFailed):
        bond_deal(table.of, table.opening, "buyer")
    with pytest.raises(BondMissing):
        _started().seal(2, price=300, bond=wanted)
    for party in (1, 2):
        greedy = SealedTable(auction_domain(bond={**BOND, "beneficiary": signer(party).address}))
        with pytest.raises(OpeningInvalid, match="bond"):
            check_opening(greedy.of, greedy.opening)


def test_the_award_price_is_what_the_deal_pays() -> None:
    table = bid(_started(more={"settlements": [SETTLEMENT]}), 500, 300, 420)
    table.award()
    table.answer(3)
    agreed = table.effects[0]
    assert isinstance(agreed, Agreed)
    deals = derive_deals(
        table.of, table.opening, agreed.offer, ZERO_HASH, agreed.sequence + 1, agreed.accepted_at
    )
    (deal,) = deals
    assert (deal.buyer, deal.seller, deal.arbiter) == (signer(1).address, signer(3).address, JUDGE)
    assert deal.price == 420 == sum(part.amount for part in deal.milestones)
    deal.validate_for_opening(START)
    bare = agreed.offer.model_copy(update={"winner": None})
    with pytest.raises(DerivationFailed, match="winner"):
        derive_deals(table.of, table.opening, bare, ZERO_HASH, 1, START)


def test_next_actions_tell_each_phase() -> None:
    table = _started()

    def may(who: int, at: int | None = None) -> set[str]:
        found = set(table.machine.next_actions(table.state, signer(who).address, at))
        return found - {"query", "inform", "fault"}

    assert may(1) == {"withdraw"}
    assert may(2) == {"withdraw", "commit"}
    assert may(2, COMMIT_BY + 1) == {"withdraw", "timeout"}
    for who in (2, 3, 4):
        table.seal(who, price=300 + 10 * who)
    assert may(2) == {"withdraw", "reveal"}
    assert may(2, REVEAL_BY + 1) == {"withdraw", "timeout"}
    for who in (2, 3, 4):
        table.unseal(who)
    assert may(1) == {"withdraw", "award", "escalate", "call"}
    assert may(1, AWARD_BY + 1) == {"withdraw", "timeout"}
    table.award()
    assert may(1) == {"withdraw"}
    assert may(2) == {"withdraw", "accept", "reject", "escalate"}
    assert may(3) == {"withdraw"}
    assert may(2, START + 11) == {"withdraw", "reject", "timeout"}


def test_the_other_protocols_words_are_refused() -> None:
    table = _started()
    with pytest.raises(NotInProtocol):
        table.play(1, "propose", price=100)
    table.play(GATEWAY, "control")
    assert table.state.reason is Reason.CONTROL


@pytest.mark.parametrize(
    "wrong",
    [
        {"requester": "nobody"},
        {"price": "colour"},
        {"price": "weight"},
        {"pricing": "posted"},
        {"posted": "100"},
        {"pricing": "posted", "posted": "100", "reserve": "100"},
        {"reserve": "105"},
        {"reserve": 100},
        {"penalty": {"issue": "price"}},
        {"penalty": {"var": "open_by"}},
        {"commit_seconds": 3_500},
        {"bond": {**BOND, "amount": "0"}},
        {"bond": {**BOND, "arbiter_fee": "0"}},
        {"bond": {**BOND, "arbiter": BENEFICIARY}},
        {"min_bids": 0},
        {"min_bids": 4},
    ],
)
def test_auctions_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        auction_domain(**wrong)


def test_sections_belong_to_their_protocol() -> None:
    right = auction_domain()
    for change in (
        {"protocol": "alternating-offers"},
        {"protocol": "mediated"},
        {"auction": None},
        {"settlements": [{**SETTLEMENT, "seller": "s1"}]},
        {"settlements": [{**SETTLEMENT, "buyer": "winner", "seller": "buyer"}]},
        {"escalation": ["buyer"]},
        {"approval": {"issue": "colour"}},
    ):
        with pytest.raises(DocumentInvalid):
            type(right).parse({**right.as_json(), **change})
    with pytest.raises(DocumentInvalid):
        domain(("buyer", "winner"), {"settlements": [{**SETTLEMENT, "seller": "nobody"}]})
    for change in (
        {"first": "s1"},
        {"initiator": signer(2).address},
        {"amends": "0x" + "12" * 32},
        {"draw": True},
    ):
        table = SealedTable(right, more=change)
        with pytest.raises(OpeningInvalid):
            check_opening(table.of, table.opening)
    assert Address(BENEFICIARY)


def test_who_settles_before_and_after_the_award() -> None:
    of = auction_domain(more={"settlements": [SETTLEMENT]})
    (settlement,) = of.settlements
    assert of.side_of(settlement, "buyer") == "buyer"
    assert {of.side_of(settlement, role) for role in ("s1", "s2", "s3")} == {"seller"}
    assert [of.side_of(settlement, role, "s2") for role in ("s1", "s2", "buyer")] == [None, "seller", "buyer"]
    assert of.side_of(settlement, None) is None
    assert of.side_of(settlement, "nobody") is None
    facts = facts_of(
        of,
        {"price": 420, "days": 0, "colour": "red"},
        role="s2",
        counterparty=Counterparty(address=signer(1).address),
        now=START,
    )
    assert facts.price == 420  # a bidder's policy sees what it would settle for
