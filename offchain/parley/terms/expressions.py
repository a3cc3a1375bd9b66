"""Settlement expressions: exact integers from the agreed values (docs/spec.md section 4).

An expression stays in its JSON form. `check_shape` bounds it, `check_names` ties it to the issues of a
domain, and `evaluate` computes it. Intermediate results may be of any size and sign; divisions round
towards minus infinity (`floor_div`) or plus infinity (`ceil_div`); what is asked of the final result is the
caller's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from parley.terms.errors import EvaluationFailed, ExpressionInvalid, IssueValuesInvalid, ValueMalformed
from parley.terms.issues import AmountIssue, ChoiceIssue, IntegerIssue, IssueValue
from parley.terms.values import MAX_SAFE_INTEGER, UINT256_MAX, parse_amount

Expression = int | str | Mapping[str, Any]

MAX_EXPRESSION_DEPTH: Final = 12
MAX_EXPRESSION_NODES: Final = 512
MAX_RESULT_BITS: Final = 4096

_MANY: Final = frozenset({"add", "sub", "mul", "max", "min"})
_TWO: Final = frozenset({"floor_div", "ceil_div", "bps"})
VARIABLES: Final = frozenset({"open_by", "price"})


def check_shape(expression: Any) -> None:
    """Raises `ExpressionInvalid` unless this is an expression within the limits of depth and size."""
    budget = [MAX_EXPRESSION_NODES]
    _shape(expression, 1, budget)


def _shape(expression: Any, depth: int, budget: list[int]) -> None:
    budget[0] -= 1
    if budget[0] < 0:
        raise ExpressionInvalid(f"expression of more than {MAX_EXPRESSION_NODES} nodes", problem="too large")
    if depth > MAX_EXPRESSION_DEPTH:
        raise ExpressionInvalid(f"expression deeper than {MAX_EXPRESSION_DEPTH} levels", problem="too deep")
    if isinstance(expression, Mapping):
        for inner in _children(expression):
            _shape(inner, depth + 1, budget)
    else:
        _constant(expression)


def _children(node: Mapping[str, Any]) -> tuple[Any, ...]:
    """The operands of an operator node, after checking its form."""
    if node.keys() == {"case", "of"}:
        if not isinstance(node["case"], str) or not isinstance(node["of"], Mapping) or not node["of"]:
            raise _malformed("case needs an issue and an object of expressions", node)
        return tuple(node["of"].values())
    if len(node) != 1:
        raise _malformed("an operator is an object with one key", node)
    ((operator, operand),) = node.items()
    if operator == "issue":
        if not isinstance(operand, str):
            raise _malformed("issue takes a name", node)
        return ()
    if operator == "var":
        if not isinstance(operand, str) or operand not in VARIABLES:
            raise _malformed("var is open_by or price", node)
        return ()
    if operator == "eq":
        _equality(node, operand)
        return ()
    if operator not in _MANY and operator not in _TWO:
        raise _malformed("unknown operator", node)
    if not isinstance(operand, list | tuple) or not operand or (operator in _TWO and len(operand) != 2):
        raise _malformed("an operator takes a list of expressions, a division and bps two", node)
    return tuple(operand)


def _equality(node: Mapping[str, Any], operand: Any) -> None:
    if (
        not isinstance(operand, list | tuple)
        or len(operand) != 2
        or not isinstance(operand[0], Mapping)
        or operand[0].keys() != {"issue"}
        or not isinstance(operand[0]["issue"], str)
        or (type(operand[1]) is not int and not isinstance(operand[1], str))
    ):
        raise _malformed("eq takes an issue and a constant", node)


def check_names(
    expression: Expression,
    issues: Mapping[str, AmountIssue | IntegerIssue | ChoiceIssue],
    variables: frozenset[str],
) -> None:
    """Raises `ExpressionInvalid` unless every issue exists and suits its use, and only `variables` occur."""
    if not isinstance(expression, Mapping):
        return
    if "case" in expression:
        check_case(expression["case"], expression["of"], issues)
    elif "issue" in expression:
        issue = issues.get(expression["issue"])
        if issue is None or isinstance(issue, ChoiceIssue):
            raise _malformed("no amount or integer issue has this name", expression)
    elif "var" in expression:
        if expression["var"] not in variables:
            raise _malformed("this variable is not known here", expression)
    elif "eq" in expression:
        reference, constant = expression["eq"]
        issue = issues.get(reference["issue"])
        if issue is None:
            raise _malformed("no issue has this name", expression)
        try:
            issue.decode(constant)
        except IssueValuesInvalid:
            raise _malformed("the constant is no value of the issue", expression) from None
    for inner in _children(expression):
        check_names(inner, issues, variables)


def check_case(
    name: str, branches: Mapping[str, Any], issues: Mapping[str, AmountIssue | IntegerIssue | ChoiceIssue]
) -> None:
    """Raises `ExpressionInvalid` unless `name` is a choice issue and every value of it has its branch, and
    no other.
    """
    issue = issues.get(name)
    if not isinstance(issue, ChoiceIssue):
        raise ExpressionInvalid("case needs a choice issue of the domain", problem="case", at=str(name)[:80])
    if set(issue.values) != branches.keys():
        raise ExpressionInvalid("case needs one branch for every value of the issue", problem="case", at=name)


def is_constant(expression: Expression) -> bool:
    """Whether the result depends on neither issues nor variables."""
    if not isinstance(expression, Mapping):
        return True
    if expression.keys() & {"issue", "var", "eq", "case"}:
        return False
    return all(is_constant(inner) for inner in _children(expression))


def evaluate(expression: Expression, values: Mapping[str, IssueValue], variables: Mapping[str, int]) -> int:
    """The exact integer result, possibly negative.

    `values` holds the agreed value of every issue, `variables` those that exist here. Raises
    `EvaluationFailed` for a division by zero, a variable that is not there, or a result of more than 4 096
    bits.
    """
    if not isinstance(expression, Mapping):
        return _constant(expression)
    if "case" in expression:
        branch = expression["of"].get(_value(values, expression["case"]))
        if branch is None:
            raise EvaluationFailed(
                "case has no branch for this value", problem="case", field=expression["case"]
            )
        return evaluate(branch, values, variables)
    ((operator, operand),) = expression.items()
    if operator == "issue":
        value = _value(values, operand)
        if not isinstance(value, int):
            raise EvaluationFailed("a choice has no number", problem="type", field=str(operand))
        return value
    if operator == "var":
        if operand not in variables:
            raise EvaluationFailed("this variable is not known here", problem="variable", field=str(operand))
        return variables[operand]
    if operator == "eq":
        return _equals(_value(values, operand[0]["issue"]), operand[1])
    return _operate(operator, [evaluate(inner, values, variables) for inner in operand])


def _value(values: Mapping[str, IssueValue], name: str) -> IssueValue:
    try:
        return values[name]
    except KeyError:
        raise EvaluationFailed("no value for this issue", problem="issue", field=name) from None


def _equals(value: IssueValue, constant: int | str) -> int:
    return int(value == constant or (isinstance(value, int) and str(value) == constant))


def _operate(operator: str, operands: list[int]) -> int:
    first, rest = operands[0], operands[1:]
    if operator == "add":
        result = sum(operands)
    elif operator == "sub":
        result = first - sum(rest)
    elif operator == "mul":
        result = _product(operands)
    elif operator == "max":
        result = max(operands)
    elif operator == "min":
        result = min(operands)
    elif operator == "bps":
        result = first * rest[0] // 10_000
    elif rest[0] == 0:
        raise EvaluationFailed("division by zero", problem="division by zero", field=operator)
    elif operator == "floor_div":
        result = first // rest[0]
    else:
        result = -(-first // rest[0])
    return _bounded(result)


def _product(operands: list[int]) -> int:
    result = 1
    for operand in operands:
        result = _bounded(result * operand)
    return result


def _bounded(result: int) -> int:
    if result.bit_length() > MAX_RESULT_BITS:
        raise EvaluationFailed("an intermediate result is too large", problem="too large", field="")
    return result


def _constant(expression: Any) -> int:
    if type(expression) is int and 0 <= expression <= MAX_SAFE_INTEGER:
        return expression
    if isinstance(expression, str):
        try:
            return parse_amount(expression, UINT256_MAX)
        except ValueMalformed as error:
            raise ExpressionInvalid(
                f"constant: {error.message}", problem="constant", at=expression[:80]
            ) from None
    raise ExpressionInvalid("not an expression", problem="constant", at=str(expression)[:80])


def _malformed(problem: str, node: Mapping[str, Any]) -> ExpressionInvalid:
    return ExpressionInvalid(f"expression: {problem}", problem=problem, at=str(dict(node))[:120])
