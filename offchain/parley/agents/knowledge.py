"""What an agent knows about others and itself that its policy looks at; never taken from the counterparty's
messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from parley.policy.facts import Counterparty
from parley.terms.remainder import Standing
from parley.terms.values import Address, Hash32


class Knowledge(Protocol):
    """Source of facts for policy decisions."""

    def counterparty(self, address: Address) -> Counterparty:
        """Who the other side is; what is not known stays absent, and rules that need it refuse."""

    def limits(self) -> Mapping[str, int]:
        """Integers the owner sets for the moment, such as the hours it still needs."""

    def standing(self, deal_id: Hash32) -> Standing | None:
        """How a live deal stands on the chain, for whoever amends it; None when that is not known."""


@dataclass(frozen=True)
class StaticKnowledge:
    """Facts from the agent's own configuration; `reputation` looks a score up (ppm) when the configuration
    has none, `standings` reads the chain, `sourced` gives what sources of data say, but for what is stale.
    """

    counterparties: Mapping[str, Counterparty] = field(default_factory=dict)
    fixed_limits: Mapping[str, int] = field(default_factory=dict)
    reputation: Callable[[Address], int | None] | None = None
    standings: Callable[[Hash32], Standing | None] | None = None
    sourced: Callable[[], Mapping[str, int]] | None = None

    def counterparty(self, address: Address) -> Counterparty:
        known = self.counterparties.get(address, Counterparty(address=address))
        if known.reputation_ppm is None and self.reputation is not None:
            score = self.reputation(address)
            if score is not None:
                known = known.model_copy(update={"reputation_ppm": score})
        return known

    def limits(self) -> Mapping[str, int]:
        return self.fixed_limits if self.sourced is None else {**self.fixed_limits, **self.sourced()}

    def standing(self, deal_id: Hash32) -> Standing | None:
        return None if self.standings is None else self.standings(deal_id)
