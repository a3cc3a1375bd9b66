"""A negotiation in memory with real signatures: every message is signed by a throwaway key and admitted.

The keys are derived from a seed and worth nothing anywhere; no key file is ever read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parley.negotiation.effects import Effect, OfferMade
from parley.negotiation.errors import ApprovalMissing
from parley.negotiation.machine import Machine
from parley.negotiation.protocols.auction import SealedBids
from parley.negotiation.protocols.mediation import Mediated
from parley.negotiation.state import NegotiationState
from parley.terms.bonds import bond_deal_id
from parley.terms.domain import Domain, IssueValue
from parley.terms.message import Message, Performative, build_message
from parley.terms.opening import Opening
from parley.terms.payloads import Accept, Approve, Award, Call, Commit, Escalate, Offer, Open, Payload, Reveal
from parley.terms.signing import LocalSigner
from parley.terms.terms import terms_of
from parley.terms.values import ZERO_ADDRESS, Salt, keccak

CHAIN, START = 31_337, 1_700_000_000
GATEWAY, REVIEWER, MEDIATOR = "gateway of the table", "reviewer of the table", "mediator of the table"


class SignedTable:
    """`say` signs and admits at the time `now` (unix seconds), which only the caller moves."""

    def __init__(self, domain: Domain, seed: int, label: str = "") -> None:
        self.domain = domain
        self.now = START
        self._mark = f"parley sandbox table/{seed}/{label}"
        self._salts = 0
        self._sealed: dict[str, Reveal] = {}
        names = (*domain.roles, GATEWAY, REVIEWER, MEDIATOR)
        self.signers: Mapping[str, LocalSigner] = {name: LocalSigner(self._drawn(name)) for name in names}
        self.opening = self._opening()
        self.machine = Machine(domain, self.opening)
        self.state: NegotiationState = self.machine.initial()
        self.messages: list[Message] = []
        self.offers: list[OfferMade] = []
        self.say(domain.roles[0], Performative.OPEN, Open(salt=self.salt()))

    def _drawn(self, what: str) -> bytes:
        return keccak(f"{self._mark}/{what}".encode())

    def _opening(self) -> Opening:
        domain = self.domain
        document: dict[str, Any] = {
            "schema": "parley/opening",
            "version": 1,
            "domain": domain.hash(),
            "parties": [
                {"role": role, "address": self.signers[role].address, "epoch": 0} for role in domain.roles
            ],
            "first": domain.roles[0],
            "initiator": self.signers[domain.roles[0]].address,
            "opened_at": START,
            "deadline": START + domain.limits.deadline_seconds,
            "chain_id": CHAIN,
            "escrow": ZERO_ADDRESS,
            "gateways": [self.signers[GATEWAY].address],
            "reviewers": [self.signers[REVIEWER].address],
            "nonce": "0x" + self._drawn("nonce").hex(),
        }
        if domain.mediation is not None:
            document["mediator"] = self.signers[MEDIATOR].address
        return Opening.parse(document)

    def salt(self) -> Salt:
        """The next salt, drawn from the seed."""
        self._salts += 1
        return Salt.of(self._drawn(f"salt {self._salts}")[:16])

    def sign(
        self, who: str, performative: Performative, payload: Payload, *, sequence: int | None = None
    ) -> Message:
        """A message on top of the last one (or at another `sequence`), signed and not sent."""
        return build_message(
            self.signers[who],
            CHAIN,
            self.state.negotiation,
            self.state.sequence if sequence is None else sequence,
            self.state.last,
            performative,
            payload,
            self.now,
        )

    def admit(self, message: Message) -> tuple[Effect, ...]:
        """Verifies and steps. Raises a `Refusal`, and nothing changes then."""
        step = self.machine.admit(self.state, message, CHAIN)
        if step.state is not self.state:
            self.messages.append(message)
            self.offers += [effect for effect in step.effects if isinstance(effect, OfferMade)]
            self.state = step.state
        return step.effects

    def say(self, who: str, performative: Performative, payload: Payload) -> Message:
        """Signs and admits."""
        message = self.sign(who, performative, payload)
        self.admit(message)
        return message

    def offer(self, values: Mapping[str, IssueValue], **fields: Any) -> Offer:
        """The payload that offers `values`."""
        plain: dict[str, Any] = {"expires_at": 0, "assumptions": (), "dependencies": (), "final": False}
        return Offer(salt=self.salt(), values=self.domain.encode_values(values), **{**plain, **fields})

    # ------------------------------------------------------------------ sealed protocols

    def seal(
        self,
        role: str,
        *,
        values: Mapping[str, IssueValue] | None = None,
        ranking: tuple[int, ...] | None = None,
    ) -> Message:
        """Commits `role` to a bid or a ranking, to be revealed by `unseal`; names its bond where the domain
        asks for one.
        """
        reveal = Reveal(
            salt=self.salt(),
            negotiation=self.state.negotiation,
            party=self.signers[role].address,
            round=self.state.round,
            values=None if values is None else self.domain.encode_values(values),
            ranking=ranking,
        )
        auction = self.domain.auction
        bonded = auction is not None and auction.bond is not None
        bond = bond_deal_id(self.domain, self.opening, role) if bonded else None
        commit = Commit(salt=self.salt(), commitment=reveal.hash(), bond=bond)
        message = self.say(role, Performative.COMMIT, commit)
        self._sealed[role] = reveal
        return message

    def unseal(self, role: str) -> Message:
        """Reveals what `role` sealed."""
        return self.say(role, Performative.REVEAL, self._sealed[role])

    def call(self, candidates: tuple[Mapping[str, IssueValue], ...]) -> Message:
        """The mediator's call for rankings of these candidates."""
        encoded = tuple(self.domain.encode_values(values) for values in candidates)
        return self.say(
            MEDIATOR, Performative.CALL, Call(salt=self.salt(), candidates=encoded, reason="ranking")
        )

    def award(self) -> Message | None:
        """The award that the rule gives, by requester or mediator, approved by the reviewer where the domain
        wants that; None while there is none to make.
        """
        protocol = self.machine.protocol
        winner: str | None = None
        values: Mapping[str, int | str] | None = None
        if isinstance(protocol, SealedBids):
            found = protocol.award_values(self.state)
            if found is not None:
                winner, values = found
            who, wait = protocol.auction.requester, protocol.auction.award_seconds
        elif isinstance(protocol, Mediated):
            values, who, wait = protocol.award_values(self.state), MEDIATOR, protocol.mediation.award_seconds
        else:
            return None
        if values is None:
            return None
        payload = Award(
            salt=self.salt(),
            values=values,
            expires_at=min(self.now + wait, self.opening.deadline),
            assumptions=(),
            dependencies=(),
            final=False,
            winner=winner,
        )
        try:
            return self.say(who, Performative.AWARD, payload)
        except ApprovalMissing:
            self._approved(who, payload)
            return self.say(who, Performative.AWARD, payload)

    def _approved(self, who: str, payload: Offer) -> None:
        """`who` holds the negotiation over these terms, and the reviewer approves them."""
        terms = terms_of(self.domain, self.state.negotiation, payload).hash()
        self.say(who, Performative.ESCALATE, Escalate(salt=self.salt(), reason="approval", terms=terms))
        granted = Approve(salt=self.salt(), terms=terms, expires_at=self.opening.deadline, reason="approved")
        self.say(REVIEWER, Performative.APPROVE, granted)

    def accept(self, role: str) -> Message:
        """Accepts what is on the table."""
        standing = self.state.offer
        cited = self.state.last if standing is None else standing.message
        return self.say(role, Performative.ACCEPT, Accept(salt=self.salt(), offer=cited))
