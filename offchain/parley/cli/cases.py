"""Domains, profiles and strategies as the command line names them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from parley.cli.errors import CountMismatch, DocumentUnfit
from parley.cli.files import read_limited

if TYPE_CHECKING:
    from parley.negotiation.strategies import Strategy
    from parley.negotiation.utility import Profile
    from parley.sandbox.matches.case import Case
    from parley.terms.domain import Domain

MAX_DOCUMENT = 16 * 1024 * 1024


def case_from(domain: Path, profiles: Sequence[Path]) -> tuple[Case, list[Profile]]:
    """The case of these files, and the profiles in the order given.

    Raises the errors of reading and parsing, each with the path, and `CaseInvalid`.
    """
    from parley.sandbox.matches.case import case_of

    read = domain_from(domain)
    found = [profile_from(path) for path in profiles]
    return case_of(domain.stem, read, found), found


def domain_from(path: Path) -> Domain:
    from parley.terms.domain import Domain
    from parley.terms.errors import DocumentInvalid

    try:
        return Domain.parse(read_limited(path, MAX_DOCUMENT))
    except DocumentInvalid as error:
        raise DocumentUnfit(error.message, path=str(path), cause=error.code, **error.values) from None


def profile_from(path: Path) -> Profile:
    from parley.negotiation.utility import Profile
    from parley.terms.errors import DocumentInvalid

    try:
        return Profile.parse(read_limited(path, MAX_DOCUMENT))
    except DocumentInvalid as error:
        raise DocumentUnfit(error.message, path=str(path), cause=error.code, **error.values) from None


def by_role(case: Case, profiles: Sequence[Profile], strategies: Sequence[str]) -> list[Strategy]:
    """The strategies in the order of the domain's roles; the first one written is the first profile's."""
    from parley.sandbox.matches.naming import strategy_of

    if len(strategies) != len(profiles):
        raise CountMismatch(
            "One strategy for each profile, in the same order",
            profiles=len(profiles),
            strategies=len(strategies),
        )
    made = {profile.role: strategy_of(text) for profile, text in zip(profiles, strategies, strict=True)}
    return [made[role] for role in case.domain.roles]
