"""Sign-in: a signed challenge bound to this gateway becomes a scoped, expiring bearer token, kept only as a
hash.

A challenge costs the gateway nothing to hand out: half of its nonce is random, half authenticates the rest,
so nothing is kept until someone answers with a good signature. Then the nonce is recorded, in the same
transaction as the session, and is never accepted again.

Any process may end a session, and all others must know with the next request. Requests ask the store.
Messages, which are too many for that, are taken on what this process remembers: their append refuses when a
session of that agent was ended since (`Session.standing`), and one that appends nothing is looked up
(`renewed`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from parley.errors import ParleyError
from parley.gateway.errors import ChallengeInvalid, NotAuthenticated, ScopeMissing, SessionExpired
from parley.store import schema
from parley.store.models import SessionRow
from parley.store.service import EventStore
from parley.store.transaction import Transaction
from parley.store.views import ended_stream
from parley.terms.message import Challenge
from parley.terms.signing import Signer, recover
from parley.terms.values import Address, Hash32, Signature, keccak

SCOPES = ("read", "negotiate", "settle", "govern")
DEFAULT_SCOPES = SCOPES[:3]  # whoever governs asks for it by name
TOKEN_BYTES = 32
ROLE = "role:"  # marks a role among the words of a stored session
CACHED_SESSIONS = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """Who is calling and what for; `expires_at` unix seconds."""

    agent: Address
    scopes: frozenset[str]
    expires_at: int
    token_hash: str
    roles: frozenset[str] = frozenset()  # of a person whom a provider of identities knows
    endings: int = 0  # how many of the agent's sessions had been ended when this one was looked up

    @property
    def standing(self) -> dict[str, int]:
        """What must still stand where something is kept for this session."""
        return {ended_stream(self.agent): self.endings}

    def require(self, scope: str) -> None:
        if scope not in self.scopes:
            raise ScopeMissing(
                f"this session lacks the scope {scope}", scope=scope, scopes=sorted(self.scopes)
            )


class Authenticator:
    """Challenges and sessions. Times are unix seconds of `clock`."""

    def __init__(
        self,
        store: EventStore,
        signer: Signer,
        *,
        chain_id: int,
        audience: str,
        challenge_seconds: int,
        session_seconds: int,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._chain_id = chain_id
        self._audience = audience
        self._challenge_seconds = challenge_seconds
        self._session_seconds = session_seconds
        self._clock = clock
        # RFC 6979 signatures are deterministic, so every process with this key shares the secret and none
        # has to store it.
        self._secret = keccak(signer.sign_digest(keccak(b"parley gateway challenge secret")).encode())
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def challenge(self, agent: Address) -> Challenge:
        """A fresh challenge for `agent`."""
        now = self._clock()
        return self._challenge(agent, secrets.token_bytes(16), now)

    def _challenge(self, agent: Address, random: bytes, issued_at: int) -> Challenge:
        expires_at = issued_at + self._challenge_seconds
        text = f"{agent}|{self._audience}|{issued_at}|{expires_at}".encode()
        seal = hmac.new(self._secret, random + text, hashlib.sha256).digest()[:16]
        return Challenge(
            agent=agent,
            audience=self._audience,
            nonce=Hash32.of(random + seal),
            issued_at=issued_at,
            expires_at=expires_at,
        )

    def sign_in(
        self, challenge: Challenge, signature: Signature, scopes: tuple[str, ...], seconds: int
    ) -> tuple[str, Session]:
        """The bearer token and its session. Raises ChallengeInvalid. Blocks until the session is durable."""
        now = self._clock()
        issued = self._challenge(
            challenge.agent, bytes.fromhex(challenge.nonce[2:])[:16], challenge.issued_at
        )
        if issued != challenge or not hmac.compare_digest(issued.nonce, challenge.nonce):
            raise ChallengeInvalid("this gateway did not issue that challenge")
        if now > challenge.expires_at or challenge.issued_at > now:
            raise ChallengeInvalid("the challenge has expired", expired_at=challenge.expires_at)
        try:
            signed_by = recover(challenge.digest(self._chain_id), signature)
        except ParleyError as error:
            raise ChallengeInvalid(f"the signature does not verify: {error.message}") from error
        if signed_by != challenge.agent:
            raise ChallengeInvalid(
                "the challenge was signed by another key", agent=challenge.agent, signed_by=signed_by
            )
        token = secrets.token_urlsafe(TOKEN_BYTES)
        lifetime = min(seconds, self._session_seconds)
        session = Session(challenge.agent, frozenset(scopes), now + lifetime, _hashed(token))
        self._store.transact(lambda transaction: self._record(transaction, challenge, session, now))
        return token, session

    def admit(
        self, person: Address, scopes: tuple[str, ...], roles: tuple[str, ...], seconds: int
    ) -> tuple[str, Session]:
        """The bearer token and session of a person whom somebody else vouched for. Blocks until durable."""
        now, token = self._clock(), secrets.token_urlsafe(TOKEN_BYTES)
        session = Session(person, frozenset(scopes), now + seconds, _hashed(token), frozenset(roles))
        self._store.transact(lambda transaction: transaction.put_row(_row(session, now)))
        return token, session

    def _record(self, transaction: Transaction, challenge: Challenge, session: Session, now: int) -> None:
        table = schema.challenges
        used = transaction.execute(
            sa.select(table.c.nonce).where(table.c.nonce == challenge.nonce)
        ).fetchone()
        if used is not None:
            raise ChallengeInvalid("the challenge has been answered before")
        transaction.execute(
            sa.insert(table).values(
                nonce=challenge.nonce,
                address=challenge.agent,
                audience=challenge.audience,
                issued_at=challenge.issued_at,
                expires_at=challenge.expires_at,
            )
        )
        transaction.put_row(_row(session, now))

    def authenticate(self, authorization: str | None) -> Session:
        """The session of an `Authorization` header, as the store has it. Raises NotAuthenticated or
        SessionExpired. Blocks.
        """
        return self._recall(_token_hash(authorization))

    def remembered(self, authorization: str | None) -> Session:
        """As `authenticate`, from memory where it is there: for whoever keeps what the session sent only
        while its `standing` stands, and asks `renewed` otherwise.
        """
        token_hash = _token_hash(authorization)
        session = self._sessions.get(token_hash)
        return self._recall(token_hash) if session is None else self._unexpired(session)

    def renewed(self, session: Session) -> Session:
        """The session as the store has it now. Raises NotAuthenticated or SessionExpired. Blocks."""
        return self._recall(session.token_hash)

    def _unexpired(self, session: Session) -> Session:
        if self._clock() > session.expires_at:
            self._sessions.pop(session.token_hash, None)
            raise SessionExpired("the session has expired", expired_at=session.expires_at)
        return session

    def _recall(self, token_hash: str) -> Session:
        row, endings = self._store.sessions.look(token_hash)
        if row is None or row.revoked_at is not None:
            self._sessions.pop(token_hash, None)
            raise NotAuthenticated("the token is unknown or revoked")
        words = frozenset(row.scope.split())
        roles = frozenset(word.removeprefix(ROLE) for word in words if word.startswith(ROLE))
        scopes = frozenset(word for word in words if not word.startswith(ROLE))
        session = Session(Address(row.address), scopes, row.expires_at, token_hash, roles, endings)
        self._sessions[token_hash] = session
        while len(self._sessions) > CACHED_SESSIONS:
            self._sessions.popitem(last=False)
        return self._unexpired(session)

    def sign_out(self, session: Session) -> None:
        """Ends the session at once, in every process. Blocks until that is durable."""
        self._store.sessions.revoke(at=self._clock(), token_hash=session.token_hash)
        self._sessions.pop(session.token_hash, None)

    def purge(self) -> None:
        """Forgets challenges and sessions that can no longer be used."""
        now = self._clock()
        self._store.sessions.purge(before=now)
        for token_hash in [key for key, session in list(self._sessions.items()) if session.expires_at < now]:
            self._sessions.pop(token_hash, None)


def _row(session: Session, now: int) -> SessionRow:
    words = " ".join(sorted((*session.scopes, *(ROLE + role for role in session.roles))))
    return SessionRow(session.token_hash, session.agent, words, now, session.expires_at)


def _token_hash(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotAuthenticated("this needs a bearer token")
    return _hashed(token)


def _hashed(token: str) -> str:
    return "0x" + hashlib.sha256(token.encode()).hexdigest()
