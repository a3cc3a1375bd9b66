"""What is left of the state of a negotiation whose payloads were erased: how it ended and what was signed,
but nothing that was said.
"""

from __future__ import annotations

from collections.abc import Iterable

from parley.negotiation.machine import Machine
from parley.negotiation.state import NegotiationState
from parley.negotiation.status import Reason, Status
from parley.terms.message_core import MessageCore
from parley.terms.values import Hash32


def remains(
    machine: Machine, status: Status, reason: Reason | None, said: Iterable[tuple[MessageCore, Hash32]]
) -> NegotiationState:
    """The ended state after `said` (cores with their hashes, in order). It admits no message and still tells
    a message that it holds from one that contradicts it.
    """
    rules, state = machine.rules, machine.initial()
    history = bytearray()
    for core, found in said:
        history += rules.sender_index[core.sender].to_bytes(2) + bytes.fromhex(found[2:])
        state = state.changed(sequence=core.sequence + 1, last=found, last_sent_at=core.sent_at)
    return state.changed(status=status, reason=reason, history=bytes(history))
