"""Requests for approval at this gateway, and the signed decisions of its reviewers."""

from __future__ import annotations

from collections.abc import Callable, Collection

from parley.gateway.governance.folded import Folded
from parley.policy.approvals import verify_approval
from parley.policy.review import Review, ReviewQueue, ReviewRequest, review_id
from parley.store.models import NewEvent, StoredEvent
from parley.store.service import EventStore
from parley.terms.message import Approval
from parley.terms.values import Address, Hash32, Signature

STREAM = "reviews"
ASKED = "review-asked"
DECIDED = "review-decided"


class ReviewDesk:
    """The queue. A request that waits is not asked twice."""

    def __init__(
        self,
        store: EventStore,
        *,
        chain_id: int,
        reviewers: Collection[Address],
        longest: int,
        clock: Callable[[], int],
    ) -> None:
        self._chain_id = chain_id
        self._longest = longest
        self._clock = clock
        self.reviewers = frozenset(reviewers)
        self.folded: Folded[ReviewQueue] = Folded(store, STREAM, ReviewQueue(), _after)

    def ask(self, request: ReviewRequest) -> Review:
        """Queues a request. Blocks until durable."""
        self.folded.refresh()
        waiting = self.folded.current()[0].reviews.get(request.id)
        if waiting is not None and waiting.status(self._clock()) in ("waiting", "granted"):
            return waiting
        return self.folded.append(lambda _: asked(request)).get(request.id)

    def decide(self, approval: Approval, signature: Signature) -> Review:
        """Takes a reviewer's signed decision. Raises the errors of `ReviewQueue.decided`, and
        `ApprovalInvalid` for a wrong signature. Blocks until durable.
        """
        verify_approval(approval, signature, self._chain_id)

        def decide(queue: ReviewQueue) -> NewEvent:
            queue.decided(approval, reviewers=self.reviewers, now=self._clock(), longest=self._longest)
            return NewEvent(DECIDED, {"approval": approval.as_json(), "signature": signature})

        after = self.folded.append(decide)
        return after.of(approval)

    def granted(self, negotiation: str, agent: str, terms: str, now: int) -> bool:
        """Whether the reviewers let these terms pass, as far as this process knows."""
        return self.folded.current()[0].granted(negotiation, agent, terms, now)

    def find(self, identity: str) -> Review:
        """Raises `ReviewUnknown`. Blocks."""
        self.folded.refresh()
        return self.folded.current()[0].get(Hash32(identity))

    def all(self) -> list[Review]:
        """Every request, oldest first. Blocks."""
        self.folded.refresh()
        return list(self.folded.current()[0].reviews.values())


def asked(request: ReviewRequest) -> NewEvent:
    """The request as it is kept: the terms can be erased, the negotiation is found again."""
    data = {"negotiation": request.negotiation, "request": request.as_json()}
    return NewEvent(ASKED, data, ("request",))


def _after(queue: ReviewQueue, event: StoredEvent) -> ReviewQueue:
    if event.kind == ASKED and event.erased:
        return queue
    if event.kind == ASKED:
        return queue.asked(ReviewRequest.parse(event.data["request"]))
    approval = Approval.parse(event.data["approval"])
    known = review_id(approval.negotiation, approval.agent, approval.terms_hash) in queue.reviews
    return queue.kept(approval) if known else queue  # what it was about was erased
