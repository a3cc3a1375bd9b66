from __future__ import annotations

import copy
from typing import Any

import pytest
import samples

from parley.terms.domain import AmountIssue, ChoiceIssue, Domain, IntegerIssue
from parley.terms.errors import DocumentInvalid, IssueValuesInvalid, OpeningInvalid
from parley.terms.opening import Opening, check_opening
from parley.terms.values import ZERO_ADDRESS

DOMAIN = Domain.parse(samples.lease_domain_json())
VALUES: dict[str, int | str] = {"rate": 2_000_000, "hours": 500, "start_day": 3, "payment": "upfront"}


def test_outcomes_are_counted() -> None:
    assert DOMAIN.outcome_count() == 481 * 40 * 15 * 3
    assert DOMAIN.issue("rate").value_at(1) == 1_210_000
    assert DOMAIN.issue("payment").value_at(2) == "on_delivery"
    with pytest.raises(IssueValuesInvalid):
        DOMAIN.issue("colour")


def test_values_travel_as_json_and_come_back() -> None:
    encoded = DOMAIN.encode_values(VALUES)
    assert encoded == {**VALUES, "rate": "2000000"}
    assert DOMAIN.decode_values(encoded) == VALUES
    DOMAIN.check_values(VALUES)


@pytest.mark.parametrize(
    ("issue", "wrong"),
    [
        ("rate", 1_190_000),
        ("rate", 6_010_000),
        ("rate", 2_000_001),
        ("rate", "2000000"),
        ("rate", True),
        ("hours", 99),
        ("hours", 150),
        ("hours", 4_100),
        ("hours", "500"),
        ("hours", 500.0),
        ("hours", True),
        ("payment", "later"),
        ("payment", 0),
        ("payment", None),
    ],
)
def test_values_off_the_grid_are_refused(issue: str, wrong: Any) -> None:
    values = {**VALUES, issue: wrong}
    with pytest.raises(IssueValuesInvalid) as caught:
        DOMAIN.check_values(values)
    assert caught.value.values["issue"] == issue
    with pytest.raises(IssueValuesInvalid):
        DOMAIN.encode_values(values)
    if (issue, wrong) != ("rate", "2000000"):  # the right form in JSON
        with pytest.raises(IssueValuesInvalid):
            DOMAIN.decode_values({**DOMAIN.encode_values(VALUES), issue: wrong})


def test_amounts_in_json_are_strings() -> None:
    with pytest.raises(IssueValuesInvalid):
        DOMAIN.decode_values({**VALUES})


@pytest.mark.parametrize("change", [{"colour": "red"}, {"rate": None}])
def test_one_value_for_every_issue_and_no_other(change: dict[str, Any]) -> None:
    values = {key: value for key, value in {**VALUES, **change}.items() if value is not None}
    for check in (DOMAIN.check_values, DOMAIN.decode_values, DOMAIN.encode_values):
        with pytest.raises(IssueValuesInvalid):
            check(values)


@pytest.mark.parametrize(
    "issue",
    [
        {"name": "x", "type": "amount", "min": "0", "max": "10", "step": "0"},
        {"name": "x", "type": "amount", "min": "0", "max": "10", "step": "3"},
        {"name": "x", "type": "amount", "min": "2", "max": "1", "step": "1"},
        {"name": "x", "type": "amount", "min": 0, "max": 1, "step": 1},
        {"name": "x", "type": "integer", "min": "0", "max": "1", "step": "1"},
        {"name": "x", "type": "integer", "min": -1, "max": 1, "step": 1},
        {"name": "x", "type": "integer", "min": 0, "max": 2**53, "step": 1},
        {"name": "x", "type": "choice", "values": []},
        {"name": "x", "type": "choice", "values": ["a", "a"]},
        {"name": "x", "type": "choice", "values": [1]},
        {"name": "x", "type": "colour", "values": ["a"]},
        {"name": "X", "type": "choice", "values": ["a"]},
        {"name": "1x", "type": "choice", "values": ["a"]},
        {"name": "x" * 65, "type": "choice", "values": ["a"]},
        {"name": "x\n", "type": "choice", "values": ["a"]},
        {"name": "", "type": "choice", "values": ["a"]},
    ],
)
def test_issues_that_make_no_sense(issue: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        Domain.parse(samples.lease_domain_json(issues=[issue], settlements=[]))


def test_an_issue_may_have_one_value() -> None:
    issues = [
        {"name": "a", "type": "amount", "min": "5", "max": "5", "step": "1"},
        {"name": "b", "type": "integer", "min": 0, "max": 0, "step": 7},
        {"name": "c", "type": "choice", "values": ["only"]},
    ]
    domain = Domain.parse(samples.lease_domain_json(issues=issues, settlements=[]))
    assert domain.outcome_count() == 1
    assert [type(issue) for issue in domain.issues] == [AmountIssue, IntegerIssue, ChoiceIssue]


def _settlement(**changes: Any) -> dict[str, Any]:
    return {"settlements": [samples.lease_settlement(**changes)]}


def _limits(**changes: Any) -> dict[str, Any]:
    return {"limits": {**samples.lease_domain_json()["limits"], **changes}}


REST = {"amount": {"rest": True}, "deliver_by": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"issues": []},
        {"issues": samples.lease_domain_json()["issues"] * 2},
        {"roles": ["buyer"]},
        {"roles": ["buyer", "buyer"]},
        {"roles": ["buyer", "carrier"]},
        {"roles": [f"r{index}" for index in range(17)], "settlements": []},
        {"protocol": "auction"},
        {"data_class": "secret"},
        {"fixed": {"law": 1}},
        _limits(max_rounds=0),
        _limits(max_rounds=10_001),
        _limits(deadline_seconds=0),
        _limits(deadline_seconds=31_536_001),
        _limits(open_window_seconds=59),
        _limits(open_window_seconds=86_401),
        _limits(min_concession_ppm=1_000_001),
        _limits(fallback="retry"),
        _settlement(buyer="seller"),
        _settlement(buyer="nobody"),
        _settlement(payout=4),
        _settlement(price={"var": "price"}),
        _settlement(price={"add": [1, {"var": "price"}]}),
        _settlement(price={"issue": "payment"}),
        _settlement(price={"issue": "colour"}),
        _settlement(price={"var": "now"}),
        _settlement(price={"pow": [2, 2]}),
        _settlement(price={"add": []}),
        _settlement(price={"add": 1}),
        _settlement(price={"floor_div": [1]}),
        _settlement(price={"bps": [1, 2, 3]}),
        _settlement(price={"add": [1], "mul": [2]}),
        _settlement(price={}),
        _settlement(price=-1),
        _settlement(price=True),
        _settlement(price="1.5"),
        _settlement(price="01"),
        _settlement(price=None),
        _settlement(price=str(2**128)),
        _settlement(review_window=2**32),
        _settlement(rejected_seller_bps=65_536),
        _settlement(relay_fee={"sub": [1, 2]}),
        _settlement(relay_fee={"floor_div": [1, 0]}),
        _settlement(price={"eq": [{"issue": "payment"}, "later"]}),
        _settlement(price={"eq": [{"issue": "rate"}, 1_200_000]}),
        _settlement(price={"eq": [{"issue": "colour"}, 1]}),
        _settlement(price={"eq": [1, 1]}),
        _settlement(price={"case": "payment", "of": {"upfront": 1}}),
        _settlement(price={"case": "payment", "of": {}}),
        _settlement(price={"case": "rate", "of": {"1200000": 1}}),
        _settlement(milestones=[]),
        _settlement(milestones=[REST, REST]),
        _settlement(milestones=[{"amount": {"rest": False}, "deliver_by": 1}]),
        _settlement(milestones=[{"amount": {"rest": 1}, "deliver_by": 1}]),
        _settlement(milestones=[{"amount": {"rest": True, "x": 1}, "deliver_by": 1}]),
        _settlement(milestones=[{"amount": 1}]),
        _settlement(milestones=[{"amount": 1, "deliver_by": {"rest": True}}]),
        _settlement(milestones=[{"amount": 1, "deliver_by": 2**40}]),
        _settlement(milestones=[{**REST, "when": {"issue": "payment"}}]),
        _settlement(milestones={"case": "payment", "of": {"upfront": [REST]}}),
        _settlement(milestones={"case": "hours", "of": {"100": [REST]}}),
        _settlement(
            milestones={"case": "payment", "of": {"upfront": [], "half_half": [], "on_delivery": []}}
        ),
    ],
)
def test_domains_that_make_no_sense(change: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        Domain.parse(samples.lease_domain_json(**change))


def test_expressions_are_bounded() -> None:
    deep: Any = 1
    for _ in range(12):
        deep = {"add": [deep]}
    with pytest.raises(DocumentInvalid):
        Domain.parse(samples.lease_domain_json(**_settlement(price=deep)))
    with pytest.raises(DocumentInvalid):
        Domain.parse(samples.lease_domain_json(**_settlement(price={"add": [1] * 512})))
    assert Domain.parse(samples.lease_domain_json(**_settlement(price={"add": [1] * 511})))


def test_a_constant_that_grows_without_bound_is_refused() -> None:
    large: Any = {"mul": [str(2**255)] * 20}
    with pytest.raises(DocumentInvalid, match="too large"):
        Domain.parse(samples.lease_domain_json(**_settlement(price=large)))


def test_a_domain_may_settle_nothing() -> None:
    assert Domain.parse(samples.lease_domain_json(settlements=[])).settlements == ()


OPENING = samples.opening_of(DOMAIN, {"buyer": "alice", "seller": "bob"}, "seller")


@pytest.mark.parametrize(
    "change",
    [
        {"first": "carrier"},
        {"initiator": ZERO_ADDRESS},
        {"deadline": samples.OPENED_AT},
        {"gateways": ["0x" + "01" * 20] * 2},
        {"reviewers": ["0x" + "01" * 20] * 2},
        {"chain_id": 0},
        {"parties": []},
        {"opened_at": -1},
    ],
)
def test_openings_that_make_no_sense(change: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        Opening.parse({**OPENING.as_json(), **change})


def test_every_party_has_a_role_and_an_account_of_its_own() -> None:
    value = OPENING.as_json()
    for field, wrong in (
        ("address", value["parties"][0]["address"]),
        ("address", ZERO_ADDRESS),
        ("role", "buyer"),
    ):
        parties = copy.deepcopy(value["parties"])
        parties[1][field] = wrong
        with pytest.raises(DocumentInvalid):
            Opening.parse({**value, "parties": parties})


def test_an_opening_is_one_of_its_domain() -> None:
    check_opening(DOMAIN, OPENING)
    other = Domain.parse(samples.lease_domain_json(title="Another"))
    with pytest.raises(OpeningInvalid, match="another domain"):
        check_opening(other, OPENING)
    late = OPENING.model_copy(update={"deadline": OPENING.deadline + 1})
    with pytest.raises(OpeningInvalid, match="deadline"):
        check_opening(DOMAIN, late)
    roles = Domain.parse(samples.lease_domain_json(roles=["buyer", "seller", "carrier"]))
    with pytest.raises(OpeningInvalid, match="each role"):
        check_opening(roles, OPENING.model_copy(update={"domain": roles.hash()}))


def test_parties_are_found() -> None:
    buyer = OPENING.party_of_role("buyer")
    assert OPENING.party_of_address(buyer.address) == buyer
    assert OPENING.party_of_address(ZERO_ADDRESS) is None
    with pytest.raises(OpeningInvalid):
        OPENING.party_of_role("carrier")


def test_the_negotiation_id_is_the_hash_of_the_opening() -> None:
    assert OPENING.negotiation_id() == OPENING.hash()
    changed = OPENING.model_copy(update={"nonce": OPENING.domain})
    assert changed.negotiation_id() != OPENING.negotiation_id()
