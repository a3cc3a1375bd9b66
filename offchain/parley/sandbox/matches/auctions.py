"""A match by sealed bids: a request for quotes, committed, revealed and awarded with real messages.

Bidders seal what is worth their reservation, or ask for somewhat more; the requester awards what the rule
gives, or nothing where that is worth less to it than no deal. Every message is signed by a throwaway key and
admitted by the machine. Only requester and winner trade: all others keep their reservation, and what was
possible is judged so (`parley.sandbox.matches.trades`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from parley.negotiation.protocols import sealing
from parley.negotiation.protocols.auction import SealedBids
from parley.negotiation.protocols.honest import honest_bid
from parley.negotiation.protocols.scoring import price_issue
from parley.negotiation.sealed import Phase
from parley.negotiation.simulation import Result, ending_of
from parley.negotiation.space import Space
from parley.negotiation.status import Status
from parley.negotiation.utility import PPM
from parley.sandbox.errors import CaseInvalid
from parley.sandbox.matches.case import Case
from parley.sandbox.matches.match import Conduct, Played
from parley.sandbox.table import REVIEWER, SignedTable
from parley.terms.documents import Part
from parley.terms.domain import IssueValue
from parley.terms.message import Performative
from parley.terms.payloads import Call, Reject, Timeout, Withdraw
from parley.terms.protocols import Auction

STEP_SECONDS = 5
"""How long a party takes for a message, in simulated seconds."""


class BidParams(Part):
    """`shade_ppm` is how much better than its honest price a bidder bids for itself, as a share of that
    price; halved in every further round. 0 is best under the second price.
    """

    shade_ppm: Annotated[int, Field(ge=0, le=PPM)] = 0


class HonestBid:
    """How a bidder acts: it seals the bid with the best effective price among those worth its reservation,
    shaded where it is told to.
    """

    name: ClassVar[str] = "honest-bid"

    def __init__(self, params: BidParams | None = None) -> None:
        self.params = params or BidParams()

    def bid(self, space: Space, auction: Auction, number: int) -> dict[str, IssueValue] | None:
        """The values to seal in round `number` (from 0); None where no bid is worth the reservation."""
        values = honest_bid(space, auction)
        if values is None:
            return None
        issue, price = price_issue(space.domain, auction), values[auction.price]
        if isinstance(price, int):
            more = price * (self.params.shade_ppm >> number) // PPM // issue.step * issue.step
            wanted = price + more if auction.side == "buy" else price - more
            values[auction.price] = max(issue.min, min(issue.max, wanted))
        return values


class AwardParams(Part):
    """`rounds` is in how many rounds the requester lets bidders better their bids, where the domain does."""

    rounds: Annotated[int, Field(ge=1, le=16)] = 1


class Awarding:
    """How the requester acts: it awards what the rule gives, and nothing that is worth less than no deal."""

    name: ClassVar[str] = "award"

    def __init__(self, params: AwardParams | None = None) -> None:
        self.params = params or AwardParams()


def auction_of(case: Case) -> Auction:
    """The section of the case's domain. Raises `CaseInvalid` for a case under another protocol."""
    if case.domain.auction is None:
        raise CaseInvalid("The case is under another protocol", field="protocol", actual=case.domain.protocol)
    return case.domain.auction


def play_auction(case: Case, conduct: Mapping[str, Conduct] | None = None, seed: int = 0) -> Played:
    """Plays one request for quotes; deterministic. An approval that the domain wants is given, bonds are
    named and not paid.

    `conduct` has `Awarding` for the requester and `HonestBid` for each bidder. Raises `CaseInvalid` for
    another conduct and for a case under another protocol.
    """
    auction = auction_of(case)
    acting = conduct or usual(case)
    awarding = acting.get(auction.requester)
    bidders = {role: acting.get(role) for role in case.domain.roles if role != auction.requester}
    bids = {role: each for role, each in bidders.items() if isinstance(each, HonestBid)}
    if not isinstance(awarding, Awarding) or len(bids) < len(bidders):
        raise CaseInvalid(
            "The requester awards, everyone else bids", field="strategy", requester=auction.requester
        )
    return _Auction(case, auction, awarding, bids, seed).play(acting)


def usual(case: Case) -> dict[str, Conduct]:
    """Who does what where nothing is said: the requester awards, everyone else bids honestly."""
    requester = auction_of(case).requester
    return {role: Awarding() if role == requester else HonestBid() for role in case.domain.roles}


class _Auction:
    """One request for quotes at a signed table."""

    def __init__(
        self, case: Case, auction: Auction, awarding: Awarding, bids: Mapping[str, HonestBid], seed: int
    ) -> None:
        self._case = case
        self._auction = auction
        self._awarding = awarding
        self._bids = bids
        self._seed = seed
        self._table = SignedTable(case.domain, seed, "auction")
        self._by = auction.requester

    def play(self, acting: Mapping[str, Conduct]) -> Played:
        table = self._table
        self._round()
        while table.state.live and self._may("call") and table.state.round + 1 < self._awarding.params.rounds:
            again = Call(salt=table.salt(), candidates=(), reason="better bids")
            self._say(self._auction.requester, Performative.CALL, again)
            self._round()
        while table.state.live:
            self._award()
        return self._played(acting)

    def _round(self) -> None:
        """Everyone who has a bid seals it; then all are opened."""
        table = self._table
        sealed = sealing.sealed_of(table.state)
        for role, conduct in self._bids.items():
            seal = sealed.seal_of(role)
            values = conduct.bid(self._case.spaces[role], self._auction, table.state.round)
            if values is not None and seal is not None and seal.out is None:
                table.now += STEP_SECONDS
                table.seal(role, values=values)
        if self._phase() is Phase.COMMIT:
            table.now = sealing.commit_by(table.machine.rules, sealing.sealed_of(table.state)) + 1
        for seal in sealing.sealed_of(table.state).seals:
            if seal.owed and table.state.live:
                table.now += STEP_SECONDS
                table.unseal(seal.role)
                self._by = seal.role

    def _award(self) -> None:
        """The award and its answer, or what ends it."""
        table, requester = self._table, self._auction.requester
        protocol = table.machine.protocol
        table.now += STEP_SECONDS
        found = protocol.award_values(table.state) if isinstance(protocol, SealedBids) else None
        if found is None:
            table.now = sealing.award_by(table.machine.rules, sealing.sealed_of(table.state)) + 1
            self._say(
                requester, Performative.TIMEOUT, Timeout(salt=table.salt(), reason="too few bids count")
            )
            return
        winner, values = found
        decoded = self._case.domain.decode_values(values)
        if not self._agreeable(requester, decoded):
            self._say(requester, Performative.WITHDRAW, Withdraw(salt=table.salt(), reason="no_agreement"))
            return
        table.award()
        table.now += STEP_SECONDS
        if self._agreeable(winner, decoded):
            table.accept(winner)
            self._by = winner
        else:
            cited = table.state.last if table.state.offer is None else table.state.offer.message
            refusal = Reject(salt=table.salt(), offer=cited, final=True, reason="below the reservation")
            self._say(winner, Performative.REJECT, refusal)

    def _agreeable(self, role: str, values: Mapping[str, IssueValue]) -> bool:
        space = self._case.spaces[role]
        return space.agreeable(space.outcome(values))

    def _say(
        self, role: str, performative: Performative, payload: Call | Reject | Timeout | Withdraw
    ) -> None:
        self._table.say(role, performative, payload)
        self._by = role

    def _may(self, performative: str) -> bool:
        table = self._table
        requester = table.signers[self._auction.requester].address
        return performative in table.machine.next_actions(table.state, requester, table.now)

    def _phase(self) -> Phase | None:
        protocol = self._table.machine.protocol
        return (
            protocol.phase(self._table.state, self._table.now) if isinstance(protocol, SealedBids) else None
        )

    def _played(self, acting: Mapping[str, Conduct]) -> Played:
        table, case, state = self._table, self._case, self._table.state
        values: dict[str, IssueValue] = {}
        utilities: dict[str, int] = {}
        trading: tuple[str, ...] = ()
        if state.status is Status.ACCEPTED and state.offer is not None:
            values = case.domain.decode_values(state.offer.offer.values)
            trading = (self._auction.requester, *state.acceptances)
            utilities = dict(case.analysis.assess(values, trading).utilities)
        senders = {table.signers[role].address: role for role in case.domain.roles}
        senders[table.signers[REVIEWER].address] = "reviewer"
        result = Result(table, ending_of(state), values, utilities)
        return Played(case, acting, self._seed, result, senders, {}, self._by, None, trading)
