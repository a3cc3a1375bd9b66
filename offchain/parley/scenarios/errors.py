"""What can be wrong when a scenario is loaded."""

from __future__ import annotations

from typing import ClassVar

from parley.errors import ParleyError


class ScenarioError(ParleyError):
    """Base of every error of `parley.scenarios`."""

    code = "scenarios"
    status: ClassVar[int] = 422


class OffersInvalid(ScenarioError):
    """A table of list prices that cannot be read. `values`: `line`, `problem`."""

    code = "scenarios.offers-invalid"
    next_action = "Give a CSV with provider, gpu, gpus, region and usd_per_hour, prices as plain decimals."


class NeedUnreachable(ScenarioError):
    """No draw of capacities and floors meets the need within budget and rules. `values`: `seed`, `draws`."""

    code = "scenarios.need-unreachable"
    next_action = "Raise the budget, lower the need, or add sellers."


class ScenarioUnknown(ScenarioError):
    """No scenario of this name ships with the package. `values`: `scenario`, `known`."""

    code = "scenarios.unknown"
    next_action = "Name one of the known scenarios."
