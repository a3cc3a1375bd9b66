"""Renegotiation: the live deal is the fallback, so an amendment must be worth at least as much as it."""

from __future__ import annotations

from collections.abc import Mapping

from parley.negotiation.utility import Profile, exact_utility
from parley.terms.domain import Domain, IssueValue

PPM = 1_000_000


def against_current(profile: Profile, domain: Domain, current: Mapping[str, IssueValue]) -> Profile:
    """The profile with a reservation of at least what the live deal gives its owner.

    `current` are the live deal's values as issues of the amendment's domain. No strategy then agrees to less
    than what stands anyway. Raises `ProfileInvalid` or `IssueValuesInvalid` where they do not fit.
    """
    domain.check_values(current)
    worth = -(-exact_utility(profile, domain, current) // PPM)
    if worth <= profile.reservation_ppm:
        return profile
    return profile.model_copy(update={"reservation_ppm": min(worth, PPM)})
