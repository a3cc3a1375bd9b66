"""A person's sign-in at a gateway from this machine: a browser, a loopback redirect and PKCE (RFC 8252)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson

from parley.agents.errors import AgentError, AnswerInvalid, GatewayProblem
from parley.agents.transport import PROBLEM_TYPE, unreachable
from parley.terms.values import Address, Signature

PATH: Final = "/callback"
PAGE: Final = b"<!doctype html><title>Parley</title><p>You may close this page."


class SignInUnfinished(AgentError):
    """Nobody came back from the provider in time, or without a code."""

    code = "agent.sign-in-unfinished"
    retryable = True
    next_action = "Run the command again and sign in at the address shown."


class PersonIdentity:
    """Stands for a person whose token is at hand; it answers no challenge."""

    address = "0x" + "00" * 20

    def answer(self, proposed: Mapping[str, Any], url: str) -> tuple[Mapping[str, Any], str]:
        raise SignInUnfinished("the session is over", next_action="Run parley login again.")


class NoKey:
    """Stands where a key signs, for a person who has none at hand."""

    address = Address("0x" + "00" * 20)

    def sign_digest(self, digest: bytes) -> Signature:
        raise SignInUnfinished("there is no key to sign with", next_action="Set PARLEY_KEYSTORE.")


def sign_in(
    url: str,
    show: Callable[[str], None],
    *,
    seconds: float = 300,
    transport: httpx.BaseTransport | None = None,
) -> Mapping[str, Any]:
    """The gateway's answer with `token`, `person`, `roles` and `expires_at`, after the person signed in at
    the address that `show` is given. Raises GatewayProblem, GatewayUnreachable and SignInUnfinished.
    """
    verifier, came = secrets.token_urlsafe(48), dict[str, str]()
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    class Back(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            fields = {name: values[0] for name, values in parse_qs(asked.query).items()}
            mine = asked.path == PATH and hmac.compare_digest(fields.get("state", ""), begun["state"])
            if mine:
                came.update(fields)
            self.send_response(200 if mine else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(PAGE if mine else b"")

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Codes belong in no log."""

    with (
        HTTPServer(("127.0.0.1", 0), Back) as listener,
        httpx.Client(base_url=url.rstrip("/"), timeout=30, transport=transport) as http,
    ):
        back = f"http://127.0.0.1:{listener.server_address[1]}{PATH}"
        begun = _post(http, "/v1/people/begin", {"redirect_uri": back, "code_challenge": challenge})
        show(str(begun["authorize_url"]))
        end = time.monotonic() + seconds
        while not came and time.monotonic() < end:
            listener.timeout = max(0.01, min(1.0, end - time.monotonic()))
            listener.handle_request()
        if "code" not in came:
            raise SignInUnfinished("no sign-in came back", error=came.get("error", "")[:60])
        body = {
            "code": came["code"],
            "state": begun["state"],
            "code_verifier": verifier,
            "redirect_uri": back,
        }
        return _post(http, "/v1/people/session", body)


def _post(http: httpx.Client, path: str, body: Mapping[str, str]) -> dict[str, Any]:
    try:
        answer = http.post(path, json=body)
    except httpx.HTTPError as error:
        raise unreachable(error, str(http.base_url)) from None
    try:
        found = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise AnswerInvalid("the answer is not an object", http_status=answer.status_code)
    if answer.headers.get("content-type", "").startswith(PROBLEM_TYPE):
        raise GatewayProblem(answer.status_code, found)
    return found
