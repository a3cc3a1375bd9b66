"""Requests for quotes: broadcast to the agents that can do what is asked, answered by those, opened as a
sealed-bid negotiation.

Nobody that was asked learns who else was, or who answered: the requester alone does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parley.gateway.directory import Directory
from parley.gateway.errors import (
    AnswerTooLate,
    NobodyMatches,
    NotFound,
    NotYours,
    QuotesMismatch,
    TooManyRequestsOpen,
)
from parley.gateway.governance.controls import ControlRoom
from parley.gateway.governance.folded import Folded
from parley.gateway.live import Live
from parley.gateway.privacy.consents import ConsentRegister
from parley.store.errors import IdempotencyMismatch
from parley.store.models import ANY, DocumentPut, NewEvent, StoredEvent
from parley.store.service import EventStore
from parley.terms.domain import Domain
from parley.terms.quotes import QuoteAnswer, QuoteRequest, check_author, domain_of
from parley.terms.statement import SignedStatement
from parley.terms.values import Address, Hash32, keccak

STREAM = "rfqs"
POSTED = "rfq"
ANSWERED = "rfq-answer"
OPENED = "rfq-opened"
INVITED = "rfq-invited"
LONGEST = 2_592_000
AHEAD = 300
MOST = 50
"""Requests that one agent may have open at a time."""
Posted = Mapping[str, tuple[tuple[int, Hash32], ...]]
"""By agent the (number, id) of requests that it made or was asked by, oldest first."""


def request_stream(identity: str) -> str:
    """The request and what came of it, for its requester and those that were asked."""
    return f"rfq:{identity}"


def answer_stream(identity: str) -> str:
    """The answers, for the requester alone."""
    return f"rfq-answers:{identity}"


class QuoteDesk:
    """Thread-safe; blocks."""

    def __init__(
        self,
        store: EventStore,
        directory: Directory,
        controls: ControlRoom,
        consents: ConsentRegister,
        *,
        chain_id: int,
        most_invited: int,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._directory = directory
        self._controls = controls
        self._consents = consents
        self._chain_id = chain_id
        self._most = most_invited
        self._clock = clock
        self.folded: Folded[Posted] = Folded(store, STREAM, {}, _after)

    # ---------------------------------------------------------------- asking

    def matching(self, request: QuoteRequest, domain: Domain) -> list[Address]:
        """Whom it reaches: agents with every capability, without the requester, in an order that follows from
        the request, at most as many as the gateway allows; where data need consent, those it covers.
        """
        found = self._directory.able(request.capabilities) - {request.requester}
        now, identity = self._clock(), request.hash()
        if self._consents.concerns(domain.data_class):
            state, _ = self._consents.folded.current()
            found = {
                one
                for one in found
                if state.covers(request.requester, domain.data_class, "negotiation", one, now)
            }
        ordered = sorted(found, key=lambda one: keccak(bytes.fromhex(identity[2:] + one[2:])))
        return [Address(one) for one in ordered[: self._most]]

    def post(
        self, agent: Address, request: QuoteRequest, statement: SignedStatement, domain: Domain
    ) -> tuple[Hash32, int]:
        """Broadcasts a request; its id and how many agents it reached. The same request again changes
        nothing.

        Raises `NotYours`, `QuotesMismatch`, `NobodyMatches`, `TooManyRequestsOpen`, `Stopped` and the errors
        of statement and template. Blocks until durable.
        """
        now, identity = self._clock(), request.hash()
        if request.requester != agent:
            raise NotYours("everyone asks for itself only", requester=request.requester)
        check_author(request, statement, agent, self._chain_id)
        known = self._store.documents.get(INVITED, identity)
        if known is not None:
            return identity, len(known["invited"])
        if request.domain != domain.hash():
            raise QuotesMismatch("the request names another domain", expected=request.domain)
        for bidders in {request.min_bidders, request.max_bidders}:
            domain_of(domain, bidders)
        if request.issued_at > now + AHEAD or not now < request.answer_by <= now + LONGEST:
            raise QuotesMismatch(
                "answers are over, or too far off", answer_by=request.answer_by, longest=LONGEST
            )
        self._controls.folded.refresh()
        self._controls.require_running((agent,), (entry.token for entry in domain.settlements))
        self.folded.refresh()
        mine = self.folded.current()[0].get(agent, ())[-4 * MOST :]
        if sum(self._open(found, agent, now) for _, found in mine) >= MOST:
            raise TooManyRequestsOpen("there are too many open requests of this agent", most=MOST)
        invited = self.matching(request, domain)
        if len(invited) < request.min_bidders:
            raise NobodyMatches(
                "too few agents can do what is asked", found=len(invited), wanted=request.min_bidders
            )
        readers = {"requester": agent, "invited": invited}
        posted = {"rfq": request.as_json(), **statement.as_json(), "hash": identity}
        try:
            self._store.append(
                STREAM,
                ANY,
                (NewEvent(POSTED, {"hash": identity, **readers}),),
                documents=(
                    DocumentPut("domain", request.domain, domain.as_json()),
                    DocumentPut(INVITED, identity, readers),
                ),
                beside=((request_stream(identity), (NewEvent(POSTED, posted),)),),
                idempotency_key=f"rfq:{identity}",
            )
        except IdempotencyMismatch:  # posted at the same moment, to others
            known = self._store.documents.get(INVITED, identity) or readers
            return identity, len(known["invited"])
        return identity, len(invited)

    # ------------------------------------------------------------- answering

    def answer(self, agent: Address, answer: QuoteAnswer, statement: SignedStatement) -> None:
        """Takes the answer of an agent that was asked; the first one stays. Raises `NotFound` for everybody
        else, `NotYours`, `AnswerTooLate`, and the errors of the statement. Blocks until durable.
        """
        request, readers = self._readable(agent, answer.rfq)
        if answer.agent != agent or agent not in readers["invited"]:
            raise NotYours("only who was asked answers, and for itself", agent=answer.agent)
        check_author(answer, statement, agent, self._chain_id)
        if self._clock() > request.answer_by:
            raise AnswerTooLate("answers are over", answer_by=request.answer_by)
        data = {"answer": answer.as_json(), **statement.as_json()}
        try:
            self._store.append(
                answer_stream(answer.rfq),
                ANY,
                (NewEvent(ANSWERED, data),),
                idempotency_key=f"answer:{answer.rfq}:{agent}",
            )
        except IdempotencyMismatch:
            raise AnswerTooLate("this agent has answered already", agent=agent) from None

    def answers(self, agent: str, identity: str) -> list[Mapping[str, Any]]:
        """All answers, oldest first, for the requester; the own one for who was asked. Raises `NotFound`."""
        _, readers = self._readable(agent, identity)
        return [
            event.data
            for event in self._store.read_all(answer_stream(identity))
            if agent in (readers["requester"], event.data["answer"]["agent"])
        ]

    # --------------------------------------------------------------- opening

    def opened(self, agent: Address, identity: str, live: Live) -> None:
        """Ties a request to the negotiation that came of it. Raises `NotFound`, `NotYours`, and
        `QuotesMismatch` unless requester, domain and bidders are those of the request and its answers.
        """
        request, readers = self._readable(agent, identity)
        if agent != readers["requester"]:
            raise NotYours("only the requester opens what it asked for", requester=readers["requester"])
        bidders = [party.address for party in live.opening.parties if party.address != agent]
        template = self._store.documents.get("domain", request.domain) or {}
        expected = domain_of(Domain.parse(template), len(bidders)).hash()
        willing = {
            found["answer"]["agent"]
            for found in self.answers(agent, identity)
            if found["answer"]["interested"]
        }
        if live.opening.domain != expected or live.opening.initiator != agent:
            raise QuotesMismatch("the negotiation is on another domain", expected=expected)
        outside = sorted(set(bidders) - willing)
        if outside or not request.min_bidders <= len(bidders) <= request.max_bidders:
            raise QuotesMismatch("its bidders are not those that answered", outside=outside)
        data = {"negotiation": live.state.negotiation}
        try:
            self._store.append(
                request_stream(identity), ANY, (NewEvent(OPENED, data),), idempotency_key=f"opened:{identity}"
            )
        except IdempotencyMismatch:
            raise QuotesMismatch("the request led to another negotiation already", rfq=identity) from None

    # --------------------------------------------------------------- reading

    def get(self, agent: str, identity: str) -> Mapping[str, Any]:
        """A request with its template, its signature and what came of it. Raises `NotFound` for strangers."""
        request, readers = self._readable(agent, identity)
        events = self._store.read(request_stream(identity))
        shown: dict[str, Any] = {
            **events[0].data,
            "domain": self._store.documents.get("domain", request.domain),
            "negotiation": events[1].data["negotiation"] if len(events) > 1 else None,
        }
        if agent == readers["requester"]:
            shown["invited"] = readers["invited"]
        return shown

    def page(self, agent: str, before: int | None, limit: int) -> tuple[list[Mapping[str, Any]], int | None]:
        """Requests that an agent made or was asked by, newest first, and the cursor of the next page."""
        self.folded.refresh()
        mine = [
            (number, found)
            for number, found in reversed(self.folded.current()[0].get(agent, ()))
            if before is None or number < before
        ]
        page: list[Mapping[str, Any]] = [
            {
                "number": number,
                "hash": found,
                "rfq": self._store.read(request_stream(found), limit=1)[0].data["rfq"],
            }
            for number, found in mine[:limit]
        ]
        return page, mine[limit - 1][0] if len(mine) > limit else None

    def _readable(self, agent: str, identity: str) -> tuple[QuoteRequest, Mapping[str, Any]]:
        readers = self._store.documents.get(INVITED, identity)
        if readers is None or agent not in (readers["requester"], *readers["invited"]):
            raise NotFound("there is no such request for you", rfq=identity)
        posted = self._store.read(request_stream(identity), limit=1)[0]
        return QuoteRequest.parse(posted.data["rfq"]), readers

    def _open(self, identity: str, agent: str, now: int) -> bool:
        posted = self._store.read(request_stream(identity), limit=1)[0].data["rfq"]
        return bool(posted["requester"] == agent and posted["answer_by"] >= now)


def _after(state: Posted, event: StoredEvent) -> Posted:
    changed, entry = dict(state), (event.sequence, Hash32(event.data["hash"]))
    for agent in (event.data["requester"], *event.data["invited"]):
        changed[agent] = (*changed.get(agent, ()), entry)
    return changed
