"""Joining calls of the same kind into one transaction, and telling afterwards which of them failed and why.

Openings, receipts and instant deals have a form of the escrow that runs each item by itself (`patchBatch`):
one item's failure changes nothing for the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from parley.chain.contract_error import ContractError
from parley.chain.escrow import BATCHES, Call, EscrowContract
from parley.chain.intents import Intent
from parley.chain.models import Receipt
from parley.chain.node import NodeClient
from parley.chain.reverts import decode_revert

_USUAL_GAS: Final = 300_000
SPARE_GAS: Final = 2_100_000
"""Gas beyond the estimate: what the escrow wants left for an item before it takes a failure for one."""


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """At most `items` calls or about `gas` in a transaction; the first waits up to `seconds` for others."""

    items: int = 50
    gas: int = 10_000_000
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """What goes into one transaction: one intent, or several joined in `call`."""

    intents: tuple[Intent, ...]
    call: Call

    @property
    def joined(self) -> bool:
        return len(self.intents) > 1


class _Group:
    """Calls of one function on their way into a batch; `apart` are subjects that came after it began."""

    def __init__(self, function: str) -> None:
        self.function = function
        self.intents: list[Intent] = []
        self.gas = 0
        self.apart: set[str] = set()


class Batcher:
    """Joins calls of one escrow."""

    def __init__(self, node: NodeClient, escrow: str, settings: BatchSettings | None = None) -> None:
        self._node = node
        self._escrow = escrow.lower()
        self._settings = settings or BatchSettings()
        self._contract = EscrowContract(node, escrow)
        self._interface = self._contract.interface
        self._single = {self._interface.function(one).selector: one for one in BATCHES}
        self._item_gas: dict[str, int] = {}  # function -> most gas an item took in an estimated batch

    def units(self, waiting: Sequence[Intent], now: int) -> list[Unit]:
        """What is to be sent now, in the order recorded as far as calls about one subject go. What failed in
        a batch before goes alone; what may still find company is held back.
        """
        groups: list[_Group] = []
        open_groups: dict[str, _Group] = {}
        for intent in waiting:
            function, subject = self._function_of(intent), intent.key.partition(":")[0]
            group = open_groups.get(function)
            full = group is not None and (
                len(group.intents) >= self._settings.items or group.gas >= self._settings.gas
            )
            if group is None or full or not function or subject in group.apart:
                group = _Group(function)
                groups.append(group)
                open_groups[function] = group
            group.intents.append(intent)
            group.gas += self._item_gas.get(function, _USUAL_GAS)
            for other in open_groups.values():
                if other is not group:
                    other.apart.add(subject)
        return [self._unit(group) for group in groups if not self._held_back(group, now)]

    def _held_back(self, group: _Group, now: int) -> bool:
        patient = group.function and self._settings.seconds
        full = len(group.intents) >= self._settings.items
        return bool(patient) and not full and now - group.intents[0].created_at < self._settings.seconds

    def _function_of(self, intent: Intent) -> str:
        """The function whose batch may carry the intent; nothing where it goes alone."""
        if intent.to != self._escrow or intent.error is not None:
            return ""
        return self._single.get(intent.data[:4], "")

    def _unit(self, group: _Group) -> Unit:
        return self.join(group.function, tuple(group.intents))

    def join(self, function: str, intents: tuple[Intent, ...]) -> Unit:
        """One transaction for these calls of one function."""
        first = intents[0]
        if len(intents) == 1:
            return Unit(intents, Call(first.to, first.data, function))
        return Unit(intents, self._contract.joined(function, [intent.data[4:] for intent in intents]))

    def without(self, unit: Unit, gone: set[int]) -> Unit | None:
        """The unit less the items at these places; None when nothing is left."""
        left = tuple(intent for place, intent in enumerate(unit.intents) if place not in gone)
        return self.join(self._function_of(left[0]), left) if left else None

    def expected(self, unit: Unit) -> int | None:
        """The gas that a batch of such items takes, going by those estimated before; None without any."""
        item = self._item_gas.get(self._function_of(unit.intents[0]))
        return None if item is None else item * len(unit.intents)

    def learn(self, unit: Unit, estimate: int) -> None:
        """Take note of what a batch was estimated at."""
        function, item = self._function_of(unit.intents[0]), -(-estimate // len(unit.intents))
        self._item_gas[function] = max(item, self._item_gas.get(function, 0))

    def failures(self, unit: Unit, sender: str, gas: int | None = None) -> dict[int, ContractError]:
        """The items of a batch that would fail now, by place, from running it against what is pending with a
        limit of `gas` (None: all that the node gives).

        Raises the node's errors, and `ContractError` when the batch as a whole would revert, as it does when
        an item fails with less gas than it has a right to.
        """
        batch = self._interface.function(unit.call.function)
        answer = self._node.call(unit.call.to, unit.call.data, sender=sender, block="pending", gas=gas)
        return {int(place): _error(reason) for place, reason in batch.answer(answer)[0]}

    def failed_in(self, receipt: Receipt) -> dict[int, ContractError]:
        """The items that failed in a mined batch, by place, from its log."""
        found: dict[int, ContractError] = {}
        for log in receipt.logs:
            event = self._interface.decode(log) if log.address == self._escrow else None
            if event is not None and event.name == "ItemFailed":
                found[int(event.arguments["index"])] = _error(event.arguments["reason"])
        return found


def _error(reason: str) -> ContractError:
    return decode_revert(bytes.fromhex(reason[2:]))
