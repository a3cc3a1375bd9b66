"""One trace a negotiation: the same one in every process, kept off by default, and without payloads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from parley.errors import ParleyError
from parley.telemetry.errors import TelemetryInvalid
from parley.telemetry.exporters import tracing_to
from parley.telemetry.tracing import Tracing, arrive, started

NEGOTIATION = "0x" + "ab" * 16 + "cd" * 8 + "00" * 8
TRACE = "ab" * 16
THEIRS = f"00-{'12' * 16}-{'34' * 8}-01"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def make(spans: InMemorySpanExporter) -> Callable[..., Tracing]:
    return lambda share=1.0: started(spans, "test", share=share, at_once=True)


@pytest.fixture(autouse=True)
def nothing_arrived() -> None:
    arrive(None)


def test_processes_that_never_spoke_are_in_one_trace(make: Any, spans: InMemorySpanExporter) -> None:
    for process in (make(), make()):
        with process.span("messages", NEGOTIATION):
            pass
    first, second = spans.get_finished_spans()
    assert {f"{span.context.trace_id:032x}" for span in (first, second)} == {TRACE}
    assert {f"{span.parent.span_id:016x}" for span in (first, second)} == {"cd" * 8}


def test_a_caller_in_the_trace_is_the_parent_and_what_is_kept_names_the_span(
    make: Any, spans: InMemorySpanExporter
) -> None:
    tracing, caller = make(), f"00-{TRACE}-{'56' * 8}-01"
    arrive(caller)
    with tracing.span("messages", NEGOTIATION):
        kept = tracing.kept()
        with tracing.inner("append"):
            inside = tracing.outgoing()
    append, messages = spans.get_finished_spans()
    assert f"{messages.parent.span_id:016x}" == "56" * 8
    assert kept == f"00-{TRACE}-{messages.context.span_id:016x}-01"
    assert append.parent.span_id == messages.context.span_id
    assert inside == f"00-{TRACE}-{append.context.span_id:016x}-01"


def test_a_caller_with_a_trace_of_its_own_is_linked(make: Any, spans: InMemorySpanExporter) -> None:
    arrive(THEIRS)
    with make().span("messages", NEGOTIATION):
        pass
    [span] = spans.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == TRACE
    assert [f"{link.context.trace_id:032x}" for link in span.links] == ["12" * 16]


def test_off_it_keeps_what_arrived_and_nothing_else() -> None:
    off = Tracing()
    with off.span("messages", NEGOTIATION) as noted:
        noted.note(taken=1)
        assert (off.kept(), off.outgoing(), off.on) == (None, None, False)
        arrive(THEIRS)
        assert off.kept() == THEIRS


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        THEIRS.upper().replace("00-", "ff-"),
        f"00-{'0' * 32}-{'34' * 8}-01",
        THEIRS + "-more",
        "00-" + "g" * 32 + "-" + "3" * 16 + "-01",
        THEIRS + "\n",
    ],
)
def test_a_malformed_header_counts_as_none(header: str) -> None:
    arrive(header)
    assert Tracing().kept() is None


def test_errors_are_named_and_never_quoted(make: Any, spans: InMemorySpanExporter) -> None:
    tracing = make()
    with pytest.raises(ParleyError), tracing.span("messages", NEGOTIATION):
        raise ParleyError("canary in a message", canary="canary")
    with pytest.raises(ValueError, match="canary"), tracing.span("messages", NEGOTIATION):
        raise ValueError("canary")
    told = [span.to_json() for span in spans.get_finished_spans()]
    assert "canary" not in "".join(told)
    assert '"parley.refused": "parley"' in told[0]
    assert '"parley.failed": "ValueError"' in told[1]


def test_a_share_takes_the_same_negotiations_everywhere(make: Any, spans: InMemorySpanExporter) -> None:
    spread = 0x9E3779B97F4A7C15F39CC0605CEDC835
    names = [f"0x{number * spread % 2**128:032x}{'ab' * 16}" for number in range(1, 200)]
    seen = []
    for _ in range(2):
        spans.clear()
        tracing = make(share=0.25)
        for name in names:
            with tracing.span("messages", name):
                pass
        seen.append({span.context.trace_id for span in spans.get_finished_spans()})
    assert seen[0] == seen[1]
    assert 20 < len(seen[0]) < 80


def test_what_is_over_has_its_own_times(make: Any, spans: InMemorySpanExporter) -> None:
    make().past("opened", NEGOTIATION, 100, 130, gas=7)
    Tracing().past("opened", NEGOTIATION, 100, 130)
    [span] = spans.get_finished_spans()
    assert (span.start_time, span.end_time) == (100 * 10**9, 130 * 10**9)
    assert span.attributes["parley.gas"] == 7


def test_a_file_of_traces(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    tracing = tracing_to(f"file:{path}", "test")
    with tracing.span("messages", NEGOTIATION):
        pass
    tracing.close()
    [line] = path.read_text().splitlines()
    assert orjson.loads(line)["context"]["trace_id"] == "0x" + TRACE


@pytest.mark.parametrize("target", ["somewhere", "file:/no/such/folder/traces"])
def test_a_target_that_is_none(target: str) -> None:
    with pytest.raises(TelemetryInvalid) as refused:
        tracing_to(target, "test")
    assert refused.value.values["setting"] == "PARLEY_TRACES"
    assert tracing_to("off", "test").on is False
