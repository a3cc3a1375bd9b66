"""The protocols that a match can be played under, and what a party does under each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from parley.negotiation.errors import StrategyUnknown
from parley.sandbox.errors import CaseInvalid, ProtocolUnknown
from parley.sandbox.matches.auctions import (
    Awarding,
    AwardParams,
    BidParams,
    HonestBid,
    play_auction,
    usual,
)
from parley.sandbox.matches.case import Case
from parley.sandbox.matches.match import Conduct, Played, play
from parley.sandbox.matches.mediated import RankingParams, SealedRanking, mediated_case, play_mediated
from parley.sandbox.matches.naming import params_of, strategy_of
from parley.sandbox.matches.quotes import auction_case
from parley.terms.errors import DocumentInvalid

OFFERS, MEDIATED, SEALED = "alternating-offers", "mediated", "sealed-bid"
PROTOCOLS = (OFFERS, SEALED, MEDIATED)
UNSAID = (SEALED, MEDIATED)
"""Where nobody bargains, and the parties' conduct may be left out."""


def check_protocol(name: str) -> None:
    """Raises `ProtocolUnknown`."""
    if name not in PROTOCOLS:
        raise ProtocolUnknown(
            "No match is played under this protocol", protocol=name[:80], known=list(PROTOCOLS)
        )


def play_under(protocol: str, case: Case, strategies: Sequence[str], seed: int) -> Played:
    """One match of `case` under a protocol; `strategies` as they are written, in the order of the roles.

    A mediator's parties do not bargain: their only conduct is `sealed-ranking`. In a request for quotes the
    requester's is `award` and the bidders' `honest-bid`. Both also where nothing is written. Raises
    `ProtocolUnknown`, `CaseInvalid` and the errors of strategies.
    """
    check_protocol(protocol)
    if protocol == OFFERS:
        if case.domain.protocol != OFFERS:
            raise ProtocolUnknown(
                "The domain is made for another protocol",
                protocol=case.domain.protocol,
                known=list(PROTOCOLS),
            )
        return play(case, [strategy_of(text) for text in strategies], seed)
    if strategies and len(strategies) != len(case.domain.roles):
        raise CaseInvalid(
            "One strategy for each role, or none",
            field="strategy",
            roles=list(case.domain.roles),
            given=len(strategies),
        )
    written = dict(zip(case.domain.roles, strategies, strict=True)) if strategies else {}
    if protocol == SEALED:
        quotes = auction_case(case)
        return play_auction(quotes, {**usual(quotes), **_read(written, _AUCTION)}, seed)
    usually = {role: SealedRanking() for role in case.domain.roles}
    read = {
        role: found for role, found in _read(written, _RANKING).items() if isinstance(found, SealedRanking)
    }
    return play_mediated(mediated_case(case), {**usually, **read}, seed)


_Made = Callable[[Mapping[str, Any] | None], Conduct]
_RANKING: Mapping[str, _Made] = {
    SealedRanking.name: lambda params: SealedRanking(None if params is None else RankingParams.parse(params))
}
_AUCTION: Mapping[str, _Made] = {
    HonestBid.name: lambda params: HonestBid(None if params is None else BidParams.parse(params)),
    Awarding.name: lambda params: Awarding(None if params is None else AwardParams.parse(params)),
}


def _read(written: Mapping[str, str], known: Mapping[str, _Made]) -> dict[str, Conduct]:
    """The conduct of each role as it is written. Raises `StrategyUnknown`, `StrategyUnreadable`."""
    found: dict[str, Conduct] = {}
    for role, text in written.items():
        name, _, rest = text.partition(":")
        if name not in known:
            raise StrategyUnknown(
                "Under this protocol nobody bargains", strategy=name[:80], known=sorted(known)
            )
        try:
            found[role] = known[name](params_of(rest) if rest else None)
        except DocumentInvalid as error:
            raise StrategyUnknown(error.message, strategy=name, **error.values) from None
    return found
