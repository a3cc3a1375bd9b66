"""Payments that a party signs: the digests against eth-account, which shares no code with ours."""

from __future__ import annotations

from random import Random

import pytest
import samples
from eth_account import Account
from eth_account.messages import encode_typed_data

from parley.terms import schema
from parley.terms.actions import PERMIT
from parley.terms.eip712 import StructType, domain_separator, typed_data
from parley.terms.errors import EncodingInvalid
from parley.terms.funding import (
    PERMIT2,
    PERMIT_WITNESS_TRANSFER_FROM,
    FundingKind,
    permit2_digest,
    permit2_funding,
    permit2_typed_data,
    permit_digest,
    permit_funding,
)
from parley.terms.signing import recover
from parley.terms.values import Signature

DEAL = samples.agreement().deals[0]
PLACE = (samples.CHAIN_ID, samples.ESCROW)
UNTIL = 1_900_000_000


def signed_by_a_wallet(data: dict[str, object], name: str) -> Signature:
    """What eth-account signs when it is handed typed data, as a wallet would be."""
    done = Account.sign_message(encode_typed_data(full_message=data), samples.private_key(name))
    return Signature("0x" + bytes(done.signature).hex())


def test_a_wallet_signs_the_same_permit2_payment() -> None:
    rng = Random(9)
    for deal in (DEAL, *(samples.random_deal(rng) for _ in range(20))):
        permitted, nonce = deal.buyer_lock + deal.relay_fee, rng.getrandbits(256)
        digest = permit2_digest(deal, *PLACE, permitted, nonce)
        signature = signed_by_a_wallet(permit2_typed_data(deal, *PLACE, permitted, nonce), "alice")
        assert recover(digest, signature) == samples.signer("alice").address


@pytest.mark.parametrize(
    "changed",
    [
        lambda: permit2_digest(DEAL, 1, samples.ESCROW, 5, 6),
        lambda: permit2_digest(DEAL, samples.CHAIN_ID, PERMIT2, 5, 6),
        lambda: permit2_digest(DEAL, *PLACE, 4, 6),
        lambda: permit2_digest(DEAL, *PLACE, 5, 7),
        lambda: permit2_digest(DEAL.model_copy(update={"payout": 1}), *PLACE, 5, 6),
        lambda: permit2_digest(DEAL.model_copy(update={"open_by": DEAL.open_by + 1}), *PLACE, 5, 6),
    ],
)
def test_a_permit2_payment_binds_all_of_it(changed: object) -> None:
    assert callable(changed)
    assert changed() != permit2_digest(DEAL, *PLACE, 5, 6)


def test_a_wallet_signs_the_same_permit() -> None:
    alice = samples.signer("alice").address
    separator = domain_separator("Parley Dollar", "1", samples.CHAIN_ID, samples.TOKEN)
    message = {
        "owner": alice,
        "spender": samples.ESCROW,
        "value": 10**9,
        "nonce": 3,
        "deadline": UNTIL,
    }
    data = typed_data(
        PERMIT, message, name="Parley Dollar", chain_id=samples.CHAIN_ID, verifying_contract=samples.TOKEN
    )
    digest = permit_digest(separator, alice, samples.ESCROW, 10**9, 3, UNTIL)
    assert recover(digest, signed_by_a_wallet(data, "alice")) == alice


def test_what_the_escrow_is_handed() -> None:
    signature = "0x" + "11" * 32 + "22" * 32 + "1b"
    assert permit_funding(5, 6, signature).hex() == f"{5:064x}{6:064x}" + signature[2:]
    assert permit2_funding(7, signature).hex() == f"{7:064x}" + signature[2:]
    assert [kind.value for kind in FundingKind] == [0, 1, 2, 3, 4]


def test_structs_in_structs_are_encoded_with_all_they_refer_to() -> None:
    assert list(PERMIT_WITNESS_TRANSFER_FROM.types) == [
        "PermitWitnessTransferFrom",
        "Deal",
        "Milestone",
        "TokenPermissions",
    ]
    outer = StructType("Outer(Middle middle)Inner(uint8 a)Middle(Inner[] inner)")
    value = {"middle": {"inner": [{"a": 1}, {"a": 2}]}}
    data = typed_data(outer, value, name="n", chain_id=1)
    assert encode_typed_data(full_message=data).body == outer.hash_struct(value)
    with pytest.raises(EncodingInvalid):
        outer.hash_struct({"middle": {"inner": [{"a": 256}]}})


def test_permit2_states_no_version() -> None:
    data = permit2_typed_data(DEAL, *PLACE, 5, 6)
    assert data["domain"] == {"name": "Permit2", "chainId": samples.CHAIN_ID, "verifyingContract": PERMIT2}
    assert schema.PERMIT_WITNESS_TRANSFER_FROM.count(schema.DEAL) == 1
