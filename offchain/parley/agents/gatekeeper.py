"""What must hold before a key signs: policy, a person's approval where policy asks for one, and room in the
budget.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from parley.agents.amending import Replaced, replaced
from parley.agents.approvals import ApprovalDesk, ApprovalRequest
from parley.agents.errors import ApprovalRequired, GuardRefused
from parley.agents.journal import Journal
from parley.agents.knowledge import Knowledge
from parley.errors import ParleyError
from parley.negotiation.machine import Machine
from parley.negotiation.state import NegotiationState
from parley.policy.approvals import check_approval, verify_approval
from parley.policy.budget import Budget, BudgetState
from parley.policy.facts import Facts, facts_of
from parley.policy.models import Decision, Moment
from parley.policy.service import PolicyEngine
from parley.terms.deal import Deal
from parley.terms.derivation import derive_deals
from parley.terms.issues import IssueValue
from parley.terms.message import SignedApproval
from parley.terms.payloads import Award, Offer
from parley.terms.terms import terms_of
from parley.terms.values import ZERO_HASH, Address, Hash32, Salt

NO_SALT = Salt("0x" + "00" * 16)


@dataclass(frozen=True, slots=True)
class Guard:
    """What the owner of a key demands of every signature. None for `policy` or `budget` means: no such
    demand.

    `max_fee` is the most a signed action may pay to whoever submits it, base units.
    """

    policy: PolicyEngine | None = None
    budget: Budget | None = None
    approvals: ApprovalDesk | None = None
    reviewers: Collection[Address] = ()
    max_fee: int = 0


class Gatekeeper:
    """Judges one key's signatures; called under the wallet's lock. It holds no key."""

    def __init__(
        self,
        address: Address,
        chain_id: int,
        guard: Guard,
        knowledge: Knowledge,
        journal: Journal,
        clock: Callable[[], int],
    ) -> None:
        self.address = address
        self.chain_id = chain_id
        self.guard = guard
        self.knowledge = knowledge
        self.journal = journal
        self.clock = clock

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
        if self.guard.policy is None:
            return None
        facts = self._facts(machine, state, offer, self.clock(), approved)
        return self.guard.policy.evaluate(facts, moment=moment)

    def admits(
        self, machine: Machine, state: NegotiationState, values: Mapping[str, IssueValue], moment: Moment
    ) -> bool:
        """Whether an offer of `values` could pass, a person's approval granted where one is asked for."""
        domain = machine.rules.domain
        draft = self._draft(machine, domain.encode_values(values))
        now = max(self.clock(), state.last_sent_at)
        try:
            deals = self.deals_of(machine, draft, now)
            self._reserved(machine, state.negotiation, deals, draft)
            if self.guard.policy is None:
                return True
            facts = self._facts(machine, state, draft, now, approved=False)
        except ParleyError:
            return False
        return self.guard.policy.admits(facts, moment=moment, escalations=self.guard.approvals is not None)

    def _draft(self, machine: Machine, values: Mapping[str, int | str]) -> Offer:
        """An offer of `values`, in an auction the award that they would be: to this key, if it bids."""
        domain, opening = machine.rules.domain, machine.rules.opening
        fields: dict[str, Any] = {
            "values": values,
            "expires_at": 0,
            "assumptions": (),
            "dependencies": (),
            "final": False,
            "salt": NO_SALT,
        }
        if domain.auction is None:
            return Offer(**fields)
        mine = opening.party_of_address(self.address)
        bidders = [role for role in domain.roles if role != domain.auction.requester]
        return Award(**fields, winner=mine.role if mine is not None and mine.role in bidders else bidders[0])

    def deals_of(self, machine: Machine, offer: Offer, now: int) -> tuple[Deal, ...]:
        """The deals that accepting `offer` at `now` would give; raises DealInvalid for one that could not
        open.
        """
        domain, opening = machine.rules.domain, machine.rules.opening
        before = self.replaced(machine)
        amended = None if before is None else before.amended
        deals = derive_deals(domain, opening, offer, ZERO_HASH, 1, now, amended=amended)
        for deal in deals:
            if before is not None:
                before.check(deal, opening, now)
            else:
                deal.model_copy(update={"bundle": ZERO_HASH}).validate_for_opening(now)
            self.require_time(deal)
        return deals

    def replaced(self, machine: Machine) -> Replaced | None:
        """The deal that this negotiation amends, if it amends one. Raises GuardRefused."""
        return replaced(machine.rules.opening, self.journal, self.knowledge)

    def _facts(
        self, machine: Machine, state: NegotiationState, offer: Offer, now: int, approved: bool
    ) -> Facts:
        domain, opening = machine.rules.domain, machine.rules.opening
        mine = opening.party_of_address(self.address)
        if mine is None:
            raise GuardRefused("this key is no party of the negotiation", negotiation=state.negotiation)
        other = self._counterparty(machine, offer)
        exposure = None
        if self.guard.budget is not None:
            exposure = self.guard.budget.exposure(self.journal.budget(), other, without=state.negotiation)
        return facts_of(
            domain,
            domain.decode_values(offer.values),
            role=mine.role,
            counterparty=self.knowledge.counterparty(other),
            now=now,
            exposure=exposure,
            limits=self.knowledge.limits(),
            approved=approved,
            terms=terms_of(domain, state.negotiation, offer).hash(),
        )

    def _counterparty(self, machine: Machine, offer: Offer | None = None) -> Address:
        """The other side: of an auction winner or requester, otherwise the first other party."""
        opening, auction = machine.rules.opening, machine.rules.domain.auction
        if auction is not None:
            requester = opening.party_of_role(auction.requester).address
            if self.address != requester:
                return requester
            if isinstance(offer, Award) and offer.winner is not None:
                return opening.party_of_role(offer.winner).address
        return next(party.address for party in opening.parties if party.address != self.address)

    def check_terms(
        self, machine: Machine, state: NegotiationState, offer: Offer, moment: Moment, now: int
    ) -> None:
        """Everything that must hold before this key binds its owner to `offer`."""
        deals = self.deals_of(machine, offer, now)
        self.require_policy(machine, state, offer, moment, now)
        self.reserve(machine, state.negotiation, deals, offer)

    def require_time(self, deal: Deal) -> None:
        """A seller never signs what could be due or overdue when the other side opens it: that would give
        the bond away to whoever opens late.
        """
        due = deal.milestones[0].deliver_by
        if deal.seller == self.address and due <= deal.open_by:
            raise GuardRefused(
                "the first delivery may be due before the deal is open", deliver_by=due, open_by=deal.open_by
            )

    def require_policy(
        self, machine: Machine, state: NegotiationState, offer: Offer, moment: Moment, now: int
    ) -> None:
        policy = self.guard.policy
        if policy is None:
            return
        facts = self._facts(machine, state, offer, now, approved=False)
        decision = policy.evaluate(facts, moment=moment)
        if decision.outcome == "escalate":
            self._require_approval(machine, state, offer, decision, facts, now)
            decision = policy.evaluate(facts.model_copy(update={"approved": True}), moment=moment)
        if not decision.allowed:
            reasons = "; ".join(finding.reason for finding in decision.findings)
            raise GuardRefused(
                f"policy forbids this signature: {reasons}", moment=moment, **decision.problem()
            )

    def _require_approval(
        self,
        machine: Machine,
        state: NegotiationState,
        offer: Offer,
        decision: Decision,
        facts: Facts,
        now: int,
    ) -> None:
        terms = terms_of(machine.rules.domain, state.negotiation, offer)
        terms_hash = terms.hash()
        known = self.journal.approvals(state.negotiation)
        if any(self._covers(approval, state.negotiation, terms_hash, now) for approval in known):
            return
        asked = None
        if self.guard.approvals is not None:
            request = ApprovalRequest(
                negotiation=state.negotiation,
                terms_hash=terms_hash,
                agent=self.address,
                counterparty=facts.counterparty.address,
                price=facts.price,
                terms=terms.as_json(),
                findings=tuple(finding.as_json() for finding in decision.findings),
                asked_at=now,
            )
            asked = self.guard.approvals.ask(request)
        if asked is None:
            raise ApprovalRequired(
                "a person must approve these terms first", terms=terms_hash, **decision.problem()
            )
        if not asked.core.granted:
            raise GuardRefused(
                "the reviewer refused these terms", terms=terms_hash, reviewer=asked.core.reviewer
            )
        if not self._covers(asked, state.negotiation, terms_hash, max(now, self.clock())):
            raise GuardRefused("the approval does not cover these terms", terms=terms_hash)
        self.journal.approve(asked)

    def _covers(self, approval: SignedApproval, negotiation: Hash32, terms: Hash32, now: int) -> bool:
        try:
            check_approval(
                approval.core,
                negotiation=negotiation,
                terms=terms,
                agent=self.address,
                reviewers=self.guard.reviewers,
                now=now,
            )
            verify_approval(approval.core, approval.signature, self.chain_id)
        except ParleyError:
            return False
        return True

    # ------------------------------------------------------------------ budget

    def outflow(self, machine: Machine, deals: Collection[Deal]) -> int:
        """Base units that leave this account when the deals open; of an amendment the difference."""
        return sum(self.outflows(machine, deals).values())

    def outflows(self, machine: Machine, deals: Collection[Deal]) -> dict[Address, int]:
        """The outflow by the other side of each deal that this account is a side of."""
        before = self.replaced(machine)
        found: dict[Address, int] = {}
        for deal in deals:
            if self.address not in (deal.buyer, deal.seller):
                continue
            if before is not None:
                amount = before.outflow(deal, self.address)
            elif deal.buyer == self.address:
                amount = deal.buyer_lock + deal.relay_fee
            else:
                amount = deal.seller_bond
            other = deal.seller if deal.buyer == self.address else deal.buyer
            found[other] = found.get(other, 0) + amount
        return found

    def reserve(self, machine: Machine, negotiation: Hash32, deals: Collection[Deal], offer: Offer) -> None:
        after = self._reserved(machine, negotiation, deals, offer)
        if after is not None and after != self.journal.budget():
            self.journal.keep_budget(after)

    def _reserved(
        self, machine: Machine, negotiation: Hash32, deals: Collection[Deal], offer: Offer
    ) -> BudgetState | None:
        """The ledger with what the deals take reserved, each with whom it is paid to; None without a budget.

        Raises as `Budget.reserve`.
        """
        if self.guard.budget is None:
            return None
        # Where nothing is paid the negotiation still has its entry, which a signed deal commits.
        paid = self.outflows(machine, deals) or {self._counterparty(machine, offer): 0}
        return self.guard.budget.reserve_each(self.journal.budget(), negotiation, paid)

    def available(self, machine: Machine, state: NegotiationState) -> int | None:
        """Base units the budget still has for this negotiation; None without a budget."""
        if self.guard.budget is None:
            return None
        return self.guard.budget.available(
            self.journal.budget(), self._counterparty(machine), without=state.negotiation
        )

    def release(self, negotiation: Hash32) -> None:
        """Frees what a negotiation had reserved once it ended without a deal. A committed amount stays."""
        budget = self.guard.budget
        before = self.journal.budget()
        held = before.entry(negotiation)
        if budget is not None and held is not None and held.status == "reserved":
            self.journal.keep_budget(budget.release(before, negotiation))

    def commit(self, negotiation: Hash32) -> None:
        """The reservation became a signed deal."""
        if self.guard.budget is not None:
            self.journal.keep_budget(self.guard.budget.commit(self.journal.budget(), negotiation))
