"""Documents to try things on: fixed ones, edge ones, random ones from a seed, and whole negotiations.

Shared by the vectors, the tests and the benchmarks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random
from typing import Any

from parley.evidence.bundle import Bundle, DealSignatures, export_bundle
from parley.evidence.transcript import Transcript
from parley.terms.actions import ACTIONS, Action
from parley.terms.deal import Deal
from parley.terms.derivation import derive_deals
from parley.terms.domain import Domain
from parley.terms.evidence_actions import Anchor, EvidenceSubmission
from parley.terms.message import Message, MessageCore, Performative, build_message
from parley.terms.opening import Opening, Party
from parley.terms.panel import PanelWithdrawal, Vote
from parley.terms.payloads import Accept, Offer, Open, Payload
from parley.terms.signing import LocalSigner, account_signature
from parley.terms.tabs import Redemption, Tab, TabClosing, TabEnd, TabFunding, TabsWithdrawal, Voucher
from parley.terms.values import Address, Hash32, Salt

CHAIN_ID = 31_337
ESCROW = Address("0x" + "e5" * 20)
TOKEN = Address("0x" + "70" * 20)
ARBITER = Address("0x" + "ab" * 20)
ZERO = "0x" + "00" * 20
OPENED_AT = 1_800_000_000
TAB_TERMS = {"expires_at": 40, "close_window": 32, "payout": 8, "exit_fee": 104, "nonce": 72}
PERIPHERY: tuple[type[Action], ...] = (
    Tab,
    Voucher,
    TabFunding,
    Redemption,
    TabClosing,
    TabEnd,
    TabsWithdrawal,
    Vote,
    PanelWithdrawal,
    EvidenceSubmission,
    Anchor,
)
BITS = {"uint8": 8, "uint16": 16, "uint32": 32, "uint40": 40, "uint64": 53, "uint128": 128, "uint256": 256}


def signer(name: str) -> LocalSigner:
    """The same key for the same name."""
    return LocalSigner(hashlib.sha256(name.encode()).digest())


def private_key(name: str) -> str:
    """The key behind `signer`, for vectors."""
    return "0x" + hashlib.sha256(name.encode()).hexdigest()


def salt(number: int) -> Salt:
    """The same salt for the same number."""
    return Salt.of(hashlib.sha256(b"salt" + number.to_bytes(8, "big")).digest()[:16])


def lease_settlement(**changes: Any) -> dict[str, Any]:
    """A lease of machine hours: price = rate times hours, paid as the `payment` issue says."""
    start = {"add": [{"var": "open_by"}, {"mul": [{"issue": "start_day"}, 86_400]}]}
    end = {"add": [start, 2_592_000]}
    half = {"floor_div": [{"var": "price"}, 2]}
    settlement: dict[str, Any] = {
        "buyer": "buyer",
        "seller": "seller",
        "token": TOKEN,
        "arbiter": ARBITER,
        "relayer": ZERO,
        "price": {"mul": [{"issue": "rate"}, {"issue": "hours"}]},
        "seller_bond": {"max": [{"bps": [{"var": "price"}, 500]}, "50000000"]},
        "arbiter_fee": "25000000",
        "relay_fee": "0",
        "cancel_by": 0,
        "review_window": 86_400,
        "dispute_window": 86_400,
        "ruling_window": 259_200,
        "rejected_seller_bps": 0,
        "lapsed_seller_bps": 5_000,
        "walk_away_bps": 5_000,
        "payout": 0,
        "milestones": {
            "case": "payment",
            "of": {
                "upfront": [{"amount": {"var": "price"}, "deliver_by": start}],
                "half_half": [
                    {"amount": half, "deliver_by": start},
                    {"amount": {"rest": True}, "deliver_by": end},
                ],
                "on_delivery": [{"amount": {"var": "price"}, "deliver_by": end}],
            },
        },
    }
    return {**settlement, **changes}


def lease_domain_json(**changes: Any) -> dict[str, Any]:
    """The domain of that lease as JSON."""
    domain: dict[str, Any] = {
        "schema": "parley/domain",
        "version": 1,
        "title": "Lease of GPU compute",
        "issues": [
            {"name": "rate", "type": "amount", "min": "1200000", "max": "6000000", "step": "10000"},
            {"name": "hours", "type": "integer", "min": 100, "max": 4000, "step": 100},
            {"name": "start_day", "type": "integer", "min": 0, "max": 14, "step": 1},
            {"name": "payment", "type": "choice", "values": ["upfront", "half_half", "on_delivery"]},
        ],
        "fixed": {"law": "courts of the seller's seat", "security": "ISO 27001"},
        "roles": ["buyer", "seller"],
        "protocol": "alternating-offers",
        "limits": {
            "max_rounds": 10_000,
            "deadline_seconds": 86_400,
            "min_concession_ppm": 0,
            "repeat_cap": 3,
            "max_queries": 3,
            "open_window_seconds": 600,
            "fallback": "abort",
        },
        "settlements": [lease_settlement()],
        "data_class": "internal",
        "assumptions": ["prices exclude tax"],
    }
    return {**domain, **changes}


def opening_of(domain: Domain, parties: dict[str, str], first: str, **changes: Any) -> Opening:
    """An opening on the local chain; `parties` maps role to the name of a signer."""
    fields: dict[str, Any] = {
        "domain": domain.hash(),
        "parties": tuple(
            Party(role=role, address=signer(name).address, epoch=0) for role, name in parties.items()
        ),
        "first": first,
        "initiator": signer(next(iter(parties.values()))).address,
        "opened_at": OPENED_AT,
        "deadline": OPENED_AT + domain.limits.deadline_seconds,
        "chain_id": CHAIN_ID,
        "escrow": ESCROW,
        "gateways": (signer("gateway").address,),
        "reviewers": (signer("reviewer").address,),
        "nonce": Hash32("0x" + "4e" * 32),
    }
    return Opening(**{**fields, **changes})


class Conversation:
    """Builds the chained messages of one negotiation, each by a named signer."""

    def __init__(self, domain: Domain, opening: Opening) -> None:
        self.domain = domain
        self.opening = opening
        self.transcript = Transcript(opening.negotiation_id(), opening.chain_id)

    def say(self, name: str, performative: Performative, payload: Payload) -> Message:
        """The next message, one second after the one before it."""
        message = build_message(
            signer(name),
            self.opening.chain_id,
            self.opening.negotiation_id(),
            len(self.transcript),
            self.transcript.last,
            performative,
            payload,
            self.opening.opened_at + len(self.transcript),
        )
        self.transcript.append(message)
        return message

    def offer(self, values: dict[str, int | str], number: int | None = None) -> Offer:
        """An offer of Python values that stands for an hour."""
        at = len(self.transcript) if number is None else number
        return Offer(
            values=self.domain.encode_values(values),
            expires_at=self.opening.opened_at + at + 3_600,
            assumptions=(),
            dependencies=(),
            final=False,
            salt=salt(at),
        )


@dataclass(frozen=True)
class Agreement:
    """A negotiation that ended in a deal, signed by both sides."""

    domain: Domain
    opening: Opening
    conversation: Conversation
    offer: Offer
    deals: tuple[Deal, ...]

    def signatures(self) -> tuple[DealSignatures, ...]:
        """Both signatures over each deal."""
        chain, escrow = self.opening.chain_id, self.opening.escrow
        return tuple(
            DealSignatures(
                deal,
                account_signature(signer("alice").sign_digest(deal.digest(chain, escrow))),
                account_signature(signer("bob").sign_digest(deal.digest(chain, escrow))),
            )
            for deal in self.deals
        )

    def bundle(self, **more: Any) -> Bundle:
        """The evidence bundle."""
        return export_bundle(
            self.domain,
            self.opening,
            self.conversation.transcript.messages,
            **{"deals": self.signatures(), **more},
        )


def agreement(messages: int = 6, domain: Domain | None = None, **opening: Any) -> Agreement:
    """Alice buys from Bob after `messages` messages (at least 3): open, offers in turn, acceptance."""
    domain = domain or Domain.parse(lease_domain_json())
    found = opening_of(domain, {"buyer": "alice", "seller": "bob"}, "buyer", **opening)
    talk = Conversation(domain, found)
    talk.say("alice", Performative.OPEN, Open(salt=salt(0)))
    offer: Offer | None = None
    for turn in range(messages - 2):
        buyer_speaks = turn % 2 == 0
        rate = (
            1_200_000 + 10_000 * (turn // 2 % 200) if buyer_speaks else 6_000_000 - 10_000 * (turn // 2 % 200)
        )
        values: dict[str, int | str] = {
            "rate": rate,
            "hours": 100 * (1 + turn // 400),
            "start_day": 3,
            "payment": "half_half",
        }
        offer = talk.offer(values)
        talk.say(
            "alice" if buyer_speaks else "bob",
            Performative.PROPOSE if turn == 0 else Performative.COUNTER,
            offer,
        )
    assert offer is not None
    accepting = "bob" if (messages - 3) % 2 == 0 else "alice"
    accepted = talk.transcript.last
    last = talk.say(accepting, Performative.ACCEPT, Accept(offer=accepted, salt=salt(messages)))
    deals = derive_deals(
        domain, found, offer, talk.transcript.root(), len(talk.transcript), last.core.sent_at
    )
    return Agreement(domain, found, talk, offer, deals)


def random_deal(rng: Random) -> Deal:
    """Any deal that the types allow; mostly one that the escrow would refuse."""
    fields = {name: _random(kind, rng) for name, kind in _kinds(Deal).items() if name != "milestones"}
    count = rng.choice((0, 1, 2, 3, 16))
    pairs = [{"amount": str(_number(128, rng)), "deliver_by": _number(40, rng)} for _ in range(count)]
    return Deal.parse({"schema": "parley/deal", "version": 1, **fields, "milestones": pairs})


def edge_deals() -> list[tuple[str, Deal]]:
    """Every field at its smallest, at its largest, and one bit away."""
    kinds = _kinds(Deal)
    found: list[tuple[str, Deal]] = []
    for name, low in (("all zero", True), ("all at their largest", False)):
        fields = {field: _extreme(kind, low) for field, kind in kinds.items() if field != "milestones"}
        pair = {"amount": _extreme("uint128", low), "deliver_by": _extreme("uint40", low)}
        milestones = [] if low else [pair] * 16
        found.append(
            (name, Deal.parse({"schema": "parley/deal", "version": 1, **fields, "milestones": milestones}))
        )
    base = found[0][1].as_json()
    for field, kind in kinds.items():
        value = [{"amount": "0", "deliver_by": 0}] if field == "milestones" else _one(kind)
        found.append((f"only {field}", Deal.parse({**base, field: value})))
    return found


def random_core(rng: Random) -> MessageCore:
    """Any message core."""
    fields = {
        name: _random(kind, rng) for name, kind in _kinds(MessageCore).items() if name != "performative"
    }
    return MessageCore.parse({**fields, "performative": rng.choice(list(Performative)).wire})


def random_action(schema: str, rng: Random) -> Action:
    """Any action of this schema."""
    kind = ACTIONS[schema]
    fields = {name: _random(solidity, rng) for name, solidity in _kinds(kind).items()}
    return kind.parse({"schema": schema, "version": 1, **fields})


def random_periphery(kind: type[Action], rng: Random) -> Action:
    """Any statement of this kind that the contracts beside the escrow take."""
    fields: dict[str, Any] = {"schema": kind.model_fields["schema_"].default, "version": 1}
    if kind is Tab:
        fields |= {name: _random("address", rng) for name in ("buyer", "seller", "token")}
        fields |= {name: _number(bits, rng) for name, bits in TAB_TERMS.items()}
        fields |= {name: str(fields[name]) for name in ("exit_fee", "nonce")}
    else:
        fields |= {name: _random(solidity, rng) for name, solidity in _kinds(kind).items()}
    return kind.parse(fields)


def _kinds(model: Any) -> dict[str, str]:
    names = [name for name in model.model_fields if name not in ("version", "schema_")]
    return {name: kind for name, (_, kind) in zip(names, model.struct.fields, strict=True)}


def _random(kind: str, rng: Random) -> Any:
    if kind == "address":
        return rng.choice((ZERO, "0x" + "ff" * 20, "0x" + rng.randbytes(20).hex()))
    if kind == "bytes32":
        return rng.choice(("0x" + "00" * 32, "0x" + rng.randbytes(32).hex(), "0x" + rng.randbytes(32).hex()))
    if kind == "string":
        return rng.choice(("ipfs://evidence", "x", '\u20ac \U0001f600 "quoted"', "a" * 200))
    number = _number(BITS[kind], rng)
    return str(number) if kind in ("uint128", "uint256") else number


def _number(bits: int, rng: Random) -> int:
    return rng.choice((0, 1, 2**bits - 1, rng.getrandbits(bits), rng.getrandbits(max(1, bits // 3))))


def _extreme(kind: str, low: bool) -> Any:
    if kind in ("address", "bytes32"):
        return "0x" + ("00" if low else "ff") * (20 if kind == "address" else 32)
    number = 0 if low else 2 ** BITS[kind] - 1
    return str(number) if kind in ("uint128", "uint256") else number


def _one(kind: str) -> Any:
    if kind == "address":
        return "0x" + "00" * 19 + "01"
    if kind == "bytes32":
        return "0x" + "00" * 31 + "01"
    return "1" if kind in ("uint128", "uint256") else 1
