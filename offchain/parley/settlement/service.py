"""Settlement: a signed deal in, a settled deal out.

`submit` and `act` refuse, typed, whatever the escrow would refuse, and record the rest durably before they
return; a thread (or `tick`) sends it and follows the chain. While the node does not answer, new submissions
are refused with `NodeUnreachable`, which is retryable, because nobody can say whether they could open; what
was accepted before waits and is sent when the node is back. What a deal's status is once it is on the chain
only the indexer says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Self

from parley.chain.deploy import check_deployment
from parley.chain.escrow import Call, EscrowContract, FundingKind, Status
from parley.chain.escrow_errors import WrongStatus
from parley.chain.indexer import Indexer
from parley.chain.intents import Intent, IntentStatus
from parley.chain.models import BlockTag
from parley.chain.node import NodeClient
from parley.chain.sender import Sender, SenderSettings
from parley.settlement.actions import Planned, plan, plan_exit, plan_split
from parley.settlement.checks import Available, Checks, Need, funding, missing_funds, needs
from parley.settlement.errors import DealNotOpen, DealUnknown, EpochStale, SignatureMissing, TokenMissing
from parley.settlement.look import Look, look
from parley.settlement.models import FAILED, PENDING, Accepted, DealView, SubmittedDeal, TransactionView
from parley.settlement.next_actions import actions, milestones
from parley.settlement.repository import DealRepository
from parley.settlement.upkeep import Upkeep
from parley.store import EventStore, Transaction
from parley.terms.actions import Action, Split
from parley.terms.deal import Deal
from parley.terms.signing import Signer
from parley.terms.values import Address, keccak


class Settlement:
    """Joins store, sender and indexer for one escrow. Safe from any thread."""

    def __init__(self, store: EventStore, sender: Sender, indexer: Indexer, escrow: EscrowContract) -> None:
        self._store = store
        self.sender = sender
        self.indexer = indexer
        self.escrow = escrow
        self.node = escrow.node
        self._chain_id = escrow.node.chain_id()
        self._checks = Checks(escrow)
        self._deals = DealRepository(store)
        self._upkeep = Upkeep(store, sender, indexer, escrow, self._deals)

    @classmethod
    def connect(
        cls,
        store: EventStore,
        node: NodeClient,
        escrow: str,
        signer: Signer,
        *,
        start_block: int = 0,
        confirmations: int = 0,
        nudge: Callable[[], None] | None = None,
    ) -> Self:
        """The settlement of an escrow, whose transactions `signer` sends and pays for.

        `start_block` is the deployment's, `confirmations` how many blocks must lie on top before one counts.
        Raises the node's errors (`NodeUnreachable`, `NodeWrongChain`) and `ContractMissing`.
        """
        contract = check_deployment(node, escrow)
        settings = SenderSettings(confirmations=confirmations)
        sender = Sender(store, node, signer, settings, nudge=nudge)
        indexer = Indexer(store, node, contract, start_block=start_block, confirmations=confirmations)
        return cls(store, sender, indexer, contract)

    # --------------------------------------------------------------- submission

    def check(self, deal: Deal) -> None:
        """Refuse a deal that could not open now, whoever signed it; funds are looked at by `submit`.

        Raises `DealInvalid`, `ContractError` (its status), `EpochStale`, `TokenMissing`, the node's errors.
        """
        deal.validate_for_opening(0)  # what time does not change is refused without a node
        due = needs(deal, FundingKind.ALLOWANCE, FundingKind.ALLOWANCE, self.sender.address)
        deal_id = self.deal_id(deal)
        self._check_chain(deal, deal_id, look(self.escrow, deal, deal_id, due))

    def _check_chain(self, deal: Deal, deal_id: str, seen: Look) -> None:
        deal.validate_for_opening(seen.now)
        if seen.status is not Status.UNOPENED:
            raise WrongStatus(bytes.fromhex(deal_id[2:]), int(seen.status))
        signed = ((deal.buyer, deal.buyer_epoch), (deal.seller, deal.seller_epoch))
        for (party, epoch), current in zip(signed, seen.epochs, strict=True):
            # A party may have signed for any epoch from its own to the newest of all.
            if epoch < current or (epoch > current and epoch > self.escrow.era()):
                raise EpochStale(
                    "The deal is for another epoch of a party.", party=party, signed=epoch, current=current
                )
        if not seen.token_exists:
            raise TokenMissing("There is no contract at the token's address.", token=deal.token)

    def deal_id(self, deal: Deal) -> str:
        """The deal's id on this chain and escrow."""
        return deal.deal_id(self._chain_id, Address(self.escrow.address))

    def submit(
        self,
        deal: Deal,
        buyer_signature: str = "0x",
        seller_signature: str = "0x",
        buyer_authorization: str | None = None,
        seller_authorization: str | None = None,
        *,
        negotiation: str | None = None,
        buyer_funding: FundingKind = FundingKind.ALLOWANCE,
        seller_funding: FundingKind = FundingKind.ALLOWANCE,
    ) -> SubmittedDeal:
        """Accept a deal for opening, once per deal id; it is durable when this returns.

        Signatures carry the kind byte; an EIP-3009 authorisation (65 bytes, nonce = deal id) pays for its
        side and may stand for its signature. A deal that someone opened already is taken over as it is.
        Raises `DealInvalid`, `SignatureMissing`, `SignatureRefused`, `FundingMissing`, `EpochStale`,
        `ContractError`, and the errors of node and store; then nothing was kept.
        """
        deal.validate_for_opening(0)
        submitted = SubmittedDeal(
            deal=deal,
            deal_id=self.deal_id(deal),
            buyer_signature=buyer_signature,
            seller_signature=seller_signature,
            buyer_authorization=buyer_authorization,
            seller_authorization=seller_authorization,
            buyer_funding=FundingKind.AUTHORIZATION if buyer_authorization else buyer_funding,
            seller_funding=FundingKind.AUTHORIZATION if seller_authorization else seller_funding,
            negotiation=negotiation,
            status=PENDING,
        )
        known = self._deals.get(submitted.deal_id)
        if known is not None and known.status != FAILED:
            return replace(known, duplicate=True)
        due = needs(deal, submitted.buyer_funding, submitted.seller_funding, self.sender.address)
        seen = look(self.escrow, deal, submitted.deal_id, due)
        if seen.status not in (Status.UNOPENED, Status.CANCELLED):
            return self._adopt(submitted)
        self._check_chain(deal, submitted.deal_id, seen)
        self._check_consent(submitted, due)
        return self._record(submitted, due, seen.available)

    def _check_consent(self, submitted: SubmittedDeal, due: tuple[Need, Need]) -> None:
        digest = bytes.fromhex(submitted.deal_id[2:])
        sides = (
            ("buyer", submitted.buyer_signature, submitted.buyer_authorization, due[0]),
            ("seller", submitted.seller_signature, submitted.seller_authorization, due[1]),
        )
        for role, signature, authorization, need in sides:
            if authorization is not None:
                self._checks.authorization(need, submitted.deal, submitted.deal_id, authorization)
            if authorization is None or signature not in ("", "0x"):
                self._checks.signature(need.account, digest, signature, f"{role}'s deal signature")

    def _record(
        self, submitted: SubmittedDeal, due: tuple[Need, Need], available: tuple[Available, Available]
    ) -> SubmittedDeal:
        for need, found in zip(due, available, strict=True):
            missing_funds(need, found, 0)
        call = self.escrow.open(
            submitted.deal,
            submitted.buyer_signature,
            submitted.seller_signature,
            funding(submitted.buyer_funding, submitted.buyer_authorization),
            funding(submitted.seller_funding, submitted.seller_authorization),
        )
        gas = self._simulate(call)
        key = f"{submitted.deal_id}:open:{keccak(call.data).hex()[:32]}"

        def work(transaction: Transaction) -> bool:
            if self._deals.is_submitted(transaction, submitted.deal_id):
                return False
            promised = self._deals.promised(transaction, submitted.deal.token, submitted.deal_id)
            for need, found in zip(due, available, strict=True):
                missing_funds(need, found, promised.get(need.account, 0))
            self._deals.record(transaction, submitted, due)
            self.sender.record(transaction, key, call, gas=gas)
            self.sender.requeue(transaction, key)
            return True

        if self._store.transact(work):
            return submitted
        known = self._deals.get(submitted.deal_id)
        return replace(known or submitted, duplicate=True)

    def _adopt(self, submitted: SubmittedDeal) -> SubmittedDeal:
        """Take over a deal that is on the chain: its terms are proven by its id, nothing is to be sent."""

        def work(transaction: Transaction) -> None:
            if not self._deals.is_submitted(transaction, submitted.deal_id):
                self._deals.record(transaction, submitted, ())

        self._store.transact(work)
        found = self._deals.get(submitted.deal_id)
        return found if found is not None else submitted

    def _simulate(self, call: Call, block: BlockTag = "pending") -> int:
        """Gas the call would need now. Raises `ContractError` when the escrow would refuse it."""
        return self.node.estimate(call.to, call.data, sender=self.sender.address, block=block)

    # ------------------------------------------------------------------ actions

    def act(self, deal_id: str, action: Action, signature: str) -> Accepted:
        """Submit a signed action: delivery, receipt, rejection, dispute, ruling, refund or cancellation.

        The same action again is the first one. Raises `DealUnknown`, `DealNotOpen`, `SignatureMissing`,
        `SignatureRefused`, `ActionMisdirected`, `ActionUnsupported`, `ContractError`, and the errors of node
        and store; then nothing was kept.
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

    def exit(self, deal_id: str, name: str) -> Accepted:
        """Call a timed exit: silence, close_rejected, lapse or default. Raises as `act`."""
        submitted = self._known(deal_id)
        chain = self.indexer.deal_view(deal_id)
        planned = plan_exit(self.escrow, submitted.deal, name, chain.milestone)
        return self._act(deal_id, planned, keccak(planned.call.data + bytes((chain.milestone,))), (), None)

    def _act(
        self,
        deal_id: str,
        planned: Planned,
        digest: bytes,
        signatures: tuple[str, ...],
        action: Action | None,
    ) -> Accepted:
        key = f"{deal_id}:{planned.purpose}:{digest.hex()}"
        known = self.sender.get(key)
        if known is not None and known.status not in (IntentStatus.FAILED, IntentStatus.REVERTED):
            return Accepted(deal_id, planned.purpose, key, known.status, duplicate=True)
        for signer, signature in zip(planned.signers, signatures, strict=True):
            if signature in ("", "0x") and signer != self.sender.address:
                raise SignatureMissing("The action is not signed.", what=planned.purpose, signer=signer)
            self._checks.signature(signer, digest, signature, planned.purpose)
        if planned.purpose != "cancel" and self.escrow.state_of(deal_id).status is Status.UNOPENED:
            raise DealNotOpen("The deal is not open yet.", deal_id=deal_id)
        gas = self._simulate(planned.call)
        said = {} if action is None else action.as_json()

        def work(transaction: Transaction) -> Intent:
            intent = self.sender.record(transaction, key, planned.call, gas=gas)
            self.sender.requeue(transaction, key)
            self._deals.note(
                transaction,
                deal_id,
                "action.submitted",
                {"purpose": planned.purpose, "key": key, "action": said},
            )
            return intent

        intent = self._store.transact(work)
        return Accepted(deal_id, planned.purpose, key, intent.status, duplicate=False)

    # ------------------------------------------------------------------ reading

    def _known(self, deal_id: str) -> SubmittedDeal:
        found = self._deals.get(deal_id)
        if found is None:
            raise DealUnknown("No deal was submitted under this id.", deal_id=deal_id[:80])
        return found

    def submitted(self, deal_id: str) -> SubmittedDeal | None:
        """The deal as it was submitted; None when it never was."""
        return self._deals.get(deal_id)

    def of_negotiation(self, negotiation: str) -> list[SubmittedDeal]:
        """The deals of a negotiation."""
        return self._deals.of_negotiation(negotiation)

    def deal(self, deal_id: str) -> DealView:
        """A deal as it stands, from the store alone. Raises `DealUnknown`."""
        submitted = self._known(deal_id)
        chain = self.indexer.deal_view(deal_id)
        status = chain.status_word
        if chain.status is Status.UNOPENED:
            status = FAILED if submitted.status == FAILED else PENDING
        sent = tuple(
            TransactionView(i.key.split(":")[1], i.status, i.transaction, i.block_number, i.error)
            for i in self.sender.intents.with_prefix(f"{deal_id}:")
        )
        return DealView(
            submitted=replace(submitted, status=status),
            status=status,
            chain=chain,
            milestones=milestones(submitted.deal, chain),
            transactions=sent,
            actions=actions(submitted.deal, chain, status),
            error=self._deals.failure(deal_id) if status == FAILED else None,
        )

    # ------------------------------------------------------------------- moving

    def tick(self) -> bool:
        """One step of everything: send, follow, take note of failures. True when something moved.

        Each part runs even when another one fails; the first error is raised at the end, and nothing is lost
        by it.
        """
        return self._upkeep.tick()
