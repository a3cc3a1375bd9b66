"""An agent's own durable memory: what it signed before it was sent, what it verified, what it has bound
itself to.

Everything is kept in the agent's event store, each line before the act it records. After a crash the agent
repeats what it signed and never contradicts it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from parley.agents.errors import JournalConflict
from parley.agents.whole_deals import Payment
from parley.policy.budget import BudgetState
from parley.store.errors import IdempotencyMismatch
from parley.store.models import ANY, DocumentPut, NewEvent
from parley.store.service import EventStore
from parley.terms.deal import Deal
from parley.terms.domain import Domain
from parley.terms.funding import FundingKind
from parley.terms.message import Message, SignedApproval
from parley.terms.opening import Opening
from parley.terms.payloads import Payload, Reveal
from parley.terms.values import Hash32

BUDGET = "budget"
NEGOTIATIONS = "negotiations"


@dataclass(frozen=True, slots=True)
class SignedDeal:
    """A deal this agent signed: its kind-marked signature and, where it signed a payment too, that payment
    (`authorization`) in the form of its kind.
    """

    deal: Deal
    deal_id: Hash32
    signature: str
    authorization: str | None
    funding: FundingKind = FundingKind.AUTHORIZATION

    @property
    def payment(self) -> Payment | None:
        """What it signed to pay, as a gateway takes it; None where an allowance pays."""
        return None if self.authorization is None else Payment(self.funding, self.authorization)


class Journal:
    """Blocks until each line is durable. One agent process owns it, so what was read once is kept in
    memory.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._budget: BudgetState | None = None
        self._own: dict[str, dict[int, Intended]] = {}
        self._signed: dict[tuple[str, int], SignedDeal] | None = None

    # ------------------------------------------------------------ negotiations

    def begin(self, domain: Domain, opening: Opening) -> None:
        """Remembers a negotiation. Repeating it changes nothing."""
        negotiation = opening.negotiation_id()
        self._store.append(
            NEGOTIATIONS,
            ANY,
            (NewEvent("begun", {"negotiation": negotiation}),),
            documents=(
                DocumentPut("domain", opening.domain, domain.as_json()),
                DocumentPut("opening", negotiation, opening.as_json()),
            ),
            idempotency_key=f"begun:{negotiation}",
        )

    def negotiations(self) -> Iterator[tuple[Domain, Opening]]:
        """Every negotiation ever begun, in order."""
        for event in self._store.read_all(NEGOTIATIONS):
            found = self.documents(str(event.data["negotiation"]))
            if found is not None:
                yield found

    def documents(self, negotiation: str) -> tuple[Domain, Opening] | None:
        body = self._store.documents.get("opening", negotiation)
        if body is None:
            return None
        opening = Opening.parse(body)
        return Domain.parse(self._store.documents.get("domain", opening.domain) or {}), opening

    # ---------------------------------------------------------------- messages

    def intend(self, message: Message, message_hash: Hash32) -> None:
        """Keeps an own message before it is sent. Raises JournalConflict for a second one at a step still
        open.
        """
        core = message.core
        held = self.intended(core.negotiation, core.sequence)
        if held is not None and held.hash != message_hash:
            raise JournalConflict(
                "another message of this step is signed already",
                negotiation=core.negotiation,
                sequence=core.sequence,
            )
        if held is None:
            data = {"sequence": core.sequence, "hash": message_hash, "message": message.wire()}
            self._store.append(f"own:{core.negotiation}", ANY, (NewEvent("signed", data),))
            self._own[core.negotiation][core.sequence] = Intended(data)

    def give_up(self, negotiation: str, sequence: int, problem: str) -> None:
        """The other side refused the own message at `sequence` for good; the step is open again."""
        data = {"sequence": sequence, "problem": problem}
        self._store.append(f"own:{negotiation}", ANY, (NewEvent("refused", data),))
        self._own.pop(negotiation, None)

    def intended(self, negotiation: str, sequence: int) -> Intended | None:
        """The own message signed for a step, unless it was refused for good."""
        own = self._own.get(negotiation)
        if own is None:
            own = self._own[negotiation] = {}
            for event in self._store.read_all(f"own:{negotiation}"):
                if event.kind == "signed":
                    own[int(event.data["sequence"])] = Intended(event.data)
                else:
                    own.pop(int(event.data["sequence"]), None)
        return own.get(sequence)

    def admit(self, message: Message, message_hash: Hash32, receipt: Mapping[str, Any] | None) -> None:
        """Keeps a verified message of the transcript, with the gateway's receipt where there is one."""
        data: dict[str, Any] = {"hash": message_hash, "message": message.wire()}
        if receipt is not None:
            data["receipt"] = dict(receipt)
        with contextlib.suppress(IdempotencyMismatch):  # kept before, with or without a receipt
            self._store.append(
                f"transcript:{message.core.negotiation}",
                message.core.sequence,
                (NewEvent("message", data),),
                idempotency_key=f"kept:{message_hash}",
            )

    def transcript(self, negotiation: str) -> list[Message]:
        """The verified messages in order."""
        return [
            Message.parse(event.data["message"])
            for event in self._store.read_all(f"transcript:{negotiation}")
        ]

    def keep_plain(self, negotiation: str, payload: Payload) -> None:
        """Keeps what a sealed payload says, own ones before they are sent."""
        with contextlib.suppress(IdempotencyMismatch):
            self._store.append(
                f"plain:{negotiation}",
                ANY,
                (NewEvent("plain", {"hash": payload.hash(), "payload": payload.as_json()}),),
                idempotency_key=f"plain:{payload.hash()}",
            )

    def plains(self, negotiation: str) -> dict[Hash32, Mapping[str, Any]]:
        """What sealed payloads of a negotiation say, by the document hash of the plaintext."""
        events = self._store.read_all(f"plain:{negotiation}")
        return {Hash32(event.data["hash"]): event.data["payload"] for event in events}

    def hashes(self, negotiation: str) -> list[Hash32]:
        return [Hash32(event.data["hash"]) for event in self._store.read_all(f"transcript:{negotiation}")]

    def receipts(self, negotiation: str) -> list[Mapping[str, Any]]:
        events = self._store.read_all(f"transcript:{negotiation}")
        return [event.data["receipt"] for event in events if "receipt" in event.data]

    # ------------------------------------------------------------------- deals

    def sign_deal(self, negotiation: str, index: int, signed: SignedDeal) -> None:
        """Keeps an own deal signature before it leaves. Raises JournalConflict for another deal of the same
        settlement.
        """
        data: dict[str, Any] = {
            "negotiation": negotiation,
            "index": index,
            "deal": signed.deal.as_json(),
            "deal_id": signed.deal_id,
            "signature": signed.signature,
        }
        if signed.authorization is not None:
            data["authorization"] = signed.authorization
            if signed.funding is not FundingKind.AUTHORIZATION:
                data["funding"] = signed.funding.name.lower()
        try:
            self._store.append(
                "deals", ANY, (NewEvent("signed", data),), idempotency_key=f"deal:{negotiation}:{index}"
            )
        except IdempotencyMismatch:
            raise JournalConflict(
                "another deal is signed already for this agreement", negotiation=negotiation, index=index
            ) from None
        self._deals()[(negotiation, index)] = signed

    def signed_deal(self, negotiation: str, index: int) -> SignedDeal | None:
        return self._deals().get((negotiation, index))

    def deals(self) -> dict[Hash32, SignedDeal]:
        """Every deal this agent signed, by deal id."""
        return {signed.deal_id: signed for signed in list(self._deals().values())}

    def _deals(self) -> dict[tuple[str, int], SignedDeal]:
        if self._signed is None:
            self._signed = {
                (str(event.data["negotiation"]), int(event.data["index"])): _signed_deal(event.data)
                for event in self._store.read_all("deals")
            }
        return self._signed

    # ------------------------------------------------------ budget, approvals

    def budget(self) -> BudgetState:
        """The ledger as last kept."""
        if self._budget is None:
            count = self._store.length(BUDGET)
            self._budget = BudgetState()
            if count:
                self._budget = BudgetState.parse(self._store.read(BUDGET, count - 2, 1)[0].data["state"])
        return self._budget

    def keep_budget(self, state: BudgetState) -> None:
        self._store.append(BUDGET, ANY, (NewEvent("ledger", {"state": state.as_json()}),))
        self._budget = state

    def approve(self, approval: SignedApproval) -> None:
        """Keeps a reviewer's decision under its terms hash."""
        core = approval.core
        self._store.append(f"approvals:{core.negotiation}", ANY, (NewEvent("approval", approval.as_json()),))

    def approvals(self, negotiation: str) -> list[SignedApproval]:
        return [
            SignedApproval.parse(event.data) for event in self._store.read_all(f"approvals:{negotiation}")
        ]

    # ------------------------------------------------------------------ seals

    def keep_seal(self, reveal: Reveal) -> None:
        """Keeps what is about to be sealed: a commitment whose opening is lost can never be revealed."""
        event = NewEvent("seal", {"reveal": reveal.as_json()})
        self._store.append(f"seals:{reveal.negotiation}", ANY, (event,))

    def sealed(self, commitment: str, negotiation: str) -> Reveal | None:
        """The kept reveal of this hash."""
        kept = (Reveal.parse(event.data["reveal"]) for event in self._store.read_all(f"seals:{negotiation}"))
        return next((reveal for reveal in kept if reveal.hash() == commitment), None)


@dataclass(frozen=True, slots=True)
class Intended:
    """An own message on record."""

    data: Mapping[str, Any]

    @property
    def hash(self) -> str:
        return str(self.data["hash"])

    @property
    def message(self) -> Message:
        return Message.parse(self.data["message"])


def _signed_deal(data: Mapping[str, Any]) -> SignedDeal:
    return SignedDeal(
        Deal.parse(data["deal"]),
        Hash32(data["deal_id"]),
        str(data["signature"]),
        data.get("authorization"),
        FundingKind[str(data.get("funding", "authorization")).upper()],
    )
