"""Negotiations made ahead of time: signed, chained messages as agents would send them, ready to be posted."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from parley.terms.domain import Domain
from parley.terms.message import Challenge, Message, Performative, build_message
from parley.terms.opening import Opening, Party
from parley.terms.payloads import Context, Offer, Open, Payload
from parley.terms.signing import LocalSigner
from parley.terms.values import ZERO_ADDRESS, Address, Hash32, Salt, keccak

CHAIN = 31_337
BUYER = LocalSigner(keccak(b"bench buyer"))
SELLER = LocalSigner(keccak(b"bench seller"))
LOW, HIGH, STEP = 10**9, 9 * 10**9, 10**4

POLICY: Mapping[str, Any] = {
    "schema": "parley/policy",
    "version": 1,
    "name": "guardrails of the benchmark",
    "amount_unit": "1",
    "rules": [
        {
            "id": f"ceiling-{index}",
            "layer": "global",
            "severity": "refuse",
            "expression": f"price <= {HIGH + index} && values.quantity <= {64 + index} && role != 'nobody'",
            "reason": "beyond what this operator carries",
            "since": 0,
            "moments": ["outgoing", "incoming", "acceptance", "signature"],
        }
        for index in range(20)
    ],
}


def domain(token: str = "0x" + "70" * 20) -> Domain:
    """Five issues of three kinds, with one settlement in `token`."""
    return Domain.parse(
        {
            "schema": "parley/domain",
            "version": 1,
            "title": "Machine lease",
            "issues": [
                {"name": "price", "type": "amount", "min": str(LOW), "max": str(HIGH), "step": str(STEP)},
                {"name": "quantity", "type": "integer", "min": 1, "max": 64, "step": 1},
                {"name": "delivery_hours", "type": "integer", "min": 1, "max": 240, "step": 1},
                {"name": "region", "type": "choice", "values": ["eu-west", "us-east"]},
                {"name": "support", "type": "choice", "values": ["none", "business-hours"]},
            ],
            "fixed": {"law": "the seller's seat"},
            "roles": ["buyer", "seller"],
            "protocol": "alternating-offers",
            "limits": {
                "max_rounds": 10_000,
                "deadline_seconds": 86_400,
                "min_concession_ppm": 0,
                "repeat_cap": 3,
                "max_queries": 1,
                "open_window_seconds": 600,
                "fallback": "abort",
            },
            "settlements": [
                {
                    "buyer": "buyer",
                    "seller": "seller",
                    "token": token,
                    "arbiter": ZERO_ADDRESS,
                    "relayer": ZERO_ADDRESS,
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
    )


@dataclass(frozen=True)
class Talk:
    """One negotiation: what opens it, and its offers in order, each with the party that sends it."""

    path: str
    opening: bytes
    offers: tuple[tuple[LocalSigner, bytes], ...]


def talk(number: int, offers: int, *, escrow: str, gateway: str) -> Talk:
    """A negotiation whose offers all differ, made for a gateway that is running now."""
    now, terms = int(time.time()), domain()
    opening = Opening(
        domain=terms.hash(),
        parties=(
            Party(role="buyer", address=BUYER.address, epoch=0),
            Party(role="seller", address=SELLER.address, epoch=0),
        ),
        first="buyer",
        initiator=BUYER.address,
        opened_at=now,
        deadline=now + terms.limits.deadline_seconds,
        chain_id=CHAIN,
        escrow=Address(escrow),
        gateways=(Address(gateway),),
        reviewers=(),
        nonce=Hash32.of(keccak(b"talk %d" % number)),
    )
    chained: list[Message] = []

    def say(signer: LocalSigner, performative: Performative, payload: Payload) -> Message:
        previous = chained[-1].message_hash(CHAIN) if chained else opening.negotiation_id()
        chained.append(
            build_message(
                signer,
                CHAIN,
                opening.negotiation_id(),
                len(chained),
                previous,
                performative,
                payload,
                now,
            )
        )
        return chained[-1]

    first = say(BUYER, Performative.OPEN, Open(salt=salt(number)))
    sent = []
    for index in range(offers):
        party = SELLER if index % 2 else BUYER
        kind = Performative.COUNTER if index else Performative.PROPOSE
        message = say(party, kind, offer(index, opening.deadline))
        sent.append((party, encoded(message.wire())))
    body = {"domain": terms.as_json(), "opening": opening.as_json(), "message": first.wire()}
    return Talk(f"/v1/negotiations/{opening.negotiation_id()}/messages", encoded(body), tuple(sent))


def offer(index: int, expires_at: int) -> Offer:
    """Five issues and a context; the price of the buyer rises, that of the seller falls."""
    price = HIGH - index * STEP if index % 2 else LOW + index * STEP
    return Offer(
        values={
            "price": str(price),
            "quantity": 8 + index % 5,
            "delivery_hours": 24,
            "region": "eu-west",
            "support": "business-hours",
        },
        expires_at=expires_at,
        assumptions=("capacity as listed",),
        dependencies=(),
        context=Context(rationale="inside the budget of this quarter", confidence_ppm=850_000),
        final=False,
        salt=salt(index),
    )


def salt(number: int) -> Salt:
    return Salt.of(keccak(b"salt %d" % number)[:16])


def encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()


def signed_in(http: httpx.Client, signer: LocalSigner) -> dict[str, str]:
    """The headers of a session of this agent."""
    asked = http.post("/v1/challenge", json={"agent": signer.address}).raise_for_status()
    challenge = asked.json()["challenge"]
    signature = signer.sign_digest(Challenge.parse(challenge).digest(CHAIN))
    session = http.post("/v1/session", json={"challenge": challenge, "signature": signature})
    token = session.raise_for_status().json()["token"]
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
