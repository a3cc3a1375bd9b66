"""Auctions and mediated coalitions played out in memory: the same machine, no clock, no network.

Messages carry a signature of zeros and are stepped, not admitted: nothing of this leaves the process.
Deterministic: equal arguments give equal messages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Self

from parley.negotiation.errors import NotInProtocol, Refusal
from parley.negotiation.machine import Machine
from parley.negotiation.protocols.auction import SealedBids
from parley.negotiation.protocols.mediation import Mediated
from parley.negotiation.state import NegotiationState
from parley.terms import payloads
from parley.terms.bonds import bond_deal_id
from parley.terms.domain import Domain, IssueValue
from parley.terms.message import Message, MessageCore, Performative
from parley.terms.opening import Opening, Party
from parley.terms.payloads import Offer, Payload, Reveal
from parley.terms.protocols import Auction, Mediation
from parley.terms.terms import terms_of
from parley.terms.values import ZERO_ADDRESS, Address, Hash32, Salt, Signature, keccak

CHAIN = 31_337
START = 1_700_000_000
_UNSIGNED = Signature("0x" + "00" * 65)

Bids = Mapping[str, Mapping[str, IssueValue]]
"""Values of each bidder's bid by role, amounts as integers."""


class Floor:
    """One negotiation by a sealed protocol, played message by message. `state`, `messages` and `machine` may
    be read at any time.
    """

    def __init__(self, domain: Domain, seed: int = 0, label: str = "") -> None:
        self.domain = domain
        self._drawn_from = f"parley floor/{seed}/{label}"
        self.opening = self._opening()
        self.machine = Machine(domain, self.opening)
        self.state: NegotiationState = self.machine.initial()
        self.messages: list[Message] = []
        self._now = START
        self._sealed: dict[tuple[str, int], Reveal] = {}
        self.send(self.opening.first, Performative.OPEN, payloads.Open(salt=self.salt()))

    # ------------------------------------------------------------- the rounds

    def call(self, candidates: Sequence[Mapping[str, IssueValue]] = ()) -> Self:
        """The requester's further round, or the mediator's candidates."""
        listed = tuple(self.domain.encode_values(values) for values in candidates)
        payload = payloads.Call(salt=self.salt(), candidates=listed, reason="")
        return self.send(self._caller(), Performative.CALL, payload)

    def bid(self, bids: Bids, *, silent: Collection[str] = ()) -> Self:
        """Seals the bids in their order and opens them, but for those of the `silent`, once the window is
        over.
        """
        for role, values in bids.items():
            self.seal(role, values=values)
        return self.unseal(role for role in bids if role not in silent)

    def rank(self, rankings: Mapping[str, Sequence[int]]) -> Self:
        """Seals the rankings in their order and opens them."""
        for role, ranking in rankings.items():
            self.seal(role, ranking=ranking)
        return self.unseal(rankings)

    def seal(
        self,
        role: str,
        *,
        values: Mapping[str, IssueValue] | None = None,
        ranking: Sequence[int] | None = None,
    ) -> Self:
        """Commits `role` to a bid or a ranking, with its bond where one is asked for."""
        auction = self.domain.auction
        reveal = Reveal(
            salt=self.salt("seal " + role),
            negotiation=self.state.negotiation,
            party=self.address(role),
            round=self.state.round,
            values=None if values is None else self.domain.encode_values(values),
            ranking=None if ranking is None else tuple(ranking),
        )
        bonded = auction is not None and auction.bond is not None
        bond = bond_deal_id(self.domain, self.opening, role) if bonded else None
        commit = payloads.Commit(salt=self.salt(), commitment=reveal.hash(), bond=bond)
        self.send(role, Performative.COMMIT, commit)
        self._sealed[role, self.state.round] = reveal
        return self

    def unseal(self, roles: Iterable[str]) -> Self:
        """Opens the seals of `roles`, after the commit window where it is still open for somebody."""
        for role in roles:
            reveal = self._sealed[role, self.state.round]
            if "reveal" not in self._may(role):
                self.wait(self._windows().commit_seconds + 1)
            self.send(role, Performative.REVEAL, reveal)
        return self

    # ------------------------------------------------------------- the result

    def award(self, *, approved: bool = False) -> Self:
        """What the rule gives, awarded by requester or mediator; `approved` plays the reviewer's approval
        before it. Nothing is done where there is nothing to award.
        """
        protocol = self.machine.protocol
        if not self.state.live:
            return self
        if "award" not in self._may(self._caller()):
            self.wait(self._windows().commit_seconds + self._windows().reveal_seconds + 1)
        winner: str | None = None
        if isinstance(protocol, SealedBids):
            found = protocol.award_values(self.state)
            winner, values = found or (None, None)
        elif isinstance(protocol, Mediated):
            values = protocol.award_values(self.state)
        else:
            raise NotInProtocol("Only the sealed protocols award", protocol=self.domain.protocol)
        if values is None:
            return self
        award = payloads.Award(
            salt=self.salt(),
            values=values,
            expires_at=min(self.now + self._windows().award_seconds, self.opening.deadline),
            assumptions=(),
            dependencies=(),
            final=False,
            winner=winner,
        )
        if approved:
            self._approve(award)
        return self.send(self._caller(), Performative.AWARD, award)

    def accept(self, roles: Collection[str] | None = None) -> Self:
        """The winner, or all parties, accept what was awarded; `roles` names fewer."""
        if self.state.offer is None or not self.state.live:
            return self
        sealed = self.state.sealed
        winner = None if sealed is None else sealed.winner
        for role in self.domain.roles if winner is None else (winner,):
            if roles is None or role in roles:
                accept = payloads.Accept(salt=self.salt(), offer=self.state.offer.message)
                self.send(role, Performative.ACCEPT, accept)
        return self

    def decline(self, role: str, reason: str = "") -> Self:
        """`role` rejects the award."""
        if self.state.offer is not None:
            offer = self.state.offer.message
            reject = payloads.Reject(salt=self.salt(), offer=offer, final=False, reason=reason)
            self.send(role, Performative.REJECT, reject)
        return self

    @property
    def values(self) -> dict[str, IssueValue] | None:
        """What is on the table, or agreed: amounts as integers; None before an award."""
        return None if self.state.offer is None else self.domain.decode_values(self.state.offer.offer.values)

    # ---------------------------------------------------------------- sending

    @property
    def now(self) -> int:
        """The `sent_at` of the next message (unix seconds)."""
        return max(self.state.last_sent_at, self._now)

    def wait(self, seconds: int) -> Self:
        """Lets `seconds` pass from the beginning of the round."""
        sealed = self.state.sealed
        begun = self.opening.opened_at if sealed is None else sealed.started_at
        self._now = max(self.now, begun + seconds)
        return self

    def send(self, role: str, performative: Performative, payload: Payload) -> Self:
        """Steps a message of a role, of `mediator` or of `reviewer`. Raises a `Refusal`, and nothing is sent
        then.
        """
        core = MessageCore(
            negotiation=self.state.negotiation,
            sequence=self.state.sequence,
            previous=self.state.last,
            sender=self.address(role),
            performative=performative,
            payload=payload.hash(),
            sent_at=self.now,
            expires_at=payload.expires_at if isinstance(payload, Offer) else 0,
        )
        message = Message(core=core, signature=_UNSIGNED, payload=payload)
        self.state = self.machine.step(self.state, message).state
        self.messages.append(message)
        return self

    def tries(self, role: str, performative: Performative, payload: Payload) -> Refusal | None:
        """`send`, with a refusal as the result: for adversaries."""
        try:
            self.send(role, performative, payload)
        except Refusal as refusal:
            return refusal
        return None

    def address(self, role: str) -> Address:
        """The account of a role, of `mediator` or of `reviewer`."""
        return Address.of(keccak(f"{self._drawn_from}/account/{role}".encode())[:20])

    def salt(self, what: str = "") -> Salt:
        """The next salt, drawn from the seed."""
        drawn = keccak(f"{self._drawn_from}/salt/{what}/{len(self.messages)}".encode())
        return Salt.of(drawn[:16])

    def _approve(self, award: payloads.Award) -> None:
        terms = terms_of(self.domain, self.state.negotiation, award).hash()
        escalate = payloads.Escalate(salt=self.salt(), reason="", terms=terms)
        self.send(self._caller(), Performative.ESCALATE, escalate)
        approve = payloads.Approve(salt=self.salt(), terms=terms, expires_at=self.opening.deadline, reason="")
        self.send("reviewer", Performative.APPROVE, approve)

    def _caller(self) -> str:
        return "mediator" if self.domain.auction is None else self.domain.auction.requester

    def _may(self, role: str) -> tuple[str, ...]:
        return self.machine.next_actions(self.state, self.address(role), self.now)

    def _windows(self) -> Auction | Mediation:
        found = self.domain.auction or self.domain.mediation
        if found is None:
            raise NotInProtocol("Only the sealed protocols have windows", protocol=self.domain.protocol)
        return found

    def _opening(self) -> Opening:
        domain = self.domain
        first = domain.roles[0] if domain.auction is None else domain.auction.requester
        return Opening(
            domain=domain.hash(),
            parties=tuple(Party(role=role, address=self.address(role), epoch=0) for role in domain.roles),
            first=first,
            initiator=self.address(first),
            opened_at=START,
            deadline=START + domain.limits.deadline_seconds,
            chain_id=CHAIN,
            escrow=ZERO_ADDRESS,
            gateways=(),
            reviewers=(self.address("reviewer"),),
            mediator=None if domain.mediation is None else self.address("mediator"),
            nonce=Hash32.of(keccak(f"{self._drawn_from}/nonce".encode())),
        )
