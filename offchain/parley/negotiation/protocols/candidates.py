"""What a mediator lets the parties rank: few outcomes out of a space that may be far too large to list.

Parties nominate outcomes that they could live with, from their best one down; the mediator adds blends of
nominations of different parties, and fills up with outcomes spread over the space. It learns no utility.
Deterministic for a seed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product, zip_longest
from random import Random

from parley.negotiation.space import Outcome, Space
from parley.terms.domain import Domain, IssueValue

Allowed = Callable[[Mapping[str, IssueValue]], bool]
Values = dict[str, IssueValue]

TRIES = 64
"""How often the mediator tries for each candidate that it still lacks."""


def everything(values: Mapping[str, IssueValue]) -> bool:
    """Admits every outcome."""
    return True


def nominate(space: Space, count: int, seed: int = 0) -> tuple[Values, ...]:
    """At most `count` distinct outcomes that the owner of the profile accepts, worth less and less.

    The first is its best. The others are drawn from the outcomes worth their target where the space is
    listed, and else random outcomes brought up, issue by issue, to the best one's values until they are
    worth it; so they differ in what matters little to the owner.
    """
    rng = Random(f"nominate/{seed}")
    best = _best(space)
    if best is None:
        return ()
    top = space.gain(best)
    floor = max(space.reservation, 0)
    found: dict[Outcome, None] = {best: None}
    for at in range(1, count * 4):
        if len(found) >= count:
            break
        target = top - (top - floor) * min(at, count) // count
        if space.listed is not None:
            # Where constraints leave little, random values seldom fit together: draw from what is left.
            losses, outcomes = space.listed
            worth = bisect_right(losses, -target)
            found.setdefault(outcomes[rng.randrange(worth)] if worth else best)
            continue
        drawn = [issue.value_at(rng.randrange(issue.size)) for issue in space.domain.issues]
        order = list(range(len(drawn)))
        rng.shuffle(order)
        for place in (None, *order):
            if place is not None:
                drawn[place] = best[place]
            outcome = tuple(drawn)
            if space.gain(outcome) >= target and space.agreeable(outcome):
                found.setdefault(outcome)
                break
    ranked = sorted(found, key=lambda outcome: (-space.gain(outcome), space.position(outcome)))
    return tuple(space.mapping(outcome) for outcome in ranked)


def pool(
    domain: Domain,
    nominations: Mapping[str, Sequence[Mapping[str, IssueValue]]],
    limit: int,
    seed: int = 0,
    allowed: Allowed = everything,
) -> tuple[Values, ...]:
    """At most `limit` distinct candidates: nominations in turn, then blends of two parties' nominations, then
    outcomes spread over the space. A space of at most `limit` outcomes is listed whole. `allowed` is what
    everyone knows to be out of the question.
    """
    names = tuple(issue.name for issue in domain.issues)
    found: dict[Outcome, None] = {}

    def take(values: Mapping[str, IssueValue]) -> bool:
        if len(found) < limit and allowed(values):
            found.setdefault(tuple(values[name] for name in names))
        return len(found) >= limit

    if domain.outcome_count() <= limit:
        for places in product(*(range(issue.size) for issue in domain.issues)):
            take({issue.name: issue.value_at(at) for issue, at in zip(domain.issues, places, strict=True)})
    else:
        rng = Random(f"pool/{seed}")
        half = limit // 2
        for values in _in_turn(nominations):
            if len(found) >= half or take(values):
                break
        for values in _blends(domain, nominations, limit * TRIES, rng):
            if take(values):
                break
        for _ in range(limit * TRIES):
            if take({issue.name: issue.value_at(rng.randrange(issue.size)) for issue in domain.issues}):
                break
    return tuple(dict(zip(names, outcome, strict=True)) for outcome in found)


def _in_turn(
    nominations: Mapping[str, Sequence[Mapping[str, IssueValue]]],
) -> Iterator[Mapping[str, IssueValue]]:
    for row in zip_longest(*nominations.values()):
        yield from (values for values in row if values is not None)


def _blends(
    domain: Domain,
    nominations: Mapping[str, Sequence[Mapping[str, IssueValue]]],
    tries: int,
    rng: Random,
) -> Iterator[Values]:
    """Outcomes whose every issue is one nomination's, another one's, or for numbers about half way."""
    given = [list(each) for each in nominations.values() if each]
    groups = list(combinations(range(len(given)), 2))
    if not groups:
        return
    for at in range(tries):
        first, second = groups[at % len(groups)]
        one, other = rng.choice(given[first]), rng.choice(given[second])
        blend: Values = {}
        for issue in domain.issues:
            mine, theirs = one[issue.name], other[issue.name]
            drawn = rng.randrange(3)
            if drawn == 2 and issue.type != "choice" and isinstance(mine, int) and isinstance(theirs, int):
                steps = (mine + theirs - 2 * issue.min) // (2 * issue.step)
                blend[issue.name] = issue.value_at(steps)
            else:
                blend[issue.name] = theirs if drawn == 1 else mine
        yield blend


def _best(space: Space) -> Outcome | None:
    """The owner's best outcome that its constraints allow, as far as the space lists or walks to it."""
    if space.listed is not None:
        return space.listed[1][0] if space.listed[1] else None
    tops = (branch.outcome(branch.best()) for branch in space.branches)
    fit = [outcome for outcome in tops if space.agreeable(outcome)]
    return max(fit, key=space.gain) if fit else None
