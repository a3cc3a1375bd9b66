"""The gateway's requests as data: what to send and how to read the answer. Both clients run these, so they
cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from parley.agents import views
from parley.agents.errors import AnswerInvalid, GatewayProblem
from parley.agents.whole_deals import Payment, WholeDeal
from parley.errors import ParleyError
from parley.terms.deal import Deal
from parley.terms.domain import Domain
from parley.terms.message import Message
from parley.terms.opening import Opening
from parley.terms.sealed import SignedCard

T = TypeVar("T")
ViewT = TypeVar("ViewT", bound=views.View)


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. `repeatable` says that sending it twice has the effect of sending it once."""

    method: str
    path: str
    decode: Callable[[Mapping[str, Any]], T]
    body: Mapping[str, Any] | None = None
    params: Mapping[str, str | int] = field(default_factory=dict)
    repeatable: bool = True
    authenticated: bool = True
    tolerated: int = 0  # a status above 400 whose body is an answer all the same


@dataclass(frozen=True, slots=True)
class Held:
    """A message as the other side keeps it, with the gateway's receipt where there is one."""

    message: Message
    receipt: views.Receipt | None


def read(model: type[ViewT], value: object) -> ViewT:
    """`value` as a view; raises AnswerInvalid rather than let a faulty answer through."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise AnswerInvalid(f"the answer's {place}: {first['msg']}", field=place) from None


def _part(model: type[ViewT], key: str) -> Callable[[Mapping[str, Any]], ViewT]:
    def decode(body: Mapping[str, Any]) -> ViewT:
        value = body.get(key)
        if not isinstance(value, Mapping):
            raise AnswerInvalid(f"the answer has no {key}", field=key)
        return read(model, {**value, "next_actions": body.get("next_actions", [])})

    return decode


def _many(model: type[ViewT], key: str) -> Callable[[Mapping[str, Any]], tuple[ViewT, ...]]:
    def decode(body: Mapping[str, Any]) -> tuple[ViewT, ...]:
        value = body.get(key)
        if not isinstance(value, Sequence):
            raise AnswerInvalid(f"the answer has no {key}", field=key)
        return tuple(read(model, item) for item in value)

    return decode


def _held(item: object) -> Held:
    if not isinstance(item, Mapping):
        raise AnswerInvalid("a message in the answer is not an object")
    try:
        message = Message.parse(item.get("message", {}))
    except ParleyError as error:
        raise AnswerInvalid(f"a message in the answer does not parse: {error.message}") from error
    receipt = item.get("receipt")
    return Held(message, read(views.Receipt, receipt) if receipt is not None else None)


def decode_messages(body: Mapping[str, Any]) -> tuple[Held, ...]:
    return tuple(_held(item) for item in body.get("messages", ()))


def _documents(body: Mapping[str, Any]) -> tuple[Domain, Opening]:
    return Domain.parse(body.get("domain", {})), Opening.parse(body.get("opening", {}))


def _whole(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body


def challenge(agent: str) -> Call[Mapping[str, Any]]:
    return Call("POST", "/v1/challenge", _whole, {"agent": agent}, authenticated=False)


def session(
    challenge_document: Mapping[str, Any], signature: str, scopes: Sequence[str] = ()
) -> Call[Mapping[str, Any]]:
    """Without `scopes` the gateway gives those of an agent."""
    body: dict[str, Any] = {"challenge": challenge_document, "signature": signature}
    if scopes:
        body["scopes"] = list(scopes)
    return Call("POST", "/v1/session", _whole, body, repeatable=False, authenticated=False)


def end_session() -> Call[Mapping[str, Any]]:
    return Call("DELETE", "/v1/session", _whole)


def ready() -> Call[views.Readiness]:
    return Call("GET", "/ready", lambda body: read(views.Readiness, body), authenticated=False, tolerated=503)


def register(
    name: str, capabilities: Sequence[str], description: str, endpoint: str | None, facts: Mapping[str, str]
) -> Call[views.AgentProfile]:
    body: dict[str, Any] = {
        "name": name,
        "capabilities": list(capabilities),
        "description": description,
        "facts": dict(facts),
    }
    if endpoint is not None:
        body["endpoint"] = endpoint
    return Call("POST", "/v1/agents", _part(views.AgentProfile, "agent"), body)


def agents(capability: str | None, limit: int) -> Call[tuple[views.AgentProfile, ...]]:
    params: dict[str, str | int] = {"limit": limit}
    if capability is not None:
        params["capability"] = capability
    return Call("GET", "/v1/agents", _many(views.AgentProfile, "agents"), params=params)


def agent(address: str) -> Call[views.AgentProfile]:
    return Call("GET", f"/v1/agents/{address}", _part(views.AgentProfile, "agent"))


def open_negotiation(domain: Domain, opening: Opening, message: Message) -> Call[views.Posted]:
    body = {
        "domain": domain.as_json(),
        "opening": opening.as_json(),
        "message": message.wire(),
    }
    return Call("POST", "/v1/negotiations", lambda answer: read(views.Posted, answer), body)


def negotiations(before: int | None, limit: int) -> Call[views.NegotiationPage]:
    params: dict[str, str | int] = {"limit": limit}
    if before is not None:
        params["before"] = before
    return Call("GET", "/v1/negotiations", lambda body: read(views.NegotiationPage, body), params=params)


def negotiation(negotiation_id: str) -> Call[views.NegotiationView]:
    return Call("GET", f"/v1/negotiations/{negotiation_id}", _part(views.NegotiationView, "negotiation"))


def documents(negotiation_id: str) -> Call[tuple[Domain, Opening]]:
    return Call("GET", f"/v1/negotiations/{negotiation_id}", _documents)


def post_message(negotiation_id: str, message: Message) -> Call[views.Posted]:
    path = f"/v1/negotiations/{negotiation_id}/messages"
    return Call("POST", path, lambda answer: read(views.Posted, answer), message.wire())


def post_messages(given: Sequence[Message]) -> Call[tuple[views.Taken | GatewayProblem, ...]]:
    """Messages of any of the agent's negotiations, those of each in their order."""
    body = {"messages": [message.wire() for message in given]}
    return Call("POST", "/v1/messages:batch", decode_taken, body)


def decode_taken(body: Mapping[str, Any]) -> tuple[views.Taken | GatewayProblem, ...]:
    """What became of each message of a batch. Raises AnswerInvalid."""
    found = body.get("results")
    if not isinstance(found, Sequence):
        raise AnswerInvalid("the answer has no results", field="results")
    return tuple(map(_taken, found))


def _taken(item: object) -> views.Taken | GatewayProblem:
    problem = item.get("problem") if isinstance(item, Mapping) else None
    if isinstance(problem, Mapping):
        status = problem.get("status")
        return GatewayProblem(status if isinstance(status, int) else 400, problem)
    return read(views.Taken, item)


def messages(negotiation_id: str, after: int, limit: int) -> Call[tuple[Held, ...]]:
    return Call(
        "GET",
        f"/v1/negotiations/{negotiation_id}/messages",
        decode_messages,
        params={"after": after, "limit": limit},
    )


def negotiation_bundle(negotiation_id: str) -> Call[Mapping[str, Any]]:
    return Call("GET", f"/v1/negotiations/{negotiation_id}/bundle", _whole)


def sign_agreement(
    negotiation_id: str,
    index: int,
    open_by: int,
    signature: str,
    payment: Payment | None,
    deal: Deal | None = None,
) -> Call[Mapping[str, Any]]:
    body: dict[str, Any] = {
        "negotiation": negotiation_id,
        "index": index,
        "open_by": open_by,
        "signature": signature,
    }
    if payment is not None:
        body["funding"] = payment.as_json()
    if deal is not None:
        body["deal"] = deal.as_json()
    return Call("POST", "/v1/deals", _whole, body)


def publish_card(card: SignedCard) -> Call[Mapping[str, Any]]:
    return Call("POST", "/v1/cards", _whole, card.as_json())


def card(agent: str) -> Call[SignedCard]:
    return Call("GET", f"/v1/agents/{agent}/card", lambda body: SignedCard.from_json(body["card"]))


def submit_deal(
    deal: Deal,
    buyer_signature: str,
    seller_signature: str,
    buyer_authorization: str | None,
    seller_authorization: str | None,
) -> Call[views.DealView]:
    body: dict[str, Any] = {
        "deal": deal.as_json(),
        "buyer_signature": buyer_signature,
        "seller_signature": seller_signature,
    }
    if buyer_authorization is not None:
        body["buyer_authorization"] = buyer_authorization
    if seller_authorization is not None:
        body["seller_authorization"] = seller_authorization
    return Call("POST", "/v1/deals", _part(views.DealView, "deal"), body)


def submit_whole(whole: WholeDeal) -> Call[views.DealView]:
    """A deal, an instant one or an amendment, whichever way its sides pay."""
    return Call("POST", "/v1/deals", _part(views.DealView, "deal"), whole.as_json())


def submit_linked(linked: Sequence[WholeDeal]) -> Call[tuple[str, ...]]:
    """Deals that open together or not at all; their ids."""
    body = {"linked": [whole.as_json() for whole in linked]}
    return Call("POST", "/v1/deals", lambda answer: tuple(map(str, answer.get("deals", ()))), body)


def amend_deal(deal_id: str, whole: WholeDeal) -> Call[views.DealView]:
    """Puts the amendment in the place of the deal; the answer is the new deal."""
    return Call("POST", f"/v1/deals/{deal_id}/amendment", _part(views.DealView, "deal"), whole.as_json())


def account_action(
    action: Mapping[str, Any], signature: str, mandate: Mapping[str, Any] | None
) -> Call[Mapping[str, Any]]:
    body: dict[str, Any] = {"action": action, "signature": signature}
    if mandate is not None:
        body["mandate"] = mandate
    return Call("POST", "/v1/actions", _whole, body)


def account_actions() -> Call[Mapping[str, Any]]:
    return Call("GET", "/v1/actions", _whole)


def deals(before: int | None, limit: int) -> Call[views.DealPage]:
    params: dict[str, str | int] = {"limit": limit}
    if before is not None:
        params["before"] = before
    return Call("GET", "/v1/deals", lambda body: read(views.DealPage, body), params=params)


def deal(deal_id: str) -> Call[views.DealView]:
    return Call("GET", f"/v1/deals/{deal_id}", _part(views.DealView, "deal"))


def deal_bundle(deal_id: str) -> Call[Mapping[str, Any]]:
    return Call("GET", f"/v1/deals/{deal_id}/bundle", _whole)


def deal_proof(deal_id: str, sequence: int) -> Call[Mapping[str, Any]]:
    return Call("GET", f"/v1/deals/{deal_id}/proof", _whole, params={"sequence": sequence})


def deal_action(deal_id: str, route: str, body: Mapping[str, Any]) -> Call[views.DealView]:
    """`route` is delivery, receipt, rejection, dispute, ruling, refund, cancellation, split, split-revocation
    or exits.
    """
    return Call("POST", f"/v1/deals/{deal_id}/{route}", _part(views.DealView, "deal"), body)


def call_exits(deal_id: str, exits: Sequence[str]) -> Call[views.DealView]:
    """Timed exits that the gateway is to call once they are due."""
    path = f"/v1/deals/{deal_id}/timers"
    return Call("PUT", path, _part(views.DealView, "deal"), {"exits": list(exits)})


def reputation(address: str) -> Call[views.Reputation]:
    return Call("GET", f"/v1/reputation/{address}", _part(views.Reputation, "reputation"))
