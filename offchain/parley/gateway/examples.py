"""Examples for the OpenAPI document: whole requests, signed by keys that everybody knows, for the chain and
escrow of this gateway at one fixed moment. In their order a gateway takes each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from parley.policy.consent import Consent
from parley.policy.controls import ControlOrder
from parley.policy.models import Bundle, Rule
from parley.policy.retention import RetentionOrder, RetentionRule, RetentionSchedule
from parley.policy.rollout import RolloutStep
from parley.terms.documents import Document
from parley.terms.domain import Domain
from parley.terms.message import Message, Performative, build_message
from parley.terms.opening import Opening, Party
from parley.terms.payloads import Accept, Offer, Open, Payload
from parley.terms.quotes import Listing, QuoteAnswer, QuoteRequest, domain_of
from parley.terms.sealed import KeyCard
from parley.terms.signing import LocalSigner
from parley.terms.statement import state
from parley.terms.values import Address, Hash32, Salt, keccak

AT: Final = 1_800_000_000
"""When the examples are from, unix seconds."""
Who = Literal["buyer", "seller", "operator"]
KEYS: Final[Mapping[Who, LocalSigner]] = {
    "buyer": LocalSigner(keccak(b"parley example: buyer")),
    "seller": LocalSigner(keccak(b"parley example: seller")),
    "operator": LocalSigner(keccak(b"parley example: operator")),
}
MONEY: Final = "0x00000000000000000000000000000000000070c3"
NOBODY: Final = "0x" + "00" * 20
LIMITS: Final = {
    "max_rounds": 10,
    "deadline_seconds": 3_600,
    "min_concession_ppm": 0,
    "repeat_cap": 3,
    "max_queries": 2,
    "open_window_seconds": 600,
    "fallback": "abort",
}
LEASE: Final[Mapping[str, Any]] = {
    "schema": "parley/domain",
    "version": 1,
    "title": "GPU hours",
    "issues": [{"name": "price", "type": "amount", "min": "1000000", "max": "9000000", "step": "10000"}],
    "fixed": {"law": "seller's seat"},
    "roles": ["buyer", "seller"],
    "protocol": "alternating-offers",
    "limits": LIMITS,
    "settlements": [
        {
            "buyer": "buyer",
            "seller": "seller",
            "token": MONEY,
            "arbiter": NOBODY,
            "relayer": NOBODY,
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
    ],
    "data_class": "internal",
    "assumptions": [],
}
QUOTES: Final[Mapping[str, Any]] = {
    **LEASE,
    "title": "GPU hours, by quotes",
    "roles": ["buyer", "bidder_1"],
    "protocol": "sealed-bid",
    "settlements": [],
    "auction": {
        "requester": "buyer",
        "side": "buy",
        "price": "price",
        "min_bids": 1,
        "commit_seconds": 600,
        "reveal_seconds": 600,
        "award_seconds": 600,
    },
}


@dataclass(frozen=True, slots=True)
class Example:
    """A body posted to `path` by `who`, with what the path names, after the requests of `before`."""

    path: str
    who: Who
    body: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)
    before: tuple[Example, ...] = ()


class Examples:
    """The examples of one gateway."""

    def __init__(self, chain_id: int, escrow: str, gateway: Address) -> None:
        self._chain_id = chain_id
        self._escrow = Address(escrow)
        self._gateway = gateway

    @cached_property
    def all(self) -> tuple[Example, ...]:
        """In an order in which each is taken."""
        lease, quotes = Domain.parse(LEASE), Domain.parse(QUOTES)
        opening = self._opening(lease, 1)
        talk = self._talk(opening)
        bids = domain_of(quotes, 1)
        sealed = self._opening(bids, 2)
        asked = QuoteRequest(
            requester=KEYS["buyer"].address,
            domain=quotes.hash(),
            capabilities=("gpu-lease",),
            min_bidders=1,
            max_bidders=3,
            issued_at=AT,
            answer_by=AT + 600,
            nonce=Hash32(f"0x{3:064x}"),
        )
        rfq = asked.hash()
        answer = QuoteAnswer(rfq=rfq, agent=KEYS["seller"].address, interested=True, issued_at=AT)
        return (
            Example("/v1/challenge", "buyer", {"agent": KEYS["buyer"].address}),
            Example(
                "/v1/agents",
                "seller",
                {"name": "GPU seller", "capabilities": ["gpu-lease"], "facts": {"jurisdiction": "DE"}},
            ),
            Example("/v1/cards", "seller", self._stated("seller", "card", self._card())),
            Example(
                "/v1/listings",
                "seller",
                {**self._stated("seller", "listing", self._listing(lease)), "domain": lease.as_json()},
            ),
            Example("/v1/consents", "buyer", self._stated("buyer", "consent", self._consent())),
            Example("/v1/negotiations", "buyer", self._opened(lease, opening, talk[0])),
            Example(
                "/v1/negotiations/{negotiation}/messages",
                "buyer",
                talk[1].wire(),
                {"negotiation": opening.negotiation_id()},
            ),
            Example("/v1/messages:batch", "seller", {"messages": [talk[2].wire(), talk[3].wire()]}),
            Example(
                "/v1/rfqs",
                "buyer",
                {**self._stated("buyer", "rfq", asked), "domain": quotes.as_json()},
            ),
            Example(
                "/v1/rfqs/{rfq}/answers", "seller", self._stated("seller", "answer", answer), {"rfq": rfq}
            ),
            Example(
                "/v1/rfqs/{rfq}/opening",
                "buyer",
                {"negotiation": sealed.negotiation_id()},
                {"rfq": rfq},
                (
                    Example(
                        "/v1/negotiations",
                        "buyer",
                        self._opened(bids, sealed, self._say(sealed, 0, None, "buyer", Performative.OPEN)),
                    ),
                ),
            ),
            Example("/v1/retention", "operator", self._stated("operator", "order", self._retention())),
            Example("/v1/policies", "operator", self._policy()),
            Example(
                "/v1/webhooks",
                "seller",
                {"url": "https://hooks.example/parley", "kinds": ["message", "rfq"]},
            ),
            Example("/v1/controls", "operator", self._stated("operator", "order", self._stop())),
        )

    # ----------------------------------------------------------- negotiations

    def _opening(self, domain: Domain, number: int) -> Opening:
        parties = zip(domain.roles, (KEYS["buyer"], KEYS["seller"]), strict=True)
        return Opening(
            domain=domain.hash(),
            parties=tuple(Party(role=role, address=key.address, epoch=0) for role, key in parties),
            first="buyer",
            initiator=KEYS["buyer"].address,
            opened_at=AT,
            deadline=AT + domain.limits.deadline_seconds,
            chain_id=self._chain_id,
            escrow=self._escrow,
            gateways=(self._gateway,),
            reviewers=(),
            nonce=Hash32(f"0x{number:064x}"),
        )

    @staticmethod
    def _opened(domain: Domain, opening: Opening, message: Message) -> Mapping[str, Any]:
        return {"domain": domain.as_json(), "opening": opening.as_json(), "message": message.wire()}

    def _talk(self, opening: Opening) -> list[Message]:
        """Open, propose, counter, accept."""
        said = [self._say(opening, 0, None, "buyer", Performative.OPEN)]
        for who, performative, price in (
            ("buyer", Performative.PROPOSE, 4_000_000),
            ("seller", Performative.COUNTER, 5_000_000),
            ("buyer", Performative.ACCEPT, 0),
        ):
            said.append(self._say(opening, len(said), said[-1], who, performative, price))  # type: ignore[arg-type]
        return said

    def _say(
        self,
        opening: Opening,
        sequence: int,
        before: Message | None,
        who: Who,
        performative: Performative,
        price: int = 0,
    ) -> Message:
        identity, salt = opening.negotiation_id(), Salt(f"0x{sequence + 1:032x}")
        previous = identity if before is None else before.message_hash(self._chain_id)
        payload: Payload = Open(salt=salt)
        if performative is Performative.ACCEPT:
            payload = Accept(offer=previous, salt=salt)
        elif performative is not Performative.OPEN:
            payload = Offer(
                values={"price": str(price)},
                expires_at=opening.deadline,
                assumptions=(),
                dependencies=(),
                final=False,
                salt=salt,
            )
        return build_message(
            KEYS[who], self._chain_id, identity, sequence, previous, performative, payload, AT
        )

    # -------------------------------------------------------------- documents

    def _stated(self, who: Who, name: str, document: Document) -> dict[str, Any]:
        return {name: document.as_json(), **state(KEYS[who], document, self._chain_id, AT).as_json()}

    @staticmethod
    def _card() -> KeyCard:
        return KeyCard(
            agent=KEYS["seller"].address,
            suite="x25519-hkdf-sha256-aes256gcm",
            key=Hash32("0x8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
            issued_at=AT,
            expires_at=AT + 86_400,
        )

    @staticmethod
    def _listing(domain: Domain) -> Listing:
        return Listing(
            agent=KEYS["seller"].address,
            side="sell",
            title="GPU hours, by the week",
            capabilities=("gpu-lease",),
            domain=domain.hash(),
            issued_at=AT,
            expires_at=AT + 86_400,
        )

    @staticmethod
    def _consent() -> Consent:
        return Consent(
            action="grant",
            subject=KEYS["buyer"].address,
            data_class="personal",
            purpose="negotiation",
            expires_at=AT + 86_400,
            reason="to book for our staff",
            issued_at=AT,
        )

    @staticmethod
    def _retention() -> RetentionOrder:
        rule = RetentionRule(id="personal", data_class="personal", keep_seconds=2_592_000)
        return RetentionOrder(
            action="schedule",
            schedule=RetentionSchedule(name="house", rules=(rule,)),
            reason="the contract with our users",
            number=0,
            issued_at=AT,
        )

    def _policy(self) -> Mapping[str, Any]:
        rule = Rule(
            id="known",
            layer="organisation",
            severity="refuse",
            expression="history.agreed > 0 || price <= 1000000",
            reason="a first deal stays small",
            moments=("acceptance",),
        )
        bundle = Bundle(name="caution", rules=(rule,))
        step = RolloutStep(
            step="load", bundle=bundle.hash(), reason="after the review", number=0, issued_at=AT
        )
        return {**self._stated("operator", "step", step), "bundle": bundle.as_json()}

    @staticmethod
    def _stop() -> ControlOrder:
        return ControlOrder(
            action="stop",
            scope="agent",
            subjects=(KEYS["seller"].address,),
            reason="prices out of line",
            number=0,
            issued_at=AT,
        )
