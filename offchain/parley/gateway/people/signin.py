"""The code flow with PKCE (RFC 7636, RFC 9700) as a gateway runs it: nothing is kept until a code comes back.

What has to be remembered meanwhile is sealed into `state`: a random part, the redirect, the challenge of
whoever began, and an end. The nonce follows from it, so an identity token that was given for another
sign-in, or to another client, opens nothing here.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from parley.gateway.auth import Authenticator, Session
from parley.gateway.errors import IdentityRefused, ParameterInvalid
from parley.gateway.people.provider import Provider, is_loopback
from parley.terms.signing import Signer
from parley.terms.values import Address, keccak

ROLES: Final = ("operator", "reviewer")
SCOPES: Final = ("read", "govern")
SECONDS: Final = 600
"""How long a person has to sign in at the provider."""
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the person, and what has to come back with the code."""

    authorize_url: str
    state: str
    expires_at: int


class PeopleSignIn:
    """`roles` are the provider's words for an operator and a reviewer, found in the claim `claim`."""

    def __init__(
        self,
        provider: Provider,
        authenticator: Authenticator,
        signer: Signer,
        *,
        claim: str,
        roles: Mapping[str, str],
        redirects: tuple[str, ...],
        session_seconds: int,
        clock: Callable[[], int],
    ) -> None:
        self._provider = provider
        self._authenticator = authenticator
        self._claim = claim
        self._roles = dict(roles)
        self._redirects = redirects
        self._session_seconds = session_seconds
        self._clock = clock
        # RFC 6979 signatures are deterministic: every process with this key takes up what another began.
        self._secret = keccak(signer.sign_digest(keccak(b"parley people sign-in")).encode())

    async def begin(self, redirect: str, challenge: str) -> Begun:
        """Raises ParameterInvalid for a redirect that is not allowed or a challenge that is none, and
        ProviderUnavailable.
        """
        if not self._allowed(redirect):
            raise ParameterInvalid("this redirect is not allowed", parameter="redirect_uri")
        if not _CHALLENGE.fullmatch(challenge):
            raise ParameterInvalid("not a challenge of method S256", parameter="code_challenge")
        expires_at = self._clock() + SECONDS
        state = self._state(secrets.token_urlsafe(18), expires_at, redirect, challenge)
        parameters = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": redirect,
            "scope": "openid profile",
            "state": state,
            "nonce": self._nonce(state),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        url = (await self._provider.endpoints()).authorization
        joint = "&" if urlsplit(url).query else "?"
        return Begun(f"{url}{joint}{urlencode(parameters)}", state, expires_at)

    async def finish(
        self, code: str, state: str, verifier: str, redirect: str
    ) -> tuple[str, Session, tuple[str, ...]]:
        """A bearer token, its session and the person's roles. Raises IdentityRefused and
        ProviderUnavailable.
        """
        if not _UNRESERVED.fullmatch(verifier):
            raise IdentityRefused("not a code verifier")
        random, _, rest = state.partition(".")
        end = rest.partition(".")[0]
        if not end.isascii() or not end.isdecimal() or len(end) > 12:
            raise IdentityRefused("this gateway did not begin that sign-in")
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        sealed = self._state(random, int(end), redirect, challenge)
        if not hmac.compare_digest(sealed.encode(), state.encode()):
            raise IdentityRefused("this gateway did not begin that sign-in, or another began it")
        if self._clock() > int(end):
            raise IdentityRefused("the sign-in took too long", expired_at=int(end))
        identity = await self._provider.exchange(code, verifier, redirect)
        claims = await self._provider.claims(identity, self._nonce(state))
        roles = self._roles_of(claims)
        if not roles:
            raise IdentityRefused("this person has no role at this gateway", claim=self._claim)
        token, session = await asyncio.to_thread(
            self._authenticator.admit, self._person(claims), SCOPES, roles, self._session_seconds
        )
        return token, session, roles

    def _roles_of(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        found: Any = claims
        for step in self._claim.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        named = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
        return tuple(role for role in ROLES if self._roles[role] in named)

    def _person(self, claims: Mapping[str, Any]) -> Address:
        """An address that stands for the person and that no key has: nothing can be signed for it."""
        text = f"openid|{self._provider.issuer}|{claims['sub']}"
        return Address("0x" + keccak(text.encode())[-20:].hex())

    def _allowed(self, redirect: str) -> bool:
        parts = urlsplit(redirect)
        if parts.fragment or len(redirect) > 400:
            return False
        return redirect in self._redirects or (parts.scheme == "http" and is_loopback(parts.hostname or ""))

    def _state(self, random: str, end: int, redirect: str, challenge: str) -> str:
        text = f"{random}|{end}|{redirect}|{challenge}".encode()
        seal = hmac.new(self._secret, b"state|" + text, hashlib.sha256).digest()
        return f"{random}.{end}.{base64.urlsafe_b64encode(seal).rstrip(b'=').decode()}"

    def _nonce(self, state: str) -> str:
        return hmac.new(self._secret, b"nonce|" + state.encode(), hashlib.sha256).hexdigest()
