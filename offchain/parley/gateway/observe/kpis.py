"""Key figures by agent and period, folded from what the store recorded in it. Nothing is counted twice by
two processes: every figure is a query.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import sqlalchemy as sa

from parley.chain.fold import PREFIX
from parley.gateway.governance.gate import DECIDED
from parley.gateway.governance.reviews import ReviewDesk
from parley.gateway.live import stream_of
from parley.gateway.observe.discounts import discounts
from parley.gateway.observe.figures import Figures, Spread, Targets
from parley.negotiation.status import Status
from parley.settlement.costs import COST
from parley.settlement.repository import SUBMITTED
from parley.store import schema
from parley.store.models import StoredEvent
from parley.store.rows import event_of
from parley.store.service import EventStore
from parley.terms.domain import Domain
from parley.terms.opening import Opening

T = TypeVar("T")
ENDED = tuple(status.value for status in Status if not status.live)
OPENED = (f"{PREFIX}Opened", f"{PREFIX}InstantSettled")
DISPUTED = f"{PREFIX}Disputed"
PREFIX_OF_CHAIN = "chain:"
CHUNK = 400
REMEMBERED = 50_000
"""Agreements whose discount stays in memory; it never changes."""


class Kpis:
    """Blocks. Times are unix seconds, by the clock that dated the events."""

    def __init__(self, store: EventStore, reviews: ReviewDesk, targets: Targets) -> None:
        self._store = store
        self._reviews = reviews
        self._targets = targets
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[int, ...]] = OrderedDict()

    def of(self, since: int, until: int, agent: str | None = None) -> Figures:
        """The figures of events dated from `since` to before `until`."""
        ended = self._ended(since, until, agent)
        agreed = [negotiation for negotiation, status in ended if status == Status.ACCEPTED.value]
        first, last = self._position(since), self._position(until)
        decisions, rules = self._decisions(first, last, agent)
        submitted = self._subjects((SUBMITTED,), first, last, agent)
        opened = self._subjects(OPENED, first, last, agent)
        return Figures(
            since=since,
            until=until,
            agent=agent,
            ended=Counter(status for _, status in ended),
            agreement_seconds=Spread.of(self._durations(agreed)),
            discount_ppm=Spread.of([ppm for negotiation in agreed for ppm in self._discounts(negotiation)]),
            decisions=decisions,
            rules=rules,
            approvals=self._approvals(since, until, agent),
            submitted=len(submitted),
            opened=len(opened),
            disputed=len(self._subjects((DISPUTED,), first, last, agent)),
            settlement_seconds=Spread.of(self._latencies(opened)),
            gas=Spread.of(self._gas(first, last, agent)),
            targets=self._targets,
        )

    # ------------------------------------------------------------ negotiations

    def _ended(self, since: int, until: int, agent: str | None) -> list[tuple[str, str]]:
        """Negotiations that ended in the period: a row changes last when its negotiation ends."""
        table, parties = schema.negotiations, schema.negotiation_parties
        query = sa.select(table.c.id, table.c.status).where(
            table.c.status.in_(ENDED), table.c.updated_at >= since, table.c.updated_at < until
        )
        if agent is not None:
            mine = sa.select(parties.c.negotiation).where(parties.c.address == agent)
            query = query.where(table.c.id.in_(mine))
        return [(str(row[0]), str(row[1])) for row in self._store.query(query)]

    def _durations(self, negotiations: Sequence[str]) -> list[int]:
        """Seconds from the first message to the last, which is the acceptance."""
        events = schema.events
        found: list[int] = []
        for names in _chunks([stream_of(negotiation) for negotiation in negotiations]):
            query = sa.select(sa.func.max(events.c.recorded_at) - sa.func.min(events.c.recorded_at))
            query = query.where(events.c.stream.in_(names)).group_by(events.c.stream)
            found += [max(0, int(row[0])) for row in self._store.query(query)]
        return found

    def _discounts(self, negotiation: str) -> tuple[int, ...]:
        with self._lock:
            known = self._known.get(negotiation)
        if known is None:
            known = self._read(negotiation)
            with self._lock:
                self._known[negotiation] = known
                while len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return known

    def _read(self, negotiation: str) -> tuple[int, ...]:
        papers = self._store.documents
        opening = Opening.parse(papers.get("opening", negotiation) or {})
        domain = Domain.parse(papers.get("domain", opening.domain) or {})
        return discounts(domain, opening, self._store.read_all(stream_of(negotiation)))

    # -------------------------------------------------------------- governance

    def _decisions(self, first: int, last: int, agent: str | None) -> tuple[Counter[str], Counter[str]]:
        outcomes: Counter[str] = Counter()
        rules: Counter[str] = Counter()
        for event in self._between((DECIDED,), first, last):
            if agent is not None and agent not in (event.data.get("sender"), event.data.get("counterparty")):
                continue
            if event.erased:
                continue  # what was decided went with the payload that it was about
            decision = event.data["decision"]
            outcomes[decision["outcome"]] += 1
            rules.update(finding["rule"] for finding in decision["findings"])
        return outcomes, rules

    def _approvals(self, since: int, until: int, agent: str | None) -> Counter[str]:
        now = self._store.now()
        return Counter(
            review.status(now)
            for review in self._reviews.all()
            if since <= review.request.requested_at < until and agent in (None, review.request.agent)
        )

    # ------------------------------------------------------------------- deals

    def _subjects(self, kinds: tuple[str, ...], first: int, last: int, agent: str | None) -> set[str]:
        """Deals of which one of these was recorded in the period."""
        events = schema.events
        query = sa.select(events.c.stream).distinct()
        query = query.where(events.c.kind.in_(kinds), events.c.position > first, events.c.position <= last)
        found = {str(row[0]).partition(":")[2] for row in self._store.query(query)}
        return found if agent is None else self._of(agent, found)

    def _of(self, agent: str, deals: Iterable[str]) -> set[str]:
        table = schema.deal_parties
        mine: set[str] = set()
        for names in _chunks(sorted(deals)):
            query = sa.select(table.c.deal_id).where(table.c.address == agent, table.c.deal_id.in_(names))
            mine.update(str(row[0]) for row in self._store.query(query))
        return mine

    def _latencies(self, opened: set[str]) -> list[int]:
        """Seconds from a deal's submission here to its opening on the chain."""
        events = schema.events
        begun: dict[str, int] = {}
        done: dict[str, int] = {}
        for prefix, kinds, found in (("deal:", (SUBMITTED,), begun), (PREFIX_OF_CHAIN, OPENED, done)):
            for names in _chunks([prefix + deal for deal in sorted(opened)]):
                query = sa.select(events.c.stream, sa.func.min(events.c.recorded_at))
                query = query.where(events.c.stream.in_(names), events.c.kind.in_(kinds))
                rows = self._store.query(query.group_by(events.c.stream))
                found.update({str(row[0]).partition(":")[2]: int(row[1]) for row in rows})
        return [max(0, done[deal] - begun[deal]) for deal in begun if deal in done]

    def _gas(self, first: int, last: int, agent: str | None) -> list[int]:
        """Gas of each deal in the period; what one transaction did for several is divided evenly."""
        by_deal: Counter[str] = Counter()
        for event in self._between((COST,), first, last):
            for deal in event.data["deals"]:
                by_deal[deal] += int(event.data["gas_used"]) // len(event.data["deals"])
        wanted = set(by_deal) if agent is None else self._of(agent, by_deal)
        return [gas for deal, gas in by_deal.items() if deal in wanted]

    # ---------------------------------------------------------------- the feed

    def _between(self, kinds: tuple[str, ...], first: int, last: int) -> Iterator[StoredEvent]:
        table = schema.events
        query = sa.select(table).where(table.c.kind.in_(kinds), table.c.position <= last)
        query = query.order_by(table.c.position).limit(1_000)
        while rows := self._store.query(query.where(table.c.position > first)):
            yield from map(event_of, rows)
            first = int(rows[-1][0])

    def _position(self, at: int) -> int:
        """The last position recorded before `at`. Positions have no gaps and follow the clock."""
        table = schema.events
        low, high = 0, self._store.last_position()
        while low < high:
            middle = (low + high + 1) // 2
            query = sa.select(table.c.recorded_at).where(table.c.position == middle)
            if int(self._store.query(query)[0][0]) < at:
                low = middle
            else:
                high = middle - 1
        return low


def _chunks(names: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(names), CHUNK):
        yield names[start : start + CHUNK]
