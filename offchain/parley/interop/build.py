"""Parley documents out of what was read: one domain, and one profile for each utility function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from parley.interop.errors import NotSupported, NumberUnfit, SourceMalformed
from parley.interop.naming import Naming, matched, named
from parley.interop.numbers import decimal_text, nearest_ppm, number, upward_ppm, whole_weights
from parley.interop.scale import Scaled, scaled
from parley.interop.source import Levels, Line, Numbers, SourceDomain, SourceIssue, SourceProfile
from parley.terms.domain import Domain
from parley.terms.profile import PPM, Profile
from parley.terms.values import MAX_SAFE_INTEGER

MAX_ISSUES = 64
MAX_PARTIES = 16
MAX_CHOICES = 4_096
"""A range of numbers without straight utilities is read as single values up to this many."""
MAX_POINTS = 64


@dataclass(frozen=True, slots=True)
class Imported:
    """A domain with its profiles, and in `notes` what was rounded, cut, shifted or left out."""

    domain: Domain
    profiles: tuple[Profile, ...]
    notes: tuple[str, ...] = ()


def imported(source: SourceDomain, profiles: Sequence[SourceProfile], rounds: int) -> Imported:
    """Raises the errors of `parley.interop`. Roles are `party_1` and on, in the order of the profiles."""
    if not 1 <= len(source.issues) <= MAX_ISSUES:
        raise NotSupported(
            f"From 1 to {MAX_ISSUES} issues", feature=f"{len(source.issues)} issues", at="issues"
        )
    if len(profiles) > MAX_PARTIES:
        raise NotSupported(
            f"More than {MAX_PARTIES} profiles",
            next_action="Name the domain and the profiles of one match (read_match).",
            feature=f"{len(profiles)} profiles",
            at="profiles",
        )
    for issue in source.issues:
        if isinstance(issue.values, tuple):
            _check_values(issue.name, issue.values)
    fitted = [_fitted(profile, source) for profile in profiles]
    issues = tuple(_readable(issue, fitted) for issue in source.issues)
    naming = named(
        {issue.name: () if isinstance(issue.values, Numbers) else issue.values for issue in issues}
    )
    roles = [f"party_{at + 1}" for at in range(max(2, len(profiles)))]
    domain = Domain.parse(_domain(source, issues, naming, roles, rounds))
    notes = list(source.notes)
    made = []
    for role, profile in zip(roles, fitted, strict=False):
        made.append(_profile(profile, issues, naming, domain, role, notes))
    return Imported(domain, tuple(made), tuple(notes))


def _fitted(profile: SourceProfile, source: SourceDomain) -> SourceProfile:
    """The profile with its names those of the domain. Raises `NamesMismatch`."""
    names = [issue.name for issue in source.issues]
    weights = matched(names, profile.weights, "weights")
    worths = matched(names, profile.worths, "utilities")
    fitted = {}
    for issue in source.issues:
        worth = profile.worths[worths[issue.name]]
        if isinstance(worth, Levels):
            values = issue.values if isinstance(issue.values, tuple) else _texts(issue.values, issue.name)
            pairs = matched(values, worth.of, issue.name)
            worth = Levels({value: worth.of[pairs[value]] for value in values})
        elif isinstance(issue.values, tuple):
            worth = Levels({value: _on_line(worth, value, issue.name) for value in issue.values})
        fitted[issue.name] = worth
    return replace(profile, weights={name: profile.weights[weights[name]] for name in names}, worths=fitted)


def _on_line(line: Line, text: str, at: str) -> Fraction:
    """A level line says something of every text, any other only of numbers."""
    return line.bias + (line.slope * number(text, at) if line.slope else 0)


def _texts(values: Numbers, at: str) -> tuple[str, ...]:
    if values.count > MAX_CHOICES:
        raise NotSupported(
            f"More than {MAX_CHOICES} numbers, and not on a straight line",
            feature="range of numbers",
            at=at[:80],
        )
    return tuple(decimal_text(values.at(place)) for place in range(values.count))


def _check_values(name: str, values: tuple[str, ...]) -> None:
    if not values or len(set(values)) != len(values):
        raise SourceMalformed("Distinct values, at least one", at=name[:80], problem="values")
    if len(values) > MAX_CHOICES:
        raise NotSupported(f"More than {MAX_CHOICES} values", feature="many values", at=name[:80])


def _readable(issue: SourceIssue, profiles: Sequence[SourceProfile]) -> SourceIssue:
    """The issue as numbers where straight lines or few points can say its utilities, else as texts."""
    values = issue.values
    if isinstance(values, tuple):
        return issue
    if values.count > MAX_SAFE_INTEGER:
        raise NotSupported(
            "More numbers than an integer counts", feature="range of numbers", at=issue.name[:80]
        )
    straight = all(isinstance(profile.worths[issue.name], Line) for profile in profiles)
    if straight or values.count <= MAX_POINTS:
        return issue
    return SourceIssue(issue.name, _texts(values, issue.name))


def _domain(
    source: SourceDomain, issues: Sequence[SourceIssue], naming: Naming, roles: list[str], rounds: int
) -> dict[str, Any]:
    fixed = {"source": f"{source.format} {source.name}".strip()[:256], **naming.labels()}
    documents: list[dict[str, Any]] = []
    for issue in issues:
        name = naming.issues[issue.name]
        if isinstance(issue.values, tuple):
            texts = list(naming.values[issue.name].values())
            documents.append({"name": name, "type": "choice", "values": texts})
            continue
        low, step = _counted(issue.values)
        if not _whole(issue.values):
            fixed[f"scale {name}"] = (
                f"{decimal_text(issue.values.low)} + n * {decimal_text(issue.values.step)}"
            )
        highest = low + step * (issue.values.count - 1)
        documents.append({"name": name, "type": "integer", "min": low, "max": highest, "step": step})
    return {
        "schema": "parley/domain",
        "version": 1,
        "title": source.name[:256] or f"imported from {source.format}",
        "issues": documents,
        "fixed": fixed,
        "roles": roles,
        "protocol": "alternating-offers",
        "limits": {
            "max_rounds": rounds,
            "deadline_seconds": 3_600,
            "min_concession_ppm": 0,
            "repeat_cap": rounds,
            "max_queries": 0,
            "open_window_seconds": 600,
            "fallback": "abort",
        },
        "settlements": [],
        "data_class": "public",
        "assumptions": [],
    }


def _whole(values: Numbers) -> bool:
    """Whether the numbers can stand for themselves."""
    ends = (values.low, values.step, values.high)
    return all(end.denominator == 1 for end in ends) and 0 <= values.low <= values.high <= MAX_SAFE_INTEGER


def _counted(values: Numbers) -> tuple[int, int]:
    """First number and step of the integer issue: the numbers themselves, or how many steps from the
    lowest.
    """
    if _whole(values):
        return int(values.low), int(values.step)
    return 0, 1


def _profile(
    profile: SourceProfile,
    issues: Sequence[SourceIssue],
    naming: Naming,
    domain: Domain,
    role: str,
    notes: list[str],
) -> Profile:
    places = {issue.name: _places(issue, profile) for issue in issues}
    found = scaled(profile, {name: _worths(profile, name, at) for name, at in places.items()})
    weights = whole_weights([found.shares[issue.name] for issue in issues])
    document: dict[str, Any] = {
        "schema": "parley/profile",
        "version": 2,
        "domain": domain.hash(),
        "role": role,
        "weights": {naming.issues[issue.name]: weight for issue, weight in zip(issues, weights, strict=True)},
        "utilities": {
            naming.issues[issue.name]: _utility(issue, places[issue.name], naming, found) for issue in issues
        },
        "reservation_ppm": 0,
    }
    name = profile.name or role
    if profile.discount is not None and profile.discount != 1:
        document["discount_ppm"] = max(1, nearest_ppm(profile.discount))
    if found.offset != 0 or found.divisor != 1:
        shifted = f"(u - {decimal_text(found.offset)}) / {decimal_text(found.divisor)}"
        notes.append(f"{name}: utilities are {shifted} for u of the file")
    notes.extend(f"{name}: {note}" for note in profile.notes)
    made = Profile.parse(document)
    reservation = _reservation(profile, made, issues, naming, found, notes)
    return made.model_copy(update={"reservation_ppm": reservation}) if reservation else made


_Place = tuple[int, Fraction | str]
"""What a value is called in Parley's issue (its number), and in the source."""


def _places(issue: SourceIssue, profile: SourceProfile) -> list[_Place]:
    """The values whose worth has to be known: all, or of a straight line its ends."""
    values = issue.values
    if isinstance(values, tuple):
        return list(enumerate(values))
    low, step = _counted(values)
    if isinstance(profile.worths[issue.name], Line):
        ends = sorted({0, values.count - 1})
        return [(low + step * at, values.at(at)) for at in ends]
    return [(low + step * at, decimal_text(values.at(at))) for at in range(values.count)]


def _worths(profile: SourceProfile, name: str, places: Sequence[_Place]) -> tuple[Fraction, ...]:
    worth = profile.worths[name]
    if isinstance(worth, Levels):
        return tuple(worth.of[str(value)] for _, value in places)
    return tuple(
        worth.slope * (value if isinstance(value, Fraction) else number(value, name)) + worth.bias
        for _, value in places
    )


def _utility(issue: SourceIssue, places: Sequence[_Place], naming: Naming, found: Scaled) -> dict[str, Any]:
    levels = [nearest_ppm(worth) for worth in found.worths[issue.name]]
    if isinstance(issue.values, tuple):
        return {"values": dict(zip(naming.values[issue.name].values(), levels, strict=True))}
    return {
        "points": [
            {"at": str(number), "utility": level} for (number, _), level in zip(places, levels, strict=True)
        ]
    }


def _reservation(
    profile: SourceProfile,
    made: Profile,
    issues: Sequence[SourceIssue],
    naming: Naming,
    found: Scaled,
    notes: list[str],
) -> int:
    wanted = profile.reservation
    if wanted is None:
        return 0
    if isinstance(wanted, Mapping):
        return _of_bid(wanted, made, issues, naming)
    least = upward_ppm((wanted - found.offset) / found.divisor)
    if least > PPM:
        raise NumberUnfit(
            "The reservation is above every utility", at="reservation", value=str(float(wanted))[:40]
        )
    if wanted < found.offset:
        notes.append(f"{profile.name or made.role}: the reservation is below every outcome and counts as 0")
    return least


def _of_bid(bid: Mapping[str, str], made: Profile, issues: Sequence[SourceIssue], naming: Naming) -> int:
    """What the reservation's values are worth, issues left out counting nothing; floored, so that the bid
    itself stays worth it.
    """
    by_name = {issue.name: issue for issue in issues}
    total = 0
    for name, value in bid.items():
        original = next(
            iter(matched([name], [key for key in by_name if _alike(key, name)], "reservation").values())
        )
        issue = by_name[original]
        here = naming.issues[original]
        if isinstance(issue.values, tuple):
            alike = [each for each in issue.values if _alike(each, value)]
            if not alike:
                matched([value], (), original)
            chosen: int | str = naming.values[original][alike[0]]
        else:
            place = (number(value, original) - issue.values.low) / issue.values.step
            if place.denominator != 1 or not 0 <= place < issue.values.count:
                matched([value], (), original)
            low, step = _counted(issue.values)
            chosen = low + step * int(place)
        total += made.weights[here] * made.issue_ppm(here, chosen)
    return total // PPM


def _alike(first: str, second: str) -> bool:
    return " ".join(first.casefold().split()) == " ".join(second.casefold().split())
