"""What is signed for tabs, panels and the evidence contract."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import samples

from parley.terms import schema
from parley.terms.actions import Withdrawal
from parley.terms.eip712 import attribute_name, domain_separator, typed_digest
from parley.terms.errors import DocumentInvalid
from parley.terms.panel import PanelWithdrawal, median
from parley.terms.tabs import Tab, TabsWithdrawal, Voucher
from parley.terms.values import Address, Hash32

CONTRACT = Address("0x" + "77" * 20)


def tab_json(**changes: Any) -> dict[str, Any]:
    return {
        "schema": "parley/tab",
        "version": 1,
        "buyer": "0x" + "aa" * 20,
        "seller": "0x" + "bb" * 20,
        "token": "0x" + "cc" * 20,
        "expires_at": 2**40 - 1,
        "close_window": 2**32 - 1,
        "payout": 255,
        "exit_fee": str(2**104 - 1),
        "nonce": str(2**72 - 1),
        **changes,
    }


def test_the_terms_of_a_tab_fill_one_word() -> None:
    assert Tab.parse(tab_json()).terms == 2**256 - 1
    for name, start in (
        ("expires_at", 0),
        ("close_window", 40),
        ("payout", 72),
        ("exit_fee", 80),
        ("nonce", 184),
    ):
        zero: dict[str, Any] = {
            "expires_at": 0,
            "close_window": 0,
            "payout": 0,
            "exit_fee": "0",
            "nonce": "0",
        }
        zero[name] = "1" if isinstance(zero[name], str) else 1
        assert Tab.parse(tab_json(**zero)).terms == 1 << start


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": 2**40},
        {"close_window": 2**32},
        {"payout": 256},
        {"exit_fee": str(2**104)},
        {"exit_fee": 1},
        {"nonce": str(2**72)},
        {"nonce": 0},
        {"nonce": "-1"},
        {"terms": "1"},
        {"buyer": "0x" + "AA" * 20},
    ],
)
def test_a_tab_out_of_its_widths_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        Tab.parse(tab_json(**changes))


def test_the_id_of_a_tab_is_the_same_everywhere_and_its_voucher_is_not() -> None:
    tab = Tab.parse(tab_json())
    assert tab.tab_id() == tab.struct_hash()
    assert Tab.parse(tab_json(nonce="0")).tab_id() != tab.tab_id()
    voucher = Voucher(tab=tab.tab_id(), cumulative=5)
    other = Address("0x" + "78" * 20)
    digests = {voucher.digest(1, CONTRACT), voucher.digest(2, CONTRACT), voucher.digest(1, other)}
    assert len(digests) == 3


@pytest.mark.parametrize("kind", samples.PERIPHERY, ids=lambda kind: kind.__name__)
def test_each_is_signed_under_the_domain_of_its_contract(kind: Any) -> None:
    rng = Random(kind.__name__)
    for _ in range(20):
        action = samples.random_periphery(kind, rng)
        assert kind.parse(action.as_json()) == action
        separator = domain_separator(kind.domain_name, "1", 31_337, CONTRACT)
        expected = typed_digest(separator, bytes.fromhex(action.struct_hash()[2:]))
        assert action.digest(31_337, CONTRACT) == expected
        assert action.typed_data(31_337, CONTRACT)["domain"]["name"] == kind.domain_name
    if kind is not Tab:
        fields = [name for name in kind.model_fields if name not in ("version", "schema_")]
        assert fields == [attribute_name(field) for field, _ in kind.struct.fields]


def test_a_withdrawal_from_one_contract_is_none_from_another() -> None:
    fields: dict[str, Any] = {
        "party": CONTRACT,
        "token": CONTRACT,
        "to": CONTRACT,
        "amount": 1,
        "fee": 0,
        "nonce": 0,
        "valid_until": 9,
    }
    kinds = (Withdrawal, TabsWithdrawal, PanelWithdrawal)
    assert {kind.domain_name for kind in kinds} == {schema.ESCROW_NAME, schema.TABS_NAME, schema.PANEL_NAME}
    assert len({Hash32.of(kind(**fields).digest(1, CONTRACT)) for kind in kinds}) == 3
    assert len({kind(**fields).struct_hash() for kind in kinds}) == 1
    assert len({kind.model_fields["schema_"].default for kind in kinds}) == 3
    with pytest.raises(DocumentInvalid):
        TabsWithdrawal.parse(Withdrawal(**fields).canonical())


@pytest.mark.parametrize(("shares", "ruling"), [([7], 7), ([1, 2], 1), ([1, 4], 2), ([9, 0, 3], 3)])
def test_the_median_of_an_even_number_is_floored(shares: list[int], ruling: int) -> None:
    assert median(shares) == ruling
