"""Strategies by name. Each is pure, holds only its parameters, and explains every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parley.negotiation.errors import StrategyUnknown
from parley.negotiation.strategies.adaptive import Adaptive, AdaptiveParams
from parley.negotiation.strategies.bargainer import Bargainer, Strategy
from parley.negotiation.strategies.bayesian import Bayesian, BayesianParams
from parley.negotiation.strategies.fixed_rule import FixedRule, FixedRuleParams
from parley.negotiation.strategies.learned import Learned, LearnedParams
from parley.negotiation.strategies.micro import Micro, MicroParams
from parley.negotiation.strategies.moves import AcceptOffer, Escalate, Explanation, Move, Propose, Walk
from parley.negotiation.strategies.time_dependent import (
    Boulware,
    Conceder,
    Linear,
    TimeDependent,
    TimeDependentParams,
)
from parley.negotiation.strategies.tit_for_tat import TitForTat, TitForTatParams
from parley.negotiation.strategies.trade_off import TradeOff, TradeOffParams
from parley.negotiation.strategies.view import Filter, View, everything, view_of
from parley.terms.canonical import document_hash
from parley.terms.documents import Part
from parley.terms.errors import DocumentInvalid
from parley.terms.values import Hash32

__all__ = [
    "DEFAULT",
    "STRATEGIES",
    "AcceptOffer",
    "Adaptive",
    "Bargainer",
    "Bayesian",
    "Boulware",
    "Conceder",
    "Escalate",
    "Explanation",
    "Filter",
    "FixedRule",
    "Learned",
    "Linear",
    "Micro",
    "Move",
    "Propose",
    "Strategy",
    "TimeDependent",
    "TitForTat",
    "TradeOff",
    "View",
    "Walk",
    "everything",
    "make_strategy",
    "strategy_hash",
    "strategy_schemas",
    "view_of",
]

DEFAULT = Adaptive.name
"""The strategy of whoever does not choose one."""

STRATEGIES: Mapping[str, tuple[type[Any], type[Part]]] = {
    Adaptive.name: (Adaptive, AdaptiveParams),
    Bayesian.name: (Bayesian, BayesianParams),
    Learned.name: (Learned, LearnedParams),
    Micro.name: (Micro, MicroParams),
    TimeDependent.name: (TimeDependent, TimeDependentParams),
    Boulware.name: (Boulware, TimeDependentParams),
    Linear.name: (Linear, TimeDependentParams),
    Conceder.name: (Conceder, TimeDependentParams),
    TitForTat.name: (TitForTat, TitForTatParams),
    FixedRule.name: (FixedRule, FixedRuleParams),
    TradeOff.name: (TradeOff, TradeOffParams),
}
"""Name to class and schema of its parameters."""


def make_strategy(name: str, params: Mapping[str, Any] | Part | None = None) -> Strategy:
    """The strategy of this name with `params` (JSON form or model; None: its own defaults).

    Raises `StrategyUnknown` for an unknown name or parameters outside its schema.
    """
    known = STRATEGIES.get(name)
    if known is None:
        raise StrategyUnknown("No strategy has this name", strategy=name[:80], known=sorted(STRATEGIES))
    kind, schema = known
    try:
        if params is None:
            needed = [field for field, info in schema.model_fields.items() if info.is_required()]
            if needed:
                raise StrategyUnknown("The strategy needs parameters", strategy=name, problem=needed[0])
            made: Strategy = kind()
        else:
            made = kind(params if isinstance(params, schema) else schema.parse(_mapping(params)))
    except DocumentInvalid as error:
        raise StrategyUnknown(
            f"Parameters of {name}: {error.message}", strategy=name, **error.values
        ) from None
    return made


def strategy_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each strategy's parameters, by name."""
    return {name: schema.model_json_schema() for name, (_, schema) in STRATEGIES.items()}


def strategy_hash(strategy: Strategy) -> Hash32:
    """Names a strategy with its parameters in records: the document hash of its name and parameters."""
    return document_hash({"strategy": strategy.name, "params": strategy.params.as_json()})


def _mapping(params: Mapping[str, Any] | Part) -> Mapping[str, Any]:
    return params.as_json() if isinstance(params, Part) else params
