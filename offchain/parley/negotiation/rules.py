"""What a domain and an opening say about every step, compiled once for a negotiation."""

from __future__ import annotations

from functools import cached_property

from parley.negotiation.status import Fallback
from parley.terms.domain import Domain
from parley.terms.opening import Opening
from parley.terms.values import Address, Hash32


class Rules:
    """Static facts of one negotiation. Read-only after construction."""

    def __init__(self, domain: Domain, opening: Opening) -> None:
        self.domain = domain
        self.opening = opening
        self.roles: tuple[str, ...] = tuple(party.role for party in opening.parties)
        self.index: dict[Address, int] = {party.address: at for at, party in enumerate(opening.parties)}
        mediators = () if opening.mediator is None else (opening.mediator,)
        self.senders: tuple[Address, ...] = tuple(
            dict.fromkeys((*self.index, *opening.gateways, *opening.reviewers, *mediators))
        )
        self.sender_index: dict[Address, int] = {address: at for at, address in enumerate(self.senders)}
        self.gateways = frozenset(opening.gateways)
        self.reviewers = frozenset(opening.reviewers)
        self.issue_names: tuple[str, ...] = tuple(issue.name for issue in domain.issues)
        limits = domain.limits
        self.max_rounds: int = limits.max_rounds
        self.repeat_cap: int = limits.repeat_cap
        self.max_queries: int = limits.max_queries
        self.min_concession_ppm: int = limits.min_concession_ppm
        self.fallback = Fallback(limits.fallback)

    @property
    def path(self) -> tuple[str, ...]:
        """The roles that get the last word after the last round, in order; mostly none."""
        return self.domain.escalation or ()

    @cached_property
    def negotiation_id(self) -> Hash32:
        return self.opening.negotiation_id()

    def role_after(self, role: str) -> str:
        """The role whose turn follows, in the opening's order."""
        at = self.roles.index(role)
        return self.roles[(at + 1) % len(self.roles)]
