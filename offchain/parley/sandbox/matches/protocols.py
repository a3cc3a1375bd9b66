"""The protocols that a match can be played under, and what a party does under each."""

from __future__ import annotations

from collections.abc import Sequence

from parley.negotiation.errors import StrategyUnknown
from parley.sandbox.errors import CaseInvalid, ProtocolUnknown
from parley.sandbox.matches.case import Case
from parley.sandbox.matches.match import Played, play
from parley.sandbox.matches.mediated import RankingParams, SealedRanking, mediated_case, play_mediated
from parley.sandbox.matches.naming import params_of, strategy_of
from parley.terms.errors import DocumentInvalid

OFFERS, MEDIATED = "alternating-offers", "mediated"
PROTOCOLS = (OFFERS, MEDIATED)


def check_protocol(name: str) -> None:
    """Raises `ProtocolUnknown`."""
    if name not in PROTOCOLS:
        raise ProtocolUnknown(
            "No match is played under this protocol", protocol=name[:80], known=list(PROTOCOLS)
        )


def play_under(protocol: str, case: Case, strategies: Sequence[str], seed: int) -> Played:
    """One match of `case` under a protocol; `strategies` as they are written, in the order of the roles.

    A mediator's parties do not bargain: their only conduct is `sealed-ranking`, also where nothing is
    written. Raises `ProtocolUnknown`, `CaseInvalid` and the errors of strategies.
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
    conduct = [_ranking(text) for text in strategies] or [SealedRanking() for _ in case.domain.roles]
    if len(conduct) != len(case.domain.roles):
        raise CaseInvalid(
            "One strategy for each role, or none",
            field="strategy",
            roles=list(case.domain.roles),
            given=len(conduct),
        )
    return play_mediated(mediated_case(case), dict(zip(case.domain.roles, conduct, strict=True)), seed)


def _ranking(text: str) -> SealedRanking:
    name, _, rest = text.partition(":")
    if name != SealedRanking.name:
        raise StrategyUnknown(
            "Under a mediator the parties only rank", strategy=name[:80], known=[SealedRanking.name]
        )
    try:
        return SealedRanking(RankingParams.parse(params_of(rest)) if rest else None)
    except DocumentInvalid as error:
        raise StrategyUnknown(error.message, strategy=name, **error.values) from None
