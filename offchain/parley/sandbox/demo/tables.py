"""The tables at the end of the play."""

from __future__ import annotations

from rich.table import Table

from parley.sandbox.demo.checks import usd
from parley.sandbox.demo.money import Holding
from parley.sandbox.demo.result import Result


def deals_table(result: Result) -> Table:
    """One row a deal."""
    table = Table(title="Deals", title_justify="left", caption="money in USD (token with six decimals)")
    for name in ("buyer", "seller", "seller's strategy", "terms", "outcome"):
        table.add_column(name)
    for name in ("offers", "price", "to seller"):
        table.add_column(name, justify="right")
    for line in result.lines:
        values = line.terms
        terms = f"{usd(int(values['usd_per_gpu_hour']))} × {values['gpu_hours']} h {values['gpu']}, {values['payment']}"
        money = (usd(line.price), usd(line.paid))
        table.add_row(line.buyer, line.seller, line.strategy, terms, line.outcome, str(line.offers), *money)
    return table


def money_table(result: Result) -> Table:
    """Every account before and after; the last row must not change."""
    table = Table(
        title="Money by account, before and after",
        title_justify="left",
        caption="USD, wallet + escrow balance",
    )
    table.add_column("account")
    for name in ("before", "after", "change"):
        table.add_column(name, justify="right")
    before, after = result.before, result.after
    if before is None or after is None:
        return table
    nothing = Holding(0, 0)
    for name in after.holdings:
        was, now = before.holdings.get(name, nothing).total, after.holdings[name].total
        table.add_row(name, usd(was), usd(now), usd(now - was) if now != was else "")
    table.add_row("locked in deals", usd(before.locked), usd(after.locked), "")
    table.add_section()
    table.add_row("all", usd(before.total), usd(after.total), usd(after.total - before.total))
    return table


def gas_table(result: Result) -> Table:
    """Gas by deal and purpose; the gateway paid it, no agent holds any."""
    purposes = list(dict.fromkeys(purpose for line in result.lines for purpose in line.gas))
    table = Table(
        title="Gas", title_justify="left", caption="paid by the gateway's relayer; agents hold none"
    )
    table.add_column("deal")
    for purpose in (*purposes, "sum"):
        table.add_column(purpose, justify="right")
    for line in result.lines:
        cells = [
            f"{line.gas[purpose]:,}".replace(",", " ") if purpose in line.gas else "" for purpose in purposes
        ]
        table.add_row(
            f"{line.buyer} / {line.seller}", *cells, f"{sum(line.gas.values()):,}".replace(",", " ")
        )
    return table


def checks_table(result: Result) -> Table:
    """Everything that had to hold."""
    table = Table(title="Checks", title_justify="left")
    table.add_column("")
    table.add_column("check")
    table.add_column("detail", overflow="fold")
    for check in result.checks:
        table.add_row("[green]ok" if check.ok else "[red]FAILED", check.name, check.detail)
    return table


def times_line(result: Result) -> str:
    """Seconds of each part."""
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.seconds.items())
    return f"Timings: {parts}"
