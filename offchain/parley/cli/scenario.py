"""`parley scenario`: the shipped scenarios, played in memory or written out as documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer


def scenario(
    name: str = typer.Argument(..., help="compute-lease, discount-buyer, campaign or hotel-block."),
    seed: int = typer.Option(0, "--seed", min=0, help="Draws what the scenario leaves open."),
    export: Path | None = typer.Option(
        None, "--export", help="Write its domain, profiles and policies into this new folder instead."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Plays a shipped scenario with its own strategies; whoever is asked for an approval gives it.

    Exit status 0 when it was played, agreed or not.
    """
    from parley.cli.output import print_json
    from parley.scenarios.shelf import play_scenario, scenario_documents

    if export is not None:
        written = _write(
            export, {path: each.as_json() for path, each in scenario_documents(name, seed).items()}
        )
        if as_json:
            print_json({"written": written})
        else:
            typer.echo("\n".join(written))
        return
    found = play_scenario(name, seed)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _write(folder: Path, documents: dict[str, Any]) -> list[str]:
    """Writes into a folder that does not exist yet; nothing is overwritten."""
    from parley.cli.errors import FolderUnwritable

    written = []
    try:
        folder.mkdir(parents=True)
        for name, document in documents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            written.append(str(path))
    except OSError as error:
        raise FolderUnwritable(
            "The folder cannot be made or written", path=str(folder), reason=error.strerror
        ) from None
    return written


def _print(found: dict[str, Any]) -> None:
    from parley.cli.tables import aligned

    typer.echo(
        f"{found['scenario']}, seed {found['seed']}: {'agreed' if found['agreed'] else 'no agreement'}"
    )
    for key in ("hours", "hotels", "rooms", "values", "utilities_ppm", "approvals"):
        if found.get(key):
            typer.echo(f"  {key}: {_plain(found[key])}")
    if found.get("sellers"):
        rows = [
            (each["seller"], ", ".join(map(_usd, each["buyer_offers"])), each["ends"], _usd(each["price"]))
            for each in found["sellers"]
        ]
        typer.echo("\n" + aligned(("seller", "the buyer's offers, USD", "ends", "price"), rows))
    if found.get("asked"):
        typer.echo(f"  asked a person {len(found['asked'])} times: {found['asked'][0]['rules'][0]}")
    if found.get("deals"):
        deals = [
            (str(each["seller"]), _usd(each["price"]), str(len(each.get("milestones", ())) or "-"))
            for each in found["deals"]
        ]
        typer.echo("\n" + aligned(("deal with", "price, USD", "milestones"), deals))
    if found.get("negotiations"):
        talks = [
            (key, each["ended"], str(each["rounds"]), str(each["messages"]))
            for key, each in found["negotiations"].items()
        ]
        typer.echo("\n" + aligned(("negotiation", "ended", "rounds", "messages"), talks))


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def _usd(amount: str | None) -> str:
    """Base units of a six-decimal dollar token as dollars and cents; a dash for none."""
    return "-" if amount is None else f"{int(amount) // 10**6}.{int(amount) % 10**6 // 10**4:02d}"
