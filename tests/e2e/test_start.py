"""A gateway that cannot work says so before it serves anything: the reason, the setting, the remedy."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from parley.chain.errors import ContractMissing, NodeUnreachable, NodeWrongChain
from parley.errors import ParleyError
from parley.gateway.doctor import examine
from parley.gateway.errors import KeyExpired, KeyMissing, PortInUse, SettingsInvalid
from parley.gateway.serve import listen, run
from parley.gateway.startup import open_gateway
from parley.sandbox.local import LocalMarket
from parley.store.errors import StoreConfig, StoreCorrupt, StoreSchema, StoreUnfinished
from parley.terms.signing import EXPIRES_AT, keystore


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


AS_NOBODY = """
import os, sys
import sqlalchemy.dialects.sqlite.pysqlite
from parley.errors import ParleyError
from parley.store import EventStore
if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
try:
    EventStore.open(sys.argv[1]).close()
except ParleyError as error:
    print(error.code, error.next_action)
"""


def test_a_database_nobody_may_write(fresh: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "locked.sqlite"
        open_gateway(fresh(database=f"sqlite:///{database}", rpc_url=None)).close()
        database.chmod(0o444)
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, f"sqlite:///{database}"],
            capture_output=True,
            text=True,
            timeout=100,
        )
        Path(folder).chmod(0o755)
    assert done.stdout.startswith("store.read-only Give this user write permission"), (
        done.stdout + done.stderr
    )


def test_a_database_of_another_version_or_that_has_moved(fresh: Any, tmp_path: Path) -> None:
    database = tmp_path / "other.sqlite"
    open_gateway(fresh(database=f"sqlite:///{database}", rpc_url=None)).close()
    for revision, kind in (("9999", StoreSchema), ("moving", StoreUnfinished), ("moved", StoreSchema)):
        with contextlib.closing(sqlite3.connect(database)) as other, other:
            other.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        assert refused(kind, fresh(database=f"sqlite:///{database}")).values["found"] == revision


def test_a_key_that_has_expired(fresh: Any, tmp_path: Path, market: LocalMarket) -> None:
    path, passphrase = tmp_path / "key.json", SecretStr("only here")
    content = keystore(market.gateway_key, passphrase.get_secret_value())
    settings = fresh(keystore=path, keystore_passphrase=passphrase, rpc_url=None)
    path.write_text(json.dumps({**content, EXPIRES_AT: 1_000}))
    error = refused(KeyExpired, settings)
    assert (error.values["expired_at"], "parley keys new" in error.next_action) == (1_000, True)
    key = next(iter(examine(settings)))
    assert (key.check, key.grade) == ("key", "fail")
    path.write_text(json.dumps({**content, EXPIRES_AT: int(time.time()) + 5 * 86_400}))
    open_gateway(settings).close()
    key = next(iter(examine(settings)))
    assert (key.grade, "4 more days" in key.detail) == ("warn", True)
    path.write_text(json.dumps({**content, EXPIRES_AT: "soon"}))
    refused(SettingsInvalid, settings)


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
