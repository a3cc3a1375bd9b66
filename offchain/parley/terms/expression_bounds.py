"""Between which integers an expression stays while its issues range over sets of values.

Interval arithmetic: never narrower than the truth. It lets a search drop a whole region that no value of
which can satisfy a constraint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parley.terms.expressions import Expression
from parley.terms.values import UINT256_MAX, parse_amount

Interval = tuple[int, int]
Texts = frozenset[str]
Reach = Interval | Texts
"""What an issue can still be: numbers between two ends, or one of some texts."""


def bounds(expression: Expression, reach: Mapping[str, Reach]) -> Interval | None:
    """Least and greatest possible result, or None where nothing can be said (a division by what may be
    zero). The expression has passed `check_shape` and `check_names`; variables are not known here.
    """
    if not isinstance(expression, Mapping):
        constant = expression if isinstance(expression, int) else parse_amount(expression, UINT256_MAX)
        return constant, constant
    if "case" in expression:
        possible = reach[expression["case"]]
        if not isinstance(possible, frozenset):
            return None
        return _union([bounds(expression["of"][value], reach) for value in sorted(possible)])
    ((operator, operand),) = expression.items()
    if operator == "issue":
        found = reach[operand]
        return None if isinstance(found, frozenset) else found
    if operator == "var":
        return None
    if operator == "eq":
        return _equality(reach[operand[0]["issue"]], operand[1])
    parts = [bounds(inner, reach) for inner in operand]
    known = [part for part in parts if part is not None]
    return _combined(operator, known) if len(known) == len(parts) else None


def _union(parts: Sequence[Interval | None]) -> Interval | None:
    known = [part for part in parts if part is not None]
    if not known or len(known) != len(parts):
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def _equality(reach: Reach, constant: int | str) -> Interval:
    if isinstance(reach, frozenset):
        inside = constant in reach
        single = len(reach) == 1
    else:
        inside = reach[0] <= int(constant) <= reach[1]
        single = reach[0] == reach[1]
    return int(inside and single), int(inside)


def _combined(operator: str, parts: Sequence[Interval]) -> Interval | None:
    lows, highs = [low for low, _ in parts], [high for _, high in parts]
    if operator == "add":
        return sum(lows), sum(highs)
    if operator == "sub":
        return lows[0] - sum(highs[1:]), highs[0] - sum(lows[1:])
    if operator == "max":
        return max(lows), max(highs)
    if operator == "min":
        return min(lows), min(highs)
    if operator == "mul":
        result = parts[0]
        for part in parts[1:]:
            result = _product(result, part)
        return result
    if operator == "bps":
        low, high = _product(parts[0], parts[1])
        return low // 10_000, high // 10_000
    first, second = parts
    if second[0] <= 0 <= second[1]:
        return None
    sign = -1 if operator == "ceil_div" else 1
    corners = [sign * (sign * a // b) for a in first for b in second]
    return min(corners), max(corners)


def _product(first: Interval, second: Interval) -> Interval:
    corners = [a * b for a in first for b in second]
    return min(corners), max(corners)
