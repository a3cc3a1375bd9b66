"""Taking in what is to be opened: one deal, an instant one, linked ones, an amendment.

Whatever the escrow would refuse is refused here, typed, before anything is stored; the rest is stored in one
transaction with the intent that sends it, once for each deal id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parley.chain import answers
from parley.chain.contract_error import ContractError
from parley.chain.escrow import Call, DealState, EscrowContract, FundingKind, Status
from parley.chain.escrow_errors import WrongStatus
from parley.chain.indexer import Indexer
from parley.chain.models import BlockTag
from parley.chain.opening_errors import InstantNonceUsed
from parley.chain.relayer import Relayer
from parley.settlement.checks import Checks, Use
from parley.settlement.errors import DealNotAlone, DealNotOpen, EpochStale, ReplacedUnknown, TokenMissing
from parley.settlement.look import Look, look
from parley.settlement.models import FAILED, SubmittedDeal
from parley.settlement.payments import CONSENTS, Need, PaymentChecks, missing_funds, needs
from parley.settlement.repository import DealRepository
from parley.settlement.ways import Way, act_of, opening_call, validate, validate_bundle, way_of
from parley.store import EventStore, Transaction
from parley.terms.amendment import check_amendment
from parley.terms.deal import Deal
from parley.terms.derivation import Amended
from parley.terms.remainder import Standing
from parley.terms.values import Address, keccak


@dataclass(frozen=True, slots=True)
class Examined:
    """A deal as it was handed over, with what it takes and what the chain says."""

    submitted: SubmittedDeal
    due: tuple[Need, Need]
    seen: Look


class Openings:
    """Accepts deals for opening. Safe from any thread."""

    def __init__(
        self,
        store: EventStore,
        sender: Relayer,
        indexer: Indexer,
        escrow: EscrowContract,
        deals: DealRepository,
        checks: Checks,
        taken_in: Callable[[], None] = lambda: None,
    ) -> None:
        """`taken_in` is called once something that is to be sent is durable."""
        self._taken_in = taken_in
        self._store = store
        self._sender = sender
        self._indexer = indexer
        self._escrow = escrow
        self._deals = deals
        self._checks = checks
        self._payments = PaymentChecks(escrow, checks)
        self._chain_id = escrow.node.chain_id()

    # --------------------------------------------------------------- questions

    def opened(self, submitted: SubmittedDeal) -> bool:
        """Whether the chain has the deal already, or can never have it: asked of the node, now."""
        return self.status(submitted.deal, submitted.deal_id) is not Status.UNOPENED

    def status(self, deal: Deal, deal_id: str) -> Status:
        """The deal's status. An instant deal has no word on the chain: where its nonce is used it is closed,
        or cancelled when the indexed events do not show that it was paid.
        """
        if way_of(deal) is not Way.INSTANT:
            return self._escrow.state_of(deal_id).status
        if not self._escrow.instant_used(deal.buyer, deal.seller, deal.nonce):
            return Status.UNOPENED
        known = self._indexer.deal_view(deal_id).status
        return known if known is not Status.UNOPENED else Status.CANCELLED

    def check(self, deal: Deal, replaces: Deal | None = None) -> None:
        """Refuse a deal that could not open now, whoever signed it and whoever pays. Raises as `submit`."""
        submitted = SubmittedDeal(
            deal=deal,
            deal_id=deal.deal_id(self._chain_id, Address(self._escrow.address)),
            buyer_signature="0x",
            seller_signature="0x",
            buyer_funding=FundingKind.ALLOWANCE,
            seller_funding=FundingKind.ALLOWANCE,
            negotiation=None,
            status=FAILED,
            replaces=self.replaced(deal, replaces),
        )
        validate(deal, 0)
        self._check_chain(self._examine(submitted))

    def replaced(self, deal: Deal, given: Deal | None) -> Deal | None:
        """The deal that an amendment names; None for any other deal. Raises `ReplacedUnknown`."""
        if way_of(deal) is not Way.AMEND:
            return None
        if given is None:
            known = self._deals.get(deal.amends)
            given = None if known is None else known.deal
        if given is None or given.deal_id(self._chain_id, Address(self._escrow.address)) != deal.amends:
            raise ReplacedUnknown("The deal to be amended is not known.", amends=deal.amends)
        return given

    # --------------------------------------------------------------- submission

    def submit(self, items: Sequence[SubmittedDeal]) -> tuple[SubmittedDeal, ...]:
        """Accept one deal, or all that are linked. Raises as `Settlement.submit_opening`."""
        deals = tuple(item.deal for item in items)
        if way_of(deals[0]) is Way.LINKED or len(deals) > 1:
            validate_bundle(deals)
        for deal in deals:
            validate(deal, 0)
        known = [self._deals.get(item.deal_id) for item in items]
        held = tuple(
            replace(found, duplicate=True) for found in known if found is not None and found.status != FAILED
        )
        if len(held) == len(items):
            return held
        call = self._call(items)
        examined = tuple(self._examine(item, call if len(items) == 1 else None) for item in items)
        taken = [self._status(one) not in (Status.UNOPENED, Status.CANCELLED) for one in examined]
        if all(taken):
            return self._adopt(items)
        for one in examined:
            self._check_chain(one)
        for one in examined:
            self._check_consent(one)
        return self._record(examined)

    def _call(self, items: Sequence[SubmittedDeal]) -> Call | None:
        """The call that opens them, where what was handed over can be written as one."""
        try:
            return opening_call(self._escrow, tuple(items))
        except ValueError:  # a signature that is not even hex, which is refused in its turn
            return None

    def _examine(self, submitted: SubmittedDeal, call: Call | None = None) -> Examined:
        """`call` is tried with the questions."""
        standing = None
        if submitted.replaces is not None:
            word = self._escrow.state_of(submitted.deal.amends)
            standing = Standing(word.milestone, word.locked, word.shift, word.seller_lost_bps)
            self._check_replaced(submitted, word)
        trial = None if call is None else (call, self._sender.address)
        due = needs(submitted, self._sender.submitter(submitted.deal.relayer), standing)
        return Examined(submitted, due, look(self._escrow, submitted.deal, submitted.deal_id, due, trial))

    def _check_replaced(self, submitted: SubmittedDeal, word: DealState) -> None:
        deal, current = submitted.deal, submitted.replaces
        if current is None or self._escrow.state_of(submitted.deal_id).status is not Status.UNOPENED:
            return  # it took the deal's place already
        if word.status not in (Status.OPEN, Status.REJECTED):
            raise WrongStatus(bytes.fromhex(deal.amends[2:]), int(word.status))
        amended = Amended(word.milestone, word.locked)
        check_amendment(current, deal, amended, self._chain_id, Address(self._escrow.address))

    def _status(self, one: Examined) -> Status:
        if way_of(one.submitted.deal) is Way.INSTANT:
            return self.status(one.submitted.deal, one.submitted.deal_id)
        return one.seen.status

    def _check_chain(self, one: Examined) -> None:
        deal, seen = one.submitted.deal, one.seen
        validate(deal, seen.now)
        status = self._status(one)
        if status is not Status.UNOPENED:
            if way_of(deal) is Way.INSTANT:
                raise InstantNonceUsed(deal.buyer, deal.seller, deal.nonce)
            raise WrongStatus(bytes.fromhex(one.submitted.deal_id[2:]), int(status))
        signed = ((deal.buyer, deal.buyer_epoch), (deal.seller, deal.seller_epoch))
        for (party, epoch), current in zip(signed, seen.epochs, strict=True):
            # A party may have signed for any epoch from its own to the newest of all.
            if epoch < current or (epoch > current and epoch > self._escrow.era()):
                raise EpochStale(
                    "The deal is for another epoch of a party.", party=party, signed=epoch, current=current
                )
        if not seen.token_exists:
            raise TokenMissing("There is no contract at the token's address.", token=deal.token)

    def _check_consent(self, one: Examined) -> None:
        submitted, deal = one.submitted, one.submitted.deal
        digest = bytes.fromhex(submitted.deal_id[2:])
        instant = way_of(deal) is Way.INSTANT
        for side, need in zip(submitted.sides, one.due, strict=True):
            kind = side.funding.kind
            if instant and side.role == "seller":
                kind = FundingKind.ALLOWANCE  # it pays nothing, so no payment speaks for it
            elif kind not in (FundingKind.ALLOWANCE, FundingKind.BALANCE):
                self._payments.payment(need, deal, submitted.deal_id, side.funding.signature)
            if kind not in CONSENTS or side.signature not in ("", "0x"):
                use = Use(deal, act_of(deal, side.role))
                self._checks.signature(
                    side.account, digest, side.signature, f"{side.role}'s deal signature", use
                )

    def _record(self, examined: tuple[Examined, ...]) -> tuple[SubmittedDeal, ...]:
        items = tuple(one.submitted for one in examined)
        self._require_money(examined, {})
        seen = examined[0].seen
        call = opening_call(self._escrow, items) if seen.tried is None else seen.tried
        if seen.tried is None:
            self.simulate(call)
        elif seen.refused is not None:
            raise seen.refused
        way = way_of(items[0].deal)
        subject = items[0].deal.bundle if way is Way.LINKED else items[0].deal_id
        key = f"{subject}:{way}:{keccak(call.data).hex()[:32]}"
        ids = [item.deal_id for item in items]

        def work(transaction: Transaction) -> bool:
            if all(self._deals.is_submitted(transaction, deal_id) for deal_id in ids):
                return False
            promised = self._deals.promised(transaction, items[0].deal.token, ids)
            self._require_money(examined, promised)
            for one in examined:
                self._deals.record(transaction, one.submitted, one.due)
            if way is Way.LINKED:
                self._deals.link(transaction, subject, ids)
            self._sender.record(transaction, key, call, by=items[0].deal.relayer)
            self._sender.requeue(transaction, key)
            return True

        if self._store.transact(work):
            self._taken_in()
            return items
        return tuple(replace(self._deals.get(item.deal_id) or item, duplicate=True) for item in items)

    @staticmethod
    def _require_money(examined: tuple[Examined, ...], promised: dict[str, int]) -> None:
        """Every side can pay, beside what is promised to others and what the deals beside it take."""
        taken: dict[tuple[str, str], int] = {}
        for one in examined:
            for need, found in zip(one.due, one.seen.available, strict=True):
                place = (need.token, need.account)
                before = taken.get(place, 0) + promised.get(need.account, 0)
                missing_funds(need, found, before)
                taken[place] = taken.get(place, 0) + need.amount

    def _adopt(self, items: Sequence[SubmittedDeal]) -> tuple[SubmittedDeal, ...]:
        """Take over what is on the chain: its terms are proven by its id, nothing is to be sent."""

        def work(transaction: Transaction) -> None:
            for item in items:
                if not self._deals.is_submitted(transaction, item.deal_id):
                    self._deals.record(transaction, item, ())

        self._store.transact(work)
        return tuple(self._deals.get(item.deal_id) or item for item in items)

    def require_taken(self, submitted: SubmittedDeal, call: Call, *, opened: bool) -> None:
        """Raises `DealNotOpen` where the deal has to be open for a call and is not, and `ContractError` when
        the escrow would refuse the call now.
        """
        if not opened or way_of(submitted.deal) is Way.INSTANT:
            if opened and not self.opened(submitted):
                raise DealNotOpen("The deal is not open yet.", deal_id=submitted.deal_id)
            self.simulate(call)
            return
        node, view = self._escrow.node, self._escrow.interface.function("stateOf")
        block, state, tried = node.gather_each(
            [
                ("eth_getBlockByNumber", ("latest", False)),
                node.asking(self._escrow.address, view.call(bytes.fromhex(submitted.deal_id[2:]))),
                node.asking(call.to, call.data, sender=self._sender.address, block="pending"),
            ]
        )
        if isinstance(state, ContractError):
            raise state
        node.saw(answers.block(block))
        word = view.answer(answers.data(state, "call data"))[0]
        if Status(word[0]) is Status.UNOPENED:
            raise DealNotOpen("The deal is not open yet.", deal_id=submitted.deal_id)
        if isinstance(tried, ContractError):
            raise tried

    def simulate(self, call: Call, block: BlockTag = "pending") -> None:
        """Raises `ContractError` when the escrow would refuse the call now. What gas it takes is asked when
        it is sent, together with others.
        """
        self._escrow.node.call(call.to, call.data, sender=self._sender.address, block=block)


def require_single(deal: Deal) -> None:
    """Raises `DealNotAlone` for a deal that opens only with others."""
    if way_of(deal) is Way.LINKED:
        raise DealNotAlone("The deal opens together with others.", bundle=deal.bundle)
