"""A provider of identities for tests: discovery, keys that rotate, and a code flow that checks PKCE."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://id.test"
_KEYS: dict[str, RSAKey] = {}


def key(name: str) -> RSAKey:
    """One RSA key a name for the whole run: making them is slow."""
    if name not in _KEYS:
        _KEYS[name] = RSAKey.generate_key(2048, {"kid": name, "use": "sig"}, private=True)
    return _KEYS[name]


class IdentityProvider:
    """`claims` are added to every identity token; `change` may edit them, and `sign` replace the signing."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.signing, self.published = "one", ["one"]
        self.claims: dict[str, Any] = {"roles": ["parley-operator"]}
        self.change: Callable[[dict[str, Any]], None] = lambda claims: None
        self.sign: Callable[[Mapping[str, Any]], str] | None = None
        self.discovery: dict[str, Any] = {}
        self.asked: list[str] = []
        self._codes: dict[str, Mapping[str, str]] = {}
        self.transport = httpx.ASGITransport(self._app())

    def authorize(self, url: str) -> tuple[str, str]:
        """What a person's browser does at the authorisation endpoint; the code and the state that come
        back.
        """
        asked = dict(parse_qsl(urlsplit(url).query))
        assert url.startswith(f"{ISSUER}/authorize?")
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return code, asked["state"]

    def token(self, nonce: str) -> str:
        now = self.clock()
        claims = {"iss": ISSUER, "aud": "parley", "sub": "ada", "iat": now, "exp": now + 300, "nonce": nonce}
        claims |= self.claims
        self.change(claims)
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode({"alg": "RS256", "kid": self.signing}, claims, key(self.signing))

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def discovery() -> dict[str, Any]:
            self.asked.append("discovery")
            found = {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
            }
            return {**found, **self.discovery}

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            self.asked.append("keys")
            return {"keys": [key(name).as_dict(private=False) for name in self.published]}

        @app.post("/token")
        async def token(request: Request) -> JSONResponse:
            form = dict(parse_qsl((await request.body()).decode()))
            asked = self._codes.pop(form.get("code", ""), None)
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if (
                asked is None
                or asked["code_challenge"] != made
                or asked["redirect_uri"] != form.get("redirect_uri")
                or asked["client_id"] != form.get("client_id")
            ):
                return JSONResponse({"error": "invalid_grant"}, 400)
            return JSONResponse({"id_token": self.token(asked["nonce"]), "token_type": "Bearer"})

        return app
