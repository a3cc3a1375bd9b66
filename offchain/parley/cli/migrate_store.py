"""`parley migrate-store`: from SQLite to PostgreSQL."""

from __future__ import annotations

import sys

import typer


def migrate_store(
    source: str = typer.Option(..., "--from", envvar="PARLEY_DATABASE", help="sqlite:///path"),
    target: str = typer.Option(
        ..., "--to", envvar="PARLEY_TARGET_DATABASE", help="postgresql://… of an empty database."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Moves a gateway's store, all of it, and compares both by hash chains and row by row.

    Stop the gateway first: a database that anybody uses is refused. What breaks off goes on when it is run
    again. Until it is done the target cannot be served, and from then on the source cannot.
    """
    from parley.cli.output import print_json
    from parley.store.move import move

    shown = ""

    def report(table: str, rows: int) -> None:
        nonlocal shown
        if table != shown and not as_json:
            shown = table
            print(f"copying {table}", file=sys.stderr)

    found = move(source, target, report)
    body = {
        "events": found.events,
        "streams": found.streams,
        "digest": found.digest,
        "rows": dict(found.rows),
        "resumed": found.resumed,
    }
    if as_json:
        print_json(body)
        return
    typer.echo(f"{found.events} events in {found.streams} streams, the same on both sides: {found.digest}")
    typer.echo(
        f"{sum(found.rows.values()) - found.events} rows of {len(found.rows) - 1} other tables compared"
    )
    typer.echo("Set PARLEY_DATABASE to the new database; the old one is kept, and opens no more.")
