"""Who plays: keys drawn from the seed, for a throwaway chain and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from parley.terms.signing import LocalSigner
from parley.terms.values import Address, keccak

BUYER = "buyer"
GATEWAY = "gateway"
ARBITER = "arbiter"
REVIEWER = "reviewer"
DEPLOYER = "deployer"


@dataclass(frozen=True, slots=True)
class Player:
    """One account of the play. The key is derived from public knowledge and must never hold anything."""

    name: str
    key: bytes

    @property
    def signer(self) -> LocalSigner:
        return LocalSigner(self.key)

    @property
    def address(self) -> Address:
        return self.signer.address

    @property
    def slug(self) -> str:
        """The name as part of a file name."""
        return self.name.replace(" ", "-")

    def __repr__(self) -> str:
        return f"Player({self.name}, {self.address})"


def player(seed: int, name: str) -> Player:
    """The same seed and name give the same account on any machine."""
    return Player(name, keccak(b"Parley demonstration %d %s" % (seed, name.encode())))
