"""How many blocks must lie on top of an event before it counts, by what is at stake."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from parley.chain.errors import CertaintyInvalid
from parley.chain.fold import ChainDeal, ChainEvent, fold

_ENTRY: Final = re.compile(r"(?:(0x[0-9a-f]{40})/)?([0-9]{1,39}):([0-9]{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Deals of at least `value` base units (of `token`; None: of any token) need `blocks` on top."""

    value: int
    blocks: int
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Certainty:
    """The thresholds; where several apply the most blocks count. Without any, what is applied counts."""

    thresholds: tuple[Threshold, ...] = ()

    @classmethod
    def of(cls, text: str) -> Self:
        """From `VALUE:BLOCKS` or `TOKEN/VALUE:BLOCKS` with commas between. Raises `CertaintyInvalid`."""
        found: list[Threshold] = []
        for entry in text.replace(",", " ").split():
            match = _ENTRY.fullmatch(entry)
            if match is None:
                raise CertaintyInvalid("This is no threshold of confirmations.", entry=entry[:80])
            found.append(Threshold(int(match[2]), int(match[3]), match[1]))
        return cls(tuple(found))

    def needed(self, token: str | None, value: int) -> int:
        """Blocks that must lie on top for a deal of this value."""
        mine = (
            item.blocks for item in self.thresholds if value >= item.value and item.token in (None, token)
        )
        return max(mine, default=0)

    def sure(
        self, deal: ChainDeal, head: int, agreed: int | None = None
    ) -> tuple[ChainDeal, tuple[ChainEvent, ...]]:
        """The deal as far as its events lie deep enough below `head`, and no higher than block `agreed`, and
        those that do not yet.
        """
        needed = self.needed(deal.token, deal.price)
        ends = [*([head - needed] if needed else []), *([] if agreed is None else [agreed])]
        if not ends:
            return deal, ()
        deep, unsure = _parted(deal.events, min(ends))
        return (deal, ()) if not unsure else (fold(deal.deal_id, deep), unsure)


def _parted(events: Iterable[ChainEvent], last: int) -> tuple[tuple[ChainEvent, ...], tuple[ChainEvent, ...]]:
    held = tuple(events)
    return (
        tuple(event for event in held if event.block_number <= last),
        tuple(event for event in held if event.block_number > last),
    )
