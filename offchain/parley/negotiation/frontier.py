"""The Pareto front of a domain under several profiles, without listing its outcomes.

Utilities are additive over issues, so the front of a sum is found from the fronts of its parts (the
"nondominated merge" of Kung, Luccio, Preparata 1975 over Minkowski sums). Issues that a constraint joins form
one block and are listed together; blocks are merged one by one, and what is dominated is dropped on the way.
Where a merge would grow too large, outcomes closer than a cell are represented by one of them: then the front
is off by at most `error`, which is stated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import prod
from random import Random

from parley.negotiation.dominance import Loss, Method, Spot, merged, undominated
from parley.negotiation.listing import Listing, blocks_of, names_in
from parley.negotiation.utility import PPM, AtMost, Bonus, Curve, Depending, Profile
from parley.terms.domain import AmountIssue, ChoiceIssue, Domain, IntegerIssue, IssueValue

LISTED = 100_000
"""Assignments that the listing of one block may try."""
AXIS = 65_536
"""Values of a single issue that are looked at; beyond it a grid of this many."""
BRANCHES = 4_096
RESTARTS = 32


@dataclass(frozen=True, slots=True)
class Front:
    """Outcomes that no other allowed outcome dominates, the first party's utility falling; of outcomes with
    equal utilities one.

    `method` is `exact`; or `bounded`, when for every allowed outcome there is a spot at most `error` (exact
    units) worse for any party; or `sampled`, when some constraint joined too many issues to list: then
    `error` is None and nothing is said of what was not drawn.
    """

    spots: tuple[Spot, ...]
    method: Method
    error: int | None


def front_of(domain: Domain, profiles: Sequence[Profile]) -> Front:
    """The front over all outcomes that the hard constraints of every profile allow. Deterministic; the
    profiles must be ones of this domain.
    """
    loss = Loss()
    worst = Loss()
    found: list[Spot] = []
    for fixed in _branches(domain, profiles, loss):
        branch = Loss()
        found += _branch_front(domain, profiles, fixed, branch)
        worst.error = max(worst.error, branch.error)
        worst.sampled = worst.sampled or branch.sampled
    loss.error = worst.error
    loss.sampled = loss.sampled or worst.sampled
    return Front(tuple(undominated(found)), loss.method, None if loss.sampled else loss.error)


def _branches(domain: Domain, profiles: Sequence[Profile], loss: Loss) -> Iterator[dict[str, str]]:
    """Every combination of the choices that utilities or limits of some profile depend on."""
    deciding = {name for profile in profiles for limit in profile.limits for name in limit.when}
    deciding |= {name for profile in profiles for name in profile.cases}
    issues = [issue for issue in domain.issues if isinstance(issue, ChoiceIssue) and issue.name in deciding]
    count = prod(issue.size for issue in issues)
    names = [issue.name for issue in issues]
    if count <= BRANCHES:
        for combination in product(*(issue.values for issue in issues)):
            yield dict(zip(names, combination, strict=True))
        return
    loss.sampled = True
    random = Random(0)
    for _ in range(BRANCHES):
        yield {issue.name: issue.values[int(random.random() * issue.size)] for issue in issues}


def _branch_front(
    domain: Domain, profiles: Sequence[Profile], fixed: Mapping[str, str], loss: Loss
) -> list[Spot]:
    axes: dict[str, tuple[IssueValue, ...]] = {}
    for issue in domain.issues:
        axis = _axis(issue, profiles, fixed, loss)
        if not axis:
            return []
        axes[issue.name] = axis
    joined = [
        (frozenset(names_in(constraint.left) | names_in(constraint.right)) - fixed.keys(), constraint)
        for profile in profiles
        for constraint in profile.constraints
    ]
    if not all(constraint.allows(fixed) for names, constraint in joined if not names):
        return []
    bonuses = [
        (frozenset(bonus.where), at, bonus)
        for at, profile in enumerate(profiles)
        for bonus in profile.bonuses
    ]
    together = [each for each, _ in joined] + [each - fixed.keys() for each, _, _ in bonuses]
    blocks = []
    for names in blocks_of(list(axes), [each for each in together if each]):
        own = [(each, constraint) for each, constraint in joined if each and each <= set(names)]
        extra = [(at, bonus) for each, at, bonus in bonuses if _belongs(each, names, fixed)]
        spots = _block_front(profiles, _Block(names, own, extra), axes, fixed, loss)
        if not spots:
            return []
        blocks.append((names, spots))
    return _merged_all(domain, blocks, loss)


def _axis(
    issue: AmountIssue | IntegerIssue | ChoiceIssue,
    profiles: Sequence[Profile],
    fixed: Mapping[str, str],
    loss: Loss,
) -> tuple[IssueValue, ...]:
    """The values of an issue that every party's limits allow here; a grid where they are many."""
    if issue.name in fixed:
        candidates: tuple[IssueValue, ...] = (fixed[issue.name],)
    elif issue.size <= AXIS:
        candidates = tuple(issue.value_at(at) for at in range(issue.size))
    else:
        candidates = _grid(issue, profiles, fixed, loss)
    limits = [
        limit
        for profile in profiles
        for limit in profile.limits
        if limit.issue == issue.name and all(fixed[name] == value for name, value in limit.when.items())
    ]
    return tuple(value for value in candidates if all(limit.allows(value) for limit in limits))


def _grid(
    issue: AmountIssue | IntegerIssue | ChoiceIssue,
    profiles: Sequence[Profile],
    fixed: Mapping[str, str],
    loss: Loss,
) -> tuple[IssueValue, ...]:
    """Evenly spread values, with those where a curve bends or a limit lies; the gaps count as error."""
    chosen = {at * (issue.size - 1) // (AXIS - 1) for at in range(AXIS)}
    if not isinstance(issue, ChoiceIssue):
        for profile in profiles:
            for place in _bends(profile, issue.name):
                near = (place - issue.min) // issue.step
                chosen |= {at for at in (near, near + 1) if 0 <= at < issue.size}
    values = tuple(issue.value_at(at) for at in sorted(chosen))
    if isinstance(issue, ChoiceIssue):
        loss.sampled = True
        return values
    for profile in profiles:
        gains = [_gain(profile, issue.name, value, fixed) for value in values]
        loss.error += max(abs(after - before) for before, after in pairwise(gains))
    return values


def _bends(profile: Profile, name: str) -> Iterator[int]:
    for bonus in profile.bonuses:
        region = bonus.where.get(name)
        if region is not None:
            yield from (bound for bound in (region.min, region.max) if bound is not None)
    utility = profile.utilities.get(name)
    inner = list(utility.of.values()) if isinstance(utility, Depending) else [utility]
    for curve in inner:
        if isinstance(curve, Curve):
            yield from (point.at for point in curve.points)
    for limit in profile.limits:
        if limit.issue == name:
            yield from (bound for bound in (limit.min, limit.max) if bound is not None)


def _gain(profile: Profile, name: str, value: IssueValue, fixed: Mapping[str, str]) -> int:
    utility = profile.utilities.get(name)
    case = fixed[utility.case] if isinstance(utility, Depending) else None
    return profile.weights[name] * profile.issue_ppm(name, value, case)


@dataclass(frozen=True, slots=True)
class _Block:
    """Issues that belong together, with the constraints over them and each party's bonuses."""

    names: list[str]
    constraints: list[tuple[frozenset[str], AtMost]]
    bonuses: list[tuple[int, Bonus]]


def _belongs(where: frozenset[str], names: list[str], fixed: Mapping[str, str]) -> bool:
    """Whether a bonus over these issues is counted in this block: in that of its free issues; without any
    in that of the first issue it names.
    """
    free = where - fixed.keys()
    return bool(free & set(names)) if free else min(where) in names


def _block_front(
    profiles: Sequence[Profile],
    block: _Block,
    axes: Mapping[str, tuple[IssueValue, ...]],
    fixed: Mapping[str, str],
    loss: Loss,
) -> list[Spot]:
    names = block.names
    gains = {
        name: {
            value: tuple(_gain(profile, name, value, fixed) for profile in profiles) for value in axes[name]
        }
        for name in names
    }

    def spot(values: tuple[IssueValue, ...]) -> Spot:
        parts = [gains[name][value] for name, value in zip(names, values, strict=True)]
        sums = [sum(column) for column in zip(*parts, strict=True)]
        if block.bonuses:
            known = {**fixed, **dict(zip(names, values, strict=True))}
            for at, bonus in block.bonuses:
                sums[at] += bonus.ppm * PPM if bonus.holds(known) else 0
        return Spot(tuple(sums), values)

    columns = [axes[name] for name in names]
    if len(names) == 1 and not block.constraints:
        return undominated([spot((value,)) for value in columns[0]])
    listing = Listing(names, block.constraints, fixed)
    spots = [spot(values) for values in listing.run(columns, LISTED)]
    if listing.left:
        return undominated(spots)
    loss.sampled = True
    random = Random(0)
    for _ in range(RESTARTS):
        mixed = [tuple(sorted(column, key=lambda _: random.random())) for column in columns]
        spots += [spot(values) for values in listing.run(mixed, LISTED // RESTARTS)]
    return undominated(spots)


def _merged_all(domain: Domain, blocks: list[tuple[list[str], list[Spot]]], loss: Loss) -> list[Spot]:
    """The blocks' fronts added up, the small ones first; values in the domain's order."""
    blocks = sorted(blocks, key=lambda block: len(block[1]))
    names, spots = blocks[0]
    for more, others in blocks[1:]:
        names = names + more
        spots = merged(spots, others, loss)
    order = [names.index(issue.name) for issue in domain.issues]
    return [Spot(spot.gains, tuple(spot.values[at] for at in order)) for spot in spots]
