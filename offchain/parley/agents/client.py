"""Typed client of a gateway, blocking. `AsyncGatewayClient` is its asynchronous twin."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from parley.agents import calls, views
from parley.agents.calls import Call, Held
from parley.agents.errors import GatewayProblem, GatewayUnreachable
from parley.agents.signin import Identity
from parley.agents.transport import (
    ATTEMPTS,
    FIRST_WAIT,
    LONGEST_WAIT,
    EventLines,
    SessionLost,
    understand,
    unreachable,
    worth_repeating,
)
from parley.agents.whole_deals import Payment, WholeDeal
from parley.telemetry.tracing import HEADER, Tracing
from parley.terms.actions import Action, Mandate
from parley.terms.deal import Deal
from parley.terms.domain import Domain
from parley.terms.funding import FundingKind
from parley.terms.message import Message
from parley.terms.opening import Opening
from parley.terms.sealed import SignedCard

T = TypeVar("T")


class GatewayClient:
    """Signs in with `identity` when needed and repeats what is safe to repeat.

    `timeout` is seconds a request; `scopes` those to sign in with, an agent's by default. Raises
    GatewayProblem with the gateway's refusal, GatewayUnreachable when no answer came in `attempts` tries,
    AnswerInvalid when the answer is not what the protocol says.
    """

    def __init__(
        self,
        url: str,
        identity: Identity,
        *,
        timeout: float = 30.0,
        attempts: int = ATTEMPTS,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        tracing: Tracing | None = None,
        scopes: Sequence[str] = (),
        token: str | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.identity = identity
        self._scopes = scopes
        self.attempts = attempts
        self.tracing = tracing or Tracing()
        self._sleep = sleep
        self._token = token
        self._http = httpx.Client(base_url=self.url, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # ------------------------------------------------------------ machinery

    def _once(self, call: Call[T]) -> T:
        headers = {"Authorization": f"Bearer {self._sign_in()}"} if call.authenticated else {}
        trace = self.tracing.outgoing()
        if trace is not None:
            headers[HEADER] = trace
        try:
            response = self._http.request(
                call.method, call.path, json=call.body, params=dict(call.params), headers=headers
            )
        except httpx.HTTPError as error:
            raise unreachable(error, self.url) from error
        try:
            return understand(call, response)
        except SessionLost:
            self._token = None
            raise

    def run(self, call: Call[T]) -> T:
        """Runs one call: retried when that is safe, once more with a fresh session when the old one is
        gone.
        """
        if not call.repeatable:
            return self._once(call)
        retrying = Retrying(
            retry=retry_if_exception(worth_repeating),
            stop=stop_after_attempt(self.attempts),
            wait=wait_exponential_jitter(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            found: T = retrying(self._once, call)
        except SessionLost:
            found = retrying(self._once, call)
        return found

    def _sign_in(self) -> str:
        if self._token is None:
            proposed = self._once(calls.challenge(self.identity.address))
            document, signature = self.identity.answer(proposed, self.url)
            self._token = str(self._once(calls.session(document, signature, self._scopes))["token"])
        return self._token

    # ------------------------------------------------------------- requests

    def ready(self) -> views.Readiness:
        return self.run(calls.ready())

    def register(
        self,
        name: str,
        capabilities: Sequence[str] = (),
        *,
        description: str = "",
        endpoint: str | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> views.AgentProfile:
        return self.run(calls.register(name, capabilities, description, endpoint, facts or {}))

    def agents(self, capability: str | None = None, *, limit: int = 100) -> tuple[views.AgentProfile, ...]:
        return self.run(calls.agents(capability, limit))

    def agent(self, address: str) -> views.AgentProfile:
        return self.run(calls.agent(address))

    def open_negotiation(self, domain: Domain, opening: Opening, message: Message) -> views.Posted:
        return self.run(calls.open_negotiation(domain, opening, message))

    def negotiations(self, before: int | None = None, *, limit: int = 100) -> views.NegotiationPage:
        """One page, newest first; `before` is the cursor of the page before."""
        return self.run(calls.negotiations(before, limit))

    def negotiation(self, negotiation_id: str) -> views.NegotiationView:
        return self.run(calls.negotiation(negotiation_id))

    def documents(self, negotiation_id: str) -> tuple[Domain, Opening]:
        """The domain and opening; check that their hashes give `negotiation_id` before using them."""
        return self.run(calls.documents(negotiation_id))

    def post_message(self, negotiation_id: str, message: Message) -> views.Posted:
        return self.run(calls.post_message(negotiation_id, message))

    def post_messages(self, messages: Sequence[Message]) -> tuple[views.Taken | GatewayProblem, ...]:
        """Up to 100 messages of any of this agent's negotiations in one request; what became of each, in
        order. After a refusal later messages of the same negotiation are not tried.
        """
        return self.run(calls.post_messages(messages))

    def messages(self, negotiation_id: str, after: int = -1, *, limit: int = 100) -> tuple[Held, ...]:
        return self.run(calls.messages(negotiation_id, after, limit))

    def negotiation_bundle(self, negotiation_id: str) -> Mapping[str, Any]:
        return self.run(calls.negotiation_bundle(negotiation_id))

    def sign_agreement(
        self,
        negotiation_id: str,
        index: int,
        open_by: int,
        signature: str,
        authorization: str | None = None,
        deal: Deal | None = None,
        *,
        payment: Payment | None = None,
    ) -> Mapping[str, Any]:
        """One side's signature; it pays by an EIP-3009 authorisation, or as `payment` says. `deal` goes with
        it where the terms are sealed: the gateway could not derive it.
        """
        if authorization is not None:
            payment = Payment(FundingKind.AUTHORIZATION, authorization)
        with self.tracing.span("sign agreement", negotiation_id):
            return self.run(calls.sign_agreement(negotiation_id, index, open_by, signature, payment, deal))

    def publish_card(self, card: SignedCard) -> Mapping[str, Any]:
        """Publishes the key that others seal payloads to."""
        return self.run(calls.publish_card(card))

    def card(self, agent: str) -> SignedCard:
        """An agent's newest key card. Check it before sealing anything to its key."""
        return self.run(calls.card(agent))

    def submit_deal(
        self,
        deal: Deal,
        buyer_signature: str,
        seller_signature: str,
        buyer_authorization: str | None = None,
        seller_authorization: str | None = None,
    ) -> views.DealView:
        return self.run(
            calls.submit_deal(
                deal, buyer_signature, seller_signature, buyer_authorization, seller_authorization
            )
        )

    def submit_whole(self, whole: WholeDeal) -> views.DealView:
        """A deal, an instant one or an amendment that was signed elsewhere."""
        return self.run(calls.submit_whole(whole))

    def submit_linked(self, linked: Sequence[WholeDeal]) -> tuple[str, ...]:
        """Deals that open together or not at all, in the order of their bundle; their ids."""
        return self.run(calls.submit_linked(linked))

    def amend_deal(self, deal_id: str, whole: WholeDeal) -> views.DealView:
        """Puts a signed amendment in the place of a live deal; the new deal."""
        return self.run(calls.amend_deal(deal_id, whole))

    def account_action(
        self, action: Action, signature: str, mandate: Mandate | None = None
    ) -> Mapping[str, Any]:
        """Hands over a withdrawal, an epoch or the end of a mandate that this account signed."""
        ended = None if mandate is None else mandate.as_json()
        return self.run(calls.account_action(action.as_json(), signature, ended))

    def account_actions(self) -> Mapping[str, Any]:
        """What became of them."""
        return self.run(calls.account_actions())

    def deals(self, before: int | None = None, *, limit: int = 100) -> views.DealPage:
        """One page, newest first; `before` is the cursor of the page before."""
        return self.run(calls.deals(before, limit))

    def deal(self, deal_id: str) -> views.DealView:
        return self.run(calls.deal(deal_id))

    def deal_bundle(self, deal_id: str) -> Mapping[str, Any]:
        return self.run(calls.deal_bundle(deal_id))

    def deal_proof(self, deal_id: str, sequence: int) -> Mapping[str, Any]:
        return self.run(calls.deal_proof(deal_id, sequence))

    def deal_action(self, deal_id: str, route: str, body: Mapping[str, Any]) -> views.DealView:
        return self.run(calls.deal_action(deal_id, route, body))

    def call_exits(self, deal_id: str, exits: Sequence[str]) -> views.DealView:
        """Has these timed exits called once they are due; none: no more."""
        return self.run(calls.call_exits(deal_id, exits))

    def reputation(self, address: str) -> views.Reputation:
        return self.run(calls.reputation(address))

    # --------------------------------------------------------------- events

    def events(
        self, after: int | None = None, *, idle: float = 30.0, announce: bool = False
    ) -> Iterator[views.Event | None]:
        """Events after position `after` (None: from now on), across reconnects, each once and in order.

        Yields None whenever the stream was silent or broken, so that the caller can look around; `idle` is
        the seconds of silence after which that happens. `announce` also yields the event that names the
        position at the start.
        """
        position = after
        failures = 0
        while True:
            try:
                for event in self._follow(position, idle):
                    failures = 0
                    position = event.id
                    if announce or event.kind != "position":
                        yield event
            except GatewayUnreachable:
                failures += 1
                self._sleep(min(LONGEST_WAIT, FIRST_WAIT * 2**failures))
            except SessionLost:
                self._token = None
            yield None

    def _follow(self, position: int | None, idle: float) -> Iterator[views.Event]:
        headers = {"Authorization": f"Bearer {self._sign_in()}", "Accept": "text/event-stream"}
        if position is not None:
            headers["Last-Event-ID"] = str(position)
        lines = EventLines()
        try:
            with self._http.stream(
                "GET", "/v1/events", headers=headers, timeout=httpx.Timeout(10.0, read=idle)
            ) as stream:
                if stream.status_code != 200:
                    stream.read()
                    understand(calls.Call("GET", "/v1/events", lambda body: body), stream)
                for line in stream.iter_lines():
                    event = lines.feed(line)
                    if event is not None:
                        yield event
        except httpx.ReadTimeout:
            return
        except httpx.HTTPError as error:
            raise unreachable(error, self.url) from error


def readiness(
    url: str, *, timeout: float = 30.0, transport: httpx.BaseTransport | None = None
) -> views.Readiness:
    """What the gateway at `url` says of itself, without signing in. Raises GatewayUnreachable,
    AnswerInvalid.
    """
    call = calls.ready()
    with httpx.Client(base_url=url.rstrip("/"), timeout=timeout, transport=transport) as http:
        try:
            return understand(call, http.request(call.method, call.path))
        except httpx.HTTPError as error:
            raise unreachable(error, url) from error
