"""Carrying JSON-RPC requests over HTTP, with bounded answers and typed failures."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final, Protocol

import orjson
import requests
import urllib3

from parley.chain.errors import NodeAnswerInvalid, NodeUnreachable

MAX_ANSWER: Final = 64 * 1024 * 1024
"""Most bytes of one answer that are read."""
_CHUNK: Final = 65_536
_CONNECTIONS: Final = 32
"""Connections that are kept; more are opened where more threads ask at once."""
_JSON: Final = {"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate"}


class Transport(Protocol):
    """Carries a request; the answer is the JSON-RPC object as the node sent it."""

    def request(self, method: str, params: Sequence[Any]) -> Any:
        """Raises `NodeUnreachable` or `NodeAnswerInvalid`."""

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Carries several at once; their answers in the same order. Raises the same."""


class _Poster(Protocol):
    def post(self, body: bytes) -> tuple[int, bytes]:
        """Status and content of the answer."""


def _bounded(chunks: Iterable[bytes]) -> bytes:
    found = bytearray()
    for chunk in chunks:
        found += chunk
        if len(found) > MAX_ANSWER:
            raise NodeAnswerInvalid("The node's answer is too large.", maximum=MAX_ANSWER)
    return bytes(found)


class _Plain:
    """`http:`, without proxies: a node beside this process, or one behind a tunnel. It is asked several times
    for each deal, so what is the same for every request is worked out once.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urllib3.util.parse_url(url)
        self._path = parts.request_uri
        self._headers = {**_JSON, **urllib3.util.make_headers(basic_auth=parts.auth or None)}
        self._pool = urllib3.connectionpool.connection_from_url(
            url, maxsize=_CONNECTIONS, timeout=urllib3.Timeout(connect=timeout, read=timeout)
        )

    def post(self, body: bytes) -> tuple[int, bytes]:
        answer = self._pool.urlopen(
            "POST",
            self._path,
            body=body,
            headers=self._headers,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            return answer.status, _bounded(answer.stream(_CHUNK, decode_content=True))
        finally:
            answer.release_conn()


class _Secured:
    """`https:`, with the certificates, proxies and accounts of the environment; sessions are one a thread."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._local = threading.local()

    def post(self, body: bytes) -> tuple[int, bytes]:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
        with session.post(self._url, data=body, headers=_JSON, timeout=self._timeout, stream=True) as answer:
            return answer.status_code, _bounded(answer.iter_content(_CHUNK))


class HttpTransport:
    """HTTP. `timeout` is seconds to connect and between bytes. Proxies of the environment are used for https
    only.
    """

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        secured = url.startswith("https:")
        self._poster: _Poster = _Secured(url, timeout) if secured else _Plain(url, timeout)
        self._numbers = count(1)

    def request(self, method: str, params: Sequence[Any]) -> Any:
        return self._ask(method, self._asked(method, params))

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        if len(requests) < 2:
            return [self.request(method, params) for method, params in requests]
        asked = [self._asked(method, params) for method, params in requests]
        found = self._ask("batch", asked)
        if isinstance(found, dict):  # a node without batches answers with one error
            return [self.request(method, params) for method, params in requests]
        if not isinstance(found, list) or len(found) != len(requests):
            raise NodeAnswerInvalid("The node answers another number of requests.", asked=len(requests))
        try:
            by_number = {answer["id"]: answer for answer in found}
            return [by_number[each["id"]] for each in asked]
        except (KeyError, TypeError):
            raise NodeAnswerInvalid("The node's answers cannot be told apart.", asked=len(requests)) from None

    def _asked(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "method": method, "params": list(params), "id": next(self._numbers)}

    def _ask(self, method: str, asked: Any) -> Any:
        with _typed(method):
            status, content = self._poster.post(orjson.dumps(asked))
            if status in (408, 425, 429) or status >= 500:
                raise NodeUnreachable("The node cannot answer now.", method=method, http_status=status)
            if not 200 <= status < 300:
                raise NodeAnswerInvalid(
                    "The address is not that of a node.", method=method, http_status=status
                )
            return orjson.loads(content)


@contextmanager
def _typed(method: str) -> Iterator[None]:
    """Foreign exceptions as typed errors."""
    try:
        yield
    except orjson.JSONDecodeError:
        raise NodeAnswerInvalid("The node's answer is not JSON.", method=method) from None
    except (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError):
        raise NodeAnswerInvalid("The node's answer cannot be read.", method=method) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise NodeUnreachable(
            "The node does not answer.", method=method, reason=type(error).__name__
        ) from None
