"""Exact integer expressions over the issues of a domain as variables of CP-SAT.

A number is a factor times a small linear expression: amounts of tokens with eighteen decimals then fit the
solver's 64 bits wherever they lie on a grid. What does not fit is declined and checked on candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any, Final

from parley.policy.rule_syntax import NotTranslated
from parley.terms.domain import ChoiceIssue, Domain, IssueValue
from parley.terms.expressions import Expression
from parley.terms.values import UINT256_MAX, parse_amount

SMALL: Final = 1 << 60
"""Largest magnitude of an expression inside the solver."""

Switch = Any
"""A truth value: a Python boolean where it is known, else a Boolean variable of the solver."""


@dataclass(frozen=True, slots=True)
class Number:
    """`factor` times `inner`, a linear expression of the solver that lies between `low` and `high`."""

    factor: int
    inner: Any
    low: int
    high: int

    @property
    def ends(self) -> tuple[int, int]:
        """Least and greatest value."""
        return self.factor * self.low, self.factor * self.high


def constant(value: int) -> Number:
    """A number that is known."""
    sign = (value > 0) - (value < 0)
    return Number(abs(value) or 1, sign, sign, sign)


class Grid:
    """The values of a domain's issues as variables, and arithmetic on them."""

    def __init__(self, cp_model: Any, model: Any, domain: Domain) -> None:
        self._cp = cp_model
        self.model = model
        self.domain = domain
        self._index: dict[str, Any] = {}
        self._texts: dict[str, dict[str, Any]] = {}
        self._equal: dict[tuple[str, int], Any] = {}
        for issue in domain.issues:
            check_small(issue.size)
            index = model.new_int_var(0, issue.size - 1, f"issue {issue.name}")
            self._index[issue.name] = index
            if isinstance(issue, ChoiceIssue):
                texts = {
                    text: model.new_bool_var(f"{issue.name} {at}") for at, text in enumerate(issue.values)
                }
                model.add_exactly_one(texts.values())
                model.add(index == sum(at * switch for at, switch in enumerate(texts.values())))
                self._texts[issue.name] = texts

    def index(self, name: str) -> Any:
        """The variable of the place that an issue's value has, counted from 0."""
        return self._index[name]

    def texts(self, name: str) -> Mapping[str, Any] | None:
        """For a choice issue the switch of each text; None for a number."""
        return self._texts.get(name)

    def number(self, name: str) -> Number:
        """The value of an amount or integer issue."""
        issue = self.domain.issue(name)
        if isinstance(issue, ChoiceIssue):
            raise NotTranslated("a text as a number")
        factor = gcd(issue.min, issue.step)
        low, step = issue.min // factor, issue.step // factor
        high = low + step * (issue.size - 1)
        check_small(low, high)
        return Number(factor, low + step * self._index[name], low, high)

    def is_value(self, name: str, value: IssueValue) -> Switch:
        """Whether an issue has this value."""
        issue = self.domain.issue(name)
        if isinstance(issue, ChoiceIssue):
            return self._texts[name].get(str(value), False)
        place, rest = divmod(int(value) - issue.min, issue.step)
        if rest or not 0 <= place < issue.size:
            return False
        key = (name, place)
        if key not in self._equal:
            self._equal[key] = self.holds(self._index[name] == place, self._index[name] != place)
        return self._equal[key]

    def within(self, name: str, low: int | None, high: int | None) -> Switch:
        """Whether a number lies between two ends, each of which may be missing."""
        issue = self.domain.issue(name)
        if isinstance(issue, ChoiceIssue):
            return True
        first = 0 if low is None else max(0, -((issue.min - low) // issue.step))
        last = issue.size - 1 if high is None else min(issue.size - 1, (high - issue.min) // issue.step)
        if first > last:
            return False
        index = self._index[name]
        parts: list[Switch] = []
        if first > 0:
            parts.append(self.holds(index >= first, index < first))
        if last < issue.size - 1:
            parts.append(self.holds(index <= last, index > last))
        return self.every(parts)

    def holds(self, yes: Any, no: Any) -> Any:
        """A switch that is on exactly where the linear constraint `yes` holds, and off where `no` does."""
        switch = self.model.new_bool_var("")
        self.model.add(yes).only_enforce_if(switch)
        self.model.add(no).only_enforce_if(~switch)
        return switch

    def every(self, parts: Sequence[Switch]) -> Switch:
        """Whether all are on."""
        if any(part is False for part in parts):
            return False
        open_parts = [part for part in parts if part is not True]
        if len(open_parts) < 2:
            return open_parts[0] if open_parts else True
        switch = self.model.new_bool_var("")
        self.model.add_bool_and(open_parts).only_enforce_if(switch)
        self.model.add_bool_or([~part for part in open_parts]).only_enforce_if(~switch)
        return switch

    def some(self, parts: Sequence[Switch]) -> Switch:
        """Whether any is on."""
        return negated(self.every([negated(part) for part in parts]))

    def at_most(self, left: Number, right: Number) -> Switch:
        """Whether left ≤ right."""
        if right.low == right.high:
            return self._below(left, right.ends[0] // left.factor)
        if left.low == left.high:
            return negated(self._below(right, -(-left.ends[0] // right.factor) - 1))
        return self._below(self.add([left, scaled(right, -1)]), 0)

    def _below(self, number: Number, inner: int) -> Switch:
        """Whether the expression inside a number is at most a known one."""
        if number.high <= inner:
            return True
        return False if number.low > inner else self.holds(number.inner <= inner, number.inner > inner)

    def equal(self, left: Number, right: Number) -> Switch:
        """Whether left = right."""
        if left.low == left.high:
            left, right = right, left
        if right.low == right.high:
            gap, (inner, rest) = left, divmod(right.ends[0], left.factor)
            if rest:
                return False
        else:
            gap, inner = self.add([left, scaled(right, -1)]), 0
        if not gap.low <= inner <= gap.high:
            return False
        return True if gap.low == gap.high else self.holds(gap.inner == inner, gap.inner != inner)

    def add(self, numbers: Sequence[Number]) -> Number:
        """The sum."""
        numbers = [number for number in numbers if number.low or number.high] or [constant(0)]
        factor = gcd(*(number.factor for number in numbers))
        low = sum(number.factor // factor * number.low for number in numbers)
        high = sum(number.factor // factor * number.high for number in numbers)
        for number in numbers:
            times = number.factor // factor
            check_small(times * number.low, times * number.high)
        check_small(low, high)
        return Number(factor, sum(number.factor // factor * number.inner for number in numbers), low, high)

    def multiply(self, left: Number, right: Number) -> Number:
        """The product."""
        if left.low == left.high:
            return scaled(right, left.factor * left.low)
        if right.low == right.high:
            return scaled(left, right.factor * right.low)
        corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
        product = self.variable(min(corners), max(corners))
        self.model.add_multiplication_equality(product, [left.inner, right.inner])
        return Number(left.factor * right.factor, product, min(corners), max(corners))

    def divide(self, number: Number, divisor: int, *, up: bool = False) -> Number:
        """The quotient by a known number above 0, floored or with `up` rounded up."""
        if divisor <= 0:
            raise NotTranslated("a divisor")
        shared = gcd(number.factor, divisor)
        times, by = number.factor // shared, divisor // shared
        if by == 1:
            return Number(times, number.inner, number.low, number.high)
        check_small(times * number.low, times * number.high, by)
        ends = (times * number.low, times * number.high)
        low, high = (-(-end // by) if up else end // by for end in ends)
        quotient = self.variable(low, high)
        rest = times * number.inner - by * quotient
        self.model.add_linear_constraint(rest, *((1 - by, 0) if up else (0, by - 1)))
        return Number(1, quotient, low, high)

    def extreme(self, numbers: Sequence[Number], *, largest: bool) -> Number:
        """The largest or the least of some numbers."""
        factor = gcd(*(number.factor for number in numbers))
        parts = [scaled(number, 1, factor) for number in numbers]
        pick = max if largest else min
        low, high = pick(part.low for part in parts), pick(part.high for part in parts)
        variable = self.variable(low, high)
        inner = [part.inner for part in parts]
        if largest:
            self.model.add_max_equality(variable, inner)
        else:
            self.model.add_min_equality(variable, inner)
        return Number(factor, variable, low, high)

    def chosen(self, branches: Sequence[tuple[Switch, Number]]) -> Number:
        """The number of the one branch whose switch is on."""
        factor = gcd(*(number.factor for _, number in branches))
        parts = [(switch, scaled(number, 1, factor)) for switch, number in branches]
        low, high = min(part.low for _, part in parts), max(part.high for _, part in parts)
        variable = self.variable(low, high)
        for switch, part in parts:
            if switch is not False:
                constraint = self.model.add(variable == part.inner)
                if switch is not True:
                    constraint.only_enforce_if(switch)
        return Number(factor, variable, low, high)

    def variable(self, low: int, high: int) -> Any:
        """A fresh integer."""
        check_small(low, high)
        return self.model.new_int_var(low, high, "")

    def expression(self, expression: Expression, variables: Mapping[str, int]) -> Number:
        """A settlement expression of the domain. Raises `NotTranslated`."""
        if not isinstance(expression, Mapping):
            return constant(
                expression if isinstance(expression, int) else parse_amount(expression, UINT256_MAX)
            )
        if "case" in expression:
            switches = self._texts[expression["case"]]
            return self.chosen(
                [
                    (switches[text], self.expression(inner, variables))
                    for text, inner in expression["of"].items()
                ]
            )
        ((operator, operand),) = expression.items()
        if operator == "issue":
            return self.number(operand)
        if operator == "var":
            if operand not in variables:
                raise NotTranslated("a variable")
            return constant(variables[operand])
        if operator == "eq":
            name, value = operand[0]["issue"], self.domain.issue(operand[0]["issue"]).decode(operand[1])
            switch = self.is_value(name, value)
            return constant(int(switch)) if isinstance(switch, bool) else Number(1, switch, 0, 1)
        return self._operation(operator, [self.expression(inner, variables) for inner in operand])

    def _operation(self, operator: str, parts: list[Number]) -> Number:
        if operator == "add":
            return self.add(parts)
        if operator == "sub":
            return self.add([parts[0], *(scaled(part, -1) for part in parts[1:])])
        if operator in ("max", "min"):
            return self.extreme(parts, largest=operator == "max")
        if operator in ("mul", "bps"):
            product = parts[0]
            for part in parts[1:]:
                product = self.multiply(product, part)
            return product if operator == "mul" else self.divide(product, 10_000)
        low, high = parts[1].ends
        if low != high:
            raise NotTranslated("a divisor")
        return self.divide(parts[0], low, up=operator == "ceil_div")


def scaled(number: Number, times: int, factor: int | None = None) -> Number:
    """The number times a known one; with `factor`, which divides the number's, written over that factor."""
    if factor is not None:
        times *= number.factor // factor
    else:
        factor = number.factor * (abs(times) or 1)
        times = (times > 0) - (times < 0)
    ends = sorted((times * number.low, times * number.high))
    check_small(*ends)
    return Number(factor, times * number.inner, ends[0], ends[1])


def negated(switch: Switch) -> Switch:
    """Whether it is off."""
    return not switch if isinstance(switch, bool) else ~switch


def check_small(*ends: int) -> None:
    """Raises `NotTranslated` for what does not fit the solver."""
    if any(abs(end) > SMALL for end in ends):
        raise NotTranslated("numbers too large for the solver")
