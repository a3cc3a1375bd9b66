"""CEL behind an adapter: the only module that knows the library.

Traps of the library handled here: its values are always truthy, errors come back as values and raise nothing,
integers have 64 bits and larger ones turn into unsigned ones silently, a boolean passes for an integer. Only
a value of type BOOL that is `True` counts as true; everything else is an objection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cel_expr_python import cel  # type: ignore[import-untyped]  # ships stubs without a py.typed marker

from parley.policy.errors import BundleInvalid
from parley.policy.facts import Facts
from parley.policy.risk import Risk

_INT64_MAX = 2**63 - 1
_INT64_MIN = -(2**63)

_VARIABLES: dict[str, Any] = {
    "role": cel.Type.STRING,
    "moment": cel.Type.STRING,
    "price": cel.Type.INT,
    "values": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "limits": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
    "fixed": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
    "data_class": cel.Type.STRING,
    "now": cel.Type.INT,
    "approved": cel.Type.BOOL,
    "token": cel.Type.STRING,
    "arbiter": cel.Type.STRING,
    "counterparty.address": cel.Type.STRING,
    "counterparty.jurisdiction": cel.Type.STRING,
    "counterparty.region": cel.Type.STRING,
    "counterparty.reputation_ppm": cel.Type.INT,
    "exposure.budget": cel.Type.INT,
    "exposure.committed": cel.Type.INT,
    "exposure.reserved": cel.Type.INT,
    "exposure.by_counterparty": cel.Type.INT,
    "risk.score": cel.Type.INT,
    "risk.tier": cel.Type.STRING,
    "data.confidence_ppm": cel.Type.INT,
    "data.age": cel.Type.INT,
    "data.source": cel.Type.STRING,
    "history.agreed": cel.Type.INT,
    "history.ended": cel.Type.INT,
    "history.troubled": cel.Type.INT,
    "own.jurisdiction": cel.Type.STRING,
    "own.region": cel.Type.STRING,
    "market.window": cel.Type.INT,
    "market.deals": cel.Type.INT,
    "market.volume": cel.Type.INT,
    "market.with_counterparty": cel.Type.INT,
    "market.returned": cel.Type.INT,
}
_BOOL = cel.Type.BOOL
_TEXT = re.compile(r"""("([^"\\]|\\.)*"|'([^'\\]|\\.)*')""")
_NAME = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*")


class FactUnfit(Exception):
    """A fact that has no exact 64-bit form. `fact` names it."""

    def __init__(self, fact: str, value: int, problem: str) -> None:
        super().__init__(problem)
        self.fact = fact
        self.value = value
        self.problem = problem


class Program:
    """One compiled expression. Use it from one thread at a time."""

    def __init__(self, environment: Any, expression: Any) -> None:
        self._environment = environment
        self._expression = expression

    def verdict(self, facts: Mapping[str, Any]) -> tuple[bool, str | None]:
        """Whether the value is the boolean true, and what the library said when it is an error or no
        boolean.
        """
        try:
            value = self._expression.eval(data=facts)
            kind = value.type()
            if kind == _BOOL:
                return value.value() is True, None
            return False, f"not a boolean but {kind.name()}: {value.value()}"[:200]
        except Exception as error:  # noqa: BLE001 - whatever the library throws is an objection
            return False, f"{type(error).__name__}: {error}"[:200]


class Compiler:
    """Compiles expressions over the declared facts; a misspelt fact or a wrong type is found here."""

    def __init__(self) -> None:
        self._environment = cel.NewEnv(variables=_VARIABLES)

    def rule(self, rule: str, expression: str) -> Program:
        """Raises `BundleInvalid` when the expression does not compile to a boolean."""
        program, kind = self._compile(rule, expression)
        # `values.x` has a type that only the terms know, so an expression that is nothing but one stays
        # dynamic.
        if kind not in (cel.Type.BOOL, cel.Type.DYN):
            raise BundleInvalid(
                "The expression is not a condition", rule=rule, problem=f"it gives {kind.name()}"
            )
        return program

    def all_of(self, expressions: Sequence[str]) -> Program | None:
        """One program that is true exactly when each expression is, or None where they are too many for
        one.
        """
        if not expressions:
            return None
        # The line break ends a comment that an expression may end with.
        joined = " && ".join(f"({expression}\n)" for expression in expressions)
        try:
            return self._compile("all", joined)[0]
        except BundleInvalid:
            return None

    def _compile(self, rule: str, expression: str) -> tuple[Program, Any]:
        try:
            compiled = self._environment.compile(expression)
            return Program(self._environment, compiled), compiled.return_type()
        except Exception as error:  # noqa: BLE001 - the library raises RuntimeError and others
            raise BundleInvalid(
                "The expression does not compile", rule=rule, problem=str(error)[:300]
            ) from None


def mentioned(expression: str) -> tuple[str, ...]:
    """The facts that an expression mentions, such as `values.payment` or `counterparty.region`, in its
    order.
    """
    found: dict[str, None] = {}
    for name in _NAME.findall(_TEXT.sub('""', expression)):
        head = name.split(".")
        if name in _VARIABLES or head[0] in _VARIABLES:
            found[name if name in _VARIABLES else ".".join(head[:2])] = None
        elif ".".join(head[:2]) in _VARIABLES:
            found[".".join(head[:2])] = None
    return tuple(found)


def variables(mentions: Iterable[str]) -> frozenset[str]:
    """What has to be known to evaluate expressions that mention these facts."""
    return frozenset(name if name in _VARIABLES else name.partition(".")[0] for name in mentions)


def activation(
    facts: Facts, moment: str, unit: int, risk: Risk | None = None, only: frozenset[str] | None = None
) -> dict[str, Any]:
    """The facts as the expressions see them; amounts divided exactly by `unit`. `only` are the variables that
    are needed (none: all). Raises `FactUnfit` for any amount, needed or not.
    """
    amounts = facts.amount_issues
    seen: dict[str, Any] = {
        "role": facts.role,
        "moment": moment,
        "price": _amount("price", facts.price, unit),
        "values": {
            name: value
            if isinstance(value, str)
            else _amount(f"values.{name}", value, unit if name in amounts else 1)
            for name, value in facts.values.items()
        },
        "limits": {name: _amount(f"limits.{name}", value, 1) for name, value in facts.limits.items()},
        "fixed": dict(facts.fixed),
        "data_class": facts.data_class,
        "now": facts.now,
        "approved": facts.approved,
        "token": facts.token,
        "arbiter": facts.arbiter,
        "counterparty.address": facts.counterparty.address,
        "counterparty.jurisdiction": facts.counterparty.jurisdiction,
        "counterparty.region": facts.counterparty.region,
        "counterparty.reputation_ppm": facts.counterparty.reputation_ppm,
    }
    if facts.exposure is not None:
        for name in ("budget", "committed", "reserved", "by_counterparty"):
            key = f"exposure.{name}"
            seen[key] = _amount(key, getattr(facts.exposure, name), unit)
    if risk is not None:
        seen["risk.score"], seen["risk.tier"] = risk.score, risk.tier
    if facts.data is not None:
        for name in ("confidence_ppm", "age", "source"):
            seen[f"data.{name}"] = getattr(facts.data, name)
    if facts.history is not None:
        for name in ("agreed", "ended", "troubled"):
            seen[f"history.{name}"] = getattr(facts.history, name)
    if facts.own is not None:
        seen["own.jurisdiction"], seen["own.region"] = facts.own.jurisdiction, facts.own.region
    if facts.market is not None:
        seen["market.window"], seen["market.deals"] = facts.market.window, facts.market.deals
        for name in ("volume", "with_counterparty", "returned"):
            whole = -(-getattr(facts.market, name) // unit)  # a sum of prices: rounded up, never refused
            seen[f"market.{name}"] = _amount(f"market.{name}", whole, 1)
    return {
        name: str(value) if isinstance(value, str) else value
        for name, value in seen.items()
        if value is not None and (only is None or name in only)
    }


def _amount(fact: str, value: int, unit: int) -> int:
    scaled, rest = divmod(value, unit)
    if rest:
        raise FactUnfit(fact, value, f"not a multiple of the bundle's amount unit {unit}")
    if not _INT64_MIN <= scaled <= _INT64_MAX:
        raise FactUnfit(fact, value, "outside the 64-bit integers that rules calculate with")
    return scaled
