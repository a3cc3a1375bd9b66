"""`parley reputation`: a score recomputed from chain events by anyone."""

from __future__ import annotations

import typer


def reputation(
    agent: str = typer.Argument(..., help="Address of the agent."),
    rpc: str = typer.Option(..., "--rpc", help="URL of a chain node."),
    escrow: str = typer.Option(..., "--escrow", help="Address of the escrow."),
    token: list[str] = typer.Option([], "--token", help="Count deals in this token only; may be repeated."),
    start_block: int = typer.Option(
        0, "--start-block", min=0, help="Block in which the escrow was deployed."
    ),
    at: int | None = typer.Option(
        None, "--at", min=0, help="Unix seconds to score at; the newest block's by default."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Recomputes an agent's reputation score from the escrow's events, trusting nobody but the node.

    Without --token deals in any token count, also in tokens that the agent may have made itself.
    """
    from parley.chain.closed_deals import closed_deals
    from parley.chain.deploy import check_deployment
    from parley.chain.token import TokenContract
    from parley.cli.nodes import node_at
    from parley.cli.output import print_json
    from parley.reputation.fold import score_ppm, weights
    from parley.terms.values import Address

    party, contract = Address(agent.lower()), Address(escrow.lower())
    counted = [Address(each.lower()) for each in token]
    node = node_at(rpc)
    check_deployment(node, contract)
    now = node.latest().timestamp if at is None else at
    tokens = {each: TokenContract(node, each).decimals() for each in counted} or None
    deals = closed_deals(node, contract, start_block)
    found = weights(party, deals, now, tokens)
    score = score_ppm(party, deals, now, tokens)
    if as_json:
        document = {"agent": party, "at": now, "score_ppm": score, "deals": found.deals}
        print_json({**document, "counterparties": found.counterparties, "good": found.good, "bad": found.bad})
        return
    typer.echo(f"{score / 1_000_000:.6f}  {found.deals} deals with {found.counterparties} counterparties")
