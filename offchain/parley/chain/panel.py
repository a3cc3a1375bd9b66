"""Panels of arbiters: the contract that makes them, and each panel at its own address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parley.chain.abi import Decoded, interface
from parley.chain.escrow import Call
from parley.chain.models import Log
from parley.chain.node import NodeClient
from parley.terms.deal import Deal
from parley.terms.panel import PanelWithdrawal, Vote


@dataclass(frozen=True, slots=True)
class SignedVote:
    """A vote with its member's signature, which carries the kind byte."""

    vote: Vote
    signature: str

    def as_abi(self) -> tuple[Any, ...]:
        vote = self.vote
        given = (vote.member, vote.seller_bps, _bytes(vote.rationale), vote.fee, vote.valid_until)
        return (*given, _bytes(self.signature))


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value[2:])


class PanelContract:
    """A panel at `address`, or the contract that makes panels."""

    def __init__(self, node: NodeClient, address: str) -> None:
        self.node = node
        self.address = address.lower()
        self.interface = interface("PanelArbiter")

    def _answers(self, function: str, *arguments: object) -> tuple[Any, ...]:
        entry = self.interface.function(function)
        return entry.answer(self.node.call(self.address, entry.call(*arguments)))

    def _call(self, function: str, *arguments: object) -> Call:
        return Call(self.address, self.interface.function(function).call(*arguments), function)

    def create(self, members: Sequence[str], threshold: int) -> Call:
        """Create the panel of these members (ascending); nothing happens where it exists."""
        return self._call("create", list(members), threshold)

    def panel_of(self, members: Sequence[str], threshold: int) -> str:
        """Where that panel is or will be, to be named in a deal."""
        return str(self._answers("panelOf", list(members), threshold)[0])

    def rule(self, deal: Deal, milestone: int, votes: Sequence[SignedVote]) -> Call:
        """Rule by the median of these votes. They are sent in the members' order."""
        ordered = sorted(votes, key=lambda signed: signed.vote.member)
        return self._call("rule", deal.as_abi(), milestone, [vote.as_abi() for vote in ordered])

    def strike(self, deal: Deal, milestone: int, first: SignedVote, second: SignedVote) -> Call:
        """Strike a member that signed two different votes for this dispute."""
        return self._call("strike", deal.as_abi(), milestone, first.as_abi(), second.as_abi())

    def share(self, token: str) -> Call:
        """Divide what was credited outside a ruling among all members."""
        return self._call("share", token)

    def withdraw(self, action: PanelWithdrawal, signature: str) -> Call:
        given = (action.token, action.party, action.to, action.amount, action.fee, action.nonce)
        return self._call("withdraw", *given, action.valid_until, _bytes(signature))

    def members_of(self) -> tuple[tuple[str, ...], int]:
        """The members and the threshold."""
        members, threshold = self._answers("membersOf")
        return tuple(members), int(threshold)

    def struck(self, deal_id: str, milestone: int, member: str) -> bool:
        return bool(self._answers("struck", _bytes(deal_id), milestone, member)[0])

    def balance_of(self, token: str, party: str) -> int:
        """What a member or submitter may withdraw."""
        return int(self._answers("balanceOf", token, party)[0])

    def owed(self, token: str) -> int:
        return int(self._answers("owed", token)[0])

    def nonce_used(self, party: str, nonce: int) -> bool:
        return bool(self._answers("nonceUsed", party, nonce)[0])

    def escrow(self) -> str:
        return str(self._answers("escrow")[0])

    def domain_separator(self) -> str:
        return str(self._answers("domainSeparator")[0])

    def decode(self, log: Log) -> Decoded | None:
        """The event of a log of this contract."""
        return self.interface.decode(log)
