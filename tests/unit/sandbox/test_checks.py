"""The checks at the end fail when they should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parley.sandbox.demo.checks import check_lease, check_money, check_standing
from parley.sandbox.demo.money import Count, Holding
from parley.sandbox.demo.result import Decision, Line, Result
from parley.sandbox.demo.standing import Standing
from parley.scenarios.compute_lease import compute_lease

LEASE = compute_lease(12)
MakeLine = Callable[..., Line]
MakeTerms = Callable[..., dict[str, Any]]


def failed(result: Result) -> list[str]:
    return [check.name for check in result.checks if not check.ok]


@pytest.fixture
def good(make_line: MakeLine, make_terms: MakeTerms) -> Result:
    result = Result(12)
    result.lines = [
        make_line(1, "buyer", "crusoe", terms=make_terms(1_690_000, 2_400)),
        make_line(2, "buyer", "scaleway", terms=make_terms(2_530_000, 1_000, "H100")),
        make_line(3, "buyer", "lambdalabs", terms=make_terms(2_540_000, 1_600)),
        make_line(4, "another buyer", "crusoe", terms=make_terms(9_000_000, 4_000)),
    ]
    result.decisions = [
        Decision("crusoe", 4_056_000_000, "0x1", True),
        Decision("lambdalabs", 4_064_000_000, "0x2", True),
    ]
    return result


def test_a_good_lease(good: Result) -> None:
    check_lease(good, LEASE, "buyer")
    assert failed(good) == []
    assert good.ok


def test_a_need_that_is_not_covered(good: Result) -> None:
    del good.lines[0]
    check_lease(good, LEASE, "buyer")
    assert failed(good) == ["the need is covered"]


def test_a_need_that_a_person_did_not_want_covered(good: Result) -> None:
    del good.lines[0]
    good.decisions[0] = Decision("crusoe", 4_056_000_000, "0x1", False)
    check_lease(good, LEASE, "buyer")
    assert failed(good) == []


def test_more_than_the_need_is_wrong_even_after_a_refusal(good: Result, make_line: MakeLine) -> None:
    good.decisions.append(Decision("paperspace", 4_312_000_000, "0x3", False))
    good.lines.append(make_line(5, "buyer", "paperspace"))
    check_lease(good, LEASE, "buyer")
    assert "the need is covered" in failed(good)


def test_a_deal_that_nobody_approved(good: Result) -> None:
    good.decisions[1] = Decision("lambdalabs", 4_064_000_000, "0x2", False)
    check_lease(good, LEASE, "buyer")
    assert "a person approved what was over the threshold" in failed(good)


def test_approval_of_another_price_is_none(good: Result) -> None:
    good.decisions[1] = Decision("lambdalabs", 4_063_999_999, "0x2", True)
    check_lease(good, LEASE, "buyer")
    assert failed(good) == ["a person approved what was over the threshold"]


def test_too_much_in_all_and_with_one_seller(
    good: Result, make_line: MakeLine, make_terms: MakeTerms
) -> None:
    good.lines[0] = make_line(1, "buyer", "crusoe", terms=make_terms(3_600_000, 2_400))
    good.decisions.append(Decision("crusoe", 8_640_000_000, "0x4", True))
    check_lease(good, LEASE, "buyer")
    assert failed(good) == [
        "the shared budget is never overcommitted",
        "no seller has more than 60 % of the budget",
    ]


@pytest.mark.parametrize("changes", [{"paid": 4_063_999_999}, {"outcome": "defaulted"}])
def test_a_seller_that_was_not_paid(good: Result, make_line: MakeLine, changes: dict[str, Any]) -> None:
    good.lines[2] = make_line(3, "buyer", "lambdalabs", **changes)
    check_lease(good, LEASE, "buyer")
    assert failed(good) == ["every seller is paid in full"]


def test_a_seller_that_sold_more_than_it_has(
    good: Result, make_line: MakeLine, make_terms: MakeTerms
) -> None:
    good.lines[1] = make_line(2, "buyer", "lambdalabs", terms=make_terms(2_530_000, 1_000, "H100"))
    check_lease(good, LEASE, "buyer")
    assert failed(good) == ["no seller sold more than it has"]


@pytest.mark.parametrize(
    ("after", "wrong"),
    [
        (Count({"a": Holding(6, 4)}, held=4, supply=10), []),
        (Count({"a": Holding(5, 4)}, held=4, supply=10), ["money is conserved to the unit"]),
        (Count({"a": Holding(7, 4)}, held=4, supply=11), ["money is conserved to the unit"]),
        (Count({"a": Holding(6, 3)}, held=4, supply=10), ["the escrow keeps nothing"]),
        (
            Count({"a": Holding(6, 5)}, held=4, supply=10),
            ["money is conserved to the unit", "the escrow keeps nothing"],
        ),
    ],
)
def test_money_to_the_unit(after: Count, wrong: list[str]) -> None:
    result = Result(1, before=Count({"a": Holding(10, 0)}, held=0, supply=10), after=after)
    check_money(result)
    assert failed(result) == wrong


def test_money_that_was_not_counted() -> None:
    result = Result(1)
    check_money(result)
    assert not result.ok


def test_standing_is_the_gateways_and_follows_the_deals(make_line: MakeLine) -> None:
    newcomer, better, worse = Standing(600_000, 0, 0), Standing(632_000, 1, 1), Standing(235_000, 1, 1)
    lines = [make_line(1, "buyer", "good"), make_line(2, "other", "bad", paid=0, outcome="defaulted")]
    before = {"good": newcomer, "bad": newcomer}

    def wrong(after: dict[str, Standing], told: dict[str, Standing]) -> list[str]:
        result = Result(1, lines=lines, standing_before=before, standing_after=after)
        check_standing(result, told)
        return failed(result)

    right = {"good": better, "bad": worse}
    first, second = (
        "anyone recomputes the gateway's reputation scores",
        "paid sellers gained reputation, failed ones lost it",
    )
    assert wrong(right, right) == []
    assert wrong(right, {**right, "good": Standing(632_001, 1, 1)}) == [first]
    assert wrong({"good": worse, "bad": worse}, {"good": worse, "bad": worse}) == [second]
    assert wrong({"good": better, "bad": newcomer}, {"good": better, "bad": newcomer}) == [second]


def test_no_check_at_all_is_not_good() -> None:
    assert not Result(1).ok
