"""The HTTP edge: bounded bodies read with the strict JSON profile, answers that always list next actions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NotRequired, TypedDict, TypeVar

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect

from parley.gateway.errors import BodyInvalid, BodyTooLarge, BodyTooSlow, ParameterInvalid
from parley.terms.canonical import parse_json

MAX_PARAMETER = 2**53 - 1


class NextAction(TypedDict):
    """One thing the caller can do now; `method` and `href` are there when it is a request to this gateway."""

    action: str
    method: NotRequired[str]
    href: NotRequired[str]


class RequestModel(BaseModel):
    """Body of a request that is not a signed document: frozen, strict, no unknown field."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


BodyT = TypeVar("BodyT", bound=RequestModel)


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body, refused as soon as more than `limit` bytes are announced or arrive."""
    announced = request.headers.get("content-length")
    if announced is not None and announced.isdecimal() and int(announced) > limit:
        raise BodyTooLarge("the body is too large", limit=limit, announced=int(announced))
    chunks = bytearray()
    seconds = request.app.state.gateway.settings.body_seconds
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                chunks += chunk
                if len(chunks) > limit:
                    raise BodyTooLarge("the body is too large", limit=limit)
    except TimeoutError:
        raise BodyTooSlow("the body does not arrive", seconds=seconds) from None
    except ClientDisconnect:  # nobody reads the answer, and it is no failure of the gateway
        raise BodyInvalid("the connection was closed before the body was there") from None
    return bytes(chunks)


async def read_object(request: Request, limit: int) -> dict[str, Any]:
    """The body as a JSON object under the strict profile (no duplicate keys, floats, deep nesting)."""
    value = parse_json(await read_body(request, limit))
    if not isinstance(value, dict):
        raise BodyInvalid("the body must be a JSON object")
    return value


def parse_model(model: type[BodyT], value: Mapping[str, Any]) -> BodyT:
    """`value` as `model`; raises BodyInvalid with the path of the first offending field, never its value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "(body)"
        raise BodyInvalid(f"{field}: {first['msg']}", field=field) from None


async def read_model(request: Request, model: type[BodyT], limit: int) -> BodyT:
    return parse_model(model, await read_object(request, limit))


def count_parameter(
    request: Request, name: str, default: int, maximum: int = MAX_PARAMETER, minimum: int = 0
) -> int:
    """An integer query parameter between `minimum` and `maximum`."""
    raw = request.query_params.get(name)
    if raw is None:
        return default
    digits = raw.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 16:
        raise ParameterInvalid(f"{name} must be an integer", parameter=name)
    number = int(raw)
    if not minimum <= number <= maximum:
        raise ParameterInvalid(f"{name} must lie between {minimum} and {maximum}", parameter=name)
    return number


def answer(
    body: Mapping[str, Any],
    next_actions: Iterable[NextAction],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A JSON answer with the caller's possible next actions in it."""
    content = orjson.dumps({**body, "next_actions": list(next_actions)})
    return Answer(content, status, headers)


class Answer(Response):
    """A JSON answer whose headers are made in one pass, as the framework's would be."""

    media_type = "application/json"

    def __init__(self, content: bytes, status: int, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status
        self.background = None
        self.body = content
        self.raw_headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in (headers or {}).items()
        ]
        self.raw_headers += [
            (b"content-length", b"%d" % len(content)),
            (b"content-type", b"application/json"),
        ]


def act(action: str, method: str = "", href: str = "") -> NextAction:
    return {"action": action, "method": method, "href": href} if href else {"action": action}
