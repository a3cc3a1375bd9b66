"""Agents find each other: a listing, a request for quotes, answers, and the sealed-bid negotiation itself."""

from __future__ import annotations

from typing import Any

import pytest

from parley.agents.errors import GatewayProblem
from parley.agents.marketplace import Marketplace
from parley.agents.seals import SealedMoves
from parley.agents.session import NegotiationSession
from parley.terms.domain import Domain
from parley.terms.errors import QuoteRequestInvalid, SignatureInvalid, StatementMismatch
from parley.terms.opening import Opening, Party
from parley.terms.values import Hash32

CHAIN = 31_337


def template(domain: Domain) -> Domain:
    body = domain.as_json()
    auction = {
        "requester": "requester",
        "side": "buy",
        "price": "price",
        "min_bids": 1,
        "commit_seconds": 600,
        "reveal_seconds": 600,
        "award_seconds": 600,
    }
    return Domain.parse(
        {
            **body,
            "roles": ["requester", "bidder_1"],
            "protocol": "sealed-bid",
            "settlements": [],
            "issues": [issue for issue in body["issues"] if issue["name"] == "price"],
            "limits": {**body["limits"], "max_rounds": 1},
            "auction": auction,
        }
    )


def market(world: Any, name: str, make_signer: Any, *capabilities: str) -> tuple[Marketplace, Any]:
    wallet = world.wallet(name)
    client = world.connect(wallet)
    client.register(name, list(capabilities) or ["none"])
    return Marketplace(client, make_signer(name), CHAIN, world.clock), wallet


def test_from_a_request_to_an_award(world: Any, domain: Any, make_signer: Any) -> None:
    asking, requester = market(world, "requester", make_signer)
    bidding = {name: market(world, name, make_signer, "gpu-lease") for name in ("north", "south", "west")}
    rfq = asking.ask(template(domain), ["gpu-lease"], 60, min_bidders=2, max_bidders=2)
    for name, (side, _) in bidding.items():
        [heard] = side.asked()
        assert heard["hash"] == rfq
        assert side.request(rfq)[0].requester == requester.address
        side.answer(rfq, interested=name != "west")
    agreed, places = asking.places(rfq)
    assert list(places) == ["bidder_1", "bidder_2"]
    assert set(places.values()) == {bidding[name][1].address for name in ("north", "south")}
    parties = {"requester": requester.address, **places}
    opening = Opening(
        domain=agreed.hash(),
        parties=tuple(Party(role=role, address=parties[role], epoch=0) for role in agreed.roles),
        first="requester",
        initiator=requester.address,
        opened_at=world.clock(),
        deadline=world.clock() + agreed.limits.deadline_seconds,
        chain_id=CHAIN,
        escrow=world.gateway.settings.escrow,
        gateways=(world.gateway.receipts.gateway,),
        reviewers=(),
        nonce=Hash32(f"0x{7:064x}"),
    )
    talk = NegotiationSession.start(agreed, opening, requester, world.channel(requester))
    asking.tie(rfq, talk.id)
    for name, price in (("north", 5_000_000), ("south", 4_000_000)):
        side, wallet = bidding[name]
        negotiation = side.request(rfq)[2]
        assert negotiation == talk.id
        SealedMoves(NegotiationSession.join(str(negotiation), wallet, world.channel(wallet))).bid(
            {"price": price}
        )
    talk.sync()
    assert talk.state.sequence == 3


def test_listings_are_found_and_their_signatures_checked(
    world: Any, domain: Any, make_signer: Any, monkeypatch: Any
) -> None:
    selling, wallet = market(world, "north", make_signer, "gpu-lease")
    looking, _ = market(world, "requester", make_signer)
    found = selling.publish("sell", "GPU hours", ["gpu-lease"], 600, domain)
    [shown] = looking.listings("gpu-lease", "sell")
    assert (shown["hash"], shown["agent"]) == (found, wallet.address)
    assert looking.listings("gpu-lease", "buy") == []
    [kept] = world.gateway.listings._all
    forged = {**world.gateway.listings._all[kept]}
    forged["listing"] = {**forged["listing"], "title": "something else"}
    monkeypatch.setitem(world.gateway.listings._all, kept, forged)
    with pytest.raises((StatementMismatch, SignatureInvalid)):
        looking.listings()
    selling.withdraw(found)
    assert looking.listings() == []


def test_too_few_answers_open_nothing(world: Any, domain: Any, make_signer: Any) -> None:
    asking, _ = market(world, "requester", make_signer)
    north, _ = market(world, "north", make_signer, "gpu-lease")
    with pytest.raises(GatewayProblem):
        asking.ask(template(domain), ["gpu-lease"], 60, min_bidders=2)
    rfq = asking.ask(template(domain), ["gpu-lease"], 60)
    north.answer(rfq, interested=False)
    with pytest.raises(QuoteRequestInvalid):
        asking.places(rfq)
