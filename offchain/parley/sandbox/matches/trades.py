"""What was possible in an auction, where only two of the parties trade."""

from __future__ import annotations

from collections.abc import Sequence

from parley.negotiation.analysis import Analysis
from parley.negotiation.dominance import Loss, Spot
from parley.negotiation.frontier import Front, front_of


class Trades(Analysis):
    """What was possible in an auction: one bidder trades with the requester, the others keep what they have.

    The front has trades that leave neither of the two below its reservation. One trade dominates another
    bidder's only where that one gains nothing. The Nash product is that of the two who trade.
    """

    def _found(self) -> Front:
        auction = self.domain.auction
        one = 0 if auction is None else self.roles.index(auction.requester)
        spots: list[Spot] = []
        loss = Loss()
        for other, profile in enumerate(self.profiles):
            if other == one:
                continue
            front = front_of(self.domain, (self.profiles[one], profile))
            loss.error = max(loss.error, front.error or 0)
            loss.sampled = loss.sampled or front.error is None
            for spot in front.spots:
                gains = list(self.reservations)
                gains[one], gains[other] = spot.gains
                if gains[one] >= self.reservations[one] and gains[other] >= self.reservations[other]:
                    spots.append(Spot(tuple(gains), spot.values))
        most = max((spot.gains[one] for spot in spots), default=0)
        kept = [spot for spot in spots if spot.gains[one] == most or self._gaining(spot, one)]
        kept.sort(key=lambda spot: -spot.gains[one])
        return Front(tuple(kept), loss.method, None if loss.sampled else loss.error)

    def _gaining(self, spot: Spot, one: int) -> bool:
        """Whether the bidder of a trade gains from it."""
        return any(
            gain > least
            for at, (gain, least) in enumerate(zip(spot.gains, self.reservations, strict=True))
            if at != one
        )

    def product(self, surplus: Sequence[int]) -> int:
        """The product of the two surpluses that are not those of parties without a trade."""
        total = sum(surplus)
        return (total * total - sum(each * each for each in surplus)) // 2
