"""Key cards: published by their agents, handed on with the agents' own signatures."""

from __future__ import annotations

from collections.abc import Callable

from parley.gateway.errors import NotFound
from parley.store.errors import SequenceConflict
from parley.store.models import NewEvent
from parley.store.service import EventStore
from parley.terms.errors import CardInvalid
from parley.terms.sealed import SignedCard
from parley.terms.values import Address

AHEAD = 300
"""Seconds that a card's date may lie ahead of this clock."""


def card_stream(agent: str) -> str:
    """The cards of one agent, oldest first."""
    return f"card:{agent}"


class Cards:
    """Blocks. The newest card counts, also where it takes the key away."""

    def __init__(self, store: EventStore, *, chain_id: int, clock: Callable[[], int]) -> None:
        self._store = store
        self._chain_id = chain_id
        self._clock = clock

    def publish(self, agent: Address, signed: SignedCard) -> SignedCard:
        """Raises `CardInvalid` for a card of another agent, from the future, or older than the newest, and
        the errors of its statement. The same card again changes nothing.
        """
        if signed.card.agent != agent:
            raise CardInvalid("a card is published by its own agent", agent=signed.card.agent)
        signed.check(self._chain_id)
        if signed.card.issued_at > self._clock() + AHEAD:
            raise CardInvalid("the card is dated in the future", issued_at=signed.card.issued_at)
        stream = card_stream(agent)
        length = self._store.length(stream)
        newest = self._newest(agent, length)
        if newest is not None and newest.card == signed.card:
            return newest
        if newest is not None and newest.card.issued_at >= signed.card.issued_at:
            raise CardInvalid("a newer card is published", issued_at=newest.card.issued_at)
        try:
            self._store.append(stream, length, (NewEvent("key-card", signed.as_json()),))
        except SequenceConflict:
            return self.publish(agent, signed)
        return signed

    def get(self, agent: str) -> SignedCard:
        """The newest card of an agent. Raises NotFound."""
        found = self._newest(agent, self._store.length(card_stream(agent)))
        if found is None:
            raise NotFound("this agent has published no key", agent=agent)
        return found

    def _newest(self, agent: str, length: int) -> SignedCard | None:
        found = self._store.read(card_stream(agent), length - 2, 1) if length else []
        return None if not found else SignedCard.parse(found[0].data)
