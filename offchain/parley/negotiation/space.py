"""The outcomes that a party may agree to, without listing them unless they are few.

A space is a union of branches; inside one the utility is additive, so that each issue is an axis with a
contribution for each of its values and every question becomes one about sums. Outcomes are tuples of
values in the domain's order.

Their canonical order: exact utility falling, then what the owner likes among the issues without weight
falling, then the place of the values in the domain. It is total, and the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import count, product
from math import prod
from operator import getitem
from types import MappingProxyType
from typing import Any

from parley.negotiation.branches import AXIS_POINTS, Axis, Branch, Brancher, Outcome
from parley.negotiation.errors import SpaceEmpty
from parley.negotiation.listing import Listing, blocks_of, names_in
from parley.negotiation.utility import PPM, Depending, Profile, check_profile
from parley.terms.domain import ChoiceIssue, Domain, IssueValue

__all__ = ["AXIS_POINTS", "ENUMERATED", "Axis", "Branch", "Outcome", "Space"]

ENUMERATED = 4_096
"""Spaces of at most this many outcomes are listed; larger ones are searched by their axes."""
CONSTRAINED = 65_536
"""Where constraints over several issues leave at most this many outcomes, these are listed too: axes alone
say little about what is allowed.
"""
ASSIGNMENTS = 400_000
"""Values that such a listing may try."""
REMEMBERED = 1_024
"""How many outcomes' utilities a space keeps at hand."""
KEPT = 4_096
"""How many values' gains a space keeps for each issue."""


class Space:
    """A domain seen by a profile. Nothing about it changes, and it may be shared by all negotiations of
    the two.

    Raises `ProfileInvalid` for a profile that does not fit the domain, `SpaceEmpty` when its limits leave
    nothing, `SpaceTooEntangled` when the issues depend on one another in too many ways.
    """

    def __init__(self, domain: Domain, profile: Profile) -> None:
        check_profile(profile, domain)
        self.domain = domain
        self.profile = profile
        self.names: tuple[str, ...] = tuple(issue.name for issue in domain.issues)
        self.spans: tuple[int, ...] = tuple(
            0 if isinstance(issue, ChoiceIssue) else issue.max - issue.min for issue in domain.issues
        )
        self._brancher = Brancher(domain, profile)
        self.branches: tuple[Branch, ...] = tuple(self._brancher.branches())
        if not self.branches:
            raise SpaceEmpty("The hard constraints of the profile leave no outcome", role=profile.role)
        self._gains: dict[Outcome, int] = {}
        self._named: dict[Outcome, Mapping[str, IssueValue]] = {}
        self._tables = tuple(_Gains(self.names, profile, name) for name in self.names)
        self._depending = any(table.case_at is not None for table in self._tables)
        self._bonuses = _Bonuses(self.names, profile) if profile.bonuses else None
        self._places = tuple(
            {value: at for at, value in enumerate(issue.values)} if isinstance(issue, ChoiceIssue) else None
            for issue in domain.issues
        )
        self.reservation = profile.reservation_ppm * PPM
        self.size = sum(branch.size for branch in self.branches)
        self.best_gain = self._best()

    @cached_property
    def listed(self) -> tuple[tuple[int, ...], tuple[Outcome, ...]] | None:
        """For a small space: ascending negated gains and the outcomes in canonical order."""
        if self.size <= ENUMERATED:
            every = [
                (branch, [list(indices) for indices in product(*(range(len(a.values)) for a in branch.axes))])
                for branch in self.branches
            ]
        else:
            allowed = self._allowed() if self.profile.constraints else None
            if allowed is None:
                return None
            every = allowed
        known = self.size > ENUMERATED
        found: list[tuple[int, int, tuple[int, ...], Outcome]] = []
        for branch, listing in every:
            for chosen in listing:
                outcome = branch.outcome(chosen)
                if known or self.constraints_hold(outcome):
                    place = self.position(outcome)
                    found.append((-branch.gain(chosen), -branch.liking(chosen), place, outcome))
        found.sort(key=lambda entry: entry[:3])
        return tuple(entry[0] for entry in found), tuple(entry[3] for entry in found)

    def _allowed(self) -> list[tuple[Branch, list[list[int]]]] | None:
        """What the constraints leave of each branch; None when that is too much to list."""
        constraints = [
            (frozenset(names_in(each.left) | names_in(each.right)), each) for each in self.profile.constraints
        ]
        names = list(self.names)
        blocks = blocks_of(names, [read for read, _ in constraints])
        listings = [
            Listing(block, [each for each in constraints if each[0] <= set(block)], {}) for block in blocks
        ]
        order = [name for block in blocks for name in block]
        back = [order.index(name) for name in names]
        budget, room = ASSIGNMENTS, CONSTRAINED
        found: list[tuple[Branch, list[list[int]]]] = []
        for branch in self.branches:
            columns = {axis.name: axis.values for axis in branch.axes}
            places = {axis.name: {value: at for at, value in enumerate(axis.values)} for axis in branch.axes}
            parts: list[list[list[int]]] = []
            for block, listing in zip(blocks, listings, strict=True):
                outcomes = listing.run([columns[name] for name in block], budget)
                budget = listing.left
                parts.append([[places[n][v] for n, v in zip(block, each, strict=True)] for each in outcomes])
            room -= prod(len(part) for part in parts)
            if not budget or room < 0:
                return None
            joined = ([at for part in combination for at in part] for combination in product(*parts))
            found.append((branch, [[each[at] for at in back] for each in joined]))
        return found

    def _best(self) -> int:
        """The best gain; where constraints could be listed that of the best outcome they allow."""
        listed = self.listed if self.profile.constraints else None
        if listed is None:
            return max(branch.gain(branch.best()) for branch in self.branches)
        if not listed[0]:
            raise SpaceEmpty("The hard constraints of the profile leave no outcome", role=self.profile.role)
        return -listed[0][0]

    def branch_key(self, outcome: Outcome) -> tuple[IssueValue, ...]:
        """The `key` of the branch that an outcome belongs to."""
        return self._brancher.key(outcome)

    @cached_property
    def marks(self) -> tuple[int, ...]:
        """For each listed outcome its `mark`; empty where nothing is listed."""
        return () if self.listed is None else tuple([self.mark(outcome) for outcome in self.listed[1]])

    def mark(self, outcome: Outcome) -> int:
        """A bit for each value of a listed outcome: two outcomes agree in as many issues as their marks
        share bits.
        """
        found = 0
        for bits, value in zip(self._bits, outcome, strict=True):
            found |= bits.get(value, 0)
        return found

    @cached_property
    def _bits(self) -> tuple[dict[IssueValue, int], ...]:
        """For each issue a bit for every value of it that is listed."""
        columns = [
            {outcome[at]: None for outcome in (self.listed or ((), ()))[1]} for at in range(len(self.names))
        ]
        fresh = count()
        return tuple({value: 1 << next(fresh) for value in column} for column in columns)

    def named(self, outcome: Outcome) -> Mapping[str, IssueValue]:
        """The outcome as values by issue, to be read only: one mapping for all who ask."""
        known = self._named.get(outcome)
        if known is None:
            if len(self._named) >= REMEMBERED:
                self._named.clear()
            known = self._named[outcome] = MappingProxyType(self.mapping(outcome))
        return known

    def mapping(self, outcome: Outcome) -> dict[str, IssueValue]:
        """The outcome as values by issue."""
        return dict(zip(self.names, outcome, strict=True))

    def outcome(self, values: Mapping[str, IssueValue]) -> Outcome:
        """Values by issue as an outcome."""
        return tuple(values[name] for name in self.names)

    def position(self, outcome: Outcome) -> tuple[int, ...]:
        """Place of each value in its issue: what orders outcomes of equal worth."""
        return tuple(
            value if isinstance(value, int) else (places or {})[value]
            for value, places in zip(outcome, self._places, strict=True)
        )

    def gain(self, outcome: Outcome) -> int:
        """Exact utility, times 10^12. One look into a table for each issue."""
        known = self._gains.get(outcome)
        if known is None:
            known = sum(map(getitem, self._tables, self._keys(outcome) if self._depending else outcome))
            if self._bonuses is not None:
                known += self._bonuses.of(outcome)
            if len(self._gains) >= REMEMBERED:
                self._gains.clear()
            self._gains[outcome] = known
        return known

    def _keys(self, outcome: Outcome) -> list[Any]:
        """What the tables know the values under."""
        return [
            value if table.case_at is None else (value, outcome[table.case_at])
            for value, table in zip(outcome, self._tables, strict=True)
        ]

    def constraints_hold(self, outcome: Outcome) -> bool:
        """The constraints over several issues; a branch has only values that the limits allow."""
        if not self.profile.constraints:
            return True
        values = self.mapping(outcome)
        return all(constraint.allows(values) for constraint in self.profile.constraints)

    def agreeable(self, outcome: Outcome) -> bool:
        """Whether the owner could live with it: hard constraints hold and the reservation is reached."""
        if self.gain(outcome) < self.reservation:
            return False
        profile = self.profile
        return not (profile.limits or profile.constraints) or profile.allows(self.mapping(outcome))


class _Gains(dict[Any, int]):
    """Weighted utility of the values of one issue, computed once for each of `KEPT` of them. The key is the
    value, with the value of the issue at `case_at` where the utility depends on that.
    """

    __slots__ = ("_name", "_profile", "_weight", "case_at")

    def __init__(self, names: tuple[str, ...], profile: Profile, name: str) -> None:
        super().__init__()
        utility = profile.utilities.get(name)
        self._weight = profile.weights[name]
        depends = self._weight and isinstance(utility, Depending)
        self.case_at = names.index(utility.case) if depends and isinstance(utility, Depending) else None
        self._name = name
        self._profile = profile

    def __missing__(self, key: Any) -> int:
        value, case_value = (key, None) if self.case_at is None else key
        gain = self._weight * self._profile.issue_ppm(self._name, value, case_value) if self._weight else 0
        if len(self) < KEPT:
            self[key] = gain
        return gain


class _Bonuses:
    """The bonuses of a profile as bits: each value of an issue leaves those that it does not rule out."""

    __slots__ = ("_bonuses", "_everything", "_known", "_places", "_sums")

    def __init__(self, names: tuple[str, ...], profile: Profile) -> None:
        self._bonuses = profile.bonuses
        self._everything = (1 << len(profile.bonuses)) - 1
        involved = dict.fromkeys(name for bonus in profile.bonuses for name in bonus.where)
        self._places = tuple((names.index(name), name) for name in involved)
        self._known: tuple[dict[IssueValue, int], ...] = tuple({} for _ in self._places)
        self._sums: dict[int, int] = {0: 0}

    def of(self, outcome: Outcome) -> int:
        mask = self._everything
        for (at, name), known in zip(self._places, self._known, strict=True):
            value = outcome[at]
            left = known.get(value)
            if left is None:
                left = self._left(name, value)
                if len(known) < KEPT:
                    known[value] = left
            mask &= left
        total = self._sums.get(mask)
        if total is None:
            total = PPM * sum(bonus.ppm for at, bonus in enumerate(self._bonuses) if mask >> at & 1)
            if len(self._sums) < KEPT:
                self._sums[mask] = total
        return total

    def _left(self, name: str, value: IssueValue) -> int:
        return sum(
            1 << at
            for at, bonus in enumerate(self._bonuses)
            if name not in bonus.where or bonus.where[name].allows(value)
        )
