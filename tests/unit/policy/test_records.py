"""Records are written field by field; what is written is what the schema would write."""

from __future__ import annotations

from typing import Any

import pytest
from test_engine import engine, facts, rule

from parley.policy.facts import Facts, History, Provenance, facts_of_record, recorded
from parley.policy.models import Decision
from parley.policy.risk import RiskModel
from parley.terms.documents import Part
from parley.terms.terms import Terms
from parley.terms.values import Hash32, Salt

HASH = Hash32("0x" + "11" * 32)
MORE: dict[str, dict[str, Any]] = {
    "least": {"exposure": None, "limits": {}},
    "most": {
        "terms": HASH,
        "token": "0x" + "70" * 20,
        "arbiter": "0x" + "a1" * 20,
        "data": Provenance(confidence_ppm=1, age=0),
        "history": History(agreed=3),
        "approved": True,
    },
}


def by_schema(part: Part) -> dict[str, Any]:
    return part.model_dump(mode="json", by_alias=True, exclude_none=True)


@pytest.mark.parametrize("changes", MORE.values(), ids=MORE)
def test_facts_are_recorded_whole(changes: dict[str, Any]) -> None:
    given = facts(**changes)
    written, wanted = recorded(given), by_schema(given)
    assert set(written) == {*wanted, "numbers"}
    for name in set(wanted) - {"values", "limits"}:
        assert written[name] == wanted[name]
    assert facts_of_record(written) == given
    unchecked = Facts.unchecked(**{name: getattr(given, name) for name in Facts.model_fields})
    assert recorded(unchecked) == written


@pytest.mark.parametrize("expression", ["price > 0", "price < 0"])
def test_a_decision_has_the_form_of_its_schema(expression: str) -> None:
    judge = engine(rule(expression))
    judge.bundle = judge.bundle.model_copy(
        update={"risk": RiskModel(weights=dict.fromkeys(WEIGHTS, 1), value_ceiling=10**9)}
    )
    decision = judge.evaluate(facts(), moment="incoming")
    assert decision.risk is not None
    assert decision.as_json() == by_schema(decision)
    assert Decision.parse(decision.as_json()) == decision


WEIGHTS = ("credibility", "sensitivity", "regulation", "value")


@pytest.mark.parametrize("winner", [None, "carrier"])
def test_terms_have_the_form_of_their_schema(winner: str | None) -> None:
    terms = Terms(
        negotiation=HASH,
        domain=HASH,
        fixed={"law": "somewhere"},
        values={"price": "7", "days": 3},
        winner=winner,
        salt=Salt("0x" + "07" * 16),
    )
    assert terms.as_json() == by_schema(terms)
    assert Terms.parse(terms.as_json()) == terms
