from __future__ import annotations

from typing import Any

import pytest
import samples

from parley.terms.deal import Deal, Milestone, bundle_hash
from parley.terms.derivation import Amended, deal_nonce, derive_deals, open_by_range
from parley.terms.domain import Domain
from parley.terms.errors import DealInvalid, DerivationFailed, EvaluationFailed, OpeningInvalid
from parley.terms.expressions import evaluate
from parley.terms.terms import terms_of
from parley.terms.values import ZERO_HASH, Hash32, keccak

ROOT = Hash32("0x" + "0c" * 32)
ACCEPTED_AT = samples.OPENED_AT + 5
VALUES: dict[str, int | str] = {"rate": 2_470_000, "hours": 700, "start_day": 2, "payment": "half_half"}


def _derive(
    settlements: list[dict[str, Any]] | None = None,
    values: dict[str, int | str] | None = None,
    open_by: int | None = None,
    **more: Any,
) -> tuple[Deal, ...]:
    changes = {} if settlements is None else {"settlements": settlements}
    domain = Domain.parse(samples.lease_domain_json(**changes))
    opening = samples.opening_of(domain, {"buyer": "alice", "seller": "bob"}, "buyer", **more)
    offer = samples.Conversation(domain, opening).offer({**VALUES, **(values or {})})
    return derive_deals(domain, opening, offer, ROOT, 6, ACCEPTED_AT, open_by)


def _one(**changes: Any) -> Deal:
    (deal,) = _derive([samples.lease_settlement(**changes)])
    return deal


def test_a_lease() -> None:
    (deal,) = _derive()
    price = 2_470_000 * 700
    open_by = ACCEPTED_AT + 600
    assert deal.price == price
    assert deal.seller_bond == price * 500 // 10_000
    assert deal.buyer_lock == price + 2 * 25_000_000
    assert deal.open_by == open_by
    assert deal.milestones == (
        Milestone(amount=price // 2, deliver_by=open_by + 2 * 86_400),
        Milestone(amount=price - price // 2, deliver_by=open_by + 2 * 86_400 + 2_592_000),
    )
    assert (deal.buyer, deal.seller) == (samples.signer("alice").address, samples.signer("bob").address)
    assert (deal.transcript_root, deal.transcript_length) == (ROOT, 6)
    assert (deal.bundle, deal.amends, deal.amends_locked) == (ZERO_HASH, ZERO_HASH, 0)
    deal.validate_for_opening(ACCEPTED_AT + 10)


def test_it_is_a_function_of_its_arguments() -> None:
    assert _derive() == _derive()
    assert _derive()[0].hash() == _derive()[0].hash()


def test_the_terms_hash_covers_fixed_terms_values_and_salt() -> None:
    agreed = samples.agreement()
    terms = terms_of(agreed.domain, agreed.opening.negotiation_id(), agreed.offer)
    assert agreed.deals[0].terms_hash == terms.hash()
    assert terms.fixed == agreed.domain.fixed
    assert terms.salt == agreed.offer.salt


def test_the_nonce_names_negotiation_and_settlement() -> None:
    negotiation = Hash32("0x" + "0d" * 32)
    expected = int.from_bytes(keccak(b"\x0d" * 32 + (1).to_bytes(32, "big")), "big")
    assert deal_nonce(negotiation, 1) == expected
    first, second = _derive([samples.lease_settlement(), samples.lease_settlement()])
    assert first.nonce != second.nonce


def test_open_by_lies_in_its_window() -> None:
    first, last = open_by_range(Domain.parse(samples.lease_domain_json()), ACCEPTED_AT)
    assert (first, last) == (ACCEPTED_AT + 1, ACCEPTED_AT + 600)
    for open_by in (first, last):
        assert _derive(open_by=open_by)[0].open_by == open_by
    for open_by in (first - 1, last + 1, 0, -1):
        with pytest.raises(DerivationFailed, match="open_by"):
            _derive(open_by=open_by)


def test_several_deals_are_linked() -> None:
    first, second = _derive([samples.lease_settlement(), samples.lease_settlement(price={"issue": "rate"})])
    plain = tuple(deal.model_copy(update={"bundle": ZERO_HASH}) for deal in (first, second))
    expected = keccak(b"".join(bytes.fromhex(deal.struct_hash()[2:]) for deal in plain))
    assert first.bundle == second.bundle == Hash32.of(expected) == bundle_hash((first, second))
    with pytest.raises(DealInvalid, match="bundle"):
        first.validate_for_opening(ACCEPTED_AT + 1)


def test_no_settlement_means_no_deal() -> None:
    assert _derive([]) == ()


def _milestones(*entries: dict[str, Any]) -> tuple[int, ...]:
    return tuple(part.amount for part in _one(price=1_000, milestones=list(entries)).milestones)


def test_entries_may_be_left_out() -> None:
    half = {"eq": [{"issue": "payment"}, "half_half"]}
    upfront = {"eq": [{"issue": "payment"}, "upfront"]}
    by = {"deliver_by": 5}
    rest = {"amount": {"rest": True}, **by}
    assert _milestones({"amount": 300, **by, "when": half}, rest) == (300, 700)
    assert _milestones({"amount": 300, **by, "when": upfront}, rest) == (1_000,)
    assert _milestones({"amount": 0, **by}, rest) == (1_000,)
    assert _milestones({"amount": 1_000, **by}, rest) == (1_000,)
    # What is left out is not computed: this entry would have no value.
    assert _milestones({"amount": {"sub": [0, {"issue": "hours"}]}, **by, "when": upfront}, rest) == (1_000,)


def test_milestones_make_up_the_price() -> None:
    by = {"deliver_by": 5}
    for entries in (
        [{"amount": 999, **by}],
        [{"amount": 1_001, **by}],
        [{"amount": 1_001, **by}, {"amount": {"rest": True}, **by}],
        [{"amount": {"rest": True}, **by, "when": 0}],
    ):
        with pytest.raises(DerivationFailed, match="price"):
            _milestones(*entries)


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"price": {"mul": [{"issue": "rate"}, str(2**127)]}}, "price", "range"),
        ({"relay_fee": {"sub": [1, {"issue": "hours"}]}}, "relay_fee", "range"),
        ({"cancel_by": {"mul": [{"var": "open_by"}, 2_000]}}, "cancel_by", "range"),
        ({"review_window": {"mul": [{"issue": "rate"}, 10_000]}}, "review_window", "range"),
        ({"walk_away_bps": {"issue": "rate"}}, "walk_away_bps", "range"),
        (
            {"relay_fee": {"floor_div": [1, {"sub": [{"issue": "hours"}, 700]}]}},
            "relay_fee",
            "division by zero",
        ),
        (
            {"relay_fee": {"ceil_div": [1, {"sub": [{"issue": "hours"}, 700]}]}},
            "relay_fee",
            "division by zero",
        ),
        ({"relay_fee": {"mul": [{"issue": "rate"}] * 400}}, "relay_fee", "too large"),
    ],
)
def test_values_that_do_not_fit_are_typed_errors(changes: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(EvaluationFailed) as caught:
        _one(**changes)
    assert caught.value.values["field"] == field
    assert caught.value.values["problem"] == problem


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        (7, 7),
        (str(2**200), 2**200),
        ({"issue": "rate"}, 2_470_000),
        ({"var": "price"}, 1_000),
        ({"add": [1, 2, 3]}, 6),
        ({"sub": [1, 2, 3]}, -4),
        ({"mul": [2, 3, 4]}, 24),
        ({"max": [1, 5, 3]}, 5),
        ({"min": [4, 2, 3]}, 2),
        ({"floor_div": [7, 2]}, 3),
        ({"ceil_div": [7, 2]}, 4),
        ({"ceil_div": [8, 2]}, 4),
        ({"floor_div": [{"sub": [0, 7]}, 2]}, -4),
        ({"ceil_div": [{"sub": [0, 7]}, 2]}, -3),
        ({"bps": [{"var": "price"}, 3_333]}, 333),
        ({"bps": [3, 3_333]}, 0),
        ({"eq": [{"issue": "payment"}, "half_half"]}, 1),
        ({"eq": [{"issue": "payment"}, "upfront"]}, 0),
        ({"eq": [{"issue": "hours"}, 700]}, 1),
        ({"eq": [{"issue": "rate"}, "2470000"]}, 1),
        ({"case": "payment", "of": {"upfront": 1, "half_half": {"add": [1, 1]}, "on_delivery": 3}}, 2),
        ({"max": [0, {"sub": [1, 2]}]}, 0),
    ],
)
def test_expressions(expression: Any, result: int) -> None:
    assert evaluate(expression, VALUES, {"price": 1_000, "open_by": 50}) == result


def test_a_variable_that_is_not_there() -> None:
    with pytest.raises(EvaluationFailed):
        evaluate({"var": "price"}, VALUES, {})
    with pytest.raises(EvaluationFailed):
        evaluate({"issue": "payment"}, VALUES, {})


def test_another_domain_derives_nothing() -> None:
    agreed = samples.agreement()
    other = Domain.parse(samples.lease_domain_json(title="Another"))
    with pytest.raises(OpeningInvalid):
        derive_deals(other, agreed.opening, agreed.offer, ROOT, 6, ACCEPTED_AT)


def test_an_amendment_needs_the_state_of_what_it_replaces() -> None:
    agreed = samples.agreement()
    opening = agreed.opening.model_copy(update={"amends": Hash32("0x" + "0f" * 32)})
    with pytest.raises(DerivationFailed, match="amendment"):
        derive_deals(agreed.domain, opening, agreed.offer, ROOT, 6, ACCEPTED_AT)
    (deal,) = derive_deals(
        agreed.domain, opening, agreed.offer, ROOT, 6, ACCEPTED_AT, amended=Amended(milestone=1, locked=77)
    )
    assert (deal.amends, deal.amends_milestone, deal.amends_locked) == ("0x" + "0f" * 32, 1, 77)
    with pytest.raises(DealInvalid):
        deal.validate_for_opening(ACCEPTED_AT)
    with pytest.raises(DerivationFailed, match="amendment"):
        derive_deals(
            agreed.domain,
            agreed.opening,
            agreed.offer,
            ROOT,
            6,
            ACCEPTED_AT,
            amended=Amended(milestone=1, locked=77),
        )
