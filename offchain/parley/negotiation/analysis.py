"""How good an outcome is for everyone: Pareto front, Nash and Kalai points, distances, welfare.

For judging negotiations afterwards by someone who knows every profile (a sandbox, a benchmark); no strategy
sees any of it. All arithmetic is exact; ppm are floored once, at the end.

Terms: the *gain* of a party is its exact utility (times 10^12). The *Nash point* maximises the product of
gains above the reservations (Nash 1950), the *Kalai point* the smallest gain above the reservation (the
egalitarian solution, Kalai 1977), both over outcomes that everyone's hard constraints allow and that leave
nobody below its reservation. Distances are Euclidean in utility space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isqrt, prod

from parley.negotiation.dominance import Method, Spot
from parley.negotiation.errors import ProfileInvalid
from parley.negotiation.frontier import Front, front_of
from parley.negotiation.utility import PPM, Profile, check_profile, exact_utility
from parley.terms.domain import Domain, IssueValue


@dataclass(frozen=True, slots=True)
class Assessment:
    """One outcome, or none, against all that was possible; everything in ppm.

    `utilities` by role (the reservations where nothing was agreed); `welfare` their sum. `nash_share` is the
    product of gains above the reservations over its maximum, None where there is no zone of agreement.
    `pareto_distance` goes to the nearest point of the front, `nash_distance` and `kalai_distance` to those
    points, None where they do not exist.
    """

    agreed: bool
    utilities: Mapping[str, int]
    welfare: int
    pareto_distance: int
    nash_distance: int | None
    kalai_distance: int | None
    nash_share: int | None

    def as_json(self) -> dict[str, object]:
        return {
            "agreed": self.agreed,
            "utilities_ppm": dict(self.utilities),
            "welfare_ppm": self.welfare,
            "pareto_distance_ppm": self.pareto_distance,
            "nash_distance_ppm": self.nash_distance,
            "kalai_distance_ppm": self.kalai_distance,
            "nash_share_ppm": self.nash_share,
        }


class Analysis:
    """What was possible in a domain, for the profiles of all its roles. Compute it once and ask it often.

    `front` says how it was found (`method`: exact, bounded or sampled) and how far off it may be.
    """

    def __init__(self, domain: Domain, profiles: Mapping[str, Profile]) -> None:
        """`profiles` by role. Raises `ProfileInvalid` for ones that do not fit. Where the hard constraints of
        all together leave nothing, the front is empty and no agreement is the best there is.
        """
        if profiles.keys() != set(domain.roles):
            odd = sorted(profiles.keys() ^ set(domain.roles))
            raise ProfileInvalid("One profile for each role of the domain", field="role", role=odd[0])
        self.domain = domain
        self.roles: tuple[str, ...] = tuple(domain.roles)
        self.profiles: tuple[Profile, ...] = tuple(profiles[role] for role in self.roles)
        for role, profile in zip(self.roles, self.profiles, strict=True):
            check_profile(profile, domain)
            if profile.role != role:
                raise ProfileInvalid("The profile is of another role", field="role", role=profile.role)
        self.reservations: tuple[int, ...] = tuple(each.reservation_ppm * PPM for each in self.profiles)
        self.front: Front = self._found()

    def _found(self) -> Front:
        return front_of(self.domain, self.profiles)

    def product(self, surplus: Sequence[int]) -> int:
        """The Nash product of gains above the reservations."""
        return prod(surplus)

    @property
    def method(self) -> Method:
        return self.front.method

    def spot(self, values: Mapping[str, IssueValue]) -> Spot:
        """The exact utilities of an outcome."""
        gains = tuple(exact_utility(profile, self.domain, values) for profile in self.profiles)
        return Spot(gains, tuple(values[issue.name] for issue in self.domain.issues))

    def values(self, spot: Spot) -> dict[str, IssueValue]:
        """The outcome of a spot of the front, by issue."""
        return {issue.name: value for issue, value in zip(self.domain.issues, spot.values, strict=True)}

    def surplus(self, gains: Sequence[int]) -> tuple[int, ...]:
        """Gains above the reservations; negative where one is not reached."""
        return tuple(gain - least for gain, least in zip(gains, self.reservations, strict=True))

    @cached_property
    def rational(self) -> tuple[Spot, ...]:
        """The part of the front that leaves nobody below its reservation; empty: no zone of agreement."""
        return tuple(spot for spot in self.front.spots if min(self.surplus(spot.gains)) >= 0)

    @cached_property
    def nash(self) -> Spot | None:
        """The Nash point; of equal products the larger welfare, then the front's order."""
        return max(
            self.rational, key=lambda s: (self.product(self.surplus(s.gains)), sum(s.gains)), default=None
        )

    @cached_property
    def kalai(self) -> Spot | None:
        """The egalitarian point: the smallest surplus, then the next, as large as can be."""
        return max(self.rational, key=lambda s: sorted(self.surplus(s.gains)), default=None)

    @cached_property
    def best_welfare(self) -> Spot | None:
        """The largest sum of utilities, reservations not counted; None where nothing is allowed."""
        return max(self.front.spots, key=lambda s: sum(s.gains), default=None)

    def pareto_distance_ppm(self, gains: Sequence[int]) -> int:
        """From exact utilities to the nearest point of the front; 0 on it, and where there is none."""
        return isqrt(min((_squared(gains, spot.gains) for spot in self.front.spots), default=0)) // PPM

    def nash_share_ppm(self, gains: Sequence[int]) -> int | None:
        """Product of surpluses over its maximum; 0 where someone is at or below its reservation."""
        if self.nash is None:
            return None
        most = self.product(self.surplus(self.nash.gains))
        if most == 0:
            return None
        surplus = self.surplus(gains)
        return 0 if min(surplus) < 0 else self.product(surplus) * PPM // most

    def assess(
        self, values: Mapping[str, IssueValue] | None, trading: Sequence[str] | None = None
    ) -> Assessment:
        """How good the agreed `values` are; None for a negotiation without agreement, which leaves
        everyone with the reservation. With `trading` they bind these roles, and the others keep theirs.
        """
        gains = self.reservations if values is None else self.spot(values).gains
        if trading is not None:
            kept = zip(self.roles, gains, self.reservations, strict=True)
            gains = tuple(gain if role in trading else least for role, gain, least in kept)
        return Assessment(
            agreed=values is not None,
            utilities={role: gain // PPM for role, gain in zip(self.roles, gains, strict=True)},
            welfare=sum(gains) // PPM,
            pareto_distance=self.pareto_distance_ppm(gains),
            nash_distance=_distance(gains, self.nash),
            kalai_distance=_distance(gains, self.kalai),
            nash_share=self.nash_share_ppm(gains),
        )


def _squared(one: Sequence[int], other: Sequence[int]) -> int:
    return sum((a - b) * (a - b) for a, b in zip(one, other, strict=True))


def _distance(gains: Sequence[int], spot: Spot | None) -> int | None:
    return None if spot is None else isqrt(_squared(gains, spot.gains)) // PPM
