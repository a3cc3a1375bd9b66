"""Deploys registry, escrow and payment token on a local chain and prints their addresses: `ape run deploy`.

Without a network it uses a throwaway chain of its own. For a node that stays:

\b
    anvil --hardfork prague &
    APE_FOUNDRY_HOST=http://127.0.0.1:8545 ape run deploy --json
"""

import json
import os
from pathlib import Path

import click
from ape import accounts, chain, networks, project
from ape.cli import ConnectedProviderCommand, network_option
from ape.logging import logger

LOCAL_CHAINS = (1337, 31337)
FAUCET = 1_000_000 * 10**6

# So that it works without scripts/env.sh: Anvil and the compiler of this checkout.
TOOLS = str(Path(__file__).resolve().parent.parent / ".tools" / "bin")
os.environ["PATH"] = os.pathsep.join((TOOLS, os.environ.get("PATH", os.defpath)))
os.environ.setdefault("SOLCX_BINARY_PATH", TOOLS)


@click.command(
    cls=ConnectedProviderCommand, short_help="Deploys the contracts on a local chain.", help=__doc__
)
@network_option(default="ethereum:local:foundry")
@click.option(
    "--fund", default=5, show_default=True, help="Gives so many test accounts a million tokens each."
)
@click.option("--json", "as_json", is_flag=True, help="Prints one JSON object.")
def cli(fund: int, as_json: bool) -> None:
    if chain.chain_id not in LOCAL_CHAINS or not _on_this_machine():
        # The token is worthless by design and the keys are public: both belong on a chain of one's own.
        raise click.ClickException("this script deploys on a local chain only (chain id 1337 or 31337)")
    if as_json:
        logger.set_level("ERROR")  # Ape reports on stdout
    deployer = accounts.test_accounts[0]
    token = deployer.deploy(project.PaymentToken, deployer, 0)
    registry = deployer.deploy(project.AgentRegistry)
    escrow = deployer.deploy(project.Escrow)
    funded = [accounts.test_accounts[index] for index in range(fund)]
    for account in funded:
        token.mint(account, FAUCET, sender=deployer)
    deployed = {
        "chain_id": chain.chain_id,
        "escrow": escrow.address.lower(),
        "registry": registry.address.lower(),
        "token": token.address.lower(),
        "deployer": deployer.address.lower(),
        "block": chain.blocks.head.number,
    }
    if as_json:
        click.echo(json.dumps(deployed))
        return
    for name, value in deployed.items():
        click.echo(f"{name:<9} {value}")


def _on_this_machine() -> bool:
    uri = str(getattr(networks.provider, "uri", ""))
    return any(host in uri for host in ("127.0.0.1", "localhost", "[::1]"))
