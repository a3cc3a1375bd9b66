"""`parley deploy`: the contracts onto a chain, from the package, at the same addresses everywhere."""

from __future__ import annotations

from pathlib import Path

import typer


def deploy(
    rpc: str = typer.Option("http://127.0.0.1:8545", "--rpc", help="URL of a chain node."),
    local: bool = typer.Option(
        True,
        "--local/--public",
        help="A throwaway Anvil, with a key that everyone knows and a token that anyone may mint; or any "
        "chain, with the key of PARLEY_KEY or PARLEY_KEYSTORE.",
    ),
    out: Path | None = typer.Option(None, "--out", help="Deployments file to add this deployment to."),
    plan: bool = typer.Option(False, "--plan", help="Print the addresses and deploy nothing; needs no node."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Deploys what is not there yet: escrow, registry, tabs, evidence, panels, lens. Needs no compiler.

    Anyone may deploy, and it comes out the same: the contracts give nobody any power, and their addresses
    follow from their code (CREATE2).
    """
    from parley.chain.anvil import CHAIN_ID, ETHER, local_signer
    from parley.chain.create2 import plan as planned
    from parley.chain.deploy import deploy as deploy_at
    from parley.chain.deploy import deploy_local
    from parley.chain.deployments import Deployment, record
    from parley.cli.nodes import node_at
    from parley.cli.output import print_json

    if plan:
        found: dict[str, object] = {contract.name: contract.address for contract in planned()}
    else:
        if local:
            node = node_at(rpc, chain_id=CHAIN_ID)
            signer = local_signer(0)
            node.request("anvil_setBalance", [signer.address, hex(100 * ETHER)])
            deployment: Deployment = deploy_local(node, signer)
        else:
            from parley.agents.process import signer_from_environment

            deployment = deploy_at(node_at(rpc), signer_from_environment())
        if out is not None:
            record(out, deployment)
        found = {name: value for name, value in deployment.as_json().items() if name != "transactions"}
    if as_json:
        print_json(found)
        return
    width = max(len(name) for name in found)
    for name, value in found.items():
        typer.echo(f"{name:<{width}}  {value}")
