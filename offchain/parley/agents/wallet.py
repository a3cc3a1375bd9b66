"""The key guard. Policy, approval and budget are checked here, where the key signs, and nowhere is there a
way around.

The wallet computes for itself what a signature would bind its owner to: the deal that an offer or
acceptance would become, its price and everything that leaves the account. No strategy, model or gateway can
hand it a number.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from parley.agents.errors import GuardRefused, JournalConflict
from parley.agents.gatekeeper import Gatekeeper, Guard
from parley.agents.journal import Journal, SignedDeal
from parley.agents.knowledge import Knowledge, StaticKnowledge
from parley.agents.proof import prove
from parley.agents.signin import KeyIdentity
from parley.evidence.merkle import transcript_root
from parley.negotiation.machine import Machine
from parley.negotiation.state import NegotiationState
from parley.negotiation.status import Status
from parley.policy.models import Decision, Moment
from parley.terms.actions import Action, Split, receive_authorization_digest
from parley.terms.deal import Deal
from parley.terms.derivation import derive_deals
from parley.terms.eip712 import domain_separator
from parley.terms.funding import (
    FundingKind,
    permit2_digest,
    permit2_funding,
    permit_digest,
    permit_funding,
)
from parley.terms.issues import IssueValue
from parley.terms.message import Message, Performative, build_message
from parley.terms.payloads import Accept, Offer, Payload
from parley.terms.sealed import Sealed
from parley.terms.signing import Signer, account_signature
from parley.terms.values import ZERO_HASH, Address, Hash32, Signature


@dataclass(frozen=True, slots=True)
class TokenName:
    """How to pay in a token: its EIP-712 name and version, as its authorisations and permits are signed
    under, and the kind of payment to sign. A permit needs `permit_nonce`, which asks the token for an
    account's next nonce; Permit2 needs an approval that the owner gave it once.
    """

    name: str
    version: str
    pays: FundingKind = FundingKind.AUTHORIZATION
    permit_nonce: Callable[[Address], int] | None = None


class Wallet:
    """One agent's key. Thread-safe: decisions that bind money are taken one at a time, so that two
    negotiations can never spend the same budget."""

    def __init__(
        self,
        signer: Signer,
        journal: Journal,
        *,
        chain_id: int,
        escrow: Address,
        clock: Callable[[], int],
        guard: Guard | None = None,
        knowledge: Knowledge | None = None,
        tokens: Mapping[Address, TokenName] | None = None,
        audience: str | None = None,
    ) -> None:
        self.__signer = signer
        self.__lock = threading.RLock()
        self._identity = KeyIdentity(signer, chain_id, audience)
        self.journal = journal
        self.chain_id = chain_id
        self.escrow = escrow
        self.clock = clock
        self.guard = guard or Guard()
        self.knowledge = knowledge or StaticKnowledge()
        self._tokens = dict(tokens or {})
        self._gate = Gatekeeper(signer.address, chain_id, self.guard, self.knowledge, journal, clock)

    @property
    def address(self) -> Address:
        return self.__signer.address

    def __repr__(self) -> str:
        return f"Wallet({self.address})"

    def answer(self, proposed: Mapping[str, Any], url: str) -> tuple[Mapping[str, Any], str]:
        """Signs a sign-in challenge of the gateway at `url` (see `KeyIdentity`)."""
        return self._identity.answer(proposed, url)

    def prove(self, audience: str) -> str:
        """An `Authorization` header that proves this agent to the peer at `audience` for a minute."""
        return prove(
            lambda challenge: self.__signer.sign_digest(challenge.digest(self.chain_id)),
            self.address,
            audience,
            self.clock(),
        )

    # ---------------------------------------------------------------- messages

    def sign_message(
        self,
        machine: Machine,
        state: NegotiationState,
        performative: Performative,
        payload: Payload,
        seal: Callable[[Payload], Sealed] | None = None,
    ) -> Message:
        """A signed message that the machine admits on `state`, kept in the journal before it is returned.

        With `seal` the payload is judged as it is and sent sealed. Raises the machine's refusals,
        GuardRefused, ApprovalRequired and JournalConflict; then nothing was signed.
        """
        with self.__lock:
            opening = machine.rules.opening
            if opening.chain_id != self.chain_id or opening.escrow != self.escrow:
                raise GuardRefused(
                    "the negotiation settles on another chain or escrow", escrow=opening.escrow
                )
            sent_at = opening.opened_at if state.sequence == 0 else max(self.clock(), state.last_sent_at)
            draft = build_message(
                _Unsigned(self.address),
                self.chain_id,
                state.negotiation,
                state.sequence,
                state.last,
                performative,
                payload,
                sent_at,
            )
            machine.step(state, draft)
            if seal is not None:
                sealed = seal(payload)
                core = draft.core.model_copy(update={"payload": sealed.hash()})
                draft = Message(core=core, signature=draft.signature, payload=sealed)
                machine.step(state, draft, payload)
                self.journal.keep_plain(state.negotiation, payload)
            held = self.journal.intended(state.negotiation, state.sequence)
            if held is not None:
                raise JournalConflict("a message of this step is signed already", sequence=state.sequence)
            bound = self._bound_offer(state, payload)
            if bound is not None and opening.party_of_address(self.address) is not None:
                moment: Moment = "acceptance" if isinstance(payload, Accept) else "outgoing"
                self._gate.check_terms(machine, state, bound, moment, sent_at)
            signature = self.__signer.sign_digest(draft.core.digest(self.chain_id))
            signed = Message(core=draft.core, signature=signature, payload=draft.payload)
            self.journal.intend(signed, signed.message_hash(self.chain_id))
            return signed

    @staticmethod
    def _bound_offer(state: NegotiationState, payload: Payload) -> Offer | None:
        if isinstance(payload, Offer):
            return payload
        if isinstance(payload, Accept) and state.offer is not None:
            return state.offer.offer
        return None

    def judge(
        self,
        machine: Machine,
        state: NegotiationState,
        offer: Offer,
        moment: Moment,
        *,
        approved: bool = False,
    ) -> Decision | None:
        """What the policy says of `offer` without signing anything; None without a policy."""
        with self.__lock:
            return self._gate.judge(machine, state, offer, moment, approved=approved)

    def admits(
        self, machine: Machine, state: NegotiationState, values: Mapping[str, IssueValue], moment: Moment
    ) -> bool:
        """Whether this key could be brought to sign an offer of `values`: by policy (with a person's
        approval where it asks for one), by budget, and as a deal that the escrow would open. What
        strategies filter by.
        """
        with self.__lock:
            return self._gate.admits(machine, state, values, moment)

    def available(self, machine: Machine, state: NegotiationState) -> int | None:
        """Base units the budget still has for this negotiation; None without a budget."""
        with self.__lock:
            return self._gate.available(machine, state)

    def release(self, negotiation: Hash32) -> None:
        """Frees what a negotiation had reserved once it ended without a deal. A committed amount stays."""
        with self.__lock:
            self._gate.release(negotiation)

    # ------------------------------------------------------------------- deals

    def sign_deal(
        self, machine: Machine, state: NegotiationState, index: int, open_by: int | None, *, fund: bool
    ) -> SignedDeal:
        """Signs the deal that the agreed negotiation gives, and with `fund` the payment for it: an EIP-3009
        authorisation, or what the token's `TokenName.pays` says.

        The deal is derived here, from the transcript this wallet's journal verified. A settlement is signed
        once: asked again, the wallet returns the same signatures. Raises GuardRefused, ApprovalRequired,
        JournalConflict, DealInvalid.
        """
        with self.__lock:
            if state.status is not Status.ACCEPTED or state.offer is None:
                raise GuardRefused("the negotiation has no agreement to sign", status=state.status.value)
            held = self.journal.signed_deal(state.negotiation, index)
            if held is not None:
                if open_by is not None and held.deal.open_by != open_by:
                    raise JournalConflict(
                        "this agreement is signed with another open_by", open_by=held.deal.open_by
                    )
                return held
            deals = self._derive(machine, state, open_by)
            deal, offer = deals[index], state.offer.offer
            if self.address not in (deal.buyer, deal.seller):
                raise GuardRefused("this key is no side of the deal", buyer=deal.buyer, seller=deal.seller)
            now = self.clock()
            before = self._gate.replaced(machine)
            if before is None:
                # Linked deals open together; each obeys the rules of one that opens alone.
                deal.model_copy(update={"bundle": ZERO_HASH}).validate_for_opening(now)
            else:
                before.check(deal, machine.rules.opening, now)
            self._gate.require_time(deal)
            self._gate.require_policy(machine, state, offer, "signature", now)
            self._gate.reserve(machine, state.negotiation, deals, offer)
            deal_id = deal.deal_id(self.chain_id, self.escrow)
            signature = account_signature(self.__signer.sign_digest(bytes.fromhex(deal_id[2:])))
            payment = self._pay(machine, deal, deal_id) if fund else None
            kind = FundingKind.AUTHORIZATION if payment is None else self._tokens[deal.token].pays
            signed = SignedDeal(deal, deal_id, signature, payment, kind)
            self.journal.sign_deal(state.negotiation, index, signed)
            self._gate.commit(state.negotiation)
            return signed

    def derive_deal(self, machine: Machine, state: NegotiationState, index: int, open_by: int | None) -> Deal:
        """The deal that the agreed negotiation gives, from this wallet's own transcript; signs nothing."""
        return self._derive(machine, state, open_by)[index]

    def _derive(self, machine: Machine, state: NegotiationState, open_by: int | None) -> tuple[Deal, ...]:
        if state.status is not Status.ACCEPTED or state.offer is None:
            raise GuardRefused("the negotiation has no agreement to sign", status=state.status.value)
        hashes = self.journal.hashes(state.negotiation)
        if len(hashes) != state.sequence or hashes[-1] != state.last:
            raise GuardRefused(
                "the journal does not hold the whole transcript", negotiation=state.negotiation
            )
        before = self._gate.replaced(machine)
        return derive_deals(
            machine.rules.domain,
            machine.rules.opening,
            state.offer.offer,
            transcript_root(hashes),
            len(hashes),
            state.last_sent_at,
            open_by,
            None if before is None else before.amended,
        )

    def _pay(self, machine: Machine, deal: Deal, deal_id: Hash32) -> str | None:
        """The signed payment of this side, in the form of its kind; None where nothing is due, or an
        allowance or balance pays.
        """
        token = self._tokens.get(deal.token)
        if token is None:
            raise GuardRefused("the token's EIP-712 name is not configured", token=deal.token)
        value = self._gate.outflow(machine, (deal,))
        if value == 0:
            return None
        domain = domain_separator(token.name, token.version, self.chain_id, deal.token)
        if token.pays is FundingKind.AUTHORIZATION:
            place = (self.address, self.escrow)
            digest = receive_authorization_digest(domain, *place, value, 0, deal.open_by + 1, deal_id)
            return self.__signer.sign_digest(digest)
        if token.pays is FundingKind.PERMIT2:
            nonce = int(deal_id, 16)  # free and unordered: one that no other deal has
            digest = permit2_digest(deal, self.chain_id, self.escrow, value, nonce)
            return "0x" + permit2_funding(nonce, self.__signer.sign_digest(digest)).hex()
        if token.pays is FundingKind.PERMIT and token.permit_nonce is not None:
            place, nonce = (self.address, self.escrow), token.permit_nonce(self.address)
            digest = permit_digest(domain, *place, value, nonce, deal.open_by)
            return "0x" + permit_funding(value, deal.open_by, self.__signer.sign_digest(digest)).hex()
        return None

    def sign_action(self, action: Action) -> str:
        """The kind-marked signature over an action of a deal that this key signed. Raises GuardRefused."""
        with self.__lock:
            deal_id = getattr(action, "deal_id", None)
            if deal_id is None or deal_id not in self.journal.deals():
                raise GuardRefused(
                    "the action is on no deal that this key signed", action=type(action).__name__
                )
            party = getattr(action, "party", self.address)
            if party != self.address:
                raise GuardRefused("the action names another party", party=party)
            fee = getattr(action, "fee", 0)
            if fee > self.guard.max_fee:
                raise GuardRefused(
                    "the fee is above the guard's limit", fee=str(fee), limit=str(self.guard.max_fee)
                )
            if isinstance(action, Split):
                raise GuardRefused("a split is signed by its owner, not by an agent's key guard")
            return account_signature(self.__signer.sign_digest(action.digest(self.chain_id, self.escrow)))


class _Unsigned:
    """Stands in for the key while the machine looks at a draft: a message hash does not depend on the
    signature.
    """

    def __init__(self, address: Address) -> None:
        self._address = address

    @property
    def address(self) -> Address:
        return self._address

    def sign_digest(self, digest: bytes) -> Signature:
        return Signature("0x" + "00" * 65)
