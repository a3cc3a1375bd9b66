"""Policy rules as switches of the solver: on exactly where the rule's expression is true.

CEL has a third value beside true and false, an error, which `||` and `&&` absorb and everything else passes
on; a rule that errs refuses. So each condition has two switches, whether it is true and whether it is
false, and both are off for an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from parley.policy.rule_syntax import Fact, Listed, Literal, Node, NotTranslated
from parley.policy.solver_numbers import Grid, Number, Switch, constant, negated, scaled

_INT64: Final = (-(2**63), 2**63 - 1)
_MAPS: Final = ("values", "limits", "fixed")


@dataclass(frozen=True, slots=True)
class Condition:
    """True where `yes` is on, false where `no` is, an error where neither is."""

    yes: Switch
    no: Switch


@dataclass(frozen=True, slots=True)
class Chosen:
    """The text that a choice issue has."""

    issue: str


@dataclass(frozen=True, slots=True)
class Absent:
    """A fact that is not there: an error for whatever uses it."""


Value = Condition | Chosen | Absent | Number | str
_ERROR: Final = Condition(False, False)


class Translator:
    """Translates the expressions of one bundle. `known` holds the facts that no offer changes, as rules see
    them; `numbers` the facts that offers decide, by name, in the rules' units.
    """

    def __init__(self, grid: Grid, known: Mapping[str, Any], numbers: Mapping[str, Number | None]) -> None:
        self._grid = grid
        self._known = known
        self._numbers = numbers

    def rule(self, node: Node) -> Switch:
        """Whether the expression is true. Raises `NotTranslated`."""
        return self._condition(node).yes

    def _condition(self, node: Node) -> Condition:
        found = self._value(node)
        if isinstance(found, Condition):
            return found
        if isinstance(found, Absent):
            return _ERROR
        raise NotTranslated("a condition")

    def _value(self, node: Node) -> Value:
        if isinstance(node, Literal):
            return self._constant(node.value)
        if isinstance(node, Fact):
            return self._fact(node.name)
        if isinstance(node, Listed):
            raise NotTranslated("a list")
        operator, operands = node.operator, node.operands
        if operator in ("&&", "||", "!", "?:"):
            return self._logic(operator, operands)
        if operator == "in":
            return self._member(operands[0], operands[1])
        values = [self._value(operand) for operand in operands]
        if any(isinstance(value, Absent) for value in values):
            return _ERROR if operator in ("==", "!=", "<", "<=", ">", ">=") else Absent()
        if operator in ("==", "!="):
            return self._same(values[0], values[1], equal=operator == "==")
        numbers = [value for value in values if isinstance(value, Number)]
        if len(numbers) != len(values):
            raise NotTranslated("not numbers")
        if operator in ("<", "<=", ">", ">="):
            return self._compared(operator, numbers[0], numbers[1])
        return self._arithmetic(operator, numbers)

    def _constant(self, value: Any) -> Value:
        if isinstance(value, bool):
            return Condition(value, not value)
        if isinstance(value, int):
            return _bounded(constant(value))
        return str(value)

    def _fact(self, name: str) -> Value:
        if name in self._numbers:
            number = self._numbers[name]
            if number is None:
                raise NotTranslated("a number that does not fit")
            return _bounded(number)
        head, _, rest = name.partition(".")
        if head == "values":
            if rest not in {issue.name for issue in self._grid.domain.issues}:
                return Absent()
            return Chosen(rest)
        if head in ("limits", "fixed"):
            found = self._known.get(head, {}).get(rest)
            return Absent() if found is None else self._constant(found)
        if head == "risk":
            raise NotTranslated("the risk follows the price by a model of its own")
        if name not in self._known:
            return Absent()
        if name in _MAPS:
            raise NotTranslated("a map")
        return self._constant(self._known[name])

    def _logic(self, operator: str, operands: Sequence[Node]) -> Condition:
        grid = self._grid
        parts = [self._condition(operand) for operand in operands]
        if operator == "!":
            return Condition(parts[0].no, parts[0].yes)
        if operator == "&&":
            return Condition(grid.every([part.yes for part in parts]), grid.some([part.no for part in parts]))
        if operator == "||":
            return Condition(grid.some([part.yes for part in parts]), grid.every([part.no for part in parts]))
        test, first, second = parts
        yes = grid.some([grid.every([test.yes, first.yes]), grid.every([test.no, second.yes])])
        no = grid.some([grid.every([test.yes, first.no]), grid.every([test.no, second.no])])
        return Condition(yes, no)

    def _member(self, item: Node, items: Node) -> Condition:
        if not isinstance(items, Listed):
            raise NotTranslated("not a list of constants")
        wanted = self._value(item)
        if isinstance(wanted, Absent):
            return _ERROR
        others = [self._value(each) for each in items.items]
        if any(isinstance(other, Absent | Condition) for other in others) or isinstance(wanted, Condition):
            raise NotTranslated("members")
        switches = [self._same(wanted, other, equal=True).yes for other in others]
        switch = self._grid.some(switches)
        return Condition(switch, negated(switch))

    def _same(self, left: Value, right: Value, *, equal: bool) -> Condition:
        switch = self._equality(left, right)
        other = negated(switch)
        return Condition(switch, other) if equal else Condition(other, switch)

    def _equality(self, left: Value, right: Value) -> Switch:
        if isinstance(left, Number) and isinstance(right, Number):
            return self._grid.equal(left, right)
        if isinstance(left, str) and isinstance(right, str):
            return left == right
        if isinstance(right, Chosen):
            left, right = right, left
        if isinstance(left, Chosen) and isinstance(right, str):
            return self._grid.is_value(left.issue, right)
        raise NotTranslated("an equality")

    def _compared(self, operator: str, left: Number, right: Number) -> Condition:
        if operator in (">", ">="):
            left, right = right, left
            operator = {">": "<", ">=": "<="}[operator]
        if operator == "<":
            switch = negated(self._grid.at_most(right, left))
        else:
            switch = self._grid.at_most(left, right)
        return Condition(switch, negated(switch))

    def _arithmetic(self, operator: str, numbers: Sequence[Number]) -> Number:
        grid = self._grid
        if operator == "neg":
            return _bounded(scaled(numbers[0], -1))
        left, right = numbers
        if operator == "+":
            return _bounded(grid.add([left, right]))
        if operator == "-":
            return _bounded(grid.add([left, scaled(right, -1)]))
        if operator == "*":
            return _bounded(grid.multiply(left, right))
        low, high = right.ends
        # CEL divides towards zero: the same as flooring for what is not below it.
        if low != high or low <= 0 or left.ends[0] < 0:
            raise NotTranslated("a division")
        quotient = grid.divide(left, low)
        return quotient if operator == "/" else grid.add([left, scaled(quotient, -low)])


def _bounded(number: Number) -> Number:
    """Rules calculate with 64 bits; what could leave them is an error there, and declined here."""
    low, high = number.ends
    if low < _INT64[0] or high > _INT64[1]:
        raise NotTranslated("more than 64 bits")
    return number


def known_facts(seen: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that no offer changes, out of an activation: all but price, values and risk."""
    return {
        name: value
        for name, value in seen.items()
        if name not in ("price", "values") and not name.startswith("risk.")
    }


def issues_of(mentions: Sequence[str], issues: Sequence[str], priced: Sequence[str]) -> tuple[str, ...]:
    """The issues that a rule with these mentions can depend on; `priced` are those in the price."""
    found: set[str] = set()
    for name in mentions:
        head, _, rest = name.partition(".")
        if head == "values":
            found |= {rest} if rest in issues else set(issues)
        elif head in ("price", "risk"):
            found |= set(priced)
    return tuple(issue for issue in issues if issue in found)
