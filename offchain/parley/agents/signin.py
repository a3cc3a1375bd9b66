"""How an agent proves to a gateway who it is: it signs a challenge bound to that gateway and to a short
time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from parley.agents.errors import AnswerInvalid
from parley.errors import ParleyError
from parley.terms.message import Challenge
from parley.terms.signing import Signer


class Identity(Protocol):
    """Someone who can answer a gateway's challenge."""

    @property
    def address(self) -> str: ...

    def answer(self, proposed: Mapping[str, Any], url: str) -> tuple[Mapping[str, Any], str]:
        """The challenge document and its signature; raises AnswerInvalid when the challenge is not for this
        agent.
        """


class KeyIdentity:
    """Answers challenges with a key, and only challenges that name this agent, this chain's domain and an
    audience it trusts.

    `audience` is the name the gateway gives itself; by default the URL it is reached under. A challenge
    relayed from another gateway names another audience and is refused.
    """

    def __init__(self, signer: Signer, chain_id: int, audience: str | None = None) -> None:
        self._signer = signer
        self._chain_id = chain_id
        self._audience = audience

    @property
    def address(self) -> str:
        return self._signer.address

    def answer(self, proposed: Mapping[str, Any], url: str) -> tuple[Mapping[str, Any], str]:
        document = proposed.get("challenge")
        try:
            challenge = Challenge.parse(document if isinstance(document, Mapping) else {})
        except ParleyError as error:
            raise AnswerInvalid(f"the challenge does not parse: {error.message}") from error
        if challenge.agent != self.address:
            raise AnswerInvalid("the challenge is for another agent", agent=challenge.agent)
        trusted = self._audience or url
        if challenge.audience != trusted:
            raise AnswerInvalid(
                "the challenge is for another audience", audience=challenge.audience, expected=trusted
            )
        return document if isinstance(document, Mapping) else {}, self._signer.sign_digest(
            challenge.digest(self._chain_id)
        )
