"""Every failure as RFC 9457 problem+json with a code, the offending values and what to do next."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from parley.errors import ParleyError
from parley.gateway.errors import NotAuthenticated

log = logging.getLogger("parley.gateway")
PROBLEM_TYPE = "application/problem+json"


def problem(
    status: int, code: str, title: str, next_action: str, *, retryable: bool = False, **values: Any
) -> Response:
    return _response(
        {
            "type": f"urn:parley:error:{code}",
            "title": title,
            "status": status,
            "code": code,
            "next_action": next_action,
            "retryable": retryable,
            "values": values,
        }
    )


def of_error(error: ParleyError) -> Response:
    """The answer to a typed refusal."""
    response = _response(error.as_problem())
    if isinstance(error, NotAuthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="parley"'
    if error.retryable:
        response.headers["Retry-After"] = str(error.values.get("retry_after", 1))
    return response


def _response(body: dict[str, Any]) -> Response:
    body["next_actions"] = [{"action": body["next_action"]}]
    content = orjson.dumps(body, default=_shown)
    return Response(content, status_code=body["status"], media_type=PROBLEM_TYPE)


def _shown(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


def install(app: FastAPI, seen: Callable[[ParleyError], None] = lambda _: None) -> None:
    """Registers the handlers; after this no failure leaves the app in any other shape. `seen` is told of
    every refusal.
    """

    @app.exception_handler(ParleyError)
    async def refused(_: Request, error: ParleyError) -> Response:
        seen(error)
        return of_error(error)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            response = problem(
                405,
                "gateway.method-not-allowed",
                "this resource has no such method",
                "See /openapi.json for the methods.",
            )
            response.headers.update(error.headers or {})
            return response
        if error.status_code == 404:
            return problem(
                404,
                "gateway.no-such-route",
                "there is nothing at this path",
                "See /openapi.json for the routes.",
            )
        return problem(
            error.status_code, "gateway.http", str(error.detail), "See /openapi.json for the routes."
        )

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        return problem(
            422,
            "gateway.body-invalid",
            f"{field}: {first['msg']}",
            "Correct the field named in values.",
            field=field,
        )

    app.add_exception_handler(Exception, unexpected)


async def unexpected(request: Request, error: Exception) -> Response:
    """The answer to a failure that nobody foresaw. It goes to the log, and nothing of it to the caller."""
    log.error(
        "unexpected failure at %s %s: %s",
        request.method,
        request.url.path,
        type(error).__name__,
        exc_info=error,
    )
    return problem(
        500,
        "gateway.internal",
        "the gateway failed to answer",
        "Repeat the request: signed ones are idempotent. If it fails again, report time and path.",
        retryable=True,
    )
