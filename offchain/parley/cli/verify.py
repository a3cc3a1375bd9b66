"""`parley verify`: an evidence bundle checked by a stranger, offline or against a node."""

from __future__ import annotations

from pathlib import Path

import typer

from parley.terms.values import Address


def verify(
    bundle: Path = typer.Argument(..., help="Evidence bundle, one JSON file."),
    rpc: str | None = typer.Option(None, "--rpc", help="URL of a chain node to check the deals against."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Checks signatures, hash chain, replay, the deal and its proofs; with a node, the settlement too.

    Prints each check. Exit status 1 when one fails.
    """
    from parley.cli.output import print_json
    from parley.evidence.verify import verify_file

    connect = None
    if rpc is not None:
        from parley.chain.node import NodeClient
        from parley.chain.reader import OnChainReader

        node = NodeClient(rpc)

        def connect(escrow: Address) -> OnChainReader:
            return OnChainReader(node, escrow)

    report = verify_file(bundle, connect)
    if as_json:
        print_json(report.as_json())
    else:
        for check in report.checks:
            typer.echo(f"{check.mark}  {check.name}: {check.detail}")
        typer.echo(report.verdict)
    if not report.ok:
        raise typer.Exit(1)
