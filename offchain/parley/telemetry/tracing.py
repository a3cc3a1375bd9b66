"""One trace a negotiation, across every process that touches it, by OpenTelemetry spans set by hand.

The trace's id is the first half of the negotiation's id, so that agents, gateways and workers are in the
same trace without having exchanged anything, and all of them sample it or none does. What travels is W3C
`traceparent` (Trace Context, level 1): a caller's becomes the parent of the gateway's span, and the
gateway's is kept with the message. Off, which is the default, a span costs an attribute and two calls.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Final

from parley.errors import ParleyError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, SpanContext, Tracer

HEADER: Final = "traceparent"
NANOSECONDS: Final = 10**9
EXPORT_MILLISECONDS: Final = 1_000
Value = str | int | bool

_FORM: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_arrived: ContextVar[str | None] = ContextVar("parley-traceparent", default=None)


def arrive(header: str | None) -> None:
    """Notes the `traceparent` of the request that is being served; one that is malformed counts as none."""
    _arrived.set(header if header is not None and _FORM.fullmatch(header) else None)


class Note:
    """An open span, as the code inside it sees it; without tracing it takes notes and drops them."""

    __slots__ = ()

    def note(self, **attributes: Value) -> None:
        """Adds attributes: counts, codes and ids, never payloads."""


class _Silent(Note):
    __slots__ = ()

    def __enter__(self) -> Note:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class _Open(Note):
    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def note(self, **attributes: Value) -> None:
        for name, value in attributes.items():
            self._span.set_attribute(f"parley.{name}", value)


_SILENT: Final = _Silent()


class Tracing:
    """What one process traces with. `Tracing()` is off; `started` gives one that exports."""

    __slots__ = ("_provider", "_tracer")

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer: Tracer | None = None if provider is None else provider.get_tracer("parley")

    @property
    def on(self) -> bool:
        return self._tracer is not None

    def span(self, name: str, negotiation: str, **attributes: Value) -> AbstractContextManager[Note]:
        """A span of a negotiation's trace, below the caller's span where one is known."""
        if self._tracer is None:
            return _SILENT
        return self._spanning(self._tracer, name, negotiation, attributes)

    def inner(self, name: str) -> AbstractContextManager[Note]:
        """A span below the current one, for a step inside it."""
        return _SILENT if self._tracer is None else _inside(self._tracer, name)

    def past(self, name: str, negotiation: str, start: int, end: int, **attributes: Value) -> None:
        """A span that is over: from `start` to `end`, unix seconds."""
        if self._tracer is None:
            return
        span = self._tracer.start_span(
            name, context=_below(_root(negotiation)), start_time=start * NANOSECONDS
        )
        _Open(span).note(negotiation=negotiation, **attributes)
        span.end(max(start, end) * NANOSECONDS)

    def outgoing(self) -> str | None:
        """The `traceparent` that a request made now carries; None without a span."""
        if self._tracer is None:
            return None
        from opentelemetry.trace import get_current_span

        found = get_current_span().get_span_context()
        if not found.is_valid:
            return None
        return f"00-{found.trace_id:032x}-{found.span_id:016x}-{int(found.trace_flags):02x}"

    def kept(self) -> str | None:
        """What is kept with a message: the current span's `traceparent`, or the one it arrived with."""
        return _arrived.get() if self._tracer is None else self.outgoing()

    def close(self) -> None:
        """Hands over what is not exported yet."""
        if self._provider is not None:
            self._provider.shutdown()

    @contextlib.contextmanager
    def _spanning(
        self, tracer: Tracer, name: str, negotiation: str, attributes: dict[str, Value]
    ) -> Iterator[Note]:
        from opentelemetry.trace import Link, get_current_span

        root, current, caller = _root(negotiation), get_current_span().get_span_context(), _caller()
        links = []
        if current.is_valid and current.trace_id == root.trace_id:
            parent = current
        elif caller is not None and caller.trace_id == root.trace_id:
            parent = caller
        else:  # whoever asked traces it elsewhere: the two are tied together, and neither replaces the other
            parent, links = root, [] if caller is None else [Link(caller)]
        with tracer.start_as_current_span(
            name, context=_below(parent), links=links, record_exception=False, set_status_on_exception=False
        ) as span:
            opened = _Open(span)
            opened.note(negotiation=negotiation, **attributes)
            with _judged(opened):
                yield opened


@contextlib.contextmanager
def _inside(tracer: Tracer, name: str) -> Iterator[Note]:
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
        opened = _Open(span)
        with _judged(opened):
            yield opened


@contextlib.contextmanager
def _judged(opened: Note) -> Iterator[None]:
    """Names what went wrong; never with a message, which may quote what nobody else should read."""
    try:
        yield
    except ParleyError as error:
        opened.note(refused=error.code)
        raise
    except BaseException as error:
        opened.note(failed=type(error).__name__)
        raise


def _caller() -> SpanContext | None:
    from opentelemetry.trace import SpanContext, TraceFlags

    header = _arrived.get()
    if header is None:
        return None
    _, trace, span, flags = header.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def _root(negotiation: str) -> SpanContext:
    """The span that every other one of the negotiation is below; its ids follow from the negotiation's."""
    from opentelemetry.trace import SpanContext, TraceFlags

    trace, span = int(negotiation[2:34], 16), int(negotiation[34:50], 16)
    return SpanContext(trace or 1, span or 1, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _below(parent: SpanContext) -> Context:
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    return set_span_in_context(NonRecordingSpan(parent))


def started(exporter: SpanExporter, service: str, *, share: float = 1.0, at_once: bool = False) -> Tracing:
    """Tracing that sends to `exporter`. `share` of all negotiations are traced, the same ones in every
    process; `at_once` exports each span as it ends, for tests.
    """
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

    provider = TracerProvider(
        resource=Resource.create({"service.name": service}),
        sampler=TraceIdRatioBased(share),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(
        SimpleSpanProcessor(exporter)
        if at_once
        else BatchSpanProcessor(exporter, schedule_delay_millis=EXPORT_MILLISECONDS)
    )
    return Tracing(provider)
