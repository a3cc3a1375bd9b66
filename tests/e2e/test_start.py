"""A gateway that cannot work says so before it serves anything: the reason, the setting, the remedy."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from parley.chain.errors import ContractMissing, NodeUnreachable, NodeWrongChain
from parley.errors import ParleyError
from parley.gateway.errors import KeyMissing, PortInUse, SettingsInvalid
from parley.gateway.serve import listen, run
from parley.gateway.startup import open_gateway
from parley.sandbox.local import LocalMarket
from parley.store.errors import StoreConfig, StoreCorrupt, StoreReadOnly


def refused(kind: type[ParleyError], settings: Any) -> ParleyError:
    with pytest.raises(kind) as found:
        open_gateway(settings)
    assert found.value.next_action
    return found.value


@pytest.fixture
def fresh(market: LocalMarket, tmp_path: Path) -> Any:
    def settings(**changes: Any) -> Any:
        return market.settings(**{"database": f"sqlite:///{tmp_path / 'gateway.sqlite'}", **changes})

    return settings


def test_a_node_that_is_down(fresh: Any) -> None:
    assert refused(NodeUnreachable, fresh(rpc_url="http://127.0.0.1:9")).retryable


def test_another_chain(fresh: Any) -> None:
    error = refused(NodeWrongChain, fresh(chain_id=1))
    assert error.values == {"expected": 1, "found": 31_337}


def test_no_escrow_at_the_address(fresh: Any, market: LocalMarket) -> None:
    refused(ContractMissing, fresh(escrow="0x" + "11" * 20))
    refused(ParleyError, fresh(escrow=market.deployment.token))


def test_a_missing_or_bad_key(fresh: Any, tmp_path: Path) -> None:
    refused(KeyMissing, fresh(key=None))
    error = refused(SettingsInvalid, fresh(key=SecretStr("0x1234")))
    assert "1234" not in str(error)
    keystore = tmp_path / "key.json"
    refused(KeyMissing, fresh(keystore=keystore))
    keystore.write_text("{}")
    refused(SettingsInvalid, fresh(keystore=keystore, keystore_passphrase=SecretStr("x")))


def test_a_policy_that_does_not_parse(fresh: Any, tmp_path: Path) -> None:
    refused(SettingsInvalid, fresh(policy=tmp_path / "nowhere.json"))
    policy = tmp_path / "policy.json"
    policy.write_text('{"schema": "parley/policy", "version": 1, "name": "x", "rules": [1]}')
    assert refused(SettingsInvalid, fresh(policy=policy)).values["setting"] == "PARLEY_POLICY"
    policy.write_text(
        '{"schema": "parley/policy", "version": 1, "name": "x", "rules": [{"id": "a", "layer": "global",'
        ' "severity": "refuse", "expression": "no such fact (", "reason": "r"}]}'
    )
    refused(ParleyError, fresh(policy=policy))


def test_a_database_that_cannot_be_used(fresh: Any, tmp_path: Path) -> None:
    refused(StoreConfig, fresh(database=f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'x.sqlite'}"))
    garbage = tmp_path / "garbage.sqlite"
    garbage.write_bytes(b"this is no database at all, whatever its name says" * 100)
    refused(StoreCorrupt, fresh(database=f"sqlite:///{garbage}"))


def test_a_database_nobody_may_write(fresh: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Root may write anywhere, so the refusal of the volume is made here, where SQLite would report it."""
    import sqlite3

    database = tmp_path / "locked.sqlite"
    open_gateway(fresh(database=f"sqlite:///{database}", rpc_url=None)).close()
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as told:
        connection.execute("insert into challenges values ('a', 'b', 'c', 1, 2)")
    connection.close()

    def refuse(*_: object, **__: object) -> None:
        raise told.value

    monkeypatch.setattr("parley.store.service.migrate", refuse)
    refused(StoreReadOnly, fresh(database=f"sqlite:///{database}"))


def test_a_port_in_use(fresh: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse) as found:
            run(fresh(port=port))
        assert found.value.values["port"] == port


def test_nothing_stays_open_after_a_refusal(fresh: Any) -> None:
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    with pytest.raises(NodeUnreachable):
        run(fresh(port=port, rpc_url="http://127.0.0.1:9"))
    listen("127.0.0.1", port).close()
    open_gateway(fresh()).close()


def test_the_command_prints_reason_and_remedy_without_a_traceback(
    market: LocalMarket, tmp_path: Path
) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    environment |= {
        "PARLEY_DATABASE": f"sqlite:///{tmp_path / 'gateway.sqlite'}",
        "PARLEY_ESCROW": market.deployment.escrow,
        "PARLEY_KEY": market.gateway_key.hex(),
        "PARLEY_RPC_URL": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "-m", "parley.cli", "serve"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "chain.node" in said
    assert "Traceback" not in said
    assert market.gateway_key.hex() not in said
