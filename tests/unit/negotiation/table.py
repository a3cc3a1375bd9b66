"""A small bargaining table for tests: domain, opening, keys, and a hand that signs the next message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from parley.negotiation.effects import Effect
from parley.negotiation.machine import Machine
from parley.negotiation.state import NegotiationState
from parley.terms.domain import Domain
from parley.terms.message import Message, Performative, build_message
from parley.terms.opening import Opening
from parley.terms.payloads import PAYLOADS, Payload
from parley.terms.signing import LocalSigner
from parley.terms.values import ZERO_ADDRESS, Address, Hash32, Salt

CHAIN = 31_337
START = 1_800_000_000
ESCROW = Address("0x" + "e5" * 20)


def signer(number: int) -> LocalSigner:
    return LocalSigner(number.to_bytes(32, "big"))


GATEWAY = signer(101)
REVIEWER = signer(102)
STRANGER = signer(103)


def domain(
    roles: tuple[str, ...] = ("buyer", "seller"), more: dict[str, Any] | None = None, **limits: Any
) -> Domain:
    """Price 0 to 1000 in tens, days 0 to 10, colour. `more` are further fields of the document."""
    return Domain.parse(
        {
            "schema": "parley/domain",
            "version": 1,
            "title": "test",
            "issues": [
                {"name": "price", "type": "amount", "min": "0", "max": "1000", "step": "10"},
                {"name": "days", "type": "integer", "min": 0, "max": 10, "step": 1},
                {"name": "colour", "type": "choice", "values": ["red", "green"]},
            ],
            "fixed": {},
            "roles": list(roles),
            "protocol": "alternating-offers",
            "limits": {
                "max_rounds": 5,
                "deadline_seconds": 3_600,
                "min_concession_ppm": 0,
                "repeat_cap": 1,
                "max_queries": 2,
                "open_window_seconds": 600,
                "fallback": "abort",
                **limits,
            },
            "settlements": [],
            "data_class": "public",
            "assumptions": [],
            **(more or {}),
        }
    )


def opening(
    of: Domain, *, reviewers: tuple[Address, ...] | None = None, more: dict[str, Any] | None = None
) -> Opening:
    named = (REVIEWER.address,) if reviewers is None else reviewers
    return Opening.parse(
        {
            "schema": "parley/opening",
            "version": 1,
            "domain": of.hash(),
            "parties": [
                {"role": role, "address": signer(at + 1).address, "epoch": 0}
                for at, role in enumerate(of.roles)
            ],
            "first": of.roles[0],
            "initiator": signer(1).address,
            "opened_at": START,
            "deadline": START + of.limits.deadline_seconds,
            "chain_id": CHAIN,
            "escrow": ESCROW,
            "gateways": [GATEWAY.address],
            "reviewers": list(named),
            "nonce": "0x" + "11" * 32,
            **(more or {}),
        }
    )


def salt(number: int) -> Salt:
    return Salt("0x" + number.to_bytes(16, "big").hex())


_DEFAULTS: dict[Performative, dict[str, Any]] = {
    Performative.PROPOSE: {"expires_at": 0, "assumptions": (), "dependencies": (), "final": False},
    Performative.COUNTER: {"expires_at": 0, "assumptions": (), "dependencies": (), "final": False},
    Performative.REJECT: {"final": False, "reason": ""},
    Performative.QUERY: {"question": "?"},
    Performative.INFORM: {"answer": "!"},
    Performative.AWARD: {"assumptions": (), "dependencies": (), "final": False},
    Performative.CALL: {"candidates": (), "reason": ""},
}
_REASONED = (
    Performative.WITHDRAW,
    Performative.ESCALATE,
    Performative.RESUME,
    Performative.APPROVE,
    Performative.REFUSE,
    Performative.TIMEOUT,
    Performative.CONTROL,
)


@dataclass
class Table:
    """Plays messages into a machine. `play` signs and admits; `sign` only signs."""

    of: Domain = field(default_factory=domain)
    reviewers: tuple[Address, ...] | None = None
    more: dict[str, Any] | None = None
    messages: list[Message] = field(default_factory=list)
    effects: tuple[Effect, ...] = ()

    def __post_init__(self) -> None:
        self.opening = opening(self.of, reviewers=self.reviewers, more=self.more)
        self.machine = Machine(self.of, self.opening)
        self.state: NegotiationState = self.machine.initial()

    def started(self) -> Table:
        self.play(1, "open")
        return self

    def sign(self, who: int | LocalSigner, name: str, **fields: Any) -> Message:
        hand = signer(who) if isinstance(who, int) else who
        performative = Performative.named(name)
        sent_at = fields.pop("sent_at", self.state.last_sent_at)
        sequence = fields.pop("sequence", self.state.sequence)
        previous = fields.pop("previous", self.state.last)
        if performative is Performative.REVEAL:
            fields.setdefault("party", hand.address)
        return build_message(
            hand,
            fields.pop("chain_id", CHAIN),
            fields.pop("negotiation", self.state.negotiation),
            sequence,
            previous,
            performative,
            self.payload(performative, **fields),
            sent_at,
        )

    def payload(self, performative: Performative, **fields: Any) -> Payload:
        filled = {"salt": salt(len(self.messages)), **_DEFAULTS.get(performative, {}), **fields}
        if performative is Performative.AWARD:
            filled.setdefault("expires_at", self.state.last_sent_at + 10)
        if performative is Performative.REVEAL:
            filled.setdefault("negotiation", self.state.negotiation)
            filled.setdefault("round", self.state.round)
        if performative in _REASONED:
            filled.setdefault("reason", "")
        if "price" in filled:
            filled["values"] = {
                "price": str(filled.pop("price")),
                "days": filled.pop("days", 0),
                "colour": filled.pop("colour", "red"),
            }
        if performative in (Performative.ACCEPT, Performative.REJECT) and "offer" not in filled:
            assert self.state.offer is not None
            filled["offer"] = self.state.offer.message
        return PAYLOADS[performative](**filled)

    def admit(self, message: Message) -> NegotiationState:
        step = self.machine.admit(self.state, message, CHAIN)
        if step.state is not self.state:
            self.messages.append(message)
        self.state = step.state
        self.effects = step.effects
        return self.state

    def play(self, who: int | LocalSigner, name: str, **fields: Any) -> NegotiationState:
        return self.admit(self.sign(who, name, **fields))


NOWHERE = Hash32("0x" + "ab" * 32)
ZERO = ZERO_ADDRESS
