"""Signals of collusion: what is counted, for whom, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.policy.collusion import deviation, mirrored, ring_volume, unopposed
from parley.policy.facts import Counterparty, Facts, Market, Own, facts_of_record, recorded
from parley.policy.models import Bundle, Rule
from parley.policy.service import PolicyEngine
from parley.policy.tripwires import Observation, Tripwire, alarms
from parley.terms.values import Address

A, B, C, D = (Address("0x" + digit * 40) for digit in "abcd")
NOW = 10_000


def test_a_ring_is_worth_its_smallest_flow_in_one_token() -> None:
    ring = [(A, B, 100, "t"), (B, C, 80, "t"), (C, A, 90, "t")]
    assert ring_volume(ring) == {(A,): 80, (B,): 80, (C,): 80}
    assert ring_volume([*ring[:2], (C, A, 90, "u")]) == {}
    assert ring_volume([(A, B, 5, "t"), (B, A, 5, "t"), (A, C, 9, "t")]) == {}
    assert ring_volume([*ring, (A, D, 900, "t"), (B, A, 900, "t")])[A,] == 80


@given(
    st.lists(
        st.tuples(st.sampled_from([(A, B), (B, C), (C, A), (A, C), (C, D), (D, A)]), st.integers(1, 99)),
        max_size=12,
    )
)
def test_no_ring_is_worth_more_than_what_its_member_bought(seen: list[tuple[Any, int]]) -> None:
    deals = [(buyer, seller, amount, "t") for (buyer, seller), amount in seen]
    for (agent,), value in ring_volume(deals).items():
        assert 0 < value <= sum(amount for buyer, _, amount, _ in deals if buyer == agent)


def test_agreements_without_a_word_as_a_share_from_a_minimum_on() -> None:
    seen = [((A, B), True), ((B, A), True), ((A, B), False), ((A, C), True)]
    assert unopposed(seen, 3) == {(A, B): 666_666}
    assert unopposed(seen, 1) == {(A, B): 666_666, (A, C): 1_000_000}


def test_equal_bids_of_different_bidders_in_one_round() -> None:
    seen = [(A, "1:x"), (B, "1:x"), (C, "1:y"), (A, "2:x"), (B, "2:x"), (A, "2:x")]
    assert mirrored(seen) == {(A, B): 2}


def test_a_price_far_from_the_median_of_its_kind() -> None:
    seen = [
        ((A, B), 100, "g"),
        ((A, C), 110, "g"),
        ((A, D), 90, "g"),
        ((B, C), 250, "g"),
        ((C, D), 9_999, "h"),
    ]
    assert deviation(seen, 4)[B, C] == (250 - 110) * 1_000_000 // 110
    assert deviation(seen, 5) == {}
    assert (C, D) not in deviation(seen, 1)


@pytest.mark.parametrize(
    ("metric", "scope", "observations", "value"),
    [
        (
            "ring-volume",
            "agent",
            [Observation("opened", NOW, pair, 5, "t") for pair in ((A, B), (B, C), (C, A))],
            5,
        ),
        ("unopposed-ppm", "pair", [Observation("agreed", NOW, (A, B), first=True)] * 2, 1_000_000),
        ("mirrored-bids", "pair", [Observation("bid", NOW, (one,), group="x") for one in (A, B)], 1),
        (
            "deviation-ppm",
            "pair",
            [Observation("opened", NOW, (A, B), amount, "t", "g") for amount in (10, 10, 20)],
            1_000_000,
        ),
    ],
)
def test_wires_raise_alarms_above_their_thresholds(
    metric: Any, scope: Any, observations: list[Observation], value: int
) -> None:
    def raised(threshold: int) -> list[int]:
        wire = Tripwire(
            id="w", metric=metric, scope=scope, window_seconds=100, threshold=threshold, reason="look"
        )
        return [alarm.value for alarm in alarms([wire], observations, NOW)]

    assert value in raised(value - 1)
    assert raised(value) == []


def facts(**more: Any) -> Facts:
    known: dict[str, Any] = {
        "role": "buyer",
        "values": {},
        "price": 500,
        "data_class": "internal",
        "fixed": {},
        "now": NOW,
        "counterparty": Counterparty(address=B),
        "token": Address("0x" + "70" * 20),
        "arbiter": Address("0x" + "a1" * 20),
        "market": Market(window=86_400, deals=3, volume=1_000, with_counterparty=600, returned=0),
        "own": Own(jurisdiction="DE", region="EU"),
    }
    return Facts(**{**known, **more})


@pytest.mark.parametrize(
    ("expression", "broken"),
    [
        ("market.volume + price <= 1500", {"price": 501}),
        (
            "market.with_counterparty * 100 <= market.volume * 60",
            {"market": Market(window=1, deals=3, volume=1_000, with_counterparty=601)},
        ),
        (
            "market.returned == 0",
            {"market": Market(window=1, deals=3, volume=1_000, with_counterparty=600, returned=1)},
        ),
        ('own.jurisdiction in ["DE", "FR"]', {"own": Own(jurisdiction="KP")}),
        ('own.region == "EU"', {"own": None}),
        ("market.deals < 100", {"market": None}),
        ('data_class != "personal" || counterparty.region == "EU"', {"data_class": "personal"}),
        ('token in ["0x' + "70" * 20 + '"]', {"token": Address("0x" + "71" * 20)}),
        ('arbiter in ["0x' + "a1" * 20 + '"]', {"arbiter": Address("0x" + "a2" * 20)}),
        ('token != ""', {"token": None}),
    ],
)
def test_limits_and_compliance_are_rules_that_fail_closed(expression: str, broken: dict[str, Any]) -> None:
    rule = Rule(id="r", layer="global", severity="refuse", expression=expression, reason="r")
    engine = PolicyEngine(Bundle(name="b", rules=(rule,)))
    assert engine.evaluate(facts(), moment="acceptance").outcome == "allow"
    assert engine.evaluate(facts(**broken), moment="acceptance").outcome == "refuse"


def test_market_sums_that_are_no_multiple_of_the_unit_are_rounded_up() -> None:
    rule = Rule(id="r", layer="global", severity="refuse", expression="market.volume <= 1", reason="r")
    engine = PolicyEngine(Bundle(name="b", amount_unit=1_000, rules=(rule,)))
    market = Market(window=1, deals=1, volume=1_001)
    assert engine.evaluate(facts(price=0, market=market), moment="incoming").outcome == "refuse"


def test_the_new_facts_are_read_back_from_a_record() -> None:
    assert facts_of_record(recorded(facts())) == facts()
