"""The risk score: its parts are visible, the unknown is the worst, and more of anything never scores less."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.test_engine import facts, rule

from parley.policy.facts import Counterparty
from parley.policy.models import Bundle
from parley.policy.risk import PPM, RiskModel, score
from parley.policy.service import RISK_RULE, PolicyEngine
from parley.terms.errors import DocumentInvalid
from parley.terms.values import Address


def model(**changes: Any) -> RiskModel:
    body = {
        "weights": {"credibility": 4, "sensitivity": 2, "regulation": 2, "value": 2},
        "value_ceiling": "1000000000",
        "trusted": ["FR"],
        "exposed": ["XX"],
        "approval_from": 500_000,
        "refuse_from": 900_000,
        **changes,
    }
    return RiskModel.parse(body)


def test_the_parts_and_their_mean() -> None:
    found = score(
        model(), reputation_ppm=600_000, data_class="internal", jurisdiction="FR", price=250_000_000
    )
    assert found.parts == {
        "credibility": 400_000,
        "sensitivity": 300_000,
        "regulation": 0,
        "value": 250_000,
    }
    assert (found.score, found.tier) == (270_000, "fast")


def test_the_unknown_counts_as_the_worst() -> None:
    found = score(model(), reputation_ppm=None, data_class="personal", jurisdiction=None, price=2 * 10**9)
    assert (found.score, found.tier) == (PPM, "refuse")
    assert (
        score(model(), reputation_ppm=PPM, data_class="public", jurisdiction="FR", price=1).parts["value"]
        == 1
    )


@pytest.mark.parametrize(
    ("price", "reputation", "tier"),
    [(0, PPM, "fast"), (10**9, 800_000, "checked"), (10**9, 300_000, "approval"), (10**9, None, "approval")],
)
def test_the_tiers(price: int, reputation: int | None, tier: str) -> None:
    found = score(model(), reputation_ppm=reputation, data_class="internal", jurisdiction="FR", price=price)
    assert found.tier == tier


@given(st.integers(0, PPM), st.integers(0, PPM), st.integers(0, 2 * 10**9), st.integers(0, 2 * 10**9))
def test_more_money_and_less_credit_never_score_less(low: int, high: int, small: int, large: int) -> None:
    low, high = sorted((low, high))
    small, large = sorted((small, large))
    better = score(model(), reputation_ppm=high, data_class="public", jurisdiction="FR", price=small)
    worse = score(model(), reputation_ppm=low, data_class="public", jurisdiction="FR", price=large)
    assert 0 <= better.score <= worse.score <= PPM


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": {"credibility": 1}},
        {"weights": {"credibility": 0, "sensitivity": 0, "regulation": 0, "value": 0}},
        {"value_ceiling": "0"},
        {"trusted": ["FR"], "exposed": ["FR"]},
        {"checked_from": 600_000, "approval_from": 500_000},
        {"refuse_from": 400_000},
    ],
)
def test_models_that_make_no_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        model(**changes)


def test_the_tier_decides_whatever_the_rules_say() -> None:
    engine = PolicyEngine(Bundle(name="risky", rules=(rule("risk.score < 900000"),), risk=model()))
    dubious = Counterparty(address=Address("0x" + "5e" * 20), jurisdiction="FR", reputation_ppm=100_000)
    decision = engine.evaluate(facts(counterparty=dubious, price=10**9), moment="outgoing")
    assert (decision.outcome, decision.rules()) == ("escalate", (RISK_RULE,))
    assert decision.risk is not None
    assert decision.risk.tier == "approval"
    assert decision.findings[0].values["risk.credibility"] == "900000"
    assert engine.admits(facts(counterparty=dubious, price=10**9, approved=True), moment="outgoing")
    stranger = Counterparty(address=Address("0x" + "5e" * 20))
    worst = facts(counterparty=stranger, price=10**9, data_class="personal", approved=True)
    assert engine.evaluate(worst, moment="outgoing").rules() == (RISK_RULE, "r")


def test_a_rule_on_risk_refuses_where_nothing_scores_it() -> None:
    engine = PolicyEngine(Bundle(name="none", rules=(rule("risk.score < 900000"),)))
    assert engine.evaluate(facts(), moment="outgoing").outcome == "refuse"
