"""A gateway on a temporary SQLite file with a clock that tests move, and agents that sign for themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.gateway.gateway import Gateway, assemble
from parley.gateway.settings import GatewaySettings
from parley.policy.models import Bundle
from parley.policy.tripwires import Tripwires
from parley.store.service import EventStore
from parley.terms.domain import Domain
from parley.terms.message import Challenge, Message, Performative, build_message
from parley.terms.opening import Opening, Party
from parley.terms.payloads import Accept, Offer, Open, Payload
from parley.terms.signing import LocalSigner
from parley.terms.values import Address, Hash32, Salt, keccak

NOW = 1_800_000_000
CHAIN = 31_337
ESCROW = "0x" + "e5" * 20
TOKEN = "0x" + "70" * 20


class Clock:
    """Unix seconds under the test's control."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def signer(name: str) -> LocalSigner:
    return LocalSigner(keccak(name.encode()))


def salt(number: int) -> Salt:
    return Salt(f"0x{number:032x}")


def domain_document(**changes: Any) -> dict[str, Any]:
    """A lease of a machine: price in steps of a cent, hours, and a choice."""
    body: dict[str, Any] = {
        "schema": "parley/domain",
        "version": 1,
        "title": "Lease",
        "issues": [
            {"name": "price", "type": "amount", "min": "1000000", "max": "9000000", "step": "10000"},
            {"name": "hours", "type": "integer", "min": 10, "max": 100, "step": 10},
            {"name": "support", "type": "choice", "values": ["none", "business"]},
        ],
        "fixed": {"law": "seller's seat"},
        "roles": ["buyer", "seller"],
        "protocol": "alternating-offers",
        "limits": {
            "max_rounds": 20,
            "deadline_seconds": 3_600,
            "min_concession_ppm": 0,
            "repeat_cap": 3,
            "max_queries": 2,
            "open_window_seconds": 600,
            "fallback": "abort",
        },
        "settlements": [
            {
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
                "milestones": [
                    {"amount": {"rest": True}, "deliver_by": {"add": [{"var": "open_by"}, 86_400]}}
                ],
            }
        ],
        "data_class": "internal",
        "assumptions": [],
    }
    return {**body, **changes}


class Agent:
    """Signs by hand, with no wallet in between, so that tests can also sign what they should not."""

    def __init__(self, name: str, http: TestClient | None, chain_id: int = CHAIN) -> None:
        self.signer = signer(name)
        self.chain_id = chain_id
        self.http = http
        self.token: str | None = None

    @property
    def address(self) -> Address:
        return self.signer.address

    def sign_in(self, **options: Any) -> str:
        assert self.http is not None
        proposed = self.http.post("/v1/challenge", json={"agent": self.address}).json()["challenge"]
        signature = self.signer.sign_digest(Challenge.parse(proposed).digest(self.chain_id))
        body = {"challenge": proposed, "signature": signature, **options}
        answer = self.http.post("/v1/session", json=body)
        assert answer.status_code == 201, answer.text
        self.token = answer.json()["token"]
        return self.token

    def request(self, method: str, path: str, **options: Any) -> Any:
        assert self.http is not None
        if self.token is None:
            self.sign_in()
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> Any:
        return self.request("POST", path, json=body, **options)


class Talk:
    """A negotiation between two agents, built message by message."""

    def __init__(
        self,
        buyer: Agent,
        seller: Agent,
        *,
        gateways: tuple[Address, ...] = (),
        reviewers: tuple[Address, ...] = (),
        domain: dict[str, Any] | None = None,
        opened_at: int = NOW,
        number: int = 1,
        escrow: str = ESCROW,
        chain_id: int = CHAIN,
    ) -> None:
        self.buyer, self.seller = buyer, seller
        self.domain = Domain.parse(domain or domain_document())
        self.opening = Opening(
            domain=self.domain.hash(),
            parties=(
                Party(role="buyer", address=buyer.address, epoch=0),
                Party(role="seller", address=seller.address, epoch=0),
            ),
            first="buyer",
            initiator=buyer.address,
            opened_at=opened_at,
            deadline=opened_at + self.domain.limits.deadline_seconds,
            chain_id=chain_id,
            escrow=Address(escrow),
            gateways=gateways,
            reviewers=reviewers,
            nonce=Hash32(f"0x{number:064x}"),
        )
        self.id = self.opening.negotiation_id()
        self.chain_id = chain_id
        self.messages: list[Message] = []

    @property
    def last(self) -> Hash32:
        return self.messages[-1].message_hash(self.chain_id) if self.messages else self.id

    def build(
        self,
        agent: Agent,
        performative: Performative,
        payload: Payload,
        *,
        at: int = NOW,
        sequence: int | None = None,
        previous: Hash32 | None = None,
    ) -> Message:
        return build_message(
            agent.signer,
            self.chain_id,
            self.id,
            len(self.messages) if sequence is None else sequence,
            self.last if previous is None else previous,
            performative,
            payload,
            at,
        )

    def open_message(self) -> Message:
        return self.build(self.buyer, Performative.OPEN, Open(salt=salt(0)), at=self.opening.opened_at)

    def offer(
        self, price: int, *, number: int = 0, hours: int = 50, support: str = "none", **more: Any
    ) -> Offer:
        return Offer(
            values={"price": str(price), "hours": hours, "support": support},
            expires_at=more.pop("expires_at", self.opening.deadline),
            assumptions=(),
            dependencies=(),
            final=False,
            salt=salt(price + number),
        )

    def open_body(self, message: Message | None = None) -> dict[str, Any]:
        return {
            "domain": self.domain.as_json(),
            "opening": self.opening.as_json(),
            "message": (message or self.open_message()).wire(),
        }

    def start(self) -> Any:
        message = self.open_message()
        answer = self.buyer.post("/v1/negotiations", self.open_body(message))
        if answer.status_code == 201:
            self.messages.append(message)
        return answer

    def send(self, agent: Agent, message: Message) -> Any:
        answer = agent.post(f"/v1/negotiations/{self.id}/messages", message.wire())
        if answer.status_code == 201:
            self.messages.append(message)
        return answer

    def say_offer(self, agent: Agent, price: int, **more: Any) -> Any:
        kind = Performative.PROPOSE if len(self.messages) == 1 else Performative.COUNTER
        at = more.pop("at", NOW)
        return self.send(agent, self.build(agent, kind, self.offer(price, **more), at=at))

    def say_accept(self, agent: Agent, **more: Any) -> Any:
        offers = [m for m in self.messages if isinstance(m.payload, Offer)]
        accepted = offers[-1].message_hash(self.chain_id)
        payload = Accept(offer=accepted, salt=salt(99))
        return self.send(agent, self.build(agent, Performative.ACCEPT, payload, **more))

    def agree(self, price: int = 5_000_000) -> None:
        assert self.start().status_code == 201
        assert self.say_offer(self.buyer, price - 1_000_000).status_code == 201
        assert self.say_offer(self.seller, price).status_code == 201
        assert self.say_accept(self.buyer).status_code == 201


def settings_for(folder: Path, **changes: Any) -> GatewaySettings:
    options: dict[str, Any] = {
        "database": f"sqlite:///{folder / 'gateway.sqlite'}",
        "chain_id": CHAIN,
        "escrow": ESCROW,
        "audience": "http://testserver",
        "worker_seconds": 3_600,
    }
    return GatewaySettings(**{**options, **changes})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_gateway(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Gateway]]:
    """Builds a gateway on the test's database; stores are closed at the end."""
    opened: list[EventStore] = []

    def build(
        desk: Any = None,
        bundle: Bundle | None = None,
        wires: Tripwires | None = None,
        identities: Any = None,
        **changes: Any,
    ) -> Gateway:
        settings = settings_for(tmp_path, **changes)
        store = EventStore.open(settings.database, clock=clock)
        opened.append(store)
        own = signer("gateway")
        return assemble(settings, store, own, desk, bundle, clock, wires=wires, identities=identities)

    yield build
    for store in opened:
        store.close()


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway]) -> Gateway:
    return make_gateway()


@pytest.fixture
def http(gateway: Gateway) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def buyer(http: TestClient) -> Agent:
    return Agent("buyer", http)


@pytest.fixture
def seller(http: TestClient) -> Agent:
    return Agent("seller", http)


@pytest.fixture
def stranger(http: TestClient) -> Agent:
    return Agent("stranger", http)


@pytest.fixture
def talk(buyer: Agent, seller: Agent, gateway: Gateway) -> Talk:
    return Talk(buyer, seller, gateways=(gateway.receipts.gateway,))


@pytest.fixture
def addresses() -> Callable[[str], Address]:
    return lambda name: signer(name).address


@pytest.fixture
def make_agent() -> Callable[[str, TestClient], Agent]:
    return Agent


@pytest.fixture
def operator_address() -> Address:
    return signer("operator").address


@pytest.fixture
def operator(http: TestClient) -> Agent:
    return Agent("operator", http)
