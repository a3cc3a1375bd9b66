"""Proof of who is asking, for peers that keep no sessions: a challenge one issues to oneself, bound to one
host and to a minute."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable

from parley.agents.errors import AgentError
from parley.errors import ParleyError
from parley.terms.message import Challenge
from parley.terms.signing import check_signature
from parley.terms.values import Address, Hash32, Signature

SCHEME = "Parley"
SECONDS = 60


class ProofInvalid(AgentError):
    code = "agent.proof-invalid"
    status = 401
    next_action = "Sign a fresh challenge that names this host's URL as its audience."


def prove(sign: Callable[[Challenge], Signature], agent: Address, audience: str, now: int) -> str:
    """The `Authorization` header that proves `agent` to the host at `audience` until `now` + SECONDS."""
    challenge = Challenge(
        agent=agent,
        audience=audience,
        nonce=Hash32.of(secrets.token_bytes(32)),
        issued_at=now,
        expires_at=now + SECONDS,
    )
    body = json.dumps({"challenge": challenge.as_json(), "signature": sign(challenge)})
    return f"{SCHEME} {base64.urlsafe_b64encode(body.encode()).decode()}"


def proven(header: str | None, audience: str, chain_id: int, now: int, skew: int = SECONDS) -> Address:
    """The agent that the header proves. Raises ProofInvalid."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme != SCHEME or not encoded or len(encoded) > 4_096:
        raise ProofInvalid("this needs a proof of the caller's key")
    try:
        body = json.loads(base64.urlsafe_b64decode(encoded))
        challenge = Challenge.parse(body["challenge"])
        signature = Signature(body["signature"])
        check_signature(challenge.digest(chain_id), signature, challenge.agent)
    except (binascii.Error, ValueError, KeyError, TypeError, ParleyError) as error:
        raise ProofInvalid(f"the proof does not verify: {type(error).__name__}") from None
    if challenge.audience != audience:
        raise ProofInvalid("the proof is for another host", audience=challenge.audience)
    if challenge.expires_at - challenge.issued_at > SECONDS or challenge.issued_at > now + skew:
        raise ProofInvalid("the proof runs too long, or is dated in the future")
    if now > challenge.expires_at + skew:
        raise ProofInvalid("the proof has expired", expired_at=challenge.expires_at)
    return challenge.agent
