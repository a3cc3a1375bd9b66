"""Which key a command signs with, and what it says when it is given none."""

from __future__ import annotations

import pytest

from parley.agents.errors import ConfigInvalid
from parley.agents.process import signer_from_environment
from parley.terms.errors import KeyUnusable
from parley.terms.signing import LocalSigner

KEY = bytes(range(1, 33))


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARLEY_KEY", raising=False)
    monkeypatch.delenv("PARLEY_KEYSTORE", raising=False)


@pytest.mark.parametrize("prefix", ["", "0x"])
def test_the_key_of_the_environment(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("PARLEY_KEY", prefix + KEY.hex())
    assert signer_from_environment().address == LocalSigner(KEY).address


def test_without_a_key_it_says_where_to_put_one() -> None:
    with pytest.raises(KeyUnusable, match="no key is named") as refused:
        signer_from_environment()
    assert "PARLEY_KEYSTORE" in refused.value.next_action


@pytest.mark.parametrize(("key", "error"), [("zz", ConfigInvalid), ("0x12", KeyUnusable)])
def test_a_key_that_is_none(monkeypatch: pytest.MonkeyPatch, key: str, error: type[Exception]) -> None:
    monkeypatch.setenv("PARLEY_KEY", key)
    with pytest.raises(error) as refused:
        signer_from_environment()
    assert key not in str(refused.value)
