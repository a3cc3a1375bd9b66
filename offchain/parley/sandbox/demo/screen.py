"""The play on a terminal: progress as it goes, a question for the reviewer, tables at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.prompt import Confirm

from parley.agents.approvals import ApprovalRequest
from parley.sandbox.demo.checks import usd
from parley.sandbox.demo.result import Result
from parley.sandbox.demo.tables import checks_table, deals_table, gas_table, money_table, times_line

_VERBS = {
    "ready": "is there",
    "opened": "opens a negotiation",
    "offered": "offers",
    "accepted": "accepts",
    "withdrew": "leaves",
    "approval_wanted": "wants a person's approval",
    "guard_refused": "may not sign",
    "deal_signed": "signs the deal",
    "signature_withheld": "withholds its signature",
    "delivery": "delivers",
    "receipt": "signs the receipt",
    "trouble": "is in trouble",
}


class Quiet:
    """Says nothing and approves everything: for machines."""

    def act(self, title: str) -> None:
        """Nothing is shown."""

    def report(self, who: str, report: Mapping[str, Any]) -> None:
        """Nothing is shown."""

    def say(self, text: str) -> None:
        """Nothing is shown."""

    def approve(self, request: ApprovalRequest) -> bool:
        return True

    def show(self, result: Result) -> None:
        """Nothing is shown."""


class Screen:
    """Shows on `console`; with `ask` the person at the terminal is the reviewer."""

    def __init__(self, *, ask: bool, console: Console | None = None) -> None:
        self._ask = ask
        self._console = console or Console(highlight=False)

    def act(self, title: str) -> None:
        self._console.rule(f"[bold]{title}", align="left")

    def say(self, text: str) -> None:
        self._console.print(f"  {text}", markup=False)

    def report(self, who: str, report: Mapping[str, Any]) -> None:
        verb = _VERBS.get(str(report["kind"]))
        if verb is not None:
            self.say(f"{who:<12} {verb:<26} {_details(report)}".rstrip())

    def approve(self, request: ApprovalRequest) -> bool:
        values = request.terms.get("values", {})
        self.say(f"APPROVAL     {usd(request.price)} USD with {request.counterparty}: {_values(values)}")
        for finding in request.findings:
            self.say(f"             {finding.get('rule')}: {finding.get('reason')}")
        if not self._ask:
            self.say("             approved (--approve)")
            return True
        return Confirm.ask(
            "  Approve exactly these terms for 30 minutes?", console=self._console, default=True
        )

    def show(self, result: Result) -> None:
        """The tables, and where to look further."""
        for table in (deals_table(result), money_table(result), gas_table(result), checks_table(result)):
            self._console.print()
            self._console.print(table)
        self._console.print()
        self._console.print(times_line(result))
        for line in further(result):
            self._console.print(line, markup=False, soft_wrap=True)
        failed = sum(not check.ok for check in result.checks)
        verdict = "[bold green]Every check holds." if result.ok else f"[bold red]{failed} checks failed."
        self._console.print(verdict)


def further(result: Result) -> list[str]:
    """Commands that go on from here."""
    if result.kept is None:
        return ["Keep bundles, logs and databases: parley demo --keep FOLDER"]
    bundle = result.lines[0].bundle if result.lines else "bundle.json"
    return [
        f"Kept in {result.kept}",
        f"Verify offline: parley verify {result.kept}/{bundle}",
        f"What the gateway and each agent did: {result.kept}/logs",
    ]


def _details(report: Mapping[str, Any]) -> str:
    kind = report["kind"]
    if kind in ("offered", "accepted"):
        return _values(report.get("values") or {})
    if kind == "deal_signed" and "price" in report:
        return f"as {report.get('as')}: {usd(int(report['price']))} USD"
    if kind == "deal_signed":
        return f"as {report.get('as')}"
    for key in ("reason", "message", "counterparty", "address"):
        if key in report:
            return str(report[key])
    return ""


def _values(values: Mapping[str, Any]) -> str:
    if "usd_per_gpu_hour" not in values:
        return ", ".join(f"{name} {value}" for name, value in values.items())
    price = usd(int(values["usd_per_gpu_hour"]))
    return (
        f"{price} USD × {values['gpu_hours']} h {values['gpu']}, day {values['start_day']}, "
        f"{values['support']}, {values['payment']}"
    )
