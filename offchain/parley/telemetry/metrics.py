"""What one process counts, in a Prometheus registry of its own, and the listener that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.registry import Collector

from parley.errors import ParleyError
from parley.telemetry.errors import TelemetryInvalid

Outcome = Literal["taken", "duplicate", "refused"]
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters and histograms; cheap from any thread. Labels take few values, never an agent or an id."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        messages = Counter(
            "parley_messages", "Signed messages by what became of them.", ["outcome"], registry=registry
        )
        outcomes: tuple[Outcome, ...] = ("taken", "duplicate", "refused")
        self._messages = {outcome: messages.labels(outcome) for outcome in outcomes}
        self._durations = Histogram(
            "parley_message_seconds",
            "From a parsed request to durable messages with their receipts.",
            buckets=SECONDS,
            registry=registry,
        )
        self._refusals = Counter(
            "parley_refusals", "Refused requests and messages by error code.", ["code"], registry=registry
        )
        self._requests = Counter(
            "parley_http_requests", "Answers by route and status.", ["route", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "parley_http_request_seconds",
            "From a request's headers to the first byte of its answer.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self._answers: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._rounds = Counter(
            "parley_work_rounds",
            "Rounds of background work by kind and end.",
            ["work", "end"],
            registry=registry,
        )

    def message(self, outcome: Outcome, number: int = 1) -> None:
        """Counts messages."""
        if number:
            self._messages[outcome].inc(number)

    def took(self, seconds: float) -> None:
        """How long messages handed in together took."""
        self._durations.observe(seconds)

    def refused(self, error: ParleyError) -> None:
        """Counts a refusal by its code."""
        self._refusals.labels(error.code).inc()

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Counts an answer; `route` is the template of the path."""
        found = self._answers.get((route, status))
        if found is None:  # finding the labels again each time would take longer than counting
            found = self._requests.labels(route, str(status)), self._request_seconds.labels(route)
            self._answers[route, status] = found
        found[0].inc()
        found[1].observe(seconds)

    def worked(self, work: str, *, well: bool) -> None:
        """Counts a round of background work."""
        self._rounds.labels(work, "well" if well else "failed").inc()

    def add(self, collector: Collector) -> None:
        """Adds what is looked up when somebody scrapes."""
        self.registry.register(collector)

    def listen(self, host: str, port: int) -> Callable[[], None]:
        """Serves `/metrics` at an address of its own, which only operators should reach; returns what ends
        it. Raises TelemetryInvalid.
        """
        try:
            server, thread = start_http_server(port, addr=host, registry=self.registry)
        except OSError as error:
            raise TelemetryInvalid(
                f"metrics cannot listen on {host}:{port}: {error.strerror}", setting="PARLEY_METRICS_PORT"
            ) from None

        def end() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return end
