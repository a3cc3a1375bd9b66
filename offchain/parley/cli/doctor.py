"""`parley doctor`: what a gateway needs, checked without starting it."""

from __future__ import annotations

import typer


def doctor(as_json: bool = typer.Option(False, "--json", help="Print one JSON object.")) -> None:
    """Checks key, policy, database, disk, node, contracts, gas and clock, and says what to fix.

    Reads the same PARLEY_* variables as `parley serve` and changes nothing. Exit status 1 when something
    fails.
    """
    from parley.cli.output import print_json
    from parley.cli.serve import settings_from_environment
    from parley.gateway.doctor import examine

    findings = list(examine(settings_from_environment()))
    if as_json:
        shown = [
            {"check": one.check, "grade": one.grade, "detail": one.detail, "advice": one.advice}
            for one in findings
        ]
        print_json({"findings": shown, "healthy": all(one.grade != "fail" for one in findings)})
    else:
        for one in findings:
            typer.echo(f"{one.grade:<4}  {one.check:<10}  {one.detail}")
            if one.grade in ("warn", "fail") and one.advice:
                typer.echo(f"      {'':<10}  {one.advice}")
    if any(one.grade == "fail" for one in findings):
        raise typer.Exit(1)
