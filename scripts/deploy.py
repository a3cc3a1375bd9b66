"""Deploys Parley's contracts at the addresses they have on every chain and prints them: `ape run deploy`.

Without a network it uses a throwaway chain of its own, where it also makes a payment token that anyone may
mint. For a node that stays:

\b
    anvil --hardfork prague &
    APE_FOUNDRY_HOST=http://127.0.0.1:8545 ape run deploy --json

On any other network name one of your accounts with --account. What stands there already is left alone.
"""

import json
import os
from pathlib import Path

import click
from ape import accounts, chain, networks
from ape.cli import ConnectedProviderCommand, network_option
from ape.logging import logger
from eth_utils import to_checksum_address

from parley.chain.create2 import FACTORY, local_token, plan
from parley.chain.deployments import Deployment, record

LOCAL_CHAINS = (1337, 31337)
FAUCET = 1_000_000 * 10**6

# So that it works without scripts/env.sh: Anvil and the compiler of this checkout.
TOOLS = str(Path(__file__).resolve().parent.parent / ".tools" / "bin")
os.environ["PATH"] = os.pathsep.join((TOOLS, os.environ.get("PATH", os.defpath)))
os.environ.setdefault("SOLCX_BINARY_PATH", TOOLS)


@click.command(cls=ConnectedProviderCommand, short_help="Deploys the contracts.", help=__doc__)
@network_option(default="ethereum:local:foundry")
@click.option(
    "--account", "alias", help="Alias of the Ape account that pays; a test account on a local chain."
)
@click.option(
    "--fund",
    default=5,
    show_default=True,
    help="On a local chain: gives so many test accounts a million tokens each.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Deployments file to add this deployment to.")
@click.option("--json", "as_json", is_flag=True, help="Prints one JSON object.")
def cli(alias: str | None, fund: int, out: Path | None, as_json: bool) -> None:
    if as_json:
        logger.set_level("ERROR")  # Ape reports on stdout
    local = chain.chain_id in LOCAL_CHAINS and _on_this_machine()
    if not local and alias is None:
        raise click.ClickException("name the account that pays with --account: this is not a local chain")
    payer = accounts.load(alias) if alias is not None else accounts.test_accounts[0]
    factory = to_checksum_address(FACTORY)
    if not chain.provider.get_code(factory):
        raise click.ClickException(f"the deployment proxy is not on this chain at {FACTORY}")
    block = chain.blocks.head.number
    transactions = {}
    # The token is worthless by design: it belongs on a chain of one's own.
    wanted = (*plan(), *((local_token(),) if local else ()))
    for contract in wanted:
        address = to_checksum_address(contract.address)
        if not chain.provider.get_code(address):
            receipt = payer.transfer(factory, 0, data=contract.call)
            transactions[contract.name] = receipt.txn_hash
        if not chain.provider.get_code(address):
            raise click.ClickException(f"{contract.name} did not come out at {contract.address}")
    found = {contract.name: contract.address for contract in wanted}
    deployment = Deployment.from_json(
        {
            "chain_id": chain.chain_id,
            "escrow": found["Escrow"],
            "registry": found["AgentRegistry"],
            "tabs": found["Tabs"],
            "evidence": found["Evidence"],
            "panel": found["PanelArbiter"],
            "lens": found["Lens"],
            **({"token": found["PaymentToken"]} if local else {}),
            "block": block,
            "transactions": transactions,
        }
    )
    if local:
        _fund(found["PaymentToken"], fund)
    if out is not None:
        record(out, deployment)
    body = deployment.as_json()
    if as_json:
        click.echo(json.dumps(body))
        return
    for name, value in body.items():
        if name != "transactions":
            click.echo(f"{name:<9} {value}")


def _fund(address: str, count: int) -> None:
    from ape import project

    token = project.PaymentToken.at(to_checksum_address(address))
    payer = accounts.test_accounts[0]
    for index in range(count):
        token.mint(accounts.test_accounts[index], FAUCET, sender=payer)


def _on_this_machine() -> bool:
    uri = str(getattr(networks.provider, "uri", ""))
    return any(host in uri for host in ("127.0.0.1", "localhost", "[::1]"))
