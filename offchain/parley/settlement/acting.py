"""Taking in what happens to a deal after its opening, and what accounts sign about themselves: each action
that the escrow lets anyone relay, refused here, typed, where it would revert.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from parley.chain.escrow import EscrowContract
from parley.chain.evidence_contract import EvidenceContract
from parley.chain.indexer import Indexer
from parley.chain.intents import Intent, IntentStatus
from parley.chain.relayer import Relayer
from parley.settlement.actions import (
    Planned,
    plan,
    plan_evidence,
    plan_exit,
    plan_for_account,
    plan_split,
    plan_split_revocation,
)
from parley.settlement.checks import Checks, Use
from parley.settlement.errors import (
    ActionMisdirected,
    DealUnknown,
    EvidenceUnavailable,
    SignatureMissing,
)
from parley.settlement.models import Accepted, SubmittedDeal
from parley.settlement.openings import Openings
from parley.settlement.repository import DealRepository
from parley.settlement.timers import Timers
from parley.store import EventStore, Transaction
from parley.terms.actions import Action, Mandate, Split, SplitRevocation
from parley.terms.evidence_actions import EvidenceSubmission
from parley.terms.values import Address, keccak


class Acting:
    """The part of a settlement that relays actions. Safe from any thread."""

    _store: EventStore
    _deals: DealRepository
    _checks: Checks
    _openings: Openings
    _chain_id: int
    sender: Relayer
    indexer: Indexer
    escrow: EscrowContract
    evidence: EvidenceContract | None
    timers: Timers
    _taken_in: Callable[[], None]

    def _known(self, deal_id: str) -> SubmittedDeal:
        found = self._deals.get(deal_id)
        if found is None:
            raise DealUnknown("No deal was submitted under this id.", deal_id=deal_id[:80])
        return found

    def act(self, deal_id: str, action: Action, signature: str) -> Accepted:
        """Submit a signed action: delivery, receipt, rejection, dispute, ruling, refund or cancellation, by a
        party or by an agent under its mandate.

        The same action again is the first one. Raises `DealUnknown`, `DealNotOpen`, `SignatureMissing`,
        `SignatureRefused`, `MandateUncovered`, `ActionMisdirected`, `ActionUnsupported`, `ContractError`, and
        the errors of node and store; then nothing was kept.
        """
        submitted = self._known(deal_id)
        planned = plan(self.escrow, submitted.deal, deal_id, action, signature)
        digest = action.digest(self._chain_id, Address(self.escrow.address))
        return self._act(deal_id, planned, digest, (signature,), action)

    def split(self, deal_id: str, split: Split, buyer_signature: str, seller_signature: str) -> Accepted:
        """Submit a split that both parties signed. Raises as `act`."""
        submitted = self._known(deal_id)
        planned = plan_split(self.escrow, submitted.deal, deal_id, split, buyer_signature, seller_signature)
        digest = split.digest(self._chain_id, Address(self.escrow.address))
        return self._act(deal_id, planned, digest, (buyer_signature, seller_signature), split)

    def revoke_split(
        self, deal_id: str, split: Split, revocation: SplitRevocation, signature: str
    ) -> Accepted:
        """Take back a split that a party signed, before it is used. Raises as `act`."""
        submitted = self._known(deal_id)
        planned = plan_split_revocation(self.escrow, submitted.deal, deal_id, split, revocation, signature)
        digest = revocation.digest(self._chain_id, Address(self.escrow.address))
        return self._act(deal_id, planned, digest, (signature,), revocation)

    def submit_evidence(self, deal_id: str, evidence: EvidenceSubmission, signature: str) -> Accepted:
        """Hand a party's signed evidence on its deal to the evidence contract. Raises as `act`, and
        `EvidenceUnavailable`.
        """
        submitted = self._known(deal_id)
        if self.evidence is None:
            raise EvidenceUnavailable("No evidence contract is named here.", deal_id=deal_id)
        planned = plan_evidence(self.evidence, submitted.deal, deal_id, evidence, signature)
        digest = evidence.digest(self._chain_id, Address(self.evidence.address))
        return self._act(deal_id, planned, digest, (signature,), evidence)

    def act_for_account(self, action: Action, signature: str, mandate: Mandate | None = None) -> Accepted:
        """Submit what an account signed about itself and no deal: a withdrawal, an epoch, or the end of a
        mandate, which then is given too. Raises as `act`.
        """
        account, planned = plan_for_account(self.escrow, action, signature, mandate)
        digest = action.digest(self._chain_id, Address(self.escrow.address))
        return self._act(account, planned, digest, (signature,), action)

    def exit(self, deal_id: str, name: str) -> Accepted:
        """Call a timed exit: silence, close_rejected, lapse or default. Raises as `act`."""
        submitted = self._known(deal_id)
        chain = self.indexer.deal_view(deal_id)
        planned = plan_exit(self.escrow, submitted.deal, name, chain.milestone)
        return self._act(deal_id, planned, keccak(planned.call.data + bytes((chain.milestone,))), (), None)

    def call_exits(self, deal_id: str, party: str, names: Collection[str]) -> tuple[str, ...]:
        """Call these timed exits for a party when they are due (none: no more); what is wanted of all
        parties now. Raises `DealUnknown`, `ActionMisdirected`, `ActionUnsupported`.
        """
        submitted = self._known(deal_id)
        if party not in (submitted.deal.buyer, submitted.deal.seller, *submitted.agents):
            raise ActionMisdirected("Only a party has exits called.", party=party)
        return self.timers.ask(deal_id, party, names)

    def _act(
        self,
        subject: str,
        planned: Planned,
        digest: bytes,
        signatures: tuple[str, ...],
        action: Action | None,
    ) -> Accepted:
        """`subject` is the id of the deal, or the account, that it is about."""
        key = f"{subject}:{planned.purpose}:{digest.hex()}"
        known = self.sender.get(key)
        if known is not None and known.status not in (IntentStatus.FAILED, IntentStatus.REVERTED):
            return Accepted(subject, planned.purpose, key, known.status, duplicate=True)
        submitted = self._deals.get(subject)
        use = None if planned.act is None or submitted is None else Use(submitted.deal, planned.act)
        for signer, signature in zip(planned.signers, signatures, strict=True):
            if signature in ("", "0x"):
                raise SignatureMissing("The action is not signed.", what=planned.purpose, signer=signer)
            self._checks.signature(signer, digest, signature, planned.purpose, use)
        lives = planned.purpose not in ("cancel", "revoke_split")
        if submitted is None:
            self._openings.simulate(planned.call)
        else:
            self._openings.require_taken(submitted, planned.call, opened=lives)
        said = {} if action is None else action.as_json()

        def work(transaction: Transaction) -> Intent:
            intent = self.sender.record(transaction, key, planned.call)
            self.sender.requeue(transaction, key)
            self._deals.note(
                transaction,
                subject,
                "action.submitted",
                {"purpose": planned.purpose, "key": key, "action": said},
            )
            return intent

        intent = self._store.transact(work)
        self._taken_in()
        return Accepted(subject, planned.purpose, key, intent.status, duplicate=False)
