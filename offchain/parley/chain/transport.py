"""Carrying one JSON-RPC request over HTTP: web3's provider, with bounded answers and typed failures."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

import requests
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from parley.chain.errors import NodeAnswerInvalid, NodeUnreachable

MAX_ANSWER: Final = 64 * 1024 * 1024
"""Most bytes of one answer that are read."""


class Transport(Protocol):
    """Carries a request; the answer is the JSON-RPC object as the node sent it."""

    def request(self, method: str, params: Sequence[Any]) -> Any:
        """Raises `NodeUnreachable` or `NodeAnswerInvalid`."""

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Carries several at once; their answers in the same order. Raises the same."""


class _Provider(HTTPProvider):
    """web3's HTTP provider on sessions of its own, one a thread, that stops reading an endless answer."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__(url, exception_retry_configuration=None)
        self._timeout = timeout
        self._local = threading.local()

    def make_batch(self, requests_: Sequence[tuple[str, Sequence[Any]]]) -> Any:
        data = self.encode_batch_rpc_request(
            [(RPCEndpoint(name), list(params)) for name, params in requests_]
        )
        return json.loads(self._make_request(RPCEndpoint("batch"), data))

    def _prepared(self) -> tuple[requests.Session, requests.PreparedRequest, Any]:
        """This thread's session, a request that lacks only its body, and the environment's settings: what is
        the same for every question is worked out once.
        """
        held = getattr(self._local, "held", None)
        if held is None:
            url, session = str(self.endpoint_uri), requests.Session()
            session.trust_env = url.startswith("https:")
            asking = requests.Request("POST", url, headers={"Content-Type": "application/json"})
            settings = session.merge_environment_settings(url, {}, True, None, None)
            held = self._local.held = session, session.prepare_request(asking), settings
        session, request, settings = held
        return session, request.copy(), settings

    def _make_request(self, method: RPCEndpoint, request_data: bytes) -> bytes:
        session, request, settings = self._prepared()
        request.body = request_data
        request.headers["Content-Length"] = str(len(request_data))
        with session.send(request, timeout=self._timeout, **settings) as answer:
            answer.raise_for_status()
            body = bytearray()
            for chunk in answer.iter_content(65_536):
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise NodeAnswerInvalid(
                        "The node's answer is too large.", method=method, maximum=MAX_ANSWER
                    )
            return bytes(body)


class HttpTransport:
    """HTTP. `timeout` is seconds to connect and between bytes. Proxies of the environment are used for https
    only.
    """

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self._provider = _Provider(url, timeout)

    def request(self, method: str, params: Sequence[Any]) -> Any:
        with _typed(method):
            return self._provider.make_request(RPCEndpoint(method), list(params))

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        if len(requests) < 2:
            return [self.request(method, params) for method, params in requests]
        with _typed("batch"):
            found = self._provider.make_batch(requests)
        if isinstance(found, dict):  # a node without batches answers with one error
            return [self.request(method, params) for method, params in requests]
        if not isinstance(found, list) or len(found) != len(requests):
            raise NodeAnswerInvalid("The node answers another number of requests.", asked=len(requests))
        try:
            return sorted(found, key=lambda answer: int(answer["id"]))
        except (KeyError, TypeError, ValueError):
            raise NodeAnswerInvalid("The node's answers cannot be told apart.", asked=len(requests)) from None


@contextmanager
def _typed(method: str) -> Iterator[None]:
    """Foreign exceptions as typed errors."""
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in (408, 425, 429) or status >= 500:
            raise NodeUnreachable("The node cannot answer now.", method=method, http_status=status) from None
        raise NodeAnswerInvalid(
            "The address is not that of a node.", method=method, http_status=status
        ) from None
    except (json.JSONDecodeError, requests.exceptions.JSONDecodeError, UnicodeDecodeError):
        raise NodeAnswerInvalid("The node's answer is not JSON.", method=method) from None
    except requests.exceptions.ContentDecodingError:
        raise NodeAnswerInvalid("The node's answer cannot be read.", method=method) from None
    except (requests.RequestException, OSError) as error:
        raise NodeUnreachable(
            "The node does not answer.", method=method, reason=type(error).__name__
        ) from None
