"""Sign-in of people by OpenID Connect: `/v1/people`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import Field

from parley.gateway.errors import PeopleUnsupported
from parley.gateway.gateway import Gateway
from parley.gateway.people.signin import PeopleSignIn
from parley.gateway.web import RequestModel, act, answer, read_model


class BeginRequest(RequestModel):
    """Where the provider is to send the person back to, and the S256 challenge of a secret that stays with
    whoever begins.
    """

    redirect_uri: str = Field(max_length=400)
    code_challenge: str = Field(max_length=128)


class FinishRequest(RequestModel):
    code: str = Field(min_length=1, max_length=4_096)
    state: str = Field(min_length=1, max_length=400)
    code_verifier: str = Field(max_length=128)
    redirect_uri: str = Field(max_length=400)


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["people"])
    limit = gateway.settings.max_body_bytes

    def people() -> PeopleSignIn:
        if gateway.people is None:
            raise PeopleUnsupported("no provider of identities is set", setting="PARLEY_OIDC_ISSUER")
        return gateway.people

    @router.post("/v1/people/begin", status_code=201)
    async def begin(request: Request) -> Response:
        """Begins a sign-in (code flow with PKCE): the URL to send the person to, and the state that comes
        back.
        """
        gateway.stranger(request)
        wanted = await read_model(request, BeginRequest, limit)
        begun = await people().begin(wanted.redirect_uri, wanted.code_challenge)
        body = {"authorize_url": begun.authorize_url, "state": begun.state, "expires_at": begun.expires_at}
        return answer(body, [act("finish", "POST", "/v1/people/session")], 201)

    @router.post("/v1/people/session", status_code=201)
    async def finish(request: Request) -> Response:
        """Exchanges the provider's code for a short session that watches and governs. What it governs with
        is signed by keys all the same.
        """
        gateway.stranger(request)
        wanted = await read_model(request, FinishRequest, limit)
        token, session, roles = await people().finish(
            wanted.code, wanted.state, wanted.code_verifier, wanted.redirect_uri
        )
        body = {
            "token": token,
            "person": session.agent,
            "roles": list(roles),
            "scopes": sorted(session.scopes),
            "expires_at": session.expires_at,
        }
        return answer(body, [act("read_key_figures", "GET", "/v1/kpis")], 201)

    return router
