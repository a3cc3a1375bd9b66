"""A statement binds one author to one document on one chain."""

from __future__ import annotations

import pytest

from parley.policy.models import Bundle, Rule
from parley.terms.errors import SignatureInvalid, StatementMismatch
from parley.terms.signing import LocalSigner
from parley.terms.statement import SignedStatement, state
from parley.terms.values import keccak

CHAIN = 31_337
NOW = 1_800_000_000
AUTHOR = LocalSigner(keccak(b"author"))
OTHER = LocalSigner(keccak(b"other"))


def bundle(expression: str = "price <= 10") -> Bundle:
    return Bundle(
        name="rules",
        rules=(Rule(id="cap", layer="global", severity="refuse", expression=expression, reason="cap"),),
    )


def test_verifies_for_its_document_chain_and_author() -> None:
    signed = state(AUTHOR, bundle(), CHAIN, NOW)
    assert SignedStatement.parse(signed.as_json()) == signed
    signed.verify(bundle(), CHAIN)
    with pytest.raises(StatementMismatch) as refused:
        signed.verify(bundle("price <= 11"), CHAIN)
    assert refused.value.values["expected"] == bundle("price <= 11").hash()
    with pytest.raises(SignatureInvalid):
        signed.verify(bundle(), CHAIN + 1)
    forged = signed.model_copy(update={"core": signed.core.model_copy(update={"author": OTHER.address})})
    with pytest.raises(SignatureInvalid):
        forged.verify(bundle(), CHAIN)
