"""The evidence contract: proofs of messages and of equivocation, evidence for arbiters, anchored logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parley.chain.abi import Decoded, interface
from parley.chain.escrow import Call
from parley.chain.models import Log
from parley.chain.node import NodeClient
from parley.terms.deal import Deal
from parley.terms.evidence_actions import Anchor, EvidenceSubmission
from parley.terms.message_core import MessageCore
from parley.terms.values import Hash32


@dataclass(frozen=True, slots=True)
class Conviction:
    """Two messages for one `sequence` were proved at `proved_at` (unix seconds)."""

    sequence: int
    proved_at: int


@dataclass(frozen=True, slots=True)
class LogRoot:
    """The latest root that an account anchored; `anchored_at` unix seconds, 0 for never."""

    root: str
    size: int
    anchored_at: int


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value[2:])


def message_as_abi(core: MessageCore) -> tuple[Any, ...]:
    """The tuple that ABI encoders take for the core of a message."""
    return (
        _bytes(core.negotiation),
        core.sequence,
        _bytes(core.previous),
        core.sender,
        int(core.performative),
        _bytes(core.payload),
        core.sent_at,
        core.expires_at,
    )


class EvidenceContract:
    """The evidence contract at `address`. Signatures of messages are bare, those of actions carry the kind
    byte.
    """

    def __init__(self, node: NodeClient, address: str) -> None:
        self.node = node
        self.address = address.lower()
        self.interface = interface("Evidence")

    def _view(self, function: str, *arguments: object) -> Any:
        entry = self.interface.function(function)
        return entry.answer(self.node.call(self.address, entry.call(*arguments)))[0]

    def _call(self, function: str, *arguments: object) -> Call:
        return Call(self.address, self.interface.function(function).call(*arguments), function)

    def prove_message(self, deal: Deal, core: MessageCore, signature: str, proof: Sequence[Hash32]) -> Call:
        """Disclose one message of the transcript that the deal commits to."""
        siblings = [_bytes(sibling) for sibling in proof]
        given = (deal.as_abi(), message_as_abi(core), _bytes(signature), siblings)
        return self._call("proveMessage", *given)

    def prove_equivocation(
        self, first: MessageCore, first_signature: str, second: MessageCore, second_signature: str
    ) -> Call:
        """Convict the sender of two different messages for one step."""
        one, other = message_as_abi(first), message_as_abi(second)
        given = (one, _bytes(first_signature), other, _bytes(second_signature))
        return self._call("proveEquivocation", *given)

    def submit_evidence(self, deal: Deal, action: EvidenceSubmission, signature: str) -> Call:
        given = (action.party, action.evidence, _bytes(action.content_hash), action.valid_until)
        return self._call("submitEvidence", deal.as_abi(), *given, _bytes(signature))

    def anchor(self, action: Anchor, signature: str) -> Call:
        given = (action.anchorer, action.size, _bytes(action.root), action.valid_until)
        return self._call("anchor", *given, _bytes(signature))

    def escrow(self) -> str:
        return str(self._view("escrow"))

    def message_hash_of(self, core: MessageCore) -> str:
        return str(self._view("messageHashOf", message_as_abi(core)))

    def conviction_of(self, principal: str, negotiation: Hash32) -> Conviction | None:
        """None where nothing was proved."""
        sequence, proved_at = self._view("convictionOf", principal, _bytes(negotiation))
        return Conviction(sequence, proved_at) if proved_at else None

    def anchor_of(self, anchorer: str) -> LogRoot:
        return LogRoot(*self._view("anchorOf", anchorer))

    def domain_separator(self) -> str:
        return str(self._view("domainSeparator"))

    def decode(self, log: Log) -> Decoded | None:
        """The event of a log of this contract."""
        return self.interface.decode(log)
