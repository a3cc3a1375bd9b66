"""The policy engine: real booleans only, errors refuse, layers tighten."""

from __future__ import annotations

from typing import Any

import pytest

from parley.policy.errors import BundleInvalid, PolicyRefused
from parley.policy.facts import Counterparty, Exposure, Facts
from parley.policy.models import Bundle, Rule, layered
from parley.policy.service import PolicyEngine
from parley.terms.errors import DocumentInvalid
from parley.terms.values import Address

SELLER = Address("0x" + "5e" * 20)
OTHER = Address("0x" + "07" * 20)


def facts(**changes: Any) -> Facts:
    fields: dict[str, Any] = {
        "role": "buyer",
        "values": {"payment": "upfront", "hours": 100, "unit": 2_000_000},
        "amount_issues": ("unit",),
        "price": 200_000_000,
        "data_class": "internal",
        "fixed": {"law": "somewhere"},
        "now": 1_000,
        "counterparty": Counterparty(address=SELLER, jurisdiction="FR", region="EU", reputation_ppm=600_000),
        "exposure": Exposure(budget=1_000_000_000, committed=100_000_000, reserved=50_000_000),
        "limits": {"hours": 500},
        **changes,
    }
    return Facts(**fields)


def rule(expression: str, **changes: Any) -> Rule:
    fields = {"id": "r", "layer": "organisation", "severity": "refuse", "reason": "because", **changes}
    return Rule(expression=expression, **fields)


def engine(*expressions: str | Rule, unit: int = 1) -> PolicyEngine:
    rules = tuple(
        given if isinstance(given, Rule) else rule(given, id=f"r{at}") for at, given in enumerate(expressions)
    )
    return PolicyEngine(Bundle(name="test", rules=rules, amount_unit=unit))


def outcome(expression: str, **changes: Any) -> str:
    return engine(expression).evaluate(facts(**changes), moment="outgoing").outcome


def test_a_rule_that_holds_says_nothing() -> None:
    decision = engine("price <= 200000000", 'role == "buyer"').evaluate(facts(), moment="outgoing")
    assert (decision.outcome, decision.findings) == ("allow", ())
    assert decision.bundle == engine("price <= 200000000", 'role == "buyer"').hash


def test_a_finding_names_the_rule_and_the_values_that_broke_it() -> None:
    decision = engine('values.payment != "upfront" || counterparty.reputation_ppm >= 800000').evaluate(
        facts(), moment="outgoing"
    )
    (finding,) = decision.findings
    assert (finding.rule, finding.severity, finding.reason) == ("r0", "refuse", "because")
    assert finding.values == {"values.payment": "upfront", "counterparty.reputation_ppm": "600000"}
    assert decision.rules() == ("r0",)
    assert decision.parse(decision.canonical()) == decision


@pytest.mark.parametrize(
    ("expression", "severity", "expected"),
    [
        ("price < 1", "refuse", "refuse"),
        ("price < 1", "escalate", "escalate"),
        ("price < 1", "warn", "allow"),
        ("1 / 0 > 0", "warn", "refuse"),
        ("values.missing > 0", "escalate", "refuse"),
        ("values.payment > 0", "warn", "refuse"),
    ],
)
def test_the_outcome_is_the_gravest_finding_and_an_error_always_refuses(
    expression: str, severity: str, expected: str
) -> None:
    decision = engine(rule(expression, severity=severity)).evaluate(facts(), moment="outgoing")
    assert decision.outcome == expected
    assert len(decision.findings) == 1


@pytest.mark.parametrize(
    "expression",
    [
        "values.hours",  # 100, which the library's own value object calls true
        "values.payment",
        "dyn(price)",
        "dyn(1)",
        'dyn("true")',
        "price * 9000000000000000000 > 0",
        "9223372036854775807 + price > 0",
        "1 / (price - price) > 0",
        "values.nothing == 1",
        "limits.nothing == 1",
        "values.payment + 1 == 2",
        "[1][5] == 1",
        'int("x") == 1',
        "duration(values.payment) == duration('1s')",
    ],
)
def test_only_a_real_true_is_true(expression: str) -> None:
    assert outcome(expression) == "refuse"


def test_an_error_in_one_rule_hides_no_other() -> None:
    decision = engine("1 / 0 > 0", "price < 1", "price > 1").evaluate(facts(), moment="outgoing")
    assert decision.rules() == ("r0", "r1")
    assert "problem" in decision.findings[0].values


@pytest.mark.parametrize(
    "missing",
    [
        {"counterparty": Counterparty(address=SELLER)},
        {"exposure": None},
    ],
)
def test_a_fact_that_is_missing_refuses(missing: dict[str, Any]) -> None:
    expression = "counterparty.reputation_ppm >= 0 && exposure.budget >= 0"
    assert outcome(expression) == "allow"
    assert outcome(expression, **missing) == "refuse"


def test_a_missing_fact_is_shown_as_missing() -> None:
    found = engine('counterparty.region == "EU"').evaluate(
        facts(counterparty=Counterparty(address=SELLER)), moment="incoming"
    )
    assert found.findings[0].values["counterparty.region"] is None


@pytest.mark.parametrize("value", [2**63, 2**64, 2**127])
def test_an_integer_beyond_64_bits_refuses_whatever_the_rule(value: int) -> None:
    decision = engine("price > 0").evaluate(facts(price=value), moment="outgoing")
    assert decision.outcome == "refuse"
    assert decision.findings[0].rule == "facts"
    assert decision.findings[0].values == {"price": str(value)}
    values = {"payment": "upfront", "hours": value, "unit": 1}
    assert engine("price > 0").evaluate(facts(values=values), moment="outgoing").outcome == "refuse"


def test_amounts_are_scaled_exactly_or_refused() -> None:
    wei = 10**18
    big = {
        "price": 14_000 * wei,
        "values": {"payment": "x", "hours": 100, "unit": 140 * wei},
        "exposure": Exposure(budget=20_000 * wei),
    }
    scaled = engine(
        "price * 100 <= exposure.budget * 70", "values.unit == 140000000 && values.hours == 100", unit=10**12
    )
    assert scaled.evaluate(facts(**big), moment="outgoing").outcome == "allow"
    odd = {**big, "price": 14_000 * wei + 1}
    decision = scaled.evaluate(facts(**odd), moment="outgoing")
    assert (decision.outcome, decision.findings[0].rule) == ("refuse", "facts")


@pytest.mark.parametrize("value", [True, 1.0, float("nan"), float("inf"), "1", -1])
def test_facts_take_only_exact_integers(value: object) -> None:
    with pytest.raises(ValueError, match="price"):
        facts(price=value)


@pytest.mark.parametrize("value", [1.0, float("nan"), True, None])
def test_terms_take_only_integers_and_texts(value: object) -> None:
    with pytest.raises(ValueError, match="values"):
        facts(values={"hours": value})


@pytest.mark.parametrize(
    "expression",
    [
        "price >",
        "cost > 1",
        "counterparty.reputaton_ppm > 1",
        "price",
        '"true"',
        "price > 1.5",
        "true) || (true",
        "price > 1 /* ",
        "has(price)",
    ],
)
def test_a_rule_that_does_not_compile_to_a_condition_is_refused_at_once(expression: str) -> None:
    with pytest.raises(BundleInvalid) as caught:
        engine(rule(expression, id="bad-rule"))
    assert caught.value.values["rule"] == "bad-rule"


def test_a_comment_at_the_end_swallows_no_other_rule() -> None:
    decision = engine("price > 0 // fine", "price < 1").evaluate(facts(), moment="outgoing")
    assert decision.rules() == ("r1",)


def test_an_expression_cannot_spin() -> None:
    ten = "[1,2,3,4,5,6,7,8,9,10]"
    expression = "true"
    for depth in range(7):
        expression = f"{ten}.all(x{depth}, {expression})"
    assert outcome(expression) == "refuse"


def test_rules_take_part_at_their_moments() -> None:
    bounded = engine(rule("price < 1", moments=("acceptance", "signature")))
    assert bounded.evaluate(facts(), moment="incoming").outcome == "allow"
    assert bounded.evaluate(facts(), moment="acceptance").outcome == "refuse"
    assert engine('moment == "signature"').evaluate(facts(), moment="signature").outcome == "allow"


def test_a_rule_comes_into_force_at_its_time() -> None:
    later = engine(rule("price < 1", since=1_001))
    assert later.evaluate(facts(now=1_000), moment="outgoing").outcome == "allow"
    assert later.evaluate(facts(now=1_001), moment="outgoing").outcome == "refuse"


def test_a_counterparty_rule_is_for_that_counterparty() -> None:
    only = engine(rule("price < 1", layer="counterparty", counterparty=SELLER))
    assert only.evaluate(facts(), moment="outgoing").outcome == "refuse"
    elsewhere = Counterparty(address=OTHER)
    assert only.evaluate(facts(counterparty=elsewhere), moment="outgoing").outcome == "allow"


def test_a_lower_layer_only_adds_objections() -> None:
    above = Bundle(name="g", rules=(rule("price < 1", id="a", layer="global"),))
    below = Bundle(name="o", rules=(rule("true", id="b"), rule("price < 2", id="c")))
    together = layered("all", (below, above))
    assert [entry.id for entry in together.rules] == ["a", "b", "c"]
    decision = PolicyEngine(together).evaluate(facts(), moment="outgoing")
    assert decision.rules() == ("a", "c")
    with pytest.raises(BundleInvalid):
        layered("all", (above, Bundle(name="o", rules=(rule("true", id="a"),))))
    with pytest.raises(BundleInvalid):
        layered("all", (above, Bundle(name="o", rules=(), amount_unit=10)))


def test_a_bundle_is_a_strict_document() -> None:
    bundle = Bundle(name="g", rules=(rule("true", id="a"),))
    assert Bundle.parse(bundle.canonical()) == bundle
    twice = bundle.as_json()
    twice["rules"] = twice["rules"] * 2
    for broken in (twice, {**bundle.as_json(), "extra": 1}, {**bundle.as_json(), "amount_unit": "0"}):
        with pytest.raises(DocumentInvalid):
            Bundle.parse(broken)
    with pytest.raises(ValueError, match="counterparty"):
        rule("true", layer="counterparty")


def test_require_raises_with_the_findings() -> None:
    with pytest.raises(PolicyRefused) as caught:
        engine("price < 1").require(facts(), moment="signature")
    assert caught.value.values["findings"][0]["rule"] == "r0"
    assert engine("price > 1").require(facts(), moment="signature").allowed


def test_admits_tells_apart_what_people_may_lift() -> None:
    asking = engine(rule("price < 1 || approved", severity="escalate"))
    assert asking.admits(facts(), moment="outgoing")
    assert not asking.admits(facts(), moment="outgoing", escalations=False)
    assert asking.admits(facts(approved=True), moment="outgoing", escalations=False)
