"""Where every unit of the token is: in wallets, in internal balances of the escrow, locked in deals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parley.chain.escrow import EscrowContract
from parley.chain.token import TokenContract


@dataclass(frozen=True, slots=True)
class Holding:
    """One account's money in base units: in its own wallet and in the escrow's internal balance."""

    wallet: int
    internal: int

    @property
    def total(self) -> int:
        return self.wallet + self.internal


@dataclass(frozen=True, slots=True)
class Count:
    """A snapshot of all money. `held` is the token balance of the escrow, `supply` all there is."""

    holdings: Mapping[str, Holding]
    held: int
    supply: int

    @property
    def total(self) -> int:
        """What the accounts have, with what the escrow holds for deals that are not closed."""
        return sum(holding.total for holding in self.holdings.values()) + self.locked

    @property
    def locked(self) -> int:
        """What the escrow holds beyond internal balances: money of open deals, never less than nothing."""
        return self.held - sum(holding.internal for holding in self.holdings.values())

    @property
    def conserved(self) -> bool:
        """Whether every unit of the supply is accounted for by the known accounts, to the unit."""
        return self.locked >= 0 and self.total == self.supply


def count(token: TokenContract, escrow: EscrowContract, accounts: Mapping[str, str]) -> Count:
    """Reads the chain: `accounts` are addresses by name and must be all that ever had a unit."""
    holdings = {
        name: Holding(token.balance_of(address), escrow.account_of(token.address, address).balance)
        for name, address in accounts.items()
    }
    return Count(holdings, token.balance_of(escrow.address), token.total_supply())
