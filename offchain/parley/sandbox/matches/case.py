"""What a match is played about: a domain, a profile for each role, and what was possible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from parley.negotiation.analysis import Analysis
from parley.negotiation.space import Space
from parley.negotiation.utility import Profile
from parley.sandbox.errors import CaseInvalid
from parley.sandbox.matches.trades import Trades
from parley.terms.domain import Domain

MAX_ROUNDS = 10_000


@dataclass(frozen=True)
class Case:
    """A domain and the profiles of all its roles. `name` is for people."""

    name: str
    domain: Domain
    profiles: Mapping[str, Profile]

    @cached_property
    def analysis(self) -> Analysis:
        """Computed at the first call. Raises `ProfileInvalid`."""
        kind = Analysis if self.domain.auction is None else Trades
        return kind(self.domain, self.profiles)

    @cached_property
    def spaces(self) -> Mapping[str, Space]:
        """What each role sees; shared by all matches on the case."""
        return {role: Space(self.domain, self.profiles[role]) for role in self.domain.roles}

    def __getstate__(self) -> dict[str, object]:
        """What another process needs; it makes its own spaces."""
        return {name: value for name, value in self.__dict__.items() if name != "spaces"}

    def with_rounds(self, rounds: int | None) -> Case:
        """The same negotiation with another limit of rounds; profiles are bound to the changed domain.

        What is possible does not depend on it: an analysis that is there already is kept.
        """
        if rounds is None or rounds == self.domain.limits.max_rounds:
            return self
        if not 1 <= rounds <= MAX_ROUNDS:
            raise CaseInvalid(f"Rounds are from 1 to {MAX_ROUNDS}", field="rounds", actual=rounds)
        limits = self.domain.limits.model_copy(update={"max_rounds": rounds})
        domain = self.domain.model_copy(update={"limits": limits})
        changed = Case(self.name, domain, bound(self.profiles, domain))
        if "analysis" in self.__dict__:
            changed.__dict__["analysis"] = self.analysis
        return changed


def bound(profiles: Mapping[str, Profile], domain: Domain) -> dict[str, Profile]:
    """The profiles as ones of `domain`."""
    return {role: each.model_copy(update={"domain": domain.hash()}) for role, each in profiles.items()}


def case_of(name: str, domain: Domain, profiles: Iterable[Profile]) -> Case:
    """The case of a domain and one profile for each of its roles, in any order.

    Raises `CaseInvalid` for a role without profile or with two, `ProfileInvalid` for one that does not fit.
    """
    by_role: dict[str, Profile] = {}
    for profile in profiles:
        if profile.role in by_role:
            raise CaseInvalid("Two profiles of one role", field="profile", role=profile.role)
        by_role[profile.role] = profile
    for role in domain.roles:
        if role not in by_role:
            raise CaseInvalid(
                "A role of the domain has no profile", field="profile", role=role, given=sorted(by_role)
            )
    strange = sorted(by_role.keys() - set(domain.roles))
    if strange:
        raise CaseInvalid(
            "The domain has no such role", field="profile", role=strange[0], roles=list(domain.roles)
        )
    return Case(name, domain, {role: by_role[role] for role in domain.roles})
