"""A match by a mediator: the parties name candidates, rank them under seal, and fallback bargaining settles.

Each party names outcomes drawn from those that it could live with, so that the call says little of what it
likes best. Every message is signed by a throwaway key and admitted by the machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from parley.negotiation.analysis import Analysis
from parley.negotiation.search import Search
from parley.negotiation.simulation import Result, ending_of
from parley.negotiation.space import Axis, Outcome, Space
from parley.negotiation.status import Status
from parley.negotiation.utility import PPM
from parley.sandbox.errors import CaseInvalid
from parley.sandbox.matches.case import Case, bound
from parley.sandbox.matches.match import Played
from parley.sandbox.table import MEDIATOR, REVIEWER, SignedTable
from parley.scenarios.draws import Draws
from parley.terms.documents import Part
from parley.terms.domain import Domain

STEP_SECONDS = 5
"""How long a party takes for a message, in simulated seconds."""
WINDOW = 600
MOST = 256


class RankingParams(Part):
    """`names` is how many outcomes a party names as candidates."""

    names: Annotated[int, Field(ge=1, le=128)] = 42


class SealedRanking:
    """How every party of a mediated match acts: it ranks what it could live with by its own utility."""

    name: ClassVar[str] = "sealed-ranking"

    def __init__(self, params: RankingParams | None = None) -> None:
        self.params = params or RankingParams()


def mediated_case(case: Case) -> Case:
    """The case under the protocol of the mediator, in one round; what is possible stays the same."""
    domain = mediated_domain(case.domain)
    changed = Case(case.name, domain, bound(case.profiles, domain))
    changed.__dict__["analysis"] = Analysis(domain, changed.profiles)
    return changed


def mediated_domain(domain: Domain) -> Domain:
    """The same issues under a mediator."""
    document: dict[str, Any] = domain.as_json()
    for section in ("escalation", "auction"):
        document.pop(section, None)
    document["protocol"] = "mediated"
    limits = {**document["limits"], "fallback": "abort", "max_rounds": 1}
    document["limits"] = {**limits, "deadline_seconds": max(limits["deadline_seconds"], 4 * WINDOW)}
    windows = ("commit_seconds", "reveal_seconds", "award_seconds")
    document["mediation"] = {"max_candidates": MOST} | dict.fromkeys(windows, WINDOW)
    return Domain.parse(document)


def play_mediated(case: Case, conduct: Mapping[str, SealedRanking] | None = None, seed: int = 0) -> Played:
    """Plays one call on a case of `mediated_case`; deterministic. An approval that the domain wants is given.

    Raises `CaseInvalid` for a case under another protocol.
    """
    if case.domain.mediation is None:
        raise CaseInvalid("The case is under another protocol", field="protocol", actual=case.domain.protocol)
    roles = case.domain.roles
    acting = conduct or {role: SealedRanking() for role in roles}
    table = SignedTable(case.domain, seed, "coalition")
    named = {role: _named(case.spaces[role], acting[role].params.names, seed) for role in roles}
    candidates = list(dict.fromkeys(outcome for role in roles for outcome in named[role]))[:MOST]
    first = case.spaces[roles[0]]
    by = MEDIATOR
    table.now += STEP_SECONDS
    table.call(tuple(first.mapping(outcome) for outcome in candidates))
    for role in roles:
        table.now += STEP_SECONDS
        table.seal(role, ranking=ranking(case.spaces[role], candidates))
    for role in roles:
        table.now += STEP_SECONDS
        table.unseal(role)
    table.now += STEP_SECONDS
    if table.state.live and table.award() is not None:
        for role in roles:
            table.now += STEP_SECONDS
            table.accept(role)
            by = role
    return _played(case, table, acting, seed, by)


def _played(
    case: Case, table: SignedTable, acting: Mapping[str, SealedRanking], seed: int, by: str
) -> Played:
    state = table.state
    values: dict[str, int | str] = {}
    utilities: dict[str, int] = {}
    if state.status is Status.ACCEPTED and state.offer is not None:
        values = case.domain.decode_values(state.offer.offer.values)
        spot = case.analysis.spot(values)
        utilities = {role: gain // PPM for role, gain in zip(case.domain.roles, spot.gains, strict=True)}
    senders = {table.signers[role].address: role for role in case.domain.roles}
    senders |= {table.signers[MEDIATOR].address: "mediator", table.signers[REVIEWER].address: "reviewer"}
    result = Result(table, ending_of(state), values, utilities)
    return Played(case, acting, seed, result, senders, {}, by, None)


def ranking(space: Space, candidates: Sequence[Outcome]) -> tuple[int, ...]:
    """Positions of what the owner could live with, best first."""
    able = [at for at, outcome in enumerate(candidates) if space.agreeable(outcome)]
    return tuple(sorted(able, key=lambda at: (-space.gain(candidates[at]), at)))


def _named(space: Space, count: int, seed: int) -> list[Outcome]:
    """Outcomes drawn from those that the owner could live with, each once."""
    draws = Draws(seed, f"candidates/{space.profile.role}")
    if space.listed is not None:
        able = [outcome for outcome in space.listed[1] if space.gain(outcome) >= space.reservation]
        return list(dict.fromkeys(able[draws.between(0, len(able) - 1)] for _ in range(count) if able))
    found: dict[Outcome, None] = {}
    for _ in range(count):
        level = draws.between(0, 1_000)
        target = space.reservation + (space.best_gain - space.reservation) * level // 1_000
        search = Search(space, lambda outcome: True, _drawn_scores(draws))
        found.update(dict.fromkeys(candidate.outcome for candidate in search.at_least(target)[:1]))
    return list(found)


def _drawn_scores(draws: Draws) -> Any:
    """Scores that lead to another corner each time."""

    def scores(axis: Axis) -> list[int]:
        favourite = draws.between(0, len(axis.values) - 1)
        return [-abs(at - favourite) for at in range(len(axis.values))]

    return scores
