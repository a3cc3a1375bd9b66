"""Outcomes that constraints over several issues allow, listed without trying all combinations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from parley.negotiation.utility import AtMost
from parley.terms.domain import IssueValue


def names_in(expression: Any) -> set[str]:
    """The issues that an expression reads."""
    found: set[str] = set()
    if isinstance(expression, Mapping):
        for key, inner in expression.items():
            if key in ("issue", "case") and isinstance(inner, str):
                found.add(inner)
            elif key == "of" and isinstance(inner, Mapping):
                for each in inner.values():
                    found |= names_in(each)
            else:
                found |= names_in(inner)
    elif isinstance(expression, list | tuple):
        for inner in expression:
            found |= names_in(inner)
    return found


def blocks_of(names: list[str], joined: list[frozenset[str]]) -> list[list[str]]:
    """The issues in groups: two are together when a chain of constraints joins them."""
    group = {name: {name} for name in names}
    for together in joined:
        merged = set().union(*(group[name] for name in together))
        for name in merged:
            group[name] = merged
    blocks: list[list[str]] = []
    for name in names:
        if not any(name in block for block in blocks):
            blocks.append([other for other in names if other in group[name]])
    return blocks


class Listing:
    """Depth-first assignment of a block; a constraint is asked as soon as its last issue has a value."""

    def __init__(
        self, names: list[str], constraints: list[tuple[frozenset[str], AtMost]], fixed: Mapping[str, str]
    ) -> None:
        self._names = names
        self._fixed = fixed
        place = {name: at for at, name in enumerate(names)}
        self._checks: list[list[AtMost]] = [[] for _ in names]
        for read, constraint in constraints:
            self._checks[max(place[name] for name in read)].append(constraint)
        self.left = 0

    def run(self, columns: Sequence[Sequence[IssueValue]], budget: int) -> list[tuple[IssueValue, ...]]:
        """The allowed assignments, until `budget` values were tried; `left` is what remained of it."""
        self.left = budget
        values: dict[str, IssueValue] = dict(self._fixed)
        found: list[tuple[IssueValue, ...]] = []

        def descend(depth: int) -> None:
            if depth == len(self._names):
                found.append(tuple(values[name] for name in self._names))
                return
            for value in columns[depth]:
                if self.left == 0:
                    return
                self.left -= 1
                values[self._names[depth]] = value
                if all(constraint.allows(values) for constraint in self._checks[depth]):
                    descend(depth + 1)

        descend(0)
        return found
