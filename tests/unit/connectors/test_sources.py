"""Sources: typed exactly, bounded, from where they say, and of no use once they are stale."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.connectors.addresses import is_public, resolve_now
from parley.connectors.errors import (
    ConnectorError,
    DataStale,
    RowInvalid,
    RowUnknown,
    SourceTooLarge,
    SourceUnreachable,
    TargetRefused,
)
from parley.connectors.facts import SourcedFact, SourcedFacts
from parley.connectors.source import Source
from parley.connectors.spec import SourceSpec
from parley.connectors.table import typed
from parley.policy.facts import Counterparty, Facts
from parley.policy.models import Bundle, Rule
from parley.policy.service import PolicyEngine
from parley.terms.errors import DocumentInvalid
from parley.terms.values import Address

NOW = 1_800_000_000
FIELDS = [
    {"name": "sku", "source": "SKU", "type": "text"},
    {"name": "price", "source": "Price", "type": "amount", "decimals": 6},
    {"name": "stock", "source": "Stock", "type": "integer", "optional": True},
    {"name": "seen", "source": "Seen", "type": "time", "optional": True},
    {"name": "active", "source": "Active", "type": "boolean", "optional": True},
]


def document(location: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body = {
        "schema": "parley/source",
        "version": 1,
        "id": "prices",
        "kind": "price",
        "location": location,
        "key": "sku",
        "fields": FIELDS,
        "max_age_seconds": 600,
    }
    return {**body, **changes}


def from_file(tmp_path: Path, text: str, **changes: Any) -> Source:
    path = tmp_path / "prices.csv"
    path.write_text(text, encoding="utf-8")
    os.utime(path, (NOW - 60, NOW - 60))
    spec = SourceSpec.parse(document({"type": "csv", "path": str(path)}, **changes))
    return Source(spec, lambda: NOW)


def from_web(
    answer: Callable[[httpx.Request], httpx.Response], location: Any = None, **changes: Any
) -> Source:
    where = {"type": "http", "url": "http://127.0.0.1:9/prices", "rows": ["data"], "local": True}
    spec = SourceSpec.parse(document({**where, **(location or {})}, **changes))
    return Source(
        spec, lambda: NOW, environment={"SHOP_TOKEN": "s3cret"}, transport=httpx.MockTransport(answer)
    )


def test_a_file_becomes_typed_rows_with_provenance_and_age(tmp_path: Path) -> None:
    found = from_file(
        tmp_path,
        'SKU,Price,Stock,Seen,Active,Other\r\nh100,2.40,7,1799999990,true,x\r\n"a, 1",0.000001,,,,\r\n',
    ).snapshot()
    assert found.row("h100") == {
        "sku": "h100",
        "price": 2_400_000,
        "stock": 7,
        "seen": NOW - 10,
        "active": True,
    }
    assert found.row("a, 1") == {"sku": "a, 1", "price": 1}
    assert found.age("h100", NOW) == 60  # the file's; the field counts where the contract says so
    came = found.provenance
    assert (came.source, came.version, came.dated_at) == ("prices", found.spec.hash(), NOW - 60)
    context = found.context("h100")
    assert context.data_at == NOW - 60
    assert came.content[:16] in str(context.provenance)


def test_each_row_has_its_own_age_where_the_source_says_it(tmp_path: Path) -> None:
    text = f"SKU,Price,Seen\nnew,1,{NOW - 5}\nold,1,2020-01-01T00:00:00Z\nahead,1,{NOW + 5}\nnone,1,\n"
    found = from_file(tmp_path, text, observed="seen").snapshot()
    assert found.fresh("new", NOW)["price"] == 1_000_000
    for key in ("old", "ahead", "none"):
        with pytest.raises(DataStale):
            found.fresh(key, NOW)
    with pytest.raises(RowUnknown):
        found.fresh("missing", NOW)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SKU,Price\na,1.2345678\n", "decimal places"),
        ("SKU,Price\na,-1\n", "decimal number"),
        ("SKU,Price\na,1e3\n", "decimal number"),
        ("SKU,Price\na," + "9" * 40 + "\n", "too large"),
        ("SKU,Price\na,\n", "missing"),
        ("SKU,Price\n,1\n", "missing"),
        ("SKU,Price\na,1\na,2\n", "twice"),
        ("SKU,Price,Price\na,1,2\n", "one name"),
        ("SKU,Price\na,1,2\n", "columns"),
        ("SKU,Price,Stock\na,1,1.5\n", "integer"),
        ("SKU,Price,Active\na,1,yes\n", "true or false"),
        ("SKU,Price,Seen\na,1,2026-01-01T00:00:00\n", "offset"),
        ('SKU,Price\n"a,1\n', "end of data"),
    ],
)
def test_a_row_that_breaks_the_contract_refuses_the_reading(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(RowInvalid, match=problem):
        from_file(tmp_path, text).snapshot()


def test_files_that_are_none_too_large_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(SourceTooLarge):
        from_file(tmp_path, "SKU,Price\n" + "a,1\n" * 100, limits={"max_size": 50}).snapshot()
    with pytest.raises(SourceTooLarge):
        from_file(tmp_path, "SKU,Price\na,1\nb,2\n", limits={"max_rows": 1}).snapshot()
    source = from_file(tmp_path, "SKU,Price\n")
    (tmp_path / "prices.csv").write_bytes(b"SKU,Price\n\xff,1\n")
    with pytest.raises(RowInvalid):
        source.snapshot()
    (tmp_path / "prices.csv").unlink()
    with pytest.raises(SourceUnreachable):
        source.snapshot()
    folder = SourceSpec.parse(document({"type": "csv", "path": str(tmp_path)}))
    with pytest.raises(SourceUnreachable):
        Source(folder, lambda: NOW).snapshot()


def test_json_over_http_is_exact_and_asks_with_its_token() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        body = b'{"data": [{"SKU": "h100", "Price": 2.40, "Stock": 7, "Active": false}], "more": null}'
        return httpx.Response(200, content=body, headers={"last-modified": "Fri, 15 Jan 2027 07:59:00 GMT"})

    found = from_web(answer, {"token_from": "SHOP_TOKEN"}).snapshot()
    assert found.row("h100") == {"sku": "h100", "price": 2_400_000, "stock": 7, "active": False}
    assert found.age("h100", NOW) == 60
    assert asked[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in json.dumps(found.spec.as_json())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(302, headers={"location": "http://127.0.0.1/secret"}), SourceUnreachable),
        (httpx.Response(500), SourceUnreachable),
        (httpx.Response(200, headers={"content-encoding": "br"}), SourceUnreachable),
        (httpx.Response(200, content=b"[" * 100_000), RowInvalid),
        (httpx.Response(200, content=b'{"data": {"a": 1}}'), RowInvalid),
        (httpx.Response(200, content=b'{"other": []}'), RowInvalid),
        (httpx.Response(200, content=b'{"data": [{"SKU": "a", "SKU": "b", "Price": 1}]}'), RowInvalid),
        (httpx.Response(200, content=b'{"data": [{"SKU": "a", "Price": NaN}]}'), RowInvalid),
        (httpx.Response(200, content=b'{"data": [{"SKU": "a", "Price": true}]}'), RowInvalid),
        (httpx.Response(200, content=b'{"data": [[]]}'), RowInvalid),
        (httpx.Response(200, content=b'{"data": []' + b" " * 5_000_000 + b"}"), SourceTooLarge),
    ],
)
def test_answers_that_are_no_data(answer: httpx.Response, error: type[ConnectorError]) -> None:
    with pytest.raises(error):
        from_web(lambda _: answer).snapshot()


def test_a_source_that_does_not_answer_or_has_no_token() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(SourceUnreachable):
        from_web(broken).snapshot()
    with pytest.raises(SourceUnreachable, match="token"):
        from_web(broken, {"token_from": "NO_TOKEN"}).snapshot()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:192.168.0.1]/x",
        "https://user:pass@example.org/x",
        "file:///etc/passwd",
        "https://",
    ],
)
def test_a_source_does_not_reach_into_the_own_network(url: str) -> None:
    def never(_: httpx.Request) -> httpx.Response:
        raise AssertionError("it was called")

    with pytest.raises(TargetRefused):
        from_web(never, {"url": url, "local": False}).snapshot()


def test_a_name_that_points_inside_is_refused_and_one_outside_is_called_by_its_address(
    monkeypatch: Any,
) -> None:
    found = ["93.184.216.34"]

    def look_up(name: str, port: int, **_: Any) -> list[Any]:
        return [(2, 1, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    target = resolve_now("https://shop.example/p?q=1", local=False)
    assert (target.url, target.name) == ("https://93.184.216.34:443/p?q=1", "shop.example")
    found.append("10.0.0.7")
    with pytest.raises(TargetRefused):
        resolve_now("https://shop.example/p", local=False)
    assert not is_public("::ffff:10.0.0.1")


def test_what_was_read_is_used_again_and_outlives_a_failure_only_until_it_is_stale() -> None:
    now, answers = [NOW], [200]

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(answers[-1], content=b'{"data": [{"SKU": "a", "Price": 1, "Stock": 3}]}')

    where = {"type": "http", "url": "http://127.0.0.1:9/p", "rows": ["data"], "local": True}
    spec = SourceSpec.parse(document(where, refresh_seconds=30))
    source = Source(spec, lambda: now[0], transport=httpx.MockTransport(answer))
    wanted = SourcedFact(name="stock", source="prices", key="a", field="stock")
    facts = SourcedFacts({"prices": source}, [wanted])
    first = source.snapshot()
    assert source.snapshot() is first
    told = facts.context(now[0], "round 1")
    assert (told.rationale, told.data_at, told.provenance) == ("round 1", NOW, first.provenance.text)
    assert "127.0.0.1" not in first.provenance.text  # the other side learns no place
    answers.append(503)
    now[0] += 600
    assert facts.limits(now[0]) == {"stock": 3, "stock_age": 600}
    now[0] += 1
    assert facts.limits(now[0]) == {}
    assert facts.context(now[0], "round 2").data_at is None
    answers.append(200)
    now[0] += 30
    assert facts.limits(now[0]) == {"stock": 3, "stock_age": 0}


def test_a_rule_on_a_stale_fact_refuses() -> None:
    rule = Rule(
        id="stock", layer="organisation", severity="warn", expression="limits.stock > 0", reason="sold out"
    )
    engine = PolicyEngine(Bundle(name="b", rules=(rule,)))

    def outcome(limits: dict[str, int]) -> str:
        facts = Facts(
            role="seller",
            values={},
            price=1,
            data_class="internal",
            fixed={},
            now=NOW,
            counterparty=Counterparty(address=Address("0x" + "0b" * 20)),
            limits=limits,
        )
        return engine.evaluate(facts, moment="outgoing").outcome

    assert outcome({"stock": 3, "stock_age": 10}) == "allow"
    assert outcome({}) == "refuse"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "inventory"},
        {"key": "price"},
        {"key": "stock"},
        {"observed": "stock"},
        {"fields": [*FIELDS, FIELDS[0]]},
        {"max_age_seconds": 0},
        {"location": {"type": "ftp", "path": "x"}},
        {"location": {"type": "csv", "path": "x", "url": "y"}},
    ],
)
def test_descriptions_that_make_no_sense(change: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        SourceSpec.parse({**document({"type": "csv", "path": "x"}), **change})


@given(whole=st.integers(0, 10**12), fraction=st.integers(0, 999_999))
def test_amounts_keep_every_unit(whole: int, fraction: int) -> None:
    spec = SourceSpec.parse(document({"type": "csv", "path": "x"}))
    [row] = typed(spec, [{"SKU": "a", "Price": f"{whole}.{fraction:06d}"}]).values()
    assert row["price"] == whole * 10**6 + fraction


def test_the_command_line_shows_what_an_agent_would_get(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from parley.cli.app import app

    table = tmp_path / "prices.csv"
    table.write_text("SKU,Price\na,1.5\n", encoding="utf-8")
    path = tmp_path / "source.json"
    path.write_text(json.dumps(document({"type": "csv", "path": str(table)})), encoding="utf-8")
    shown = json.loads(CliRunner().invoke(app, ["source", "try", str(path)]).stdout)
    assert shown["shown"]["a"]["values"] == {"sku": "a", "price": "1500000"}
    assert shown["version"] == SourceSpec.parse(document({"type": "csv", "path": str(table)})).hash()
    os.utime(table, (NOW - 10**9, NOW - 10**9))
    stale = CliRunner().invoke(app, ["source", "try", str(path), "--key", "a"])
    assert isinstance(stale.exception, DataStale)
