"""Logs as JSON lines or as text, neither with a secret: known ones are cut out wherever they turn up, and
of an exception only its type and its place are told, because its message may quote what it was given.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal, TextIO

from parley.errors import ParleyError
from parley.telemetry.tracing import Tracing

Form = Literal["text", "json"]
CUT: Final = "[secret]"
SHORTEST: Final = 6
"""Characters below which a secret is too common a text to be cut out."""
_CHATTY: Final = ("httpx", "httpcore", "alembic", "opentelemetry", "urllib3")
_KNOWN_FORMS: Final = re.compile(
    r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{16,}"  # a session's token
    r"|whsec_[A-Za-z0-9+/=]{16,}"  # a webhook's secret
    r"|(?<=://)[^/@\s:]+:[^/@\s]+(?=@)"  # a password in a URL
)
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Discreet(logging.Formatter):
    def __init__(self, secrets: Iterable[str], tracing: Tracing) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        found = {text for secret in secrets for text in _spellings(secret) if len(text) >= SHORTEST}
        self._secrets = tuple(sorted(found, key=len, reverse=True))
        self._tracing = tracing

    def cut(self, text: str) -> str:
        """The text without what nobody should read."""
        for secret in self._secrets:
            text = text.replace(secret, CUT)
        return _KNOWN_FORMS.sub(CUT, text)

    def format(self, record: logging.LogRecord) -> str:
        return self.cut(super().format(record))

    def formatException(  # noqa: N802 - the standard library's name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return "\n".join(_told(ei[1]))


class _JsonLines(_Discreet):
    def format(self, record: logging.LogRecord) -> str:
        body: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        body.update({name: value for name, value in extra.items() if isinstance(value, str | int | bool)})
        trace = self._tracing.outgoing()
        if trace is not None:
            _, body["trace_id"], body["span_id"], _ = trace.split("-")
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            body["error"] = _told(error)
            if isinstance(error, ParleyError):
                body["code"] = error.code
        return self.cut(json.dumps(body, ensure_ascii=False))


def _told(error: BaseException | None) -> list[str]:
    """Type and place of an exception and of what caused it, innermost last."""
    told: list[str] = []
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        code = f" {error.code}" if isinstance(error, ParleyError) else ""
        told.append(f"{type(error).__module__}.{type(error).__qualname__}{code}")
        told += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return told


def _spellings(secret: str) -> set[str]:
    bare = secret.removeprefix("0x")
    return {secret, bare, bare.lower(), bare.upper(), json.dumps(secret)[1:-1]}


def configure(
    form: Form = "text",
    level: str = "INFO",
    *,
    secrets: Iterable[str] = (),
    tracing: Tracing | None = None,
    out: TextIO | None = None,
) -> None:
    """Sets up the logging of this process, on standard error unless `out` is given."""
    handler = logging.StreamHandler(out or sys.stderr)
    kind = _JsonLines if form == "json" else _Discreet
    handler.setFormatter(kind(secrets, tracing or Tracing()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
