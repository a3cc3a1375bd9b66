"""What settlement takes and shows. Money is base units (decimal strings in JSON), times are unix seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parley.chain.escrow import Funding, FundingKind, Opening
from parley.chain.fold import ChainDeal, ChainEvent
from parley.terms.deal import Deal
from parley.terms.mandates import MANDATE_KIND, mandate_signature_parts
from parley.terms.values import ZERO_ADDRESS, Address

PENDING = "pending"
FAILED = "failed"


def _payment(funding: Funding) -> str | None:
    return None if funding.signature in ("", "0x") else funding.signature


def _funding(kind: FundingKind, payment: str | None) -> Funding:
    return Funding(kind, payment or "0x")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a deal that is to open: who, what it signed, and where its money comes from."""

    role: str
    account: str
    signature: str
    funding: Funding


@dataclass(frozen=True, slots=True)
class SubmittedDeal:
    """A deal as it was handed over. Signatures carry the kind byte (`0x` for none); payments are what their
    owners signed for them, in the form of their kind (docs/spec.md section 8).

    `replaces` is the deal that an amendment takes the place of, `linked` the ids of all that open together.
    """

    deal: Deal
    deal_id: str
    buyer_signature: str
    seller_signature: str
    buyer_funding: FundingKind
    seller_funding: FundingKind
    negotiation: str | None
    status: str
    buyer_payment: str | None = None
    seller_payment: str | None = None
    replaces: Deal | None = None
    linked: tuple[str, ...] = ()
    duplicate: bool = False

    @classmethod
    def handed(
        cls,
        item: Opening,
        deal_id: str,
        negotiation: str | None,
        replaces: Deal | None = None,
        linked: tuple[str, ...] = (),
    ) -> SubmittedDeal:
        """As it came in."""
        return cls(
            deal=item.deal,
            deal_id=deal_id,
            buyer_signature=item.buyer_signature,
            seller_signature=item.seller_signature,
            buyer_funding=item.buyer_funding.kind,
            seller_funding=item.seller_funding.kind,
            negotiation=negotiation,
            status=PENDING,
            buyer_payment=_payment(item.buyer_funding),
            seller_payment=_payment(item.seller_funding),
            replaces=replaces,
            linked=linked,
        )

    @property
    def sides(self) -> tuple[Side, Side]:
        """Buyer and seller."""
        deal = self.deal
        return (
            Side("buyer", deal.buyer, self.buyer_signature, _funding(self.buyer_funding, self.buyer_payment)),
            Side(
                "seller",
                deal.seller,
                self.seller_signature,
                _funding(self.seller_funding, self.seller_payment),
            ),
        )

    @property
    def opening(self) -> Opening:
        """As the escrow takes it."""
        buyer, seller = self.sides
        return Opening(self.deal, buyer.signature, seller.signature, buyer.funding, seller.funding)

    @property
    def buyer_authorization(self) -> str | None:
        """The buyer's EIP-3009 authorisation, where it pays by one."""
        return self.buyer_payment if self.buyer_funding is FundingKind.AUTHORIZATION else None

    @property
    def seller_authorization(self) -> str | None:
        """The seller's."""
        return self.seller_payment if self.seller_funding is FundingKind.AUTHORIZATION else None

    @property
    def agents(self) -> frozenset[str]:
        """Agents whose signatures under a mandate it carries."""
        return frozenset(agent for _, agent in self._agents)

    @property
    def _agents(self) -> tuple[tuple[str, str], ...]:
        return tuple(
            (f"{side.role}_agent", str(mandate_signature_parts(side.signature)[0].agent))
            for side in self.sides
            if side.signature.startswith("0x" + MANDATE_KIND)
        )

    def as_document(self) -> dict[str, Any]:
        """What is stored of it."""
        body: dict[str, Any] = {
            "deal": self.deal.as_json(),
            "deal_id": self.deal_id,
            "buyer_signature": self.buyer_signature,
            "seller_signature": self.seller_signature,
            "buyer_funding": self.buyer_funding.name.lower(),
            "seller_funding": self.seller_funding.name.lower(),
            "buyer_payment": self.buyer_payment,
            "seller_payment": self.seller_payment,
            "negotiation": self.negotiation,
        }
        if self.replaces is not None:
            body["replaces"] = self.replaces.as_json()
        if self.linked:
            body["linked"] = list(self.linked)
        return body

    @classmethod
    def of(cls, document: dict[str, Any], status: str, *, duplicate: bool = False) -> SubmittedDeal:
        """From what was stored, by this version or an older one, which knew authorisations only."""
        body = dict(document)
        for side in ("buyer", "seller"):
            old = body.pop(f"{side}_authorization", None)
            body.setdefault(f"{side}_payment", old)
        replaces = body.pop("replaces", None)
        return cls(
            deal=Deal.from_json(body.pop("deal")),
            buyer_funding=FundingKind[body.pop("buyer_funding").upper()],
            seller_funding=FundingKind[body.pop("seller_funding").upper()],
            replaces=None if replaces is None else Deal.from_json(replaces),
            linked=tuple(body.pop("linked", ())),
            status=status,
            duplicate=duplicate,
            **body,
        )

    @property
    def parties(self) -> tuple[tuple[str, str], ...]:
        """(role, address) of everyone the deal names, and of agents that signed it for a side."""
        deal = self.deal
        named = (
            ("buyer", deal.buyer),
            ("seller", deal.seller),
            ("arbiter", deal.arbiter),
            ("relayer", deal.relayer),
        )
        return (*((role, address) for role, address in named if address != ZERO_ADDRESS), *self._agents)

    def roles_of(self, address: str) -> tuple[str, ...]:
        """The roles of an account in the deal; an agent has that of the side it signed for."""
        return tuple(role.removesuffix("_agent") for role, named in self.parties if named == address)


@dataclass(frozen=True, slots=True)
class NextAction:
    """What a role may do: `opens` and `closes` bound the block times at which the escrow takes it (None: no
    bound).
    """

    name: str
    by: str
    opens: int | None = None
    closes: int | None = None

    def possible(self, now: int) -> bool:
        """Whether the escrow takes it at block time `now`."""
        return (self.opens is None or now >= self.opens) and (self.closes is None or now <= self.closes)

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "by": self.by, "opens": self.opens, "closes": self.closes}


@dataclass(frozen=True, slots=True)
class MilestoneView:
    """One milestone; `deliver_by` includes the time by which its deadline moved. `state`: paid, current,
    ahead, void.
    """

    index: int
    amount: int
    deliver_by: int
    state: str


@dataclass(frozen=True, slots=True)
class TransactionView:
    """One transaction sent for the deal: `purpose` is open or an action's name, `status` the intent's."""

    purpose: str
    status: str
    hash: str | None
    block: int | None
    error: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        return {
            "purpose": self.purpose,
            "status": self.status,
            "hash": self.hash,
            "block": self.block,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class DealView:
    """A deal as it stands. `status` comes from indexed events alone once the deal is on the chain; before
    that it is `pending` (accepted, on its way) or `failed` (the chain would refuse it; `error` says why).
    `unsure` are events that too few blocks lie on for the deal's value: they do not count yet.
    """

    submitted: SubmittedDeal
    status: str
    chain: ChainDeal
    milestones: tuple[MilestoneView, ...]
    transactions: tuple[TransactionView, ...]
    actions: tuple[NextAction, ...]
    error: dict[str, Any] | None
    unsure: tuple[ChainEvent, ...] = ()

    @property
    def deal_id(self) -> str:
        return self.submitted.deal_id

    @property
    def deal(self) -> Deal:
        return self.submitted.deal

    def next_actions(self, role: str | Address, now: int) -> tuple[NextAction, ...]:
        """What a role (buyer, seller, arbiter, anyone), or an account in its roles, may do at block time
        `now`.
        """
        roles = {role, "anyone"} if not role.startswith("0x") else {*self.submitted.roles_of(role), "anyone"}
        return tuple(action for action in self.actions if action.by in roles and action.possible(now))

    def as_json(self) -> dict[str, Any]:
        """For the gateway: amounts as decimal strings."""
        chain = self.chain
        return {
            "deal_id": self.deal_id,
            "status": self.status,
            "milestone": chain.milestone,
            "deliverable": chain.deliverable,
            "opened_at": chain.opened_at,
            "closed_at": chain.closed_at,
            "outcome": chain.outcome,
            "deal": self.deal.as_json(),
            "negotiation": self.submitted.negotiation,
            "money": {
                "locked": str(chain.locked),
                "taken": str(chain.taken),
                "to_seller": str(chain.to_seller),
                "to_buyer": str(chain.to_buyer),
                "to_arbiter": str(chain.to_arbiter),
                "returned": str(chain.returned),
            },
            "milestones": [
                {
                    "index": item.index,
                    "amount": str(item.amount),
                    "deliver_by": item.deliver_by,
                    "state": item.state,
                }
                for item in self.milestones
            ],
            "linked": list(self.submitted.linked),
            "transactions": [item.as_json() for item in self.transactions],
            "events": [
                {
                    "name": event.name,
                    "arguments": dict(event.arguments),
                    "at": event.block_time,
                    "block": event.block_number,
                    "transaction": event.transaction,
                }
                for event in chain.events
            ],
            "unconfirmed": [
                {"name": event.name, "block": event.block_number, "transaction": event.transaction}
                for event in self.unsure
            ],
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Accepted:
    """An action that was recorded. `key` finds its intent; `duplicate` says that it had been recorded
    before.
    """

    deal_id: str
    purpose: str
    key: str
    status: str
    duplicate: bool
