"""The fixed-rule buyer: asks 15, 10, 5, then 0 % off the list, and walks away from a seller of low
reputation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from parley.negotiation.strategies.fixed_rule import FixedRule, FixedRuleParams
from parley.negotiation.utility import Profile
from parley.policy.models import Bundle
from parley.terms.domain import Domain
from parley.terms.values import ZERO_ADDRESS, Address


@dataclass(frozen=True, slots=True)
class DiscountBuyer:
    """The scenario's documents and the buyer's strategy; amounts in base units of a six-decimal dollar
    token.
    """

    domain: Domain
    profile: Profile
    policy: Bundle
    strategy: FixedRule


def discount_buyer(token: Address = ZERO_ADDRESS) -> DiscountBuyer:
    """The scenario, settling in `token`."""
    document = _document("domain.json")
    document["settlements"][0]["token"] = token
    domain = Domain.parse(document)
    profile = Profile.parse({**_document("buyer.json"), "domain": domain.hash()})
    params = FixedRuleParams.parse(_document("strategy.json"))
    return DiscountBuyer(domain, profile, Bundle.parse(_document("policy.json")), FixedRule(params))


def _document(name: str) -> dict[str, Any]:
    text = (files("parley.scenarios") / "data" / "discount_buyer" / name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
