"""What a gateway answers, typed. Unknown fields are ignored here, so that a newer gateway still talks to
this client; signed documents inside keep their own strict models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class View(BaseModel):
    """Base: frozen, tolerant of fields added later."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Action(View):
    action: str
    method: str = ""
    href: str = ""


class Receipt(View):
    """The gateway's signed receipt for one message; `gateway` is the address that signed it."""

    negotiation: str
    message: str
    received_at: int
    log_index: int
    gateway: str
    signature: str


class PartyView(View):
    role: str
    address: str


class OfferView(View):
    """The latest offer: its message hash, the role that made it and its values in JSON form."""

    hash: str
    role: str
    sequence: int
    values: Mapping[str, str | int]


class AgreementView(View):
    """One derived deal of an agreed negotiation and who has signed it. Only the parties see signatures."""

    index: int
    deal_id: str | None = None
    deal: Mapping[str, Any] | None = None
    buyer: str
    seller: str
    open_by: int | None = None
    seller_signature: str | None = None
    seller_authorization: str | None = None
    buyer_signed: bool = False


class NegotiationView(View):
    id: str
    status: str
    held: bool
    turn: str | None = None
    role: str | None = None  # the caller's
    round: int
    messages: int
    deadline: int
    reason: str | None = None
    parties: tuple[PartyView, ...]
    latest_offer: OfferView | None = None
    agreements: tuple[AgreementView, ...] = ()
    next_actions: tuple[Action, ...] = ()


class NegotiationSummary(View):
    id: str
    status: str
    held: bool
    messages: int
    deadline: int
    updated_at: int
    parties: tuple[PartyView, ...]


class NegotiationPage(View):
    """Newest first; `next` is the cursor of the following page, None at the end."""

    items: tuple[NegotiationSummary, ...] = Field(alias="negotiations")
    next: int | None = None


class Posted(View):
    """The answer to a message: its receipt and where the negotiation stands after it."""

    receipt: Receipt
    status: str
    duplicate: bool = False
    next_actions: tuple[Action, ...] = ()


class Taken(View):
    """What became of one of several messages that were posted together."""

    receipt: Receipt
    duplicate: bool = False


class DealView(View):
    """A deal on the chain's word. Amounts are decimal strings of base units, times unix seconds.

    `phase` is pending, open, delivered, rejected, disputed, closed or cancelled; `status` says for a closed
    deal how it closed. `deliveries` counts those of the current `milestone`, `deliverable` is the hash last
    delivered.
    """

    deal_id: str
    status: str
    phase: str = "pending"
    role: str | None = None
    negotiation: str | None = None
    milestone: int = 0
    deliveries: int = 0
    deliverable: str | None = None
    locked: str = "0"
    shift: int = 0
    seller_lost_bps: int = 0
    timers: tuple[str, ...] = ()  # exits that the gateway calls when they are due
    chain_time: int = 0
    deal: Mapping[str, Any] = Field(default_factory=dict)
    transactions: tuple[Mapping[str, Any], ...] = ()
    money: Mapping[str, Any] = Field(default_factory=dict)
    next_actions: tuple[Action, ...] = ()

    @property
    def actions(self) -> frozenset[str]:
        return frozenset(action.action for action in self.next_actions)

    @property
    def final(self) -> bool:
        return self.phase in ("closed", "cancelled")


class DealSummary(View):
    """A line in a list of deals; amounts are decimal strings of base units."""

    deal_id: str
    status: str
    token: str
    price: str
    negotiation: str | None = None
    parties: tuple[PartyView, ...] = ()


class DealPage(View):
    """Newest first; `next` is the cursor of the following page, None at the end."""

    items: tuple[DealSummary, ...] = Field(alias="deals")
    next: int | None = None


class AgentProfile(View):
    address: str
    name: str
    capabilities: tuple[str, ...] = ()
    description: str = ""
    endpoint: str | None = None
    facts: Mapping[str, str] = Field(default_factory=dict)
    updated_at: int = 0


class Reputation(View):
    agent: str
    score_ppm: int
    deals: int
    counterparties: int = 0


class Event(View):
    """One event of the stream; `id` is what `Last-Event-ID` resumes after."""

    id: int
    kind: str
    stream: str  # negotiation, agreement, evidence, deal or chain
    subject: str  # negotiation id or deal id
    sequence: int = -1  # in its stream; of a message the message's own
    data: Mapping[str, Any]


class Readiness(View):
    ready: bool
    chain_id: int
    escrow: str
    gateway: str
    checks: Mapping[str, Any] = Field(default_factory=dict)
