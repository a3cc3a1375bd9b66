"""The sealed moves of a negotiation: bids, rankings and lots, and the awards that follow from them.

What is sealed is kept in the journal before its commitment is signed, so that no crash turns a bid into one
that can never be opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parley.agents.bonds import require_bonds
from parley.agents.errors import GuardRefused, SealMissing
from parley.agents.session import NegotiationSession
from parley.negotiation.protocols.auction import SealedBids
from parley.negotiation.protocols.mediation import Mediated
from parley.terms.bonds import bond_deal_id
from parley.terms.issues import IssueValue
from parley.terms.message import Message, Performative
from parley.terms.payloads import Award, Call, Commit, Reveal
from parley.terms.values import Hash32


class SealedMoves:
    """One agent's sealed moves in one session; the session does everything else."""

    def __init__(self, session: NegotiationSession) -> None:
        self.session = session

    def bid(self, values: Mapping[str, IssueValue]) -> Message:
        """Seals a bid; amounts are integers. Raises GuardRefused for one that this key would not sign for."""
        session = self.session
        if not session.wallet.admits(session.machine, session.state, values, "outgoing"):
            raise GuardRefused("policy, budget or escrow would refuse an award of this bid")
        return self._seal(values=session.domain.encode_values(values))

    def rank(self, ranking: Sequence[int]) -> Message:
        """Seals a ranking of the mediator's candidates: positions, best first, acceptable ones only."""
        return self._seal(ranking=tuple(ranking))

    def draw(self) -> Message:
        """Seals a lot for the draw of the first proposer."""
        return self._seal()

    def reveal(self) -> Message:
        """Opens what this agent sealed last. Raises SealMissing where it sealed nothing that is kept."""
        commitment = self._commitment()
        kept = None
        if commitment is not None:
            kept = self.session.wallet.journal.sealed(commitment, self.session.id)
        if kept is None:
            raise SealMissing("this agent keeps no seal to open", negotiation=self.session.id)
        return self.session.say(Performative.REVEAL, kept)

    def draft_award(self, seconds: int | None = None) -> Award:
        """The award that the rule gives, standing for `seconds` (the whole window by default), not signed
        yet: what an approval can be asked for. Raises SealMissing while there is none to make, and
        BondNotOpen where it would rest on a bid without its bond.
        """
        session, protocol = self.session, self.session.machine.protocol
        winner: str | None = None
        values: dict[str, int | str] | None = None
        window = 0
        if isinstance(protocol, SealedBids):
            winner, values = protocol.award_values(session.state) or (None, None)
            window = protocol.auction.award_seconds
        elif isinstance(protocol, Mediated):
            values = protocol.award_values(session.state)
            window = protocol.mediation.award_seconds
        if values is None:
            raise SealMissing("nothing is revealed that an award could follow from", negotiation=session.id)
        require_bonds(session)
        now = max(session.wallet.clock(), session.state.last_sent_at)
        return Award(
            salt=session.salt(),
            values=values,
            expires_at=min(now + (window if seconds is None else seconds), session.opening.deadline),
            assumptions=(),
            dependencies=(),
            final=False,
            winner=winner,
        )

    def award(self, draft: Award | None = None) -> Message:
        """Awards, as requester or mediator."""
        return self.session.say(Performative.AWARD, draft or self.draft_award())

    def call(self, candidates: Sequence[Mapping[str, IssueValue]] = (), reason: str = "") -> Message:
        """Another round of bids, or a mediator's candidates; amounts are integers."""
        encoded = tuple(self.session.domain.encode_values(values) for values in candidates)
        call = Call(salt=self.session.salt(), candidates=encoded, reason=reason)
        return self.session.say(Performative.CALL, call)

    def _seal(
        self, values: dict[str, int | str] | None = None, ranking: tuple[int, ...] | None = None
    ) -> Message:
        session = self.session
        reveal = Reveal(
            salt=session.salt(),
            negotiation=session.id,
            party=session.wallet.address,
            round=session.state.round,
            values=values,
            ranking=ranking,
        )
        session.wallet.journal.keep_seal(reveal)
        commit = Commit(salt=session.salt(), commitment=reveal.hash(), bond=self._bond())
        return session.say(Performative.COMMIT, commit)

    def _bond(self) -> Hash32 | None:
        domain, role = self.session.domain, self.session.role
        if domain.auction is None or domain.auction.bond is None or role is None:
            return None
        return bond_deal_id(domain, self.session.opening, role)

    def _commitment(self) -> Hash32 | None:
        state, role = self.session.state, self.session.role
        if state.sealed is not None:
            seal = None if role is None else state.sealed.seal_of(role)
            return None if seal is None else seal.commitment
        return next((lot.commitment for lot in state.draw if lot.role == role), None)
