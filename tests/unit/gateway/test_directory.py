"""Profiles: published by their agents, found by what they can do."""

from __future__ import annotations

from typing import Any

import pytest


def profile(name: str, *capabilities: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "capabilities": list(capabilities), **more}


def test_agents_are_found_by_capability(buyer: Any, seller: Any, stranger: Any) -> None:
    seller.post("/v1/agents", profile("Seller", "gpu-lease", "storage"))
    stranger.post("/v1/agents", profile("Other", "storage"))
    names = [
        agent["name"] for agent in buyer.get("/v1/agents", params={"capability": "storage"}).json()["agents"]
    ]
    assert names == ["Seller", "Other"]
    [one] = buyer.get("/v1/agents", params={"capability": "gpu-lease"}).json()["agents"]
    assert one["address"] == seller.address
    assert buyer.get("/v1/agents", params={"capability": "none"}).json()["agents"] == []
    assert buyer.get(f"/v1/agents/{seller.address}").json()["agent"]["name"] == "Seller"


def test_a_new_profile_replaces_the_old_one(buyer: Any, seller: Any) -> None:
    seller.post("/v1/agents", profile("Seller", "gpu-lease"))
    seller.post("/v1/agents", profile("Seller", "storage", facts={"region": "EU"}))
    assert buyer.get("/v1/agents", params={"capability": "gpu-lease"}).json()["agents"] == []
    [found] = buyer.get("/v1/agents", params={"capability": "storage"}).json()["agents"]
    assert found["facts"] == {"region": "EU"}


def test_the_same_profile_again_stores_nothing(seller: Any, gateway: Any) -> None:
    for _ in range(3):
        assert seller.post("/v1/agents", profile("Seller", "gpu-lease")).status_code == 201
    assert gateway.store.length("agents") == 1


def test_another_process_sees_it(seller: Any, make_gateway: Any) -> None:
    seller.post("/v1/agents", profile("Seller", "gpu-lease"))
    assert make_gateway().directory.get(seller.address)["name"] == "Seller"


def test_listings_are_paged(buyer: Any, http: Any) -> None:
    kind = type(buyer)
    for number in range(5):
        kind(f"agent {number}", http).post("/v1/agents", profile(f"a{number}", "x"))
    first = buyer.get("/v1/agents", params={"limit": 3}).json()
    rest = buyer.get("/v1/agents", params={"limit": 3, "after": first["next"]}).json()
    assert [agent["name"] for agent in first["agents"] + rest["agents"]] == [
        f"a{number}" for number in range(5)
    ]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "bad",
    [
        {},
        profile(""),
        profile("x", "Not A Tag"),
        profile("x", *["t"] * 40),
        profile("x", endpoint="javascript:alert(1)"),
        profile("x", facts={"Region": "EU"}),
        profile("x" * 101),
        {**profile("x"), "address": "0x" + "00" * 20},
    ],
)
def test_bad_profiles_are_refused(seller: Any, gateway: Any, bad: dict[str, Any]) -> None:
    assert seller.post("/v1/agents", bad).json()["code"] == "gateway.body-invalid"
    assert gateway.store.length("agents") == 0


def test_unknown_agents_are_not_found(buyer: Any) -> None:
    assert buyer.get("/v1/agents/0x" + "12" * 20).status_code == 404
