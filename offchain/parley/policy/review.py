"""The approval queue as data: what waits for a person, and what became of it. Pure.

A request is for one agent, one negotiation and one terms hash. It is granted when as many different
reviewers as it needs have approved; one refusal ends it; past `expires_at` it counts as refused, which is
the stated outcome of silence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from parley.policy.approvals import check_approval
from parley.policy.errors import ApprovalInvalid, ReviewClosed, ReviewUnknown
from parley.policy.models import Decision
from parley.terms.documents import Document
from parley.terms.lists import JsonObject
from parley.terms.message import Approval
from parley.terms.values import Address, Count, Hash32, keccak

ReviewStatus = Literal["waiting", "granted", "refused", "expired"]


class ReviewRequest(Document):
    """The exact terms, and why they need a person. `needed` reviewers; times in unix seconds."""

    schema_: Literal["parley/review-request"] = Field(default="parley/review-request", alias="schema")
    negotiation: Hash32
    agent: Address
    terms_hash: Hash32
    terms: JsonObject
    decision: Decision
    needed: Literal[1, 2]
    requested_at: Count
    expires_at: Count

    @property
    def id(self) -> Hash32:
        return review_id(self.negotiation, self.agent, self.terms_hash)


def review_id(negotiation: str, agent: str, terms_hash: str) -> Hash32:
    """One id for one agent, negotiation and terms, so that asking again is the same request."""
    joined = b"".join(bytes.fromhex(part[2:]) for part in (negotiation, agent, terms_hash))
    return Hash32.of(keccak(joined))


@dataclass(frozen=True, slots=True)
class Review:
    """A request with the decisions on it so far."""

    request: ReviewRequest
    decisions: tuple[Approval, ...] = ()

    def status(self, now: int) -> ReviewStatus:
        """What it counts as at `now`: a granted one expires with the earliest of the approvals it needs."""
        if any(not decision.granted for decision in self.decisions):
            return "refused"
        ends = sorted((decision.expires_at for decision in self.decisions), reverse=True)
        if len(ends) >= self.request.needed:
            return "granted" if now <= ends[self.request.needed - 1] else "expired"
        return "waiting" if now <= self.request.expires_at else "expired"


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """All requests by id."""

    reviews: Mapping[Hash32, Review] = field(default_factory=dict)

    def asked(self, request: ReviewRequest) -> ReviewQueue:
        """With one more request. Asking for the same again after it ended begins anew."""
        return ReviewQueue({**self.reviews, request.id: Review(request)})

    def decided(
        self, approval: Approval, *, reviewers: Collection[Address], now: int, longest: int
    ) -> ReviewQueue:
        """With one more decision, its signature verified elsewhere.

        Raises `ReviewUnknown`, `ReviewClosed` when it is no longer waiting, and `ApprovalInvalid` for a
        decision that does not fit: not a reviewer, the same reviewer twice, other terms, dates out of range.
        """
        found = self.of(approval)
        status = found.status(now)
        if status != "waiting":
            raise ReviewClosed("The request is no longer waiting", status=status)
        if any(decision.reviewer == approval.reviewer for decision in found.decisions):
            raise ApprovalInvalid(
                "This reviewer has decided: another one has to",
                problem="same-eyes",
                reviewer=approval.reviewer,
            )
        if approval.granted:
            check_approval(
                approval,
                negotiation=found.request.negotiation,
                terms=found.request.terms_hash,
                agent=found.request.agent,
                reviewers=reviewers,
                now=now,
                longest=longest,
            )
        elif approval.reviewer not in reviewers:
            raise ApprovalInvalid("Not a reviewer", problem="reviewer", reviewer=approval.reviewer)
        return self.kept(approval)

    def kept(self, approval: Approval) -> ReviewQueue:
        """With a decision that was taken before: who may review, and until when, was checked then."""
        found = self.of(approval)
        after = Review(found.request, (*found.decisions, approval))
        return ReviewQueue({**self.reviews, found.request.id: after})

    def of(self, approval: Approval) -> Review:
        """The request that a decision is about. Raises `ReviewUnknown`."""
        return self.get(review_id(approval.negotiation, approval.agent, approval.terms_hash))

    def get(self, identity: str) -> Review:
        """Raises `ReviewUnknown`."""
        found = self.reviews.get(Hash32(identity))
        if found is None:
            raise ReviewUnknown("There is no such request", id=identity)
        return found

    def granted(self, negotiation: str, agent: str, terms_hash: str, now: int) -> bool:
        """Whether these terms may pass for this agent at `now`."""
        if not self.reviews:
            return False
        found = self.reviews.get(review_id(negotiation, agent, terms_hash))
        return found is not None and found.status(now) == "granted"
