"""The listening side of two agents that negotiate directly: a few routes over the agent's own sessions, no
gateway.

The same documents and messages as through a gateway, admitted by the same machine; what is taken is in this
agent's journal before it is acknowledged.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from parley.agents.calls import Held
from parley.agents.channel import DealOffer
from parley.agents.errors import AgentError
from parley.agents.proof import SECONDS, proven
from parley.agents.session import NegotiationSession
from parley.agents.views import Receipt
from parley.agents.wallet import Wallet
from parley.errors import ParleyError
from parley.terms.canonical import parse_json
from parley.terms.domain import Domain
from parley.terms.message import Message
from parley.terms.opening import Opening
from parley.terms.values import Address

MAX_BODY = 262_144
LONGEST_WAIT = 20.0
TICK = 0.02
PAGE = 100

Handler = Callable[[Request], Awaitable[Response]]


class NotHere(AgentError):
    code = "agent.not-here"
    status = 404
    next_action = "Check the id; only the parties of a negotiation can see it."


class Declined(AgentError):
    code = "agent.declined"
    status = 403
    next_action = "Ask this agent what it negotiates, or look for another counterparty."


class ClockAhead(AgentError):
    """A signed time lies in this host's future: it would bind every later message of the negotiation."""

    code = "agent.clock-ahead"
    status = 422
    next_action = "Correct your clock and sign again with a sent_at that is not in the future."


class _Listening:
    """The channel of a host's own sessions: the other side fetches, so nothing is sent."""

    def open(self, domain: Domain, opening: Opening, message: Message) -> Receipt | None:
        return None

    def send(self, message: Message) -> Receipt | None:
        return None

    def fetch(self, negotiation: str, after: int) -> Sequence[Held]:
        return ()

    def documents(self, negotiation: str) -> tuple[Domain, Opening]:
        raise NotHere("no such negotiation was opened with this agent", negotiation=negotiation)


class PeerHost:
    """An agent that others open negotiations with, at `url`. `willing` says which ones it takes part in.

    Use `session(id)` inside `lock` from other threads; `app` is the ASGI application to serve.
    """

    def __init__(self, wallet: Wallet, url: str, willing: Callable[[Domain, Opening], bool]) -> None:
        self.wallet = wallet
        self.url = url.rstrip("/")
        self.lock = threading.RLock()
        self._willing = willing
        self._sessions: dict[str, NegotiationSession] = {}
        self._offers: dict[str, dict[int, DealOffer]] = {}
        self._answers: dict[str, dict[int, DealOffer]] = {}
        self.app = Starlette(
            routes=[
                Route("/v1/negotiations", _guarded(self._open), methods=["POST"]),
                Route("/v1/negotiations/{id}/messages", _guarded(self._post), methods=["POST"]),
                Route("/v1/negotiations/{id}/messages", _guarded(self._messages), methods=["GET"]),
                Route("/v1/negotiations/{id}/signatures", _guarded(self._signatures), methods=["GET"]),
                Route("/v1/negotiations/{id}/signatures", _guarded(self._sign), methods=["POST"]),
            ]
        )
        with self.lock:
            for domain, opening in wallet.journal.negotiations():
                self._adopt(domain, opening)

    # ---------------------------------------------------------- for the agent

    def sessions(self) -> list[NegotiationSession]:
        """Every negotiation, oldest first. Hold `lock` while using one."""
        with self.lock:
            return list(self._sessions.values())

    def session(self, negotiation: str) -> NegotiationSession:
        """One negotiation. Raises NotHere."""
        found = self._sessions.get(negotiation)
        if found is None:
            raise NotHere("no such negotiation was opened with this agent", negotiation=negotiation)
        return found

    def publish(self, negotiation: str, offer: DealOffer) -> None:
        """Lets the buyer fetch the seller's half of a deal."""
        with self.lock:
            self._offers.setdefault(negotiation, {})[offer.index] = offer

    def answer(self, negotiation: str, index: int) -> DealOffer | None:
        """The buyer's half, once it handed it in."""
        with self.lock:
            return self._answers.get(negotiation, {}).get(index)

    def _adopt(self, domain: Domain, opening: Opening) -> NegotiationSession:
        session = NegotiationSession(domain, opening, self.wallet, _Listening())
        self._sessions[session.id] = session
        return session

    # ------------------------------------------------------------------ routes

    async def _open(self, request: Request) -> Response:
        body = await _body(request)
        domain, opening = Domain.parse(body.get("domain", {})), Opening.parse(body.get("opening", {}))
        message = Message.parse(body.get("message", {}))
        self._check_clock(message)

        def take() -> Response:
            with self.lock:
                session = self._sessions.get(opening.negotiation_id())
                if session is None:
                    if not self._takes_part(domain, opening):
                        raise Declined("this agent does not take part in that negotiation")
                    NegotiationSession.check(domain, opening, message)
                    session = self._adopt(domain, opening)
                session.take(message)
                return _state(session)

        return await asyncio.to_thread(take)

    async def _post(self, request: Request) -> Response:
        message = Message.parse(await _body(request))
        self._check_clock(message)

        def take() -> Response:
            with self.lock:
                session = self.session(request.path_params["id"])
                session.take(message)
                return _state(session)

        return await asyncio.to_thread(take)

    def _takes_part(self, domain: Domain, opening: Opening) -> bool:
        """Whether it is a party, the deal would settle where its wallet signs, and the agent is willing."""
        settles_here = opening.chain_id == self.wallet.chain_id and opening.escrow == self.wallet.escrow
        is_party = opening.party_of_address(self.wallet.address) is not None
        return settles_here and is_party and self._willing(domain, opening)

    def _check_clock(self, message: Message) -> None:
        now = self.wallet.clock()
        if message.core.sent_at > now + SECONDS:
            raise ClockAhead("sent_at lies in the future", sent_at=message.core.sent_at, now=now)

    async def _messages(self, request: Request) -> Response:
        session = self._readable(request)
        after = _number(request, "after", -1)
        wait = min(float(_number(request, "wait", 0)), LONGEST_WAIT)
        waited = 0.0
        while session.state.sequence <= after + 1 and waited < wait:
            await asyncio.sleep(TICK)
            waited += TICK
        found = session.messages[after + 1 : after + 1 + PAGE]
        return _json({"messages": [{"message": message.wire()} for message in found]})

    async def _signatures(self, request: Request) -> Response:
        session = self._readable(request)
        offers = self._offers.get(session.id, {})
        return _json({"signatures": [_offer_json(offer) for offer in offers.values()]})

    async def _sign(self, request: Request) -> Response:
        session = self._readable(request)
        offer = offer_of(await _body(request))
        with self.lock:
            held = self._answers.setdefault(session.id, {}).setdefault(offer.index, offer)
        return _json({"signatures": [_offer_json(held)]})

    def _readable(self, request: Request) -> NegotiationSession:
        now = self.wallet.clock()
        caller = proven(request.headers.get("authorization"), self.url, self.wallet.chain_id, now)
        session = self.session(request.path_params["id"])
        if session.opening.party_of_address(Address(caller)) is None:
            raise NotHere("no such negotiation was opened with this agent", negotiation=session.id)
        return session


def offer_of(body: dict[str, Any]) -> DealOffer:
    """One side's half of a deal from JSON. Raises NotHere for anything else."""
    try:
        authorization = body.get("authorization")
        return DealOffer(
            int(body["index"]),
            int(body["open_by"]),
            str(body["signature"]),
            None if authorization is None else str(authorization),
        )
    except (KeyError, TypeError, ValueError):
        raise AgentError("not a deal signature", next_action="Send index, open_by and signature.") from None


def _offer_json(offer: DealOffer) -> dict[str, Any]:
    body: dict[str, Any] = {"index": offer.index, "open_by": offer.open_by, "signature": offer.signature}
    if offer.authorization is not None:
        body["authorization"] = offer.authorization
    return body


def _state(session: NegotiationSession) -> Response:
    state = session.state
    return _json({"negotiation": state.negotiation, "status": state.status.value, "messages": state.sequence})


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


async def _body(request: Request) -> dict[str, Any]:
    chunks = bytearray()
    try:
        async for chunk in request.stream():
            chunks += chunk
            if len(chunks) > MAX_BODY:
                raise AgentError("the body is too large", next_action="Send a smaller body.", limit=MAX_BODY)
    except ClientDisconnect:  # nobody reads the answer, and it is no failure of this host
        raise AgentError("the connection was closed", next_action="Send the whole body.") from None
    value = parse_json(bytes(chunks))
    if not isinstance(value, dict):
        raise AgentError("the body must be a JSON object", next_action="Send a JSON object.")
    return value


def _number(request: Request, name: str, default: int) -> int:
    raw = request.query_params.get(name, str(default))
    if not raw.removeprefix("-").isdecimal() or len(raw) > 16:
        raise AgentError(f"{name} must be an integer", next_action="Correct the query parameter.")
    return max(-1, int(raw))


def _guarded(handler: Handler) -> Handler:
    """Every refusal as problem+json; nothing else leaves."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except ParleyError as error:
            body = orjson.dumps(error.as_problem(), default=str)
            return Response(body, status_code=error.status, media_type="application/problem+json")

    return guarded
