"""What the routes read themselves, told in the OpenAPI document: bodies by their models, query parameters,
and the problem that any of them may answer with.

Bodies are read under the strict JSON profile and not by FastAPI, which therefore cannot know them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from parley.gateway.deals import ROUTES
from parley.gateway.directory import Profile
from parley.gateway.examples import Examples
from parley.gateway.gateway import Gateway
from parley.gateway.problems import PROBLEM_TYPE
from parley.gateway.routes import (
    account_actions,
    approvals,
    controls,
    deal_access,
    deal_actions,
    joint_actions,
    listings,
    negotiations,
    people,
    policies,
    retention,
    rfqs,
    session,
    webhooks,
)
from parley.gateway.web import MAX_PARAMETER
from parley.policy.consent import SignedConsent
from parley.terms.message import Message
from parley.terms.sealed import SignedCard

REFERENCE: Final = "#/components/schemas/{model}"
DEAL: Final = "/v1/deals/{deal_id}"
DEALS: Final = (deal_access.WholeDeal, deal_access.LinkedDeals, deal_access.Contribution)

BODIES: Final[dict[str, tuple[type[BaseModel], ...]]] = {
    "/v1/challenge": (session.ChallengeRequest,),
    "/v1/session": (session.SessionRequest,),
    "/v1/people/begin": (people.BeginRequest,),
    "/v1/people/session": (people.FinishRequest,),
    "/v1/agents": (Profile,),
    "/v1/cards": (SignedCard,),
    "/v1/listings": (listings.ListingRequest,),
    "/v1/rfqs": (rfqs.RfqRequest,),
    "/v1/rfqs/{rfq}/answers": (rfqs.AnswerRequest,),
    "/v1/rfqs/{rfq}/opening": (rfqs.OpeningRequest,),
    "/v1/negotiations": (negotiations.OpenRequest,),
    "/v1/negotiations/{negotiation}/messages": (Message,),
    "/v1/messages:batch": (negotiations.BatchRequest,),
    "/v1/deals": DEALS,
    **{f"{DEAL}/{name}": (deal_actions.SignedAction,) for name in ROUTES},
    f"{DEAL}/evidence": (deal_actions.SignedAction,),
    f"{DEAL}/exits": (deal_actions.Exit,),
    f"{DEAL}/timers": (deal_actions.Timed,),
    f"{DEAL}/split": (joint_actions.SignedSplit,),
    f"{DEAL}/split-revocation": (joint_actions.SignedRevocation,),
    f"{DEAL}/amendment": (deal_access.WholeDeal,),
    "/v1/actions": (account_actions.AccountAction,),
    "/v1/approvals": (approvals.ApprovalRequest,),
    "/v1/policies": (policies.StepRequest,),
    "/v1/controls": (controls.OrderRequest,),
    "/v1/retention": (retention.RetentionRequest,),
    "/v1/consents": (SignedConsent,),
    "/v1/webhooks": (webhooks.WebhookRequest,),
    "/v1/webhooks/{webhook}/replay": (webhooks.ReplayRequest,),
}
"""What is posted to a path: one of these."""

PAGED: Final = ("after", "limit")
QUERIES: Final[dict[str, tuple[str, ...]]] = {
    "/v1/agents": ("after", "limit", "capability"),
    "/v1/listings": ("side", "after", "limit", "capability", "agent"),
    "/v1/rfqs": ("before", "limit"),
    "/v1/negotiations": ("before", "limit"),
    "/v1/negotiations/{negotiation}/messages": PAGED,
    "/v1/negotiations/{negotiation}/decisions": PAGED,
    "/v1/deals": ("before", "limit"),
    f"{DEAL}/proof": ("sequence",),
    "/v1/events": ("after",),
    "/v1/approvals": ("status", "after", "limit"),
    "/v1/policies/{bundle}/impact": ("limit",),
    "/v1/controls/log": PAGED,
    "/v1/anomalies": PAGED,
    "/v1/retention/due": ("limit",),
    "/v1/consents": PAGED,
    "/v1/kpis": ("since", "until", "agent"),
}
"""What a GET of a path takes in its query."""

WORDS: Final = ("capability", "status", "agent", "side")
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457, with a stable code, the offending values and what to do next.",
    "required": ["type", "title", "status", "code", "next_action", "retryable", "values", "next_actions"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "next_action": {"type": "string"},
        "retryable": {"type": "boolean"},
        "values": {"type": "object"},
        "next_actions": {"type": "array", "minItems": 1, "items": {"type": "object"}},
    },
}


def describe(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The document of an application, made once; to be put in the place of `app.openapi`."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    return document


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    models = sorted({model for each in BODIES.values() for model in each}, key=lambda model: model.__name__)
    references, defined = models_json_schema(
        [(model, "validation") for model in models], ref_template=REFERENCE, by_alias=True
    )
    components = found.setdefault("components", {})
    components.setdefault("schemas", {}).update({**defined["$defs"], "Problem": PROBLEM})
    problem = {PROBLEM_TYPE: {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
    examples = _examples(app.state.gateway)
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {"description": "A refusal", "content": problem}
            if method in ("post", "put"):
                operation["requestBody"] = _body(BODIES[path], references, examples.get(path))
            if method == "get":
                operation.setdefault("parameters", []).extend(map(_query, QUERIES.get(path, ())))
    return found


def _examples(gateway: Gateway) -> dict[str, Any]:
    settings = gateway.settings
    made = Examples(settings.chain_id, settings.escrow, gateway.receipts.gateway)
    return {example.path: example.body for example in made.all}


def _body(models: tuple[type[BaseModel], ...], references: Any, example: Any) -> dict[str, Any]:
    schemas = [references[model, "validation"] for model in models]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    content = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"required": True, "content": {"application/json": content}}


def _query(name: str) -> dict[str, Any]:
    if name in WORDS:
        schema: dict[str, Any] = {"type": "string", "maxLength": 200}
    else:
        schema = {"type": "integer", "minimum": -1 if name in ("after", "before") else 0}
        schema["maximum"] = MAX_PARAMETER
    return {"name": name, "in": "query", "required": False, "schema": schema}
