"""Numbers drawn from a seed, the same on every machine and version."""

from __future__ import annotations

from parley.terms.values import keccak


class Draws:
    """A sequence of integers out of keccak-256 over seed and counter."""

    def __init__(self, seed: int, label: str) -> None:
        self._prefix = f"parley/{label}/{seed}/".encode()
        self._count = 0

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both possible. The bias over 256 bits is negligible."""
        drawn = int.from_bytes(keccak(self._prefix + str(self._count).encode()))
        self._count += 1
        return low + drawn % (high - low + 1)

    def shuffled(self, items: list[str]) -> list[str]:
        """The items in a drawn order (Fisher and Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.between(0, last)
            order[last], order[other] = order[other], order[last]
        return order
