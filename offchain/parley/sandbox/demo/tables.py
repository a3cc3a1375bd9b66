"""The tables at the end of the play, and the panel while it goes on; all of them fit 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from parley.sandbox.demo.board import Side, Talk
from parley.sandbox.demo.money import Holding
from parley.sandbox.demo.result import Line, Result
from parley.sandbox.demo.standing import Standing
from parley.sandbox.demo.words import brief, conditions, hourly, score, thousands, units, usd

_DEALS_ABREAST = 6


def tables(result: Result) -> Iterator[Table]:
    """Every table of a finished play, in reading order."""
    yield offers_table(result)
    yield deals_table(result)
    yield money_table(result)
    yield standing_table(result)
    yield from gas_tables(result)
    yield checks_table(result)


def panel(talks: Sequence[Talk]) -> Table:
    """One line a negotiation: the latest offers of both sides."""
    table = _table("", texts=("seller",), numbers=("offers",))
    for name in ("buyer bids", "seller asks", "now"):
        table.add_column(name, no_wrap=True)
    for talk in talks:
        table.add_row(talk.name, str(talk.offers), _offer(talk.buying), _offer(talk.selling), talk.stage)
    return table


def offers_table(result: Result) -> Table:
    """Who offered what in each negotiation: how often, first and last."""
    table = _table("Offers (hours, GPU, USD an hour)", texts=("negotiation",))
    table.add_column("by", no_wrap=True)
    table.add_column("offers", justify="right", no_wrap=True)
    table.add_column("first", no_wrap=True)
    table.add_column("last", no_wrap=True)
    for talk in result.board.talks.values():
        strategy = result.strategies.get(talk.seller, "")
        table.add_row(Text(talk.name, "bold"), "buyer", *_offers(talk.buying))
        table.add_row(Text(f"{strategy}, {talk.stage}", "dim"), "seller", *_offers(talk.selling))
    return table


def deals_table(result: Result) -> Table:
    """One row a deal."""
    table = _table("Deals (USD)", texts=("seller, buyer", "terms"))
    for name in ("price", "to seller"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for line in result.lines:
        table.add_row(
            f"{line.number} {line.seller}\n  {line.buyer}",
            f"{hourly(line.terms)}\n{conditions(line.terms)}",
            usd(line.price),
            usd(line.paid),
            line.outcome,
        )
    return table


def money_table(result: Result) -> Table:
    """Every account before and after, to the unit; the last row must not change."""
    table = _table("Money by account (USD; wallet and escrow balance)", texts=("account",))
    for name in ("before", "after", "change"):
        table.add_column(name, justify="right", no_wrap=True)
    before, after = result.before, result.after
    if before is None or after is None:
        return table
    nothing = Holding(0, 0)
    for name in after.holdings:
        was, now = before.holdings.get(name, nothing).total, after.holdings[name].total
        table.add_row(name, units(was), units(now), units(now - was) if now != was else "")
    table.add_row("locked in deals", units(before.locked), units(after.locked), "")
    table.add_section()
    table.add_row("all", units(before.total), units(after.total), units(after.total - before.total))
    table.add_row("supply of the token", units(before.supply), units(after.supply), "")
    return table


def standing_table(result: Result) -> Table:
    """Scores of everyone who traded, before and after."""
    table = _table("Reputation, folded from the chain's events (0 to 1)", texts=("account",))
    for name in ("before", "after", "deals", "counterparties"):
        table.add_column(name, justify="right", no_wrap=True)
    sellers = set(result.strategies)
    for name, now in result.standing_after.items():
        if now.deals or name in sellers:
            was = result.standing_before.get(name, Standing(0, 0, 0))
            table.add_row(
                name, score(was.score_ppm), score(now.score_ppm), str(now.deals), str(now.counterparties)
            )
    return table


def gas_tables(result: Result) -> Iterator[Table]:
    """Gas by purpose, a column a deal, as many as fit; the gateway paid it."""
    for start in range(0, len(result.lines), _DEALS_ABREAST):
        yield _gas_table(result.lines[start : start + _DEALS_ABREAST])


def _gas_table(lines: Sequence[Line]) -> Table:
    purposes = list(dict.fromkeys(purpose for line in lines for purpose in line.gas))
    numbers = tuple(f"deal {line.number}" for line in lines)
    table = _table("Gas (the gateway pays)", texts=("transaction",), numbers=numbers)
    for purpose in purposes:
        table.add_row(purpose, *(_gas(line.gas, purpose) for line in lines))
    table.add_section()
    table.add_row("sum", *(thousands(sum(line.gas.values())) for line in lines))
    return table


def checks_table(result: Result) -> Table:
    """Everything that had to hold."""
    table = _table("Checks", texts=("", ""))
    table.show_header = False
    for check in result.checks:
        mark = Text("ok", "green") if check.ok else Text("FAILED", "bold red")
        table.add_row(mark, Text.assemble(f"{check.name}: ", (check.detail, "dim")))
    return table


def times_line(result: Result) -> Text:
    """Seconds of each part."""
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.seconds.items())
    return Text(f"Timings: {parts}")


def _table(title: str, *, texts: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    """An empty table in the one style of all of them."""
    table = Table(
        title=Text(title, "bold") if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    for name in texts:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _offer(side: Side) -> str:
    return "" if side.last is None else brief(side.last)


def _offers(side: Side) -> tuple[str, str, str]:
    first = "" if side.first is None else brief(side.first)
    return str(side.offers), first, _offer(side)


def _gas(gas: Mapping[str, int], purpose: str) -> str:
    return thousands(gas[purpose]) if purpose in gas else ""
