"""Bundles of every protocol verify: the replay, and the deals that follow from an award or joint terms."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "negotiation"))
from sealed_table import (
    BOND,
    COMMIT_BY,
    MEDIATOR,
    SETTLEMENT,
    SealedTable,
    auction_domain,
    bid,
    mediated_domain,
)
from table import Table, domain, signer

from parley.evidence.bundle import Bundle, DealSignatures, export_bundle
from parley.evidence.merkle import transcript_root
from parley.evidence.report import Outcome, Report
from parley.evidence.verify import verify_bundle
from parley.negotiation.effects import Agreed
from parley.terms.bonds import bond_deal_id
from parley.terms.deal import Deal, bundle_hash
from parley.terms.derivation import Amended, derive_deals
from parley.terms.signing import account_signature
from parley.terms.values import ZERO_HASH

AMENDED = "0x" + "0f" * 32


def _share(buyer: str, seller: str, bps: int) -> dict[str, Any]:
    price = {"bps": [{"issue": "price"}, bps]}
    return {**SETTLEMENT, "buyer": buyer, "seller": seller, "price": price}


def _bundle(table: Table, amended: Amended | None = None) -> Bundle:
    """The signed bundle of an agreement that was just reached."""
    agreed = next(effect for effect in table.effects if isinstance(effect, Agreed))
    hashes = [message.message_hash(table.opening.chain_id) for message in table.messages]
    deals = derive_deals(
        table.of,
        table.opening,
        agreed.offer,
        transcript_root(hashes),
        len(hashes),
        agreed.accepted_at,
        amended=amended,
    )
    return export_bundle(
        table.of, table.opening, table.messages, deals=[_signed(table, deal) for deal in deals]
    )


def _signed(table: Table, deal: Deal) -> DealSignatures:
    digest = bytes.fromhex(deal.deal_id(table.opening.chain_id, table.opening.escrow)[2:])
    keys = {signer(at).address: signer(at) for at in range(1, 6)}
    return DealSignatures(
        deal,
        buyer_signature=account_signature(keys[deal.buyer].sign_digest(digest)),
        seller_signature=account_signature(keys[deal.seller].sign_digest(digest)),
    )


def _auction() -> SealedTable:
    table = SealedTable(auction_domain(more={"settlements": [SETTLEMENT]}, limits={"max_rounds": 2}))
    table.play(1, "open")
    bid(table, 500, 300, 420).play(1, "call")
    bid(table, 280, 260, 400).award()
    table.answer(3)
    return table


def _mediated() -> SealedTable:
    shares = {"settlements": [_share("a", "b", 1_500), _share("a", "c", 8_500)]}
    table = SealedTable(mediated_domain(more=shares))
    table.play(1, "open")
    candidates = tuple({"price": str(100 * at), "days": at, "colour": "red"} for at in range(1, 5))
    table.play(MEDIATOR, "call", candidates=candidates)
    for who, ranking in ((1, (0, 1)), (2, (3, 1)), (3, (2, 1))):
        table.seal(who, ranking=ranking)
    for who in (1, 2, 3):
        table.unseal(who)
    table.award()
    for who in (1, 2, 3):
        table.answer(who)
    return table


def _three(draw: bool = False) -> Table:
    shares = {"settlements": [_share("a", "b", 1_500), _share("a", "c", 8_500)]}
    table = SealedTable(domain(("a", "b", "c"), shares), more={"draw": True} if draw else None)
    table.play(1, "open")
    if draw:
        for who in (1, 2, 3):
            table.seal(who)
        for who in (1, 2, 3):
            table.unseal(who)
    first = "abc".index(table.state.turn)
    table.play(first + 1, "propose", price=400)
    for step in (1, 2):
        table.play((first + step) % 3 + 1, "accept")
    return table


def _ok(report: Report) -> None:
    assert report.ok, report.failure


def _failed(report: Report) -> str:
    assert report.failure is not None
    return report.failure.name


def test_an_auction_of_two_rounds() -> None:
    bundle = _bundle(_auction())
    assert [item.deal.price for item in bundle.deals] == [280]  # the second price of the last round
    assert bundle.deals[0].deal.seller == signer(3).address
    _ok(verify_bundle(bundle.canonical()))


def test_a_deal_at_another_price_than_the_award_does_not_follow() -> None:
    table = _auction()
    agreed = next(effect for effect in table.effects if isinstance(effect, Agreed))
    bundle = _bundle(table)
    own = {**agreed.offer.values, "price": "260"}
    hashes = [message.message_hash(table.opening.chain_id) for message in table.messages]
    (cheap,) = derive_deals(
        table.of,
        table.opening,
        agreed.offer.model_copy(update={"values": own}),
        transcript_root(hashes),
        len(hashes),
        agreed.accepted_at,
    )
    forged = export_bundle(table.of, table.opening, table.messages, deals=[_signed(table, cheap)])
    report = verify_bundle(forged)
    assert _failed(report) == "deal derivation"
    assert "price is 260" in str(report.failure)
    assert verify_bundle(bundle).ok


def test_an_award_that_does_not_follow_is_found_in_the_replay() -> None:
    table = _auction()
    told = list(table.messages)
    award = next(at for at, message in enumerate(told) if message.core.performative.wire == "award")
    before = table.machine.replay(told[:award], table.opening.chain_id)
    liar = SealedTable(table.of)
    liar.state, liar.messages, liar.kept = before, told[:award], {}
    values = {"price": "1000", "days": 0, "colour": "red"}
    bundle = export_bundle(
        table.of, table.opening, [*told[:award], liar.sign(1, "award", winner="s2", values=values)]
    )
    report = verify_bundle(bundle)
    assert _failed(report) == "turns and replay"
    assert f"message {award} " in str(report.failure)


def test_a_coalition_signs_two_linked_deals() -> None:
    bundle = _bundle(_mediated())
    prices = [item.deal.price for item in bundle.deals]
    assert prices == [30, 170]
    link = bundle_hash(tuple(item.deal for item in bundle.deals))
    assert {item.deal.bundle for item in bundle.deals} == {link} != {ZERO_HASH}
    _ok(verify_bundle(bundle.canonical()))


@pytest.mark.parametrize("draw", [False, True])
def test_three_parties_with_and_without_a_draw(draw: bool) -> None:
    bundle = _bundle(_three(draw))
    assert [item.deal.price for item in bundle.deals] == [60, 340]
    _ok(verify_bundle(bundle.canonical()))


def test_joint_terms_without_payment_are_anchored_only() -> None:
    table = Table(domain(("a", "b", "c"))).started()
    table.play(1, "propose", price=400)
    table.play(2, "accept")
    table.play(3, "accept")
    bundle = _bundle(table)
    assert bundle.deals == ()
    report = verify_bundle(bundle)
    _ok(report)
    assert (
        next(check for check in report.checks if check.name == "deal derivation").outcome is Outcome.NOTHING
    )


def test_an_amendment() -> None:
    settlement = {**SETTLEMENT, "seller": "seller"}
    table = Table(domain(more={"settlements": [settlement]}), more={"amends": AMENDED}).started()
    table.play(1, "propose", price=400)
    table.play(2, "accept")
    bundle = _bundle(table, Amended(milestone=1, locked=440))
    assert bundle.deals[0].deal.amends == AMENDED
    _ok(verify_bundle(bundle.canonical()))


def test_lost_bonds_are_named() -> None:
    table = SealedTable(auction_domain(bond=BOND, min_bids=1))
    table.play(1, "open")
    for who, role in ((2, "s1"), (3, "s2")):
        table.seal(who, price=300, bond=bond_deal_id(table.of, table.opening, role))
    table.unseal(2, COMMIT_BY + 1)
    table.award(sent_at=COMMIT_BY + 101, expires_at=COMMIT_BY + 150)
    report = verify_bundle(export_bundle(table.of, table.opening, table.messages))
    _ok(report)
    replay = next(check for check in report.checks if check.name == "turns and replay")
    assert replay.detail.endswith("; bonds lost by s2")


def test_an_erased_losing_bid_leaves_the_rest_verifiable() -> None:
    table = _auction()
    bundle = _bundle(table)
    lost = next(
        at
        for at, message in enumerate(table.messages)
        if message.core.performative.wire == "reveal" and message.core.sender == signer(4).address
    )
    messages = list(bundle.messages)
    messages[lost] = messages[lost].erased()
    report = verify_bundle(bundle.model_copy(update={"messages": tuple(messages)}))
    _ok(report)
    replay = next(check for check in report.checks if check.name == "turns and replay")
    assert replay.outcome is Outcome.PARTIAL


def test_an_authorisation_of_an_amendment_is_not_checked_against_a_whole_price() -> None:
    settlement = {**SETTLEMENT, "seller": "seller"}
    table = Table(domain(more={"settlements": [settlement]}), more={"amends": AMENDED}).started()
    table.play(1, "propose", price=400)
    table.play(2, "accept")
    bundle = _bundle(table, Amended(milestone=1, locked=440))
    deals = tuple(item.model_copy(update={"buyer_authorization": "0x" + "11" * 65}) for item in bundle.deals)
    report = verify_bundle(bundle.model_copy(update={"deals": deals}))
    _ok(report)
    check = next(check for check in report.checks if check.name == "authorisations")
    assert (check.outcome, "amendments" in check.detail) == (Outcome.SKIPPED, True)
