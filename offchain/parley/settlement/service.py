"""Settlement: a signed deal in, a settled deal out.

`submit` and `act` refuse, typed, whatever the escrow would refuse, and record the rest durably before they
return; a thread (or `tick`) sends it and follows the chain. While the node does not answer, new submissions
are refused with `NodeUnreachable`, which is retryable, because nobody can say whether they could open; what
was accepted before waits and is sent when the node is back. What a deal's status is once it is on the chain
only the indexer says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self

from parley.chain.batching import BatchSettings
from parley.chain.certainty import Certainty
from parley.chain.deploy import check_deployment
from parley.chain.escrow import EscrowContract, Funding, FundingKind, Opening, Status
from parley.chain.evidence_contract import EvidenceContract
from parley.chain.indexer import Indexer
from parley.chain.node import NodeClient
from parley.chain.opening_errors import BundleSize
from parley.chain.relayer import Relayer
from parley.chain.sender import SenderSettings
from parley.chain.spending import GasBudget
from parley.chain.witnesses import Witnesses
from parley.settlement.acting import Acting
from parley.settlement.checks import Checks, Use
from parley.settlement.models import FAILED, PENDING, DealView, SubmittedDeal, TransactionView
from parley.settlement.next_actions import actions, milestones
from parley.settlement.openings import Openings, require_single
from parley.settlement.repository import DealRepository
from parley.settlement.timers import Timers
from parley.settlement.upkeep import Upkeep
from parley.settlement.ways import MAX_LINKED, act_of
from parley.store import EventStore
from parley.terms.deal import Deal
from parley.terms.signing import Signer
from parley.terms.values import Address


def _authorized(authorization: str | None, kind: FundingKind) -> Funding:
    return Funding(FundingKind.AUTHORIZATION, authorization) if authorization else Funding(kind)


class Settlement(Acting):
    """Joins store, sender and indexer for one escrow. Safe from any thread."""

    def __init__(
        self,
        store: EventStore,
        sender: Relayer,
        indexer: Indexer,
        escrow: EscrowContract,
        *,
        evidence: str | None = None,
    ) -> None:
        self._store = store
        self.sender = sender
        self.indexer = indexer
        self.escrow = escrow
        self.evidence = None if evidence is None else EvidenceContract(escrow.node, evidence)
        self.node = escrow.node
        self._chain_id = escrow.node.chain_id()
        self._checks = Checks(escrow)
        self._deals = DealRepository(store)
        self._bells: list[Callable[[], None]] = []
        self._openings = Openings(store, sender, indexer, escrow, self._deals, self._checks, self._taken_in)
        self.timers = Timers(store, self.node, self.deal, self.exit)
        self._upkeep = Upkeep(store, sender, indexer, self._openings, self._deals, self.timers)

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
        others: Sequence[Signer] = (),
        certainty: Certainty | None = None,
        witnesses: Witnesses | None = None,
        budget: GasBudget | None = None,
        batches: BatchSettings | None = None,
    ) -> Self:
        """The settlement of an escrow, whose transactions `signer`, and the `others` beside it, send and pay
        for, within the budget.

        `start_block` is the deployment's, `confirmations` how many blocks must lie on top before one counts.
        Raises the node's errors (`NodeUnreachable`, `NodeWrongChain`) and `ContractMissing`.
        """
        contract = check_deployment(node, escrow)
        settings = SenderSettings(confirmations=confirmations)
        sender = Relayer(
            store,
            node,
            (signer, *others),
            contract.address,
            settings,
            budget=budget,
            batches=batches,
            nudge=nudge,
        )
        indexer = Indexer(
            store,
            node,
            contract,
            start_block=start_block,
            confirmations=confirmations,
            witnesses=witnesses,
            certainty=certainty,
        )
        return cls(store, sender, indexer, contract)

    # --------------------------------------------------------------- submission

    def check(self, deal: Deal, replaces: Deal | None = None) -> None:
        """Refuse a deal that could not open now, whoever signed it; funds are looked at by `submit`.

        Raises `DealInvalid`, `ContractError` (its status), `EpochStale`, `TokenMissing`, the node's errors.
        """
        self._openings.check(deal, replaces)

    def check_signature(self, deal: Deal, role: str, signature: str) -> None:
        """Refuse what is no signature of buyer or seller (`role`), or of its agent under a mandate, over the
        deal. Raises `SignatureMissing`, `SignatureRefused`, `MandateUncovered`, the node's errors.
        """
        signer = deal.buyer if role == "buyer" else deal.seller
        digest = bytes.fromhex(self.deal_id(deal)[2:])
        self._checks.signature(
            signer, digest, signature, f"{role}'s deal signature", Use(deal, act_of(deal, role))
        )

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
        side and may stand for its signature. Other ways of payment: `submit_opening`. Raises as that.
        """
        opening = Opening(
            deal,
            buyer_signature,
            seller_signature,
            _authorized(buyer_authorization, buyer_funding),
            _authorized(seller_authorization, seller_funding),
        )
        return self.submit_opening(opening, negotiation=negotiation)

    def submit_opening(
        self, opening: Opening, *, negotiation: str | None = None, replaces: Deal | None = None
    ) -> SubmittedDeal:
        """Accept one deal, instant deal or amendment with the signatures and payments that it comes with.

        An amendment takes the place of `replaces`, which may be left out when it was submitted here. What
        someone opened already is taken over as it is. Raises `DealInvalid`, `SignatureMissing`,
        `SignatureRefused`, `MandateUncovered`, `FundingMissing`, `EpochStale`, `ReplacedUnknown`,
        `DealNotAlone`, `ContractError`, and the errors of node and store; then nothing was kept.
        """
        require_single(opening.deal)
        replaced = self._openings.replaced(opening.deal, replaces)
        item = SubmittedDeal.handed(opening, self.deal_id(opening.deal), negotiation, replaced)
        return self._openings.submit((item,))[0]

    def submit_linked(
        self, openings: Sequence[Opening], *, negotiation: str | None = None
    ) -> tuple[SubmittedDeal, ...]:
        """Accept linked deals, which open in one call or not at all, in the order of their bundle. Raises as
        `submit_opening`, and `BundleSize`, `BundleMismatch`.
        """
        if not openings:
            raise BundleSize(0, MAX_LINKED)
        ids = tuple(self.deal_id(opening.deal) for opening in openings)
        items = [
            SubmittedDeal.handed(opening, deal_id, negotiation, linked=ids)
            for opening, deal_id in zip(openings, ids, strict=True)
        ]
        return self._openings.submit(items)

    # ------------------------------------------------------------------ reading

    def submitted(self, deal_id: str) -> SubmittedDeal | None:
        """The deal as it was submitted; None when it never was."""
        return self._deals.get(deal_id)

    def of_negotiation(self, negotiation: str) -> list[SubmittedDeal]:
        """The deals of a negotiation."""
        return self._deals.of_negotiation(negotiation)

    def deal(self, deal_id: str) -> DealView:
        """A deal as it stands, from the store alone. Raises `DealUnknown`."""
        submitted = self._known(deal_id)
        chain, unsure = self.indexer.sure_view(deal_id)
        status = chain.status_word
        if chain.status is Status.UNOPENED:
            status = FAILED if submitted.status == FAILED else PENDING
        intents = self.sender.intents.with_prefix(f"{deal_id}:")
        if submitted.linked:
            intents = self.sender.intents.with_prefix(f"{submitted.deal.bundle}:") + intents
        sent = tuple(
            TransactionView(i.key.split(":")[1], i.status, i.transaction, i.block_number, i.error)
            for i in intents
        )
        return DealView(
            submitted=replace(submitted, status=status),
            status=status,
            chain=chain,
            milestones=milestones(submitted.deal, chain),
            transactions=sent,
            actions=actions(submitted.deal, chain, status),
            error=self._deals.failure(deal_id) if status == FAILED else None,
            unsure=unsure,
        )

    def of_account(self, account: str) -> tuple[TransactionView, ...]:
        """What was submitted about an account and no deal, oldest first."""
        return tuple(
            TransactionView(i.key.split(":")[1], i.status, i.transaction, i.block_number, i.error)
            for i in self.sender.intents.with_prefix(f"{account}:")
        )

    # ------------------------------------------------------------------- moving

    def on_work(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called after something that is to be sent was taken in by this object; returns what
        ends it. It must not block.
        """
        self._bells.append(callback)

        def cancel() -> None:
            if callback in self._bells:
                self._bells.remove(callback)

        return cancel

    def _taken_in(self) -> None:
        for bell in tuple(self._bells):
            bell()

    def tick(self) -> bool:
        """One step of everything: send, follow, take note of failures. True when something moved.

        Each part runs even when another one fails; the first error is raised at the end, and nothing is lost
        by it.
        """
        return self._upkeep.saga.tick()
