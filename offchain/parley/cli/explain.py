"""`parley explain`: the story of a negotiation, decision by decision, from its gateway."""

from __future__ import annotations

import typer


def explain(
    negotiation: str = typer.Argument(..., help="The negotiation's id."),
    url: str = typer.Option("http://127.0.0.1:8080", "--url", envvar="PARLEY_URL", help="The gateway."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Tells every message, what policies decided about it and why, and how it ended.

    A party sees what was decided about its own messages; the key comes from PARLEY_KEY, or PARLEY_KEYSTORE
    with PARLEY_KEYSTORE_PASSPHRASE.
    """
    from parley.agents.story import tell
    from parley.cli.govern import operator_at
    from parley.cli.output import print_json

    with operator_at(url, scopes=("read",)) as reader:
        story = tell(
            reader.negotiation(negotiation), reader.messages(negotiation), reader.decisions(negotiation)
        )
    if as_json:
        print_json(story.as_json())
        return
    for line in story.lines():
        typer.echo(line)
