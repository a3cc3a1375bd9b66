"""Two agents over real HTTP and a real chain, from a first offer to a paid seller that a stranger can
verify.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from parley.agents.agent import Agent, NothingToSign
from parley.agents.errors import GatewayProblem
from parley.chain.reader import OnChainReader
from parley.evidence.bundle import Bundle
from parley.evidence.verify import verify_bundle
from parley.sandbox.local import UNIT, LocalMarket
from parley.terms.domain import Domain

NAMES = count()


def pair(market: LocalMarket, *, buyer_money: int = 100, seller_money: int = 10) -> tuple[Agent, Agent]:
    number = next(NAMES)
    buyer = market.agent(f"buyer {number}", money=buyer_money)
    return buyer, market.agent(f"seller {number}", money=seller_money)


def agree(buyer: Agent, seller: Agent, domain: Domain, price: int = 5_000_000) -> tuple[Any, Any]:
    talk = buyer.open(domain, seller.address)
    talk.offer({"price": price - 1_000_000, "hours": 50})
    theirs = seller.next_talk().wait()
    theirs.offer({"price": price, "hours": 50})
    talk.wait().accept()
    return talk, theirs.wait()


def opened(buyer: Agent, seller: Agent, domain: Domain) -> tuple[Any, str]:
    talk, theirs = agree(buyer, seller, domain)
    theirs.sign()
    [deal_id] = talk.sign()
    buyer.wait_for(deal_id, "open")
    return talk, deal_id


def verified(market: LocalMarket, document: Any) -> Any:
    reader = OnChainReader(market.node, market.deployment.escrow, start_block=market.deployment.block)
    return verify_bundle(Bundle.parse(document), reader)


def test_from_a_first_offer_to_a_paid_seller(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market)
    _, deal_id = opened(buyer, seller, domain)
    assert market.balance(buyer.address) == 95 * UNIT
    seller.deliver(deal_id, {"machines": ["a", "b"]})
    buyer.accept_delivery(deal_id)
    closed = buyer.wait_for(deal_id, "closed")
    assert (closed.status, closed.money["to_seller"]) == ("settled", "5000000")
    assert (market.balance(buyer.address), market.balance(seller.address)) == (95 * UNIT, 15 * UNIT)
    assert seller.client.reputation(seller.address).score_ppm > 600_000
    report = verified(market, buyer.client.deal_bundle(deal_id)["bundle"])
    assert report.ok, [check for check in report.checks if not check.ok]


def test_a_tampered_bundle_does_not_verify(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market)
    _, deal_id = opened(buyer, seller, domain)
    document = buyer.client.deal_bundle(deal_id)["bundle"]
    document["messages"][1]["payload"]["values"]["price"] = "1000000"
    assert not verified(market, document).ok


def test_a_proof_of_one_message_holds_without_the_rest(market: LocalMarket, domain: Domain) -> None:
    from parley.evidence.merkle import verify_proof

    buyer, seller = pair(market)
    talk, deal_id = opened(buyer, seller, domain)
    proof = seller.client.deal_proof(deal_id, 2)["proof"]
    message = talk.messages[2].message_hash(market.deployment.chain_id)
    assert verify_proof(proof["transcript_root"], 2, message, proof["proof"])
    with pytest.raises(GatewayProblem):
        seller.client.deal_proof(deal_id, 4)


def test_an_unfundable_deal_is_refused_before_anything_is_stored(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market, buyer_money=1)
    talk, theirs = agree(buyer, seller, domain)
    theirs.sign()
    signed = buyer.wallet.sign_deal(talk.machine, talk.state, 0, None, fund=True)
    with pytest.raises(GatewayProblem) as refused:
        buyer.client.sign_agreement(talk.id, 0, signed.deal.open_by, signed.signature, signed.authorization)
    assert refused.value.problem == "settlement.funding-missing"
    assert refused.value.values["missing"] == "4000000"
    assert buyer.client.deals().items == ()
    market.fund(buyer.address, 4 * UNIT)
    buyer.client.sign_agreement(talk.id, 0, signed.deal.open_by, signed.signature, signed.authorization)
    assert buyer.wait_for(signed.deal_id, "open").status == "open"


def test_the_buyer_signs_last(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market)
    talk, _ = agree(buyer, seller, domain)
    signed = buyer.wallet.sign_deal(talk.machine, talk.state, 0, None, fund=True)
    with pytest.raises(GatewayProblem) as refused:
        buyer.client.sign_agreement(talk.id, 0, signed.deal.open_by, signed.signature, signed.authorization)
    assert refused.value.problem == "gateway.seller-signs-first"


def test_a_signature_by_someone_else_is_refused(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market)
    _, theirs = agree(buyer, seller, domain)
    signed = seller.wallet.sign_deal(theirs.machine, theirs.state, 0, None, fund=True)
    forged = "0x00" + market.signer("forger").sign_digest(bytes.fromhex(signed.deal_id[2:]))[2:]
    with pytest.raises(GatewayProblem) as refused:
        seller.client.sign_agreement(theirs.id, 0, signed.deal.open_by, forged)
    assert refused.value.problem == "terms.signature-invalid"


def test_the_seller_signs_one_open_by_and_no_other(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market)
    _, theirs = agree(buyer, seller, domain)
    theirs.sign()
    later = seller.wallet.derive_deal(theirs.machine, theirs.state, 0, None)
    other = seller.wallet.derive_deal(theirs.machine, theirs.state, 0, later.open_by - 1)
    deal_id = other.deal_id(market.deployment.chain_id, market.deployment.escrow)
    names = (f"seller {number}" for number in range(1_000))
    signer = next(found for found in map(market.signer, names) if found.address == seller.address)
    signature = "0x00" + signer.sign_digest(bytes.fromhex(deal_id[2:]))[2:]
    with pytest.raises(GatewayProblem) as refused:
        seller.client.sign_agreement(theirs.id, 0, other.open_by, signature)
    assert refused.value.problem == "gateway.already-signed"


def test_a_deal_signed_elsewhere_is_submitted_whole(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market)
    talk, theirs = agree(buyer, seller, domain)
    sold = seller.wallet.sign_deal(theirs.machine, theirs.state, 0, None, fund=True)
    bought = buyer.wallet.sign_deal(talk.machine, talk.state, 0, sold.deal.open_by, fund=True)
    view = buyer.client.submit_deal(
        bought.deal, bought.signature, sold.signature, bought.authorization, sold.authorization
    )
    again = buyer.client.submit_deal(
        bought.deal, bought.signature, sold.signature, bought.authorization, sold.authorization
    )
    assert view.deal_id == again.deal_id == bought.deal_id
    assert buyer.wait_for(view.deal_id, "open").role == "buyer"
    assert market.balance(buyer.address) == 95 * UNIT


def test_strangers_neither_see_nor_touch_a_deal(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market)
    _, deal_id = opened(buyer, seller, domain)
    stranger = market.agent("stranger")
    client = stranger.client
    for ask in (
        lambda: client.deal(deal_id),
        lambda: client.deal_bundle(deal_id),
        lambda: client.deal_proof(deal_id, 0),
        lambda: client.deal_action(deal_id, "exits", {"exit": "default"}),
    ):
        with pytest.raises(GatewayProblem) as refused:
            ask()
        assert refused.value.http_status == 404
    assert client.deals().items == ()


def test_actions_that_would_revert_are_refused_with_the_escrows_reason(
    market: LocalMarket, domain: Domain
) -> None:
    buyer, seller = pair(market)
    _, deal_id = opened(buyer, seller, domain)
    with pytest.raises(GatewayProblem) as early:
        buyer.client.deal_action(deal_id, "exits", {"exit": "default"})
    assert early.value.problem.lower().replace("_", "").replace("-", "").endswith("tooearly")
    with pytest.raises(GatewayProblem) as unknown:
        buyer.client.deal_action(deal_id, "exits", {"exit": "confiscate"})
    assert unknown.value.problem == "gateway.parameter-invalid"


def test_a_rejected_delivery_can_be_delivered_again(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market)
    _, deal_id = opened(buyer, seller, domain)
    seller.deliver(deal_id, {"machines": []})
    buyer.reject_delivery(deal_id, "nothing arrived")
    seller.deliver(deal_id, {"machines": ["a"]})
    buyer.wait_for(deal_id, "delivered")
    buyer.accept_delivery(deal_id)
    assert buyer.wait_for(deal_id, "closed").status == "settled"


def test_the_feed_tells_the_whole_story_and_resumes(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market)
    talk, _ = opened(buyer, seller, domain)
    seen: list[tuple[int, str, str]] = []
    for event in buyer.client.events(0, idle=0.5):
        if event is None:
            break
        seen.append((event.id, event.stream, event.kind))
    kinds = [kind for _, _, kind in seen]
    assert kinds.count("message") == talk.state.sequence
    assert "seller_signed" in kinds
    assert "chain.Opened" in kinds
    middle = seen[len(seen) // 2][0]
    rest = []
    for event in buyer.client.events(middle, idle=0.5):
        if event is None:
            break
        rest.append(event.id)
    assert rest == [position for position, _, _ in seen if position > middle]
    assert {stream for _, stream, _ in seen} == {"negotiation", "agreement", "deal", "chain"}


def test_a_talk_that_ended_without_agreement_is_not_signed(market: LocalMarket, domain: Domain) -> None:
    buyer, seller = pair(market)
    talk = buyer.open(domain, seller.address)
    talk.offer({"price": 4_000_000, "hours": 50})
    seller.next_talk().wait().withdraw("not today")
    with pytest.raises(NothingToSign) as refused:
        talk.sign()
    assert refused.value.values["status"] == "TERMINATED"
