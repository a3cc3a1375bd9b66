"""An OpenID provider as a gateway sees it: discovered once, its keys fetched again when one is unknown, its
tokens believed only for this client, this sign-in and this moment.

OpenID Connect Core 1.0 (3.1.3.7), Discovery 1.0, RFC 7517 and RFC 7519; signatures by joserfc.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
import orjson

from parley.gateway.errors import IdentityRefused, ProviderUnavailable, SettingsInvalid

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
MAX_ANSWER: Final = 262_144
TIMEOUT: Final = 5.0
FRESH_SECONDS: Final = 3_600
AGAIN_SECONDS: Final = 10
"""Seconds between two looks for an unknown key: a stranger's tokens cannot make this gateway a flood."""
LONGEST_AGE: Final = 600
"""Seconds after which an ID token is too old to sign in with, whatever it says of its end."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    authorization: str
    token: str
    keys: str


class Provider:
    """Coroutines of one event loop. `clock` gives unix seconds; `skew` is how far clocks may differ."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        audience: str | None = None,
        secret: str | None = None,
        skew: int,
        clock: Callable[[], int],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        require_secure(issuer, "PARLEY_OIDC_ISSUER")
        self.issuer = issuer
        self.client_id = client_id
        self._audience = audience or client_id
        self._secret = secret
        self._skew = skew
        self._clock = clock
        self._transport = transport
        self._endpoints: Endpoints | None = None
        self._keys: KeySet | None = None
        self._fetched_at = 0
        self._fetching = asyncio.Lock()

    async def endpoints(self) -> Endpoints:
        """From the discovery document, which has to be the issuer's own. Raises ProviderUnavailable."""
        if self._endpoints is None:
            found = await self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.issuer:
                raise ProviderUnavailable("the discovery document is another issuer's", issuer=self.issuer)
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            urls = [str(found.get(name, "")) for name in names]
            for url in urls:
                if not _secure(url):
                    raise ProviderUnavailable("an endpoint of the provider is not https", url=url[:200])
            self._endpoints = Endpoints(*urls)
        return self._endpoints

    async def exchange(self, code: str, verifier: str, redirect: str) -> str:
        """The ID token for an authorisation code. Raises IdentityRefused and ProviderUnavailable."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": self.client_id,
            "code_verifier": verifier,
        }
        if self._secret is not None:
            form["client_secret"] = self._secret
        found = await self._ask("POST", (await self.endpoints()).token, form)
        token = found.get("id_token")
        if not isinstance(token, str) or len(token) > 16_384:
            raise IdentityRefused("the provider gave no identity for this code")
        return token

    async def claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        """What the provider says of the person who signed in just now. Raises IdentityRefused and
        ProviderUnavailable.
        """
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        keys = await self._keyset(again=False)
        try:
            try:
                found = jwt.decode(token, keys, algorithms=ALGORITHMS)
            except InvalidKeyIdError:  # the provider may have changed its keys since
                found = jwt.decode(token, await self._keyset(again=True), algorithms=ALGORITHMS)
            registry = jwt.JWTClaimsRegistry(
                now=self._clock(),
                leeway=self._skew,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self._audience},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(found.claims)
        except JoseError as error:
            raise IdentityRefused(f"the identity token does not hold: {error.error}") from None
        except (ValueError, TypeError, KeyError):
            raise IdentityRefused("the identity token cannot be read") from None
        return self._checked(found.claims)

    def _checked(self, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        audience = claims["aud"]
        party = claims.get("azp")
        if isinstance(audience, list) and len(audience) > 1 and party is None:
            raise IdentityRefused("the identity token is for several and authorised for none")
        if party is not None and party != self.client_id:
            raise IdentityRefused("the identity token was given to another client")
        if self._clock() - int(claims["iat"]) > LONGEST_AGE + self._skew:
            raise IdentityRefused("the identity token is too old to sign in with")
        return claims

    async def _keyset(self, *, again: bool) -> KeySet:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        async with self._fetching:
            age = self._clock() - self._fetched_at
            if self._keys is not None and (age < AGAIN_SECONDS if again else age < FRESH_SECONDS):
                return self._keys
            found = await self._get((await self.endpoints()).keys)
            try:
                public = [key for key in found["keys"] if key.get("kty") != "oct" and "d" not in key]
                self._keys = KeySet.import_key_set({"keys": public})
            except (JoseError, KeyError, TypeError, ValueError, AttributeError):
                raise ProviderUnavailable("the provider's keys cannot be read") from None
            self._fetched_at = self._clock()
            return self._keys

    async def _get(self, url: str) -> dict[str, Any]:
        return await self._ask("GET", url, None)

    async def _ask(self, method: str, url: str, form: Mapping[str, str] | None) -> dict[str, Any]:
        client = httpx.AsyncClient(
            timeout=TIMEOUT, follow_redirects=False, trust_env=False, transport=self._transport
        )
        try:
            async with client, client.stream(method, url, data=form) as answer:
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise ProviderUnavailable("the provider's answer is too large", limit=MAX_ANSWER)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(f"the provider does not answer: {type(error).__name__}") from None
        if 400 <= answer.status_code < 500 and form is not None:
            raise IdentityRefused("the provider does not take this code", http_status=answer.status_code)
        if answer.status_code != 200:
            raise ProviderUnavailable("the provider refuses", http_status=answer.status_code)
        try:
            found = orjson.loads(bytes(body))
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise ProviderUnavailable("the provider's answer is not an object")
        return found


def _secure(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def is_loopback(host: str) -> bool:
    """Whether this is a loopback address; a name is not, whatever it resolves to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_secure(url: str, setting: str) -> None:
    """Raises SettingsInvalid unless the URL is https, or http to a loopback address."""
    if not _secure(url):
        raise SettingsInvalid("not https, nor http to a loopback address", setting=setting)
