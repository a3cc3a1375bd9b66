"""`parley deploy`: the contracts onto a local chain, from the artifacts in the package."""

from __future__ import annotations

import typer


def deploy(
    rpc: str = typer.Option("http://127.0.0.1:8545", "--rpc", help="URL of a chain node on this machine."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Deploys escrow, registry and a payment token that anyone may mint to a local Anvil, without a compiler.

    Uses a key that everyone knows and refuses chains other than 31337.
    """
    from parley.chain.anvil import CHAIN_ID, ETHER, local_signer
    from parley.chain.deploy import deploy_local
    from parley.cli.nodes import node_at
    from parley.cli.output import print_json

    node = node_at(rpc, chain_id=CHAIN_ID)
    signer = local_signer(0)
    node.request("anvil_setBalance", [signer.address, hex(100 * ETHER)])
    found = deploy_local(node, signer).as_json()
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        typer.echo(f"{name:<9} {value}")
