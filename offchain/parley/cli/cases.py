"""Domains, profiles and strategies as the command line names them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parley.cli.errors import CountMismatch, FolderEmpty
from parley.errors import ParleyError

if TYPE_CHECKING:
    from parley.sandbox.matches.case import Case


@dataclass(frozen=True)
class Read:
    """A case out of files. `roles` of the profiles in the order given; `notes` on what an import changed."""

    case: Case
    roles: tuple[str, ...]
    notes: tuple[str, ...]


def case_from(domain: Path, profiles: Sequence[Path], rounds: int | None = None) -> Read:
    """The case of these files, in any format that is read. `rounds` in place of the domain's limit.

    Raises the errors of `parley.interop` and `parley.terms`, `ProfileInvalid`, `CaseInvalid`.
    """
    from parley.interop import read_match
    from parley.interop.load import ROUNDS
    from parley.sandbox.matches.case import case_of

    found = read_match(domain, profiles, rounds=rounds or ROUNDS)
    case = case_of(domain.stem, found.domain, found.profiles).with_rounds(rounds)
    return Read(case, tuple(profile.role for profile in found.profiles), found.notes)


def cases_in(folder: Path, skip: bool) -> tuple[list[Case], list[dict[str, object]]]:
    """The cases of a folder and all folders inside it, each with one domain and its profiles, by name.

    With `skip` those that cannot be read are left out: the second list says which and why. Raises
    `FolderEmpty` when nothing is left.
    """
    from parley.interop import read
    from parley.sandbox.matches.case import case_of

    cases: list[Case] = []
    left_out: list[dict[str, object]] = []
    for place in _folders(folder):
        name = place.relative_to(folder).as_posix() if place != folder else folder.name
        try:
            found = read(place)
            case = case_of(name, found.domain, found.profiles)
            case.analysis  # noqa: B018 - a case that cannot be judged is no case
        except ParleyError as error:
            if not skip:
                error.values = {"folder": str(place), **error.values}
                raise
            left_out.append({"case": name, "code": error.code, "reason": error.message})
        else:
            cases.append(case)
    if not cases:
        raise FolderEmpty(
            "No domain with its profiles in this folder", path=str(folder), left_out=len(left_out)
        )
    return cases, left_out


def _folders(folder: Path) -> Iterator[Path]:
    """The folder and those inside it that hold readable files, in the order of their names."""
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise FolderEmpty("The folder cannot be read", path=str(folder), reason=error.strerror) from None
    files = [each for each in inside if each.is_file() and each.suffix in (".json", ".yml", ".yaml", ".xml")]
    if not all(_something_else(each) for each in files):
        yield folder
    for each in inside:
        if each.is_dir() and not each.is_symlink() and each.name[0] not in "._":
            yield from _folders(each)


def _something_else(path: Path) -> bool:
    """Whether a file is a Parley document that no negotiation is about, such as a policy."""
    if path.suffix != ".json":
        return False
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    schema = document.get("schema", "") if isinstance(document, dict) else ""
    return str(schema).startswith("parley/") and schema not in ("parley/domain", "parley/profile")


def by_role(read: Read, strategies: Sequence[str]) -> list[str]:
    """The strategies as they are written, in the order of the domain's roles; the first one is the first
    profile's.
    """
    if len(strategies) != len(read.roles):
        raise CountMismatch(
            "One strategy for each profile, in the same order",
            profiles=len(read.roles),
            strategies=len(strategies),
        )
    made = dict(zip(read.roles, strategies, strict=True))
    return [made[role] for role in read.case.domain.roles]
