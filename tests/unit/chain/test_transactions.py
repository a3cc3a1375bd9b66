"""Signed transactions are byte for byte those of eth-account."""

from __future__ import annotations

from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from parley.chain.broadcast import bumped
from parley.chain.models import Fees
from parley.chain.transactions import Unsigned, sign
from parley.terms.signing import LocalSigner

WEI = st.integers(min_value=0, max_value=2**100)


@given(
    key=st.binary(min_size=32, max_size=32).filter(lambda raw: 0 < int.from_bytes(raw, "big") < 2**255),
    chain_id=st.integers(min_value=1, max_value=2**53 - 1),
    nonce=st.integers(min_value=0, max_value=2**63),
    to=st.one_of(st.none(), st.binary(min_size=20, max_size=20)),
    value=WEI,
    data=st.one_of(st.binary(max_size=80), st.binary(min_size=200, max_size=400)),
    gas=st.integers(min_value=21_000, max_value=2**40),
    max_fee=WEI,
    priority_fee=WEI,
)
def test_same_bytes_as_eth_account(
    key: bytes,
    chain_id: int,
    nonce: int,
    to: bytes | None,
    value: int,
    data: bytes,
    gas: int,
    max_fee: int,
    priority_fee: int,
) -> None:
    unsigned = Unsigned(
        chain_id,
        nonce,
        None if to is None else "0x" + to.hex(),
        value,
        data,
        gas,
        Fees(max_fee, priority_fee),
    )
    ours = sign(unsigned, LocalSigner(key))
    fields = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "to": b"" if to is None else to,
        "value": value,
        "data": data,
        "gas": gas,
        "maxFeePerGas": max_fee,
        "maxPriorityFeePerGas": priority_fee,
    }
    theirs = Account.from_key(key).sign_transaction(fields)
    assert ours.raw == bytes(theirs.raw_transaction)
    assert ours.hash == "0x" + bytes(theirs.hash).hex()


@given(WEI, WEI, WEI, WEI)
def test_a_replacement_offers_an_eighth_more_at_least(a: int, b: int, c: int, d: int) -> None:
    old, suggested = Fees(a, b), Fees(c, d)
    new = bumped(old, suggested)
    assert 8 * new.max_fee >= 9 * old.max_fee
    assert 8 * new.priority_fee >= 9 * old.priority_fee
    assert new.max_fee >= suggested.max_fee
