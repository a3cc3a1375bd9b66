"""The gate every message passes: is it stopped, what do the policies say, and what goes on record.

The gate judges by what this process knows. What it knew is named in the passage (`standing`), and the append
refuses when it has changed since: so a stop or a new policy given anywhere counts from the next message on,
without asking the database for every message.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parley.errors import ParleyError
from parley.gateway.errors import ApprovalNeeded, ConsentMissing, PolicyRefused, Stopped
from parley.gateway.governance.controls import ControlRoom
from parley.gateway.governance.facts import Acquaintance
from parley.gateway.governance.policies import PolicyRegister
from parley.gateway.governance.reviews import ReviewDesk
from parley.gateway.live import Live
from parley.gateway.privacy.consents import ConsentRegister
from parley.policy.facts import Facts, facts_of_decoded, sealed_facts_of
from parley.policy.impact import GRAVITY
from parley.policy.models import Decision, Moment, Outcome
from parley.policy.review import ReviewRequest
from parley.policy.service import PolicyEngine
from parley.store.models import NewEvent
from parley.terms.deal import Deal
from parley.terms.message import Message, Performative
from parley.terms.payloads import Accept, Award, Offer
from parley.terms.sealed import Sealed
from parley.terms.terms import terms_of
from parley.terms.values import Address, Hash32

DECIDED = "decision"
SHADOWED = "shadow-difference"
PRIVATE = ("decision",)
"""What of a record can be erased: it repeats the terms. Their hash stays."""
ENDING = frozenset(
    (
        Performative.WITHDRAW,
        Performative.REFUSE,
        Performative.TIMEOUT,
        Performative.CONTROL,
        Performative.FAULT,
    )
)
"""What may be said while stopped: only what ends a negotiation."""
OFFERING = frozenset((Performative.PROPOSE, Performative.COUNTER))


def decision_stream(negotiation: str) -> str:
    """What was decided about the messages of a negotiation, and why."""
    return f"decisions:{negotiation}"


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gate found. `refusal` is to be raised, after `records` and `request` were kept."""

    standing: Mapping[str, int]
    records: tuple[NewEvent, ...] = ()
    refusal: ParleyError | None = None
    request: ReviewRequest | None = None


@dataclass(slots=True)
class _Found:
    records: list[NewEvent] = field(default_factory=list)
    worst: Decision | None = None

    def add(self, decision: Decision) -> None:
        if self.worst is None or GRAVITY[decision.outcome] > GRAVITY[self.worst.outcome]:
            self.worst = decision


class Gate:
    """Fails closed: facts that cannot be computed refuse. Findings go back to the sender with their rule
    ids.
    """

    def __init__(
        self,
        controls: ControlRoom,
        policies: PolicyRegister,
        reviews: ReviewDesk,
        known: Acquaintance,
        consents: ConsentRegister,
        *,
        review_seconds: int,
    ) -> None:
        self._consents = consents
        self._controls = controls
        self._policies = policies
        self._reviews = reviews
        self._known = known
        self._review_seconds = review_seconds
        self._engines = threading.Lock()  # an engine belongs to one thread at a time

    def refresh(self) -> bool:
        """Takes in what other processes decided; whether anything changed. Blocks."""
        moved = [
            folded.refresh()
            for folded in (
                self._controls.folded,
                self._policies.folded,
                self._reviews.folded,
                self._consents.folded,
            )
        ]
        return any(moved)

    def require_running(self, live: Live) -> None:
        """Raises `Stopped` where signing is stopped for these parties or tokens. Blocks."""
        self._controls.folded.refresh()
        self._controls.require_running(live.role_of, live.domain.tokens)

    def require_deal(self, deal: Deal) -> None:
        """Raises `Stopped` where opening deals is stopped for these parties or this token. Blocks."""
        self._controls.folded.refresh()
        self._controls.require_running((deal.buyer, deal.seller), (deal.token,))

    def judge(self, live: Live, message: Message, now: int) -> Passage:
        """What this process knows about the message. Raises nothing."""
        controls, policies = self._controls.folded, self._policies.folded
        standing = {controls.stream: controls.current()[1], policies.stream: policies.current()[1]}
        try:
            if message.core.performative not in ENDING:
                self._controls.require_running(live.role_of, live.domain.tokens)
                if self._consents.concerns(live.domain.data_class):
                    standing[self._consents.folded.stream] = self._consents.folded.current()[1]
                    self._require_consent(live, message.core.sender, now)
        except (Stopped, ConsentMissing) as refused:
            return Passage(standing, refusal=refused)
        payload = message.payload
        if isinstance(payload, Offer) and message.core.sender in live.role_of:  # a mediator binds nobody
            return self._judged(live, message, payload, now, standing, "incoming")
        if isinstance(payload, Sealed) and message.core.performative in OFFERING:
            return self._judged_sealed(live, message, now, standing, "incoming")
        if isinstance(payload, Accept) and live.state.offer is not None:
            offer = live.state.offer.content
            if offer is None:
                return self._judged_sealed(live, message, now, standing, "acceptance")
            return self._judged(live, message, offer, now, standing, "acceptance")
        return Passage(standing)

    def _require_consent(self, live: Live, sender: Address, now: int) -> None:
        """What a party says goes to all others: to each of them only by its consent."""
        if sender in live.role_of:
            others = [party.address for party in live.opening.parties if party.address != sender]
            self._consents.require(sender, live.domain.data_class, others, now)

    def _judged_sealed(
        self, live: Live, message: Message, now: int, standing: Mapping[str, int], moment: Moment
    ) -> Passage:
        """An offer that nobody here can read: judged by the rules that do without it, where the bundles leave
        the others to the parties, and refused where one does not.
        """
        found, sender = _Found(), message.core.sender
        for other in live.opening.parties:
            if other.address == sender:
                continue
            deciding, _ = self._policies.engines_for(other.address)
            asked = _asked(deciding)
            for engine in deciding:
                facts = sealed_facts_of(
                    live.domain,
                    role=live.role_of[sender],
                    counterparty=self._known.counterparty(other.address, asked),
                    now=now,
                    history=self._known.history(sender, other.address, asked),
                    own=self._known.own(sender, asked),
                    market=self._known.market(sender, other.address, _token(live, sender), asked, now),
                )
                with self._engines:
                    decision = engine.evaluate_sealed(facts, moment=moment)
                found.add(decision)
                about = {
                    "sequence": message.core.sequence,
                    "sender": sender,
                    "counterparty": other.address,
                    "terms": None,
                    "sealed": message.core.payload,
                }
                found.records.append(NewEvent(DECIDED, {**about, "decision": decision.as_json()}, PRIVATE))
        worst = found.worst
        if worst is None or worst.outcome == "allow":
            return Passage(standing, tuple(found.records))
        # An approval binds terms, and nobody here can say which terms these are: escalating is refusing.
        reasons = "; ".join(finding.reason for finding in worst.findings)
        refusal = PolicyRefused(f"the operator's policy refuses: {reasons}", **worst.problem())
        return Passage(standing, tuple(found.records), refusal)

    def _judged(
        self,
        live: Live,
        message: Message,
        offer: Offer,
        now: int,
        standing: Mapping[str, int],
        moment: Moment,
    ) -> Passage:
        found = _Found()
        sender = message.core.sender
        terms = terms_of(live.domain, live.state.negotiation, offer)
        terms_hash = terms.hash()
        needed = 1
        for other in live.opening.parties:
            if other.address == sender or not _between(live, offer, other.role):
                continue
            deciding, shadowing = self._policies.engines_for(other.address)
            if not deciding and shadowing is None:
                continue
            engines = deciding if shadowing is None else [*deciding, shadowing]
            try:
                facts = self._facts(live, offer, sender, other.address, now, terms_hash, engines)
            except ParleyError as error:
                refusal = PolicyRefused(f"no facts for the policy: {error.message}", cause=error.code)
                return Passage(standing, tuple(found.records), refusal)
            self._evaluate(found, message, other.address, deciding, shadowing, facts, moment)
            for engine in engines:
                needed = max(needed, engine.bundle.approvals or 1)
        worst = found.worst
        if worst is None or worst.outcome == "allow":
            return Passage(standing, tuple(found.records))
        reasons = "; ".join(finding.reason for finding in worst.findings)
        if worst.outcome == "refuse":
            refusal = PolicyRefused(f"the operator's policy refuses: {reasons}", **worst.problem())
            return Passage(standing, tuple(found.records), refusal)
        request = None
        if self._reviews.reviewers:
            request = ReviewRequest(
                negotiation=live.state.negotiation,
                agent=sender,
                terms_hash=terms_hash,
                terms=terms.as_json(),
                decision=worst,
                needed=2 if needed == 2 else 1,
                requested_at=now,
                expires_at=now + self._review_seconds,
            )
        wanted = ApprovalNeeded(
            f"the operator's policy wants an approval: {reasons}",
            terms=terms_hash,
            review=None if request is None else request.id,
            **worst.problem(),
        )
        return Passage(standing, tuple(found.records), wanted, request)

    def _evaluate(
        self,
        found: _Found,
        message: Message,
        counterparty: Address,
        deciding: list[PolicyEngine],
        shadowing: PolicyEngine | None,
        facts: Facts,
        moment: Moment,
    ) -> None:
        about: dict[str, Any] = {
            "sequence": message.core.sequence,
            "sender": message.core.sender,
            "counterparty": counterparty,
            "terms": facts.terms,
        }
        outcome: Outcome = "allow"
        with self._engines:
            for engine in deciding:
                decision = engine.evaluate(facts, moment=moment)
                found.add(decision)
                data = {**about, "decision": decision.as_json()}
                found.records.append(NewEvent(DECIDED, data, PRIVATE, plain=True))
                if GRAVITY[decision.outcome] > GRAVITY[outcome]:
                    outcome = decision.outcome
            shadow = None if shadowing is None else shadowing.evaluate(facts, moment=moment)
        if shadow is not None and shadow.outcome != outcome:
            data = {**about, "outcome": outcome, "decision": shadow.as_json()}
            found.records.append(NewEvent(SHADOWED, data, PRIVATE))

    def _facts(
        self,
        live: Live,
        offer: Offer,
        sender: Address,
        counterparty: Address,
        now: int,
        terms: Hash32,
        engines: list[PolicyEngine],
    ) -> Facts:
        asked, state, domain = _asked(engines), live.state, live.domain
        approved = bool(state.approvals) and any(
            grant.terms == terms and now <= grant.expires_at for grant in state.approvals
        )
        values, _ = domain.decoded(offer.values)  # the machine asked for the same
        return facts_of_decoded(
            domain,
            dict(zip(live.machine.rules.issue_names, values, strict=True)),
            role=live.role_of[sender],
            counterparty=self._known.counterparty(counterparty, asked),
            now=now,
            approved=approved or self._reviews.granted(state.negotiation, sender, terms, now),
            terms=terms,
            context=offer.context,
            history=self._known.history(sender, counterparty, asked),
            own=self._known.own(sender, asked),
            market=self._known.market(sender, counterparty, _token(live, sender), asked, now),
        )


def _between(live: Live, offer: Offer, role: str) -> bool:
    """Whether an offer binds the party in `role`: an award of an auction binds requester and winner only."""
    auction = live.domain.auction
    winner = offer.winner if isinstance(offer, Award) else None
    return auction is None or winner is None or role in (winner, auction.requester)


def _token(live: Live, agent: Address) -> str | None:
    """The token that an agent's last settlement is in, as the facts have it."""
    mine = live.domain.settled_by(live.role_of[agent])
    return mine[-1].token if mine else None


def _asked(engines: Sequence[PolicyEngine]) -> frozenset[str]:
    """The facts that one of the engines looks at."""
    return engines[0].mentions.union(*(engine.mentions for engine in engines[1:])) if engines else frozenset()
