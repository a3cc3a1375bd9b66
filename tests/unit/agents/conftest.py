"""Agents that talk to a gateway in the same process, over ASGI, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from parley.agents.channel import GatewayChannel
from parley.agents.client import GatewayClient
from parley.agents.gatekeeper import Guard
from parley.agents.journal import Journal
from parley.agents.knowledge import StaticKnowledge
from parley.agents.wallet import TokenName, Wallet
from parley.gateway.app import app_of
from parley.gateway.gateway import Gateway, assemble
from parley.gateway.settings import GatewaySettings
from parley.negotiation.utility import Profile
from parley.store.service import EventStore
from parley.terms.domain import Domain
from parley.terms.opening import Opening, Party
from parley.terms.signing import LocalSigner
from parley.terms.values import Address, Hash32, keccak

NOW = 1_800_000_000
CHAIN = 31_337
ESCROW = Address("0x" + "e5" * 20)
TOKEN = Address("0x" + "70" * 20)
URL = "http://testserver"


class Clock:
    """Unix seconds under the test's control."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def signer(name: str) -> LocalSigner:
    return LocalSigner(keccak(name.encode()))


def lease(**changes: Any) -> Domain:
    """Price 1 to 9 in cents, and hours; one settlement with the price at delivery."""
    limits = {
        "max_rounds": 20,
        "deadline_seconds": 3_600,
        "min_concession_ppm": 0,
        "repeat_cap": 3,
        "max_queries": 2,
        "open_window_seconds": 600,
        "fallback": "abort",
    }
    settlement = {
        "buyer": "buyer",
        "seller": "seller",
        "token": TOKEN,
        "arbiter": "0x" + "00" * 20,
        "relayer": "0x" + "00" * 20,
        "price": {"issue": "price"},
        "seller_bond": "0",
        "arbiter_fee": "0",
        "relay_fee": "0",
        "cancel_by": 0,
        "review_window": 3_600,
        "dispute_window": 3_600,
        "ruling_window": 3_600,
        "rejected_seller_bps": 0,
        "lapsed_seller_bps": 5_000,
        "walk_away_bps": 5_000,
        "payout": 0,
        "milestones": [{"amount": {"rest": True}, "deliver_by": {"add": [{"var": "open_by"}, 86_400]}}],
    }
    body: dict[str, Any] = {
        "schema": "parley/domain",
        "version": 1,
        "title": "Lease",
        "issues": [
            {"name": "price", "type": "amount", "min": "1000000", "max": "9000000", "step": "10000"},
            {"name": "hours", "type": "integer", "min": 10, "max": 100, "step": 10},
        ],
        "fixed": {},
        "roles": ["buyer", "seller"],
        "protocol": "alternating-offers",
        "limits": {**limits, **changes.pop("limits", {})},
        "settlements": [settlement],
        "data_class": "internal",
        "assumptions": [],
    }
    return Domain.parse({**body, **changes})


def profile_for(domain: Domain, role: str, reservation_ppm: int = 300_000) -> Profile:
    """The buyer wants it cheap and long, the seller dear and short."""
    cheap = {"points": [{"at": "1000000", "utility": 1_000_000}, {"at": "9000000", "utility": 0}]}
    dear = {"points": [{"at": "1000000", "utility": 0}, {"at": "9000000", "utility": 1_000_000}]}
    long = {"points": [{"at": "10", "utility": 0}, {"at": "100", "utility": 1_000_000}]}
    short = {"points": [{"at": "10", "utility": 1_000_000}, {"at": "100", "utility": 0}]}
    price, hours = (cheap, long) if role == "buyer" else (dear, short)
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 1,
            "domain": domain.hash(),
            "role": role,
            "weights": {"price": 800_000, "hours": 200_000},
            "utilities": {"price": price, "hours": hours},
            "reservation_ppm": reservation_ppm,
            "limits": [],
            "constraints": [],
        }
    )


class World:
    """One gateway, and wallets with journals of their own."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self.stores: list[EventStore] = []
        self.desk: Any = None
        self.client: TestClient | None = None
        self.gateway: Gateway | None = None

    def store(self, name: str) -> EventStore:
        found = EventStore.open(f"sqlite:///{self.folder / name}.sqlite", clock=self.clock)
        self.stores.append(found)
        return found

    def start(self, desk: Any = None) -> Gateway:
        settings = GatewaySettings(
            chain_id=CHAIN, escrow=ESCROW, audience=URL, worker_seconds=3_600, database="sqlite:///unused"
        )
        self.gateway = assemble(settings, self.store("gateway"), signer("gateway"), desk, None, self.clock)
        self.client = TestClient(app_of(self.gateway), raise_server_exceptions=False)
        self.client.__enter__()
        return self.gateway

    def wallet(self, name: str, store: EventStore | None = None, **options: Any) -> Wallet:
        guard = options.pop("guard", None)
        return Wallet(
            signer(name),
            Journal(store or self.store(name)),
            chain_id=CHAIN,
            escrow=ESCROW,
            clock=self.clock,
            guard=guard or Guard(),
            knowledge=options.pop("knowledge", StaticKnowledge()),
            tokens={TOKEN: TokenName("Token", "1")},
            **options,
        )

    def connect(self, wallet: Wallet, transport: httpx.BaseTransport | None = None) -> GatewayClient:
        assert self.client is not None
        return GatewayClient(
            URL, wallet, transport=transport or self.client._transport, sleep=lambda seconds: None, attempts=3
        )

    def channel(self, wallet: Wallet) -> GatewayChannel:
        return GatewayChannel(self.connect(wallet))

    def opening(
        self, domain: Domain, buyer: Address, seller: Address, number: int = 1, **changes: Any
    ) -> Opening:
        assert self.gateway is not None
        options: dict[str, Any] = {
            "domain": domain.hash(),
            "parties": (
                Party(role="buyer", address=buyer, epoch=0),
                Party(role="seller", address=seller, epoch=0),
            ),
            "first": "buyer",
            "initiator": buyer,
            "opened_at": self.clock.now,
            "deadline": self.clock.now + domain.limits.deadline_seconds,
            "chain_id": CHAIN,
            "escrow": ESCROW,
            "gateways": (self.gateway.receipts.gateway,),
            "reviewers": (),
            "nonce": Hash32(f"0x{number:064x}"),
        }
        return Opening(**{**options, **changes})

    def close(self) -> None:
        if self.client is not None:
            self.client.__exit__(None, None, None)
        for store in self.stores:
            store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(tmp_path: Path, clock: Clock) -> Iterator[World]:
    found = World(tmp_path, clock)
    found.start()
    yield found
    found.close()


@pytest.fixture
def domain() -> Domain:
    return lease()


@pytest.fixture
def make_lease() -> Callable[..., Domain]:
    return lease


@pytest.fixture
def make_profile() -> Callable[..., Profile]:
    return profile_for


@pytest.fixture
def make_signer() -> Callable[[str], LocalSigner]:
    return signer
