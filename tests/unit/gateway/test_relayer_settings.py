"""Settings of the relayer and the indexer: read strictly, and shown to nobody."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from parley.gateway.errors import SettingsInvalid
from parley.gateway.keys import relayers
from parley.gateway.settings import GatewaySettings
from parley.terms.signing import LocalSigner

KEYS = tuple(bytes((n,)) * 32 for n in (1, 2))


def settings(**changes: Any) -> GatewaySettings:
    return GatewaySettings(escrow="0x" + "e5" * 20, **changes)


def test_each_key_is_a_line_of_its_own() -> None:
    given = settings(relayer_keys=SecretStr(f"0x{KEYS[0].hex()}, {KEYS[1].hex()}"))
    assert [signer.address for signer in relayers(given)] == [LocalSigner(key).address for key in KEYS]
    assert KEYS[0].hex() not in repr(given)
    assert relayers(settings()) == ()


@pytest.mark.parametrize("text", ["zz", "00" * 32, "01" * 31, f"{'01' * 32} {'01' * 32}"])
def test_keys_that_are_none_are_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        relayers(settings(relayer_keys=SecretStr(text)))
    assert refused.value.values["setting"] == "PARLEY_RELAYER_KEYS"
    assert text not in str(refused.value)


def test_nodes_that_are_asked_come_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_WITNESSES", "http://one, http://two")
    assert settings().witnesses == ("http://one", "http://two")
