"""Policies and payloads that nobody here can read: what is not left to the parties is refused."""

from __future__ import annotations

from typing import Any

import pytest

from parley.policy.facts import Counterparty, SealedFacts
from parley.policy.models import Bundle, Rule, layered
from parley.policy.risk import PARTS, RiskModel
from parley.policy.service import SEALED_RULE, PolicyEngine
from parley.terms.values import Address

PARTY = Counterparty(address=Address("0x" + "0b" * 20), region="EU")


def rule(name: str, expression: str, **more: Any) -> Rule:
    return Rule(id=name, layer="global", severity="refuse", expression=expression, reason=name, **more)


def facts(**more: Any) -> SealedFacts:
    known = {"role": "buyer", "data_class": "internal", "fixed": {}, "now": 1_000, "counterparty": PARTY}
    return SealedFacts(**{**known, **more})


CAP = rule("cap", "price <= 5")
HOURS = rule("hours", 'values["hours"] > 1')
REGION = rule("region", 'counterparty.region == "EU"')


@pytest.mark.parametrize("opaque", [None, "refuse"])
def test_a_bundle_that_does_not_allow_it_refuses(opaque: Any) -> None:
    engine = PolicyEngine(Bundle(name="b", rules=(REGION,), opaque=opaque))
    decision = engine.evaluate_sealed(facts(), moment="incoming")
    assert (decision.outcome, decision.rules()) == ("refuse", (SEALED_RULE,))


def test_what_needs_the_payload_is_left_to_the_edges_and_named() -> None:
    engine = PolicyEngine(Bundle(name="b", rules=(CAP, HOURS, REGION), opaque="edges"))
    decision = engine.evaluate_sealed(facts(), moment="incoming")
    assert (decision.outcome, decision.unseen) == ("allow", ("cap", "hours"))
    assert decision.bundle == engine.hash
    assert decision.facts["sealed"] is True
    assert "price" not in decision.facts


def test_what_can_be_read_is_still_judged_and_fails_closed() -> None:
    engine = PolicyEngine(Bundle(name="b", rules=(CAP, REGION), opaque="edges"))
    elsewhere = facts(counterparty=PARTY.model_copy(update={"region": "US"}))
    assert engine.evaluate_sealed(elsewhere, moment="incoming").rules() == ("region",)
    unknown = facts(counterparty=PARTY.model_copy(update={"region": None}))
    assert engine.evaluate_sealed(unknown, moment="incoming").outcome == "refuse"


def test_a_risk_score_is_left_to_the_edges_too() -> None:
    model = RiskModel(weights=dict.fromkeys(PARTS, 1), value_ceiling=100)
    engine = PolicyEngine(Bundle(name="b", rules=(REGION,), opaque="edges", risk=model))
    assert engine.evaluate_sealed(facts(), moment="incoming").unseen == ("risk",)


def test_layers_allow_it_only_together() -> None:
    one = Bundle(name="a", rules=(CAP,), opaque="edges")
    two = Bundle(name="b", rules=(REGION,))
    assert layered("both", (one, two)).opaque is None
    assert layered("both", (one, one)).opaque == "edges"
