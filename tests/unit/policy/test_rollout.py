"""The life of a bundle: every step follows from the one before, and the share of counterparties is stable."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.test_engine import facts, rule
from tests.unit.policy.test_risk import model

from parley.policy.errors import BundleInvalid, RolloutInvalid
from parley.policy.impact import impact
from parley.policy.models import Bundle, Decision, layered
from parley.policy.rollout import PPM, Rollout, RolloutStep, place_of
from parley.policy.service import PolicyEngine
from parley.terms.errors import DocumentInvalid
from parley.terms.values import Address, Hash32

OLD, NEW = Hash32("0x" + "01" * 32), Hash32("0x" + "02" * 32)
ADDRESSES = st.integers(0, 2**160 - 1).map(lambda number: Address(f"0x{number:040x}"))


def steps(*taken: tuple[str, Hash32] | tuple[str, Hash32, int]) -> list[RolloutStep]:
    found = []
    for number, (kind, bundle, *share) in enumerate(taken):
        body: dict[str, Any] = {
            "schema": "parley/rollout-step",
            "version": 1,
            "step": kind,
            "bundle": bundle,
            "reason": "quarterly review",
            "number": number,
            "issued_at": 1_000 + number,
        }
        found.append(RolloutStep.parse({**body, "share_ppm": share[0]} if share else body))
    return found


BEGUN = (("load", OLD), ("promote", OLD), ("load", NEW))


def test_a_whole_life() -> None:
    state = Rollout.fold(steps(*BEGUN))
    assert (state.in_force, state.candidate) == (OLD, None)
    state = Rollout.fold(steps(*BEGUN, ("shadow", NEW)))
    assert (state.judging("0x" + "00" * 20), state.shadowing("0x" + "00" * 20)) == (OLD, NEW)
    state = Rollout.fold(steps(*BEGUN, ("shadow", NEW), ("stage", NEW, PPM), ("promote", NEW)))
    assert (state.in_force, state.former, state.candidate, state.share_ppm) == (NEW, (OLD,), None, 0)
    state = state.after(steps(*BEGUN, *[("load", NEW)] * 3, ("roll-back", NEW))[-1])
    assert (state.in_force, state.former) == (OLD, ())


def test_rolling_a_candidate_back_drops_it() -> None:
    state = Rollout.fold(steps(*BEGUN, ("stage", NEW, 10), ("roll-back", NEW)))
    assert (state.in_force, state.candidate, state.share_ppm) == (OLD, None, 0)


@pytest.mark.parametrize(
    "taken",
    [
        (("promote", OLD),),
        (("load", OLD), ("roll-back", OLD)),
        (("load", OLD), ("promote", OLD), ("roll-back", OLD)),
        (("load", OLD), ("promote", OLD), ("promote", OLD)),
        (("load", OLD), ("promote", OLD), ("shadow", NEW)),
    ],
)
def test_steps_that_do_not_follow(taken: tuple[tuple[str, Hash32], ...]) -> None:
    *before, last = steps(*taken)
    state = Rollout.fold(before)
    with pytest.raises(RolloutInvalid):
        state.after(last)


def test_a_step_has_one_place_in_the_log() -> None:
    with pytest.raises(RolloutInvalid):
        Rollout.fold([*steps(("load", OLD)), *steps(("load", OLD))])
    with pytest.raises(DocumentInvalid):
        steps(("promote", OLD, 5))
    with pytest.raises(DocumentInvalid):
        steps(("stage", OLD))


@given(ADDRESSES, st.integers(1, PPM), st.integers(1, PPM))
def test_a_wider_stage_keeps_whom_a_narrower_one_had(address: Address, one: int, two: int) -> None:
    narrow, wide = sorted((one, two))
    first = Rollout.fold(steps(*BEGUN, ("stage", NEW, narrow)))
    second = Rollout.fold(steps(*BEGUN, ("stage", NEW, wide)))
    if first.judging(address) == NEW:
        assert second.judging(address) == NEW
    assert {first.judging(address), first.shadowing(address)} in ({NEW, OLD}, {NEW, None})


def test_a_stage_takes_its_share() -> None:
    places = [place_of(NEW, f"0x{number:040x}") for number in range(2_000)]
    share = sum(place < 250_000 for place in places)
    assert 420 <= share <= 580  # 4 standard deviations around 500
    assert places != [place_of(OLD, f"0x{number:040x}") for number in range(2_000)]


def records(*bundles: Bundle) -> list[tuple[str, Decision]]:
    given = [facts(price=price) for price in (50, 150, 250)]
    return [
        (f"{at}", PolicyEngine(bundle).evaluate(found, moment="outgoing"))
        for bundle in bundles
        for at, found in enumerate(given)
    ]


def bundle(expression: str, **changes: Any) -> Bundle:
    return Bundle(name="b", rules=(rule(expression, id="cap"),), **changes)


def test_the_impact_lists_every_decision_that_would_change() -> None:
    report = impact(bundle("price <= 100"), records(bundle("price <= 200")))
    assert [(change.place, change.before, change.after) for change in report.changes] == [
        ("1", "allow", "refuse")
    ]
    assert (report.replayed, report.tightened, report.loosened) == (3, 1, 0)
    report = impact(bundle("price <= 300"), records(bundle("price <= 200")))
    assert [(change.place, change.tightens) for change in report.changes] == [("2", False)]
    assert report.loosened == 1
    assert report.parse(report.canonical()) == report


def test_an_equal_bundle_changes_nothing() -> None:
    same = bundle("price <= 200 && values.hours == 100 && limits.hours == 500", risk=model())
    report = impact(same, records(same))
    assert (report.replayed, report.changes, report.unreadable) == (3, (), ())


def test_a_record_that_was_changed_is_left_out_by_name() -> None:
    place, decision = records(bundle("price <= 200"))[0]
    broken = decision.model_copy(update={"facts": {**decision.facts, "values": {"hours": "many"}}})
    report = impact(bundle("price <= 100"), [(place, broken)])
    assert (report.replayed, report.unreadable) == (0, ("0",))


def test_layers_agree_on_risk_and_take_the_most_reviewers() -> None:
    one, two = bundle("price > 0", risk=model(), approvals=1), Bundle(name="t", rules=(), approvals=2)
    joined = layered("all", (one, two))
    assert (joined.risk, joined.approvals) == (model(), 2)
    with pytest.raises(BundleInvalid):
        layered("all", (one, Bundle(name="o", rules=(), risk=model(checked_from=1))))
