"""What both clients share around a request: reading answers, deciding on retries, parsing events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
import orjson

from parley.agents import views
from parley.agents.calls import Call, read
from parley.agents.errors import AnswerInvalid, GatewayProblem, GatewayUnreachable

T = TypeVar("T")
MAX_ANSWER = 64 * 1024 * 1024
ATTEMPTS = 6
FIRST_WAIT = 0.05
LONGEST_WAIT = 2.0
PROBLEM_TYPE = "application/problem+json"


class SessionLost(GatewayProblem):
    """The bearer token is unknown or expired; a fresh session is needed."""

    code = "agent.session-lost"


def worth_repeating(error: BaseException) -> bool:
    """Whether the same request may go through later: no connection, or a refusal marked retryable."""
    return isinstance(error, GatewayUnreachable) or (isinstance(error, GatewayProblem) and error.transient)


def unreachable(error: httpx.HTTPError, url: str) -> GatewayUnreachable:
    return GatewayUnreachable(f"no answer from {url}: {type(error).__name__}", url=url)


def understand(call: Call[T], response: httpx.Response) -> T:
    """The decoded answer, or the typed problem it carries."""
    try:
        body: Any = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        if response.status_code in (502, 503, 504):
            raise GatewayUnreachable(
                f"a proxy answered {response.status_code}", url=str(response.url)
            ) from None
        raise AnswerInvalid("the answer is not JSON", http_status=response.status_code) from None
    if not isinstance(body, dict):
        raise AnswerInvalid("the answer is not an object", http_status=response.status_code)
    if response.status_code == 401 and call.authenticated:
        raise SessionLost(response.status_code, body)
    refused = response.headers.get("content-type", "").startswith(PROBLEM_TYPE)
    if refused or (response.status_code >= 400 and response.status_code != call.tolerated):
        raise GatewayProblem(response.status_code, body)
    return call.decode(body)


class EventLines:
    """Puts the lines of a text/event-stream together again (WHATWG HTML, 9.2)."""

    def __init__(self) -> None:
        self._id = ""
        self._kind = ""
        self._data: list[str] = []

    def feed(self, line: str) -> views.Event | None:
        """Takes one line without its end; returns an event when the line completes one."""
        if line == "":
            return self._finish()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            self._id = value
        elif name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        return None

    def _finish(self) -> views.Event | None:
        data, kind = "\n".join(self._data), self._kind
        self._data, self._kind = [], ""
        if not data:
            return None
        try:
            body = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise AnswerInvalid("an event is not JSON") from None
        if not isinstance(body, Mapping) or not self._id.isdecimal():
            raise AnswerInvalid("an event has no id or no object")
        return read(views.Event, {"id": int(self._id), "kind": kind, **body})
