"""Listings: signed, found by what they say, withdrawn by their own agent, gone when they expire."""

from __future__ import annotations

from typing import Any

import pytest

from parley.terms.quotes import Listing
from parley.terms.statement import state
from parley.terms.values import Hash32

CHAIN = 31_337
DAY = 86_400


def listing(agent: Any, now: int, **changes: Any) -> Listing:
    body: dict[str, Any] = {
        "agent": agent.address,
        "side": "sell",
        "title": "H100 hours",
        "capabilities": ("gpu-lease",),
        "issued_at": now,
        "expires_at": now + DAY,
    }
    return Listing(**{**body, **changes})


def body(agent: Any, found: Listing, signer: Any = None, **more: Any) -> dict[str, Any]:
    signed = state(signer or agent.signer, found, CHAIN, found.issued_at)
    return {"listing": found.as_json(), **signed.as_json(), **more}


def publish(agent: Any, found: Listing, **more: Any) -> Any:
    return agent.post("/v1/listings", body(agent, found, **more))


def titles(reader: Any, **params: Any) -> list[str]:
    found = reader.get("/v1/listings", params=params).json()["listings"]
    return [shown["listing"]["title"] for shown in found]


def test_listings_are_found_by_capability_side_and_agent(buyer: Any, seller: Any, clock: Any) -> None:
    assert publish(seller, listing(seller, clock())).status_code == 201
    publish(seller, listing(seller, clock(), title="Disks", capabilities=("storage", "gpu-lease")))
    publish(buyer, listing(buyer, clock(), title="Wanted", side="buy"))
    assert titles(buyer, capability="gpu-lease") == ["H100 hours", "Disks", "Wanted"]
    assert titles(buyer, capability="storage") == ["Disks"]
    assert titles(buyer, side="buy") == ["Wanted"]
    assert titles(buyer, agent=seller.address) == ["H100 hours", "Disks"]
    assert buyer.get("/v1/listings", params={"side": "lend"}).status_code == 422


def test_pages_neither_skip_nor_repeat(buyer: Any, seller: Any, clock: Any) -> None:
    for number in range(5):
        publish(seller, listing(seller, clock(), title=f"l{number}"))
    seen, after = [], -1
    while after is not None:
        page = buyer.get("/v1/listings", params={"limit": 2, "after": after}).json()
        seen += [shown["listing"]["title"] for shown in page["listings"]]
        after = page["next"]
    assert seen == [f"l{number}" for number in range(5)]


def test_a_listing_brings_its_domain(talk: Any, buyer: Any, seller: Any, clock: Any) -> None:
    found = listing(seller, clock(), domain=talk.domain.hash())
    assert publish(seller, found).json()["code"] == "gateway.listing-invalid"
    assert publish(seller, found, domain=talk.domain.as_json()).status_code == 201
    shown = buyer.get(f"/v1/listings/{found.hash()}").json()["listing"]
    assert shown["domain"] == talk.domain.as_json()
    assert shown["statement"]["author"] == seller.address


def test_only_its_agent_withdraws_a_listing(buyer: Any, seller: Any, make_gateway: Any, clock: Any) -> None:
    found = listing(seller, clock())
    publish(seller, found)
    path = f"/v1/listings/{found.hash()}"
    assert make_gateway().listings.get(found.hash())["agent"] == seller.address
    assert buyer.request("DELETE", path).json()["code"] == "gateway.not-yours"
    assert seller.request("DELETE", path).status_code == 200
    assert buyer.get(path).status_code == 404
    assert titles(buyer) == []
    publish(seller, found)
    assert titles(buyer) == []  # the same paper does not come back; a new one does


def test_what_expired_is_not_shown(buyer: Any, seller: Any, clock: Any) -> None:
    found = listing(seller, clock(), expires_at=clock() + 10)
    publish(seller, found)
    assert titles(buyer) == ["H100 hours"]
    clock.now += 11
    assert titles(buyer) == []
    assert buyer.get(f"/v1/listings/{found.hash()}").status_code == 404


@pytest.mark.parametrize("wrong", ["other agent", "other author", "expired", "too long", "future"])
def test_listings_that_are_refused(buyer: Any, seller: Any, clock: Any, gateway: Any, wrong: str) -> None:
    now, good = clock(), listing(seller, clock())
    if wrong == "other agent":
        answer = buyer.post("/v1/listings", body(seller, good))
    elif wrong == "other author":
        answer = seller.post("/v1/listings", body(seller, good, signer=buyer.signer))
    else:
        dates = {
            "expired": {"expires_at": now},
            "too long": {"expires_at": now + 366 * DAY},
            "future": {"issued_at": now + 301},
        }
        answer = publish(seller, listing(seller, now, **dates[wrong]))
    assert 400 <= answer.status_code < 500, answer.text
    assert gateway.store.length("listings") == 0


def test_one_agent_has_a_bounded_number(seller: Any, clock: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("parley.gateway.market.listings.MOST", 2)
    for number in range(2):
        assert publish(seller, listing(seller, clock(), title=f"l{number}")).status_code == 201
    assert publish(seller, listing(seller, clock(), title="l2")).json()["code"] == "gateway.too-many-listings"
    seller.request("DELETE", f"/v1/listings/{Hash32(listing(seller, clock(), title='l0').hash())}")
    assert publish(seller, listing(seller, clock(), title="l2")).status_code == 201
