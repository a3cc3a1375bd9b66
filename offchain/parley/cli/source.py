"""`parley source`: try the description of a source before an agent rests on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from parley.cli.output import print_json

app = typer.Typer(help="Sources of catalogue, inventory and price data.", no_args_is_help=True)


@app.command("try")
def try_(
    path: Path = typer.Argument(..., help="A parley/source document, a JSON file."),
    key: str | None = typer.Option(None, "--key", help="One row; it has to be fresh."),
    rows: int = typer.Option(5, "--rows", min=0, max=1_000, help="How many rows to show."),
) -> None:
    """Reads a source once and shows typed rows, where they come from and how old they are."""
    import time

    from parley.cli.files import read_limited
    from parley.connectors.source import Source
    from parley.connectors.spec import SourceSpec

    spec = SourceSpec.parse(read_limited(path))
    now = int(time.time())
    snapshot = Source(spec, lambda: now).snapshot()
    came = snapshot.provenance
    shown: dict[str, Any] = {
        "source": spec.id,
        "kind": spec.kind,
        "version": came.version,
        "provenance": {
            "place": came.place,
            "content_sha256": came.content,
            "fetched_at": came.fetched_at,
            "dated_at": came.dated_at,
        },
        "rows": len(snapshot.rows),
    }
    keys = list(snapshot.rows)[:rows] if key is None else [key]
    if key is not None:
        snapshot.fresh(key, now)
    shown["shown"] = {
        name: {"values": _json(snapshot.row(name)), "age": snapshot.age(name, now)} for name in keys
    }
    print_json(shown)


def _json(row: Any) -> dict[str, Any]:
    """Amounts and other integers as decimal text, so that no size is lost."""
    return {
        name: str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in row.items()
    }
