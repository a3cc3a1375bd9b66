"""`parley verify`: an evidence bundle checked by a stranger, offline or against a node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from parley.evidence.report import Report
    from parley.evidence.verify import ReaderOf


def verify(
    bundle: Path = typer.Argument(..., help="Evidence bundle, one JSON file."),
    rpc: str | None = typer.Option(None, "--rpc", help="URL of a chain node to check the deals against."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Checks signatures, hash chain, replay, the deal and its proofs; with a node, the settlement too.

    Prints each check. Exit status 1 when one fails.
    """
    from parley.cli.files import read_limited
    from parley.cli.output import print_json
    from parley.evidence.verify import verify_bundle

    raw = read_limited(bundle)
    report = verify_bundle(raw, None if rpc is None else _reader_at(rpc))
    if as_json:
        print_json(report.as_json())
    else:
        _print(report)
    if not report.ok:
        raise typer.Exit(1)


def _reader_at(rpc: str) -> ReaderOf:
    """Connects to whatever escrow a bundle names. A node that does not answer is no fault of the bundle: it
    is an error here, not a failed check.
    """
    from parley.chain.reader import OnChainReader
    from parley.cli.nodes import node_at

    node = node_at(rpc)
    return lambda escrow: OnChainReader(node, escrow)


def _print(report: Report) -> None:
    from parley.evidence.report import Outcome

    missed = 0
    for check in report.checks:
        if check.outcome is Outcome.NOT_REACHED:
            missed += 1
        else:
            typer.echo(f"{check.mark}  {check.name}: {check.detail}")
    if missed:
        typer.echo(f"{Outcome.NOT_REACHED.value:<11}  {missed} further checks")
    failure = report.failure
    typer.echo(report.verdict if failure is None else f"NOT VERIFIED: {failure.name}")
