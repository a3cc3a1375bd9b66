"""`parley kpis`: a gateway's key figures."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import typer

SLOWNESS = "time_to_agreement_seconds"
UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))


def kpis(
    days: float = typer.Option(7.0, "--days", min=0.01, max=3_650, help="The period, up to now."),
    agent: str | None = typer.Option(None, "--agent", help="One agent's; an operator may name any."),
    url: str = typer.Option("http://127.0.0.1:8080", "--url", envvar="PARLEY_URL", help="The gateway."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Time to agreement, agreement rate, discount, policy hits, approvals, disputes, settlement and gas.

    Signs in with PARLEY_KEY, or PARLEY_KEYSTORE with PARLEY_KEYSTORE_PASSPHRASE: an operator's key sees
    everybody's figures, an agent's its own.
    """
    from parley.cli.govern import operator_at
    from parley.cli.output import print_json

    until = int(time.time()) + 1
    with operator_at(url) as operator:
        found = operator.kpis(until - round(days * 86_400), until, None if agent is None else agent.lower())
    if as_json:
        print_json(found)
    else:
        for name, value in lines(found):
            typer.echo(f"{name:<22} {value}")


def lines(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and text of each figure."""
    ended, deals, policy = found["negotiations"], found["deals"], found["policy"]
    wanted = found["targets"]
    counted = ", ".join(f"{count} {status.lower()}" for status, count in sorted(ended["ended"].items()))
    rules = ", ".join(f"{rule} {count}" for rule, count in sorted(policy["rules"].items()))
    decisions = ", ".join(f"{count} {outcome}" for outcome, count in sorted(policy["decisions"].items()))
    asked = ", ".join(f"{count} {status}" for status, count in sorted(found["approvals"].items()))
    return [
        ("whose", found["agent"] or "everybody"),
        ("negotiations ended", counted or "none"),
        ("agreement rate", _percent(ended["agreement_rate_ppm"])),
        (
            "time to agreement",
            _spread(found["time_to_agreement_seconds"], _time, wanted, "time_to_agreement_seconds"),
        ),
        ("discount", _spread(found["discount_ppm"], _percent, wanted, "discount_ppm")),
        ("policy decisions", decisions or "none"),
        ("rules that objected", rules or "none"),
        ("approvals", asked or "none"),
        ("deals", f"{deals['submitted']} submitted, {deals['opened']} opened, {deals['disputed']} disputed"),
        ("dispute rate", _percent(deals["dispute_rate_ppm"]) + _target(wanted, "dispute_rate_ppm", _percent)),
        ("settlement latency", _spread(found["settlement_latency_seconds"], _time)),
        ("gas per deal", _spread(found["gas_per_deal"], lambda gas: f"{gas:,}".replace(",", " "))),
    ]


def _spread(
    spread: Mapping[str, Any], show: Any, wanted: Mapping[str, Any] | None = None, key: str = ""
) -> str:
    if not spread["count"]:
        return "none"
    text = f"median {show(spread['median'])}, 95th percentile {show(spread['p95'])}, of {spread['count']}"
    return text + ("" if wanted is None else _target(wanted, key, show))


def _target(wanted: Mapping[str, Any], key: str, show: Any) -> str:
    found = wanted[key]
    if found["holds"] is None:
        return ""
    return f" (target {show(found['target'])}: {'holds' if found['holds'] else 'missed'})"


def _percent(ppm: int | None) -> str:
    return "none" if ppm is None else f"{ppm / 10_000:.2f} %"


def _time(seconds: int) -> str:
    for unit, size in UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds} s"
