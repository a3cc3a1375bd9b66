"""Files and folders of any readable format into a domain and its profiles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parley.errors import ParleyError
from parley.interop import genius, geniusweb, negmas
from parley.interop.build import Imported, imported
from parley.interop.errors import (
    FormatUnknown,
    NamesMismatch,
    SourceMalformed,
    SourceTooLarge,
    SourceUnreadable,
)
from parley.interop.raw import MAX_BYTES, read_tree
from parley.interop.source import SourceDomain, SourceProfile
from parley.terms.domain import Domain
from parley.terms.profile import Profile, check_profile

ROUNDS = 100
"""How many rounds an imported domain allows unless something else is asked for."""
MAX_FILES = 64
_BESIDE = frozenset({"pareto", "specials", "stats"})
"""Files that other programs leave beside a domain: results, and not always in a sound format."""
_SUFFIXES = frozenset({".json", ".yml", ".yaml", ".xml"})


def load(
    path: str | Path, *, rounds: int = ROUNDS, levels: int | None = None
) -> tuple[Domain, tuple[Profile, ...]]:
    """The domain and the profiles of a file or a folder; see `read`."""
    found = read(path, rounds=rounds, levels=levels)
    return found.domain, found.profiles


def read(path: str | Path, *, rounds: int = ROUNDS, levels: int | None = None) -> Imported:
    """The domain and the profiles of `path`, with notes on what was changed.

    A folder holds one domain and its profiles, in the order of their names with numbers counted; left out
    are files that start with a dot or an underscore, and `pareto`, `specials` and `stats`. A profile alone
    brings its domain with it, or finds it in its folder. `rounds` and `levels` are for foreign domains: how
    many rounds, and into how many values, ends included, a continuous issue is cut where the file does not
    say.

    Raises the errors of `parley.interop`, and those of `parley.terms` for Parley's own documents.
    """
    place = Path(path)
    if place.is_dir():
        return _read_files(_listed(place), rounds, levels)
    if place.is_file():
        return _read_files([place], rounds, levels)
    raise SourceUnreadable("There is no such file or folder", file=place.name, problem="missing")


def read_match(
    domain: str | Path,
    profiles: Sequence[str | Path],
    *,
    rounds: int = ROUNDS,
    levels: int | None = None,
) -> Imported:
    """A domain file with these profile files, in this order; all of one format, and none is left out. Of a
    profile in the place of the domain only the domain that it carries counts. Raises as `read`.
    """
    found = _read_files([Path(domain), *map(Path, profiles)], rounds, levels, first_is_domain=True)
    if len(found.profiles) != len(profiles):
        raise FormatUnknown("Not all of these are profiles of one format", file=Path(domain).name)
    return found


def _listed(folder: Path) -> list[Path]:
    found = [
        entry
        for entry in folder.iterdir()
        if entry.is_file()
        and entry.suffix.lower() in _SUFFIXES
        and entry.name[0] not in "._"
        and entry.stem.lower() not in _BESIDE
    ]
    if len(found) > MAX_FILES:
        raise SourceTooLarge("Too many files in the folder", file=folder.name, what="files", limit=MAX_FILES)
    return sorted(
        found, key=lambda entry: [int(part) if part.isdigit() else part for part in _parts(entry.name)]
    )


def _parts(name: str) -> list[str]:
    # Texts and numbers take turns, so that only like is compared with like.
    return re.split(r"(\d+)", name)


def _read_files(
    paths: Sequence[Path], rounds: int, levels: int | None, *, first_is_domain: bool = False
) -> Imported:
    trees = [(path, read_tree(path)) for path in paths]
    if any(_is_parley(tree) for _, tree in trees):
        return _parley(trees)
    found = _Found(rounds, levels)
    for take in (found.take_domain, found.take_profile):
        for at, (path, tree) in enumerate(trees):
            try:
                take(at, path, tree)
                if first_is_domain and at == 0:
                    found.profiles.clear()
            except ParleyError as error:
                error.values = {"file": path.name, **error.values}
                raise
    if found.domain is None:
        raise FormatUnknown("No domain in a format that is read here", file=paths[0].name if paths else "")
    result = imported(found.domain, found.profiles, rounds)
    left_out = [path.name for at, (path, _) in enumerate(trees) if at not in found.taken]
    notes = [f"{name}: not a domain or a profile, left out" for name in left_out]
    return Imported(result.domain, result.profiles, (*result.notes, *notes))


class _Found:
    """The one domain and the profiles found so far."""

    def __init__(self, rounds: int, levels: int | None) -> None:
        self._rounds = rounds
        self._levels = levels
        self.domain: SourceDomain | None = None
        self.profiles: list[SourceProfile] = []
        self.taken: set[int] = set()

    def take_domain(self, at: int, path: Path, tree: Any) -> None:
        if geniusweb.is_domain(tree):
            found = geniusweb.domain_of(tree)
        elif negmas.is_domain(tree):
            found = negmas.domain_of(tree, self._levels)
        elif genius.is_domain(tree):
            found = genius.domain_of(tree, self._levels)
        else:
            return
        if self.domain is not None:
            raise SourceMalformed("A second domain", file=path.name, at="", problem="two domains")
        self.domain = found
        self.taken.add(at)

    def take_profile(self, at: int, path: Path, tree: Any) -> None:
        if at in self.taken:
            return
        if geniusweb.is_profile(tree):
            domain, profile = geniusweb.profile_of(tree)
        elif genius.is_profile(tree):
            domain, profile = genius.profile_of(tree, self._levels)
        elif negmas.is_profile(tree):
            if self.domain is None:
                raise SourceMalformed("The domain is missing", file=path.name, at="", problem="no domain")
            domain, profile = self.domain, negmas.profile_of(tree, self.domain, self._rounds)
        else:
            return
        self.taken.add(at)
        if self.domain is None:
            self.domain = domain
        _check_same(self.domain, domain)
        self.profiles.append(profile)


def _check_same(domain: SourceDomain, other: SourceDomain) -> None:
    """A profile that carries its domain carries this one, whatever the order of issues and values."""
    mine = {issue.name: issue.values for issue in domain.issues}
    theirs = {issue.name: issue.values for issue in other.issues}
    for name in sorted(mine.keys() | theirs.keys()):
        first, second = mine.get(name), theirs.get(name)
        if isinstance(first, tuple) and isinstance(second, tuple):
            # Names of values are compared, loosely, when the utilities are read.
            continue
        if first != second:
            raise NamesMismatch(
                "The profile is for another domain",
                issue=name[:80],
                missing=[] if second is not None else [name[:80]],
                unknown=[] if first is not None else [name[:80]],
            )


def _is_parley(tree: Any) -> bool:
    return isinstance(tree, dict) and str(tree.get("schema", "")).startswith("parley/")


def _parley(trees: Sequence[tuple[Path, Any]]) -> Imported:
    """Parley's own documents, read anew by their own strict parser."""
    domains: list[Domain] = []
    profiles: list[Profile] = []
    notes = []
    for path, tree in trees:
        schema = tree.get("schema") if isinstance(tree, dict) else None
        if schema == "parley/domain":
            domains.append(Domain.parse(_bytes(path)))
        elif schema == "parley/profile":
            profiles.append(Profile.parse(_bytes(path)))
        else:
            notes.append(f"{path.name}: not a domain or a profile, left out")
    if not domains and profiles:
        domains = _beside(trees[0][0], profiles[0])
    if len(domains) != 1:
        problem = "two domains" if domains else "no domain"
        raise SourceMalformed("One domain is needed", file=trees[0][0].name, at="", problem=problem)
    for profile in profiles:
        check_profile(profile, domains[0])
    return Imported(domains[0], tuple(profiles), tuple(notes))


def _beside(path: Path, profile: Profile) -> list[Domain]:
    """The domain of a profile among the files of its folder."""
    found = []
    for other in _listed(path.parent):
        if other != path and other.suffix.lower() == ".json":
            try:
                candidate = Domain.parse(_bytes(other))
            except ParleyError:
                continue
            if candidate.hash() == profile.domain:
                found.append(candidate)
    return found[:1]


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceUnreadable(
            "The file cannot be read", file=path.name, problem=type(error).__name__
        ) from None
