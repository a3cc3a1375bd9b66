"""What an agent knows about others and itself that its policy looks at; never taken from the counterparty's
messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from parley.policy.facts import Counterparty
from parley.terms.values import Address


class Knowledge(Protocol):
    """Source of facts for policy decisions."""

    def counterparty(self, address: Address) -> Counterparty:
        """Who the other side is; what is not known stays absent, and rules that need it refuse."""

    def limits(self) -> Mapping[str, int]:
        """Integers the owner sets for the moment, such as the hours it still needs."""


@dataclass(frozen=True)
class StaticKnowledge:
    """Facts from the agent's own configuration; `reputation` looks a score up (ppm) when the configuration
    has none.
    """

    counterparties: Mapping[str, Counterparty] = field(default_factory=dict)
    fixed_limits: Mapping[str, int] = field(default_factory=dict)
    reputation: Callable[[Address], int | None] | None = None

    def counterparty(self, address: Address) -> Counterparty:
        known = self.counterparties.get(address, Counterparty(address=address))
        if known.reputation_ppm is None and self.reputation is not None:
            score = self.reputation(address)
            if score is not None:
                known = known.model_copy(update={"reputation_ppm": score})
        return known

    def limits(self) -> Mapping[str, int]:
        return self.fixed_limits
