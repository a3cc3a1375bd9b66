"""Where spans go: nowhere, to a file of JSON lines, or to a collector by OTLP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from parley.telemetry.errors import TelemetryInvalid
from parley.telemetry.tracing import Tracing, started

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

SETTING = "PARLEY_TRACES"
FILE = "file:"


def tracing_to(target: str, service: str, share: float = 1.0) -> Tracing:
    """Tracing as a setting names it: `off`, `file:PATH`, or `otlp` (then OTEL_EXPORTER_OTLP_ENDPOINT and
    its like say where to). Raises TelemetryInvalid.
    """
    if target in ("", "off"):
        return Tracing()
    if target == "otlp":
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError:
            raise TelemetryInvalid(
                "the OTLP exporter is not installed",
                next_action="Install parley-market[otlp], or set PARLEY_TRACES to off.",
                setting=SETTING,
            ) from None
        return started(OTLPSpanExporter(), service, share=share)
    if target.startswith(FILE):
        return _to_file(Path(target.removeprefix(FILE)), service, share)
    raise TelemetryInvalid("traces go to off, file:PATH or otlp", setting=SETTING, given=target[:60])


def _to_file(path: Path, service: str, share: float) -> Tracing:
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter

    try:
        out = path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise TelemetryInvalid(
            f"the file of traces cannot be written: {error.strerror}", setting=SETTING, path=str(path)
        ) from None

    def line(span: ReadableSpan) -> str:
        return str(span.to_json(indent=None)) + "\n"

    return started(ConsoleSpanExporter(out=out, formatter=line), service, share=share)
