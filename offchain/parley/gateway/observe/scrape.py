"""What is looked up when Prometheus scrapes: where the store and the chain stand, what waits, and the key
figures of the last day.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from parley.errors import ParleyError
from parley.gateway.governance.controls import ControlRoom
from parley.gateway.governance.reviews import ReviewDesk
from parley.gateway.governance.watch import STREAM as ANOMALIES
from parley.gateway.observe.figures import PPM, Figures, Spread
from parley.gateway.observe.kpis import Kpis
from parley.store import schema
from parley.store.service import EventStore

DAY = 86_400
FRESH = 10.0
"""Seconds for which one look serves every scraper."""
WAITING = ("queued", "signed", "mined")
Checks = Callable[[], dict[str, dict[str, Any]]]


class Standings(Collector):
    """Figures of the whole gateway, the same from every process of it, but for `parley_up`."""

    def __init__(
        self, store: EventStore, checks: Checks, kpis: Kpis, controls: ControlRoom, reviews: ReviewDesk
    ) -> None:
        self._store = store
        self._checks = checks
        self._kpis = kpis
        self._controls = controls
        self._reviews = reviews
        self._lock = threading.Lock()
        self._found: list[Metric] = []
        self._until = 0.0

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            if time.monotonic() >= self._until:
                self._found = list(self._look())
                self._until = time.monotonic() + FRESH
            return self._found

    def describe(self) -> Iterable[Metric]:
        return ()  # so that registering asks the store nothing

    def _look(self) -> Iterator[Metric]:
        checks = self._checks()
        up = GaugeMetricFamily("parley_up", "Whether a part works: 1 or 0.", labels=["part"])
        for part, check in checks.items():
            up.add_metric([part], 1 if check["ok"] else 0)
        yield up
        chain = checks.get("chain", {})
        if chain.get("ok"):
            behind = max(0, int(chain["block"]) - int(chain["indexed"]))
            yield _gauge("parley_chain_block", "The node's newest block.", int(chain["block"]))
            yield _gauge("parley_chain_behind_blocks", "Blocks that are not indexed yet.", behind)
        try:
            yield from self._of_store()
            yield from _of_figures(self._kpis.of(self._store.now() - DAY, self._store.now() + 1))
        except ParleyError:
            return  # parley_up says it

    def _of_store(self) -> Iterator[Metric]:
        store, now = self._store, self._store.now()
        yield _gauge("parley_log_position", "Events recorded.", store.last_position())
        for name, table in (("negotiations", schema.negotiations), ("deals", schema.deals)):
            counted = sa.select(table.c.status, sa.func.count()).group_by(table.c.status)
            found = GaugeMetricFamily(f"parley_{name}", f"All {name} by status.", labels=["status"])
            for status, count in store.query(counted):
                found.add_metric([str(status)], int(count))
            yield found
        intents, hooks, dead = schema.intents, schema.webhooks, schema.dead_letters
        waiting = sa.select(sa.func.count(), sa.func.min(intents.c.created_at))
        [[count, oldest]] = store.query(waiting.where(intents.c.status.in_(WAITING)))
        yield _gauge("parley_transactions_waiting", "Intended, and not final on the chain.", int(count))
        age = 0 if oldest is None else max(0, now - int(oldest))
        yield _gauge("parley_transactions_oldest_seconds", "Age of the oldest of those.", age)
        [[slowest]] = store.query(sa.select(sa.func.max(hooks.c.attempts)))
        yield _gauge("parley_webhook_attempts", "Most failed attempts at one event.", int(slowest or 0))
        [[letters]] = store.query(sa.select(sa.func.count()).select_from(dead))
        yield _gauge("parley_webhook_dead_letters", "Events given up.", int(letters))
        self._controls.folded.refresh()
        yield _gauge("parley_stops", "Stops in force.", len(self._controls.folded.current()[0].active))
        asked = sum(review.status(now) == "waiting" for review in self._reviews.all())
        yield _gauge("parley_approvals_waiting", "Requests that nobody has decided.", asked)
        yield _gauge("parley_alarms", "Alarms raised so far.", store.length(ANOMALIES))
        leases = schema.leases
        held = GaugeMetricFamily(
            "parley_lease_seconds", "Until a lease expires; below 0: nobody holds it.", labels=["lease"]
        )
        for name, expires in store.query(sa.select(leases.c.name, leases.c.expires_at)):
            held.add_metric([str(name)], int(expires) - now)
        yield held


def _of_figures(found: Figures) -> Iterator[Metric]:
    """Shares as fractions of 1, as Prometheus has them; only what has observations is there."""
    spreads: tuple[tuple[str, str, Spread, int], ...] = (
        ("time_to_agreement_seconds", "From first message to acceptance", found.agreement_seconds, 1),
        ("discount_ratio", "Off the seller's first price", found.discount_ppm, PPM),
        ("settlement_latency_seconds", "From submission to opening", found.settlement_seconds, 1),
        ("gas_per_deal", "Gas of a deal's transactions", found.gas, 1),
    )
    for name, text, spread, unit in spreads:
        family = GaugeMetricFamily(f"parley_kpi_{name}", f"{text}, last day.", labels=["of"])
        for part, value in (("median", spread.median), ("p95", spread.p95), ("mean", spread.mean)):
            if value is not None:
                family.add_metric([part], value / unit)
        yield family
    for name, ppm in (("agreement", found.agreement_ppm), ("dispute", found.dispute_ppm)):
        family = GaugeMetricFamily(f"parley_kpi_{name}_ratio", f"Share with an {name}, last day.")
        if ppm is not None:
            family.add_metric([], ppm / PPM)
        yield family
    outcomes = GaugeMetricFamily(
        "parley_kpi_policy_decisions", "Policies' decisions, last day.", labels=["outcome"]
    )
    for outcome, count in found.decisions.items():
        outcomes.add_metric([outcome], count)
    yield outcomes


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
