"""Genius utility spaces and templates (XML): linear-additive, discrete, integer and real issues.

The worth of a discrete value is its evaluation over the largest one of its issue, as Genius takes it.
"""

from __future__ import annotations

from fractions import Fraction

from parley.interop.errors import NotSupported, NumberUnfit, SourceMalformed
from parley.interop.numbers import number
from parley.interop.raw import Element
from parley.interop.source import Levels, Line, Numbers, SourceDomain, SourceIssue, SourceProfile, Worth

FORMAT = "Genius"
CLAMPED = Fraction(1, 1_000_000)


def is_domain(tree: object) -> bool:
    """Whether this looks like a template of issues."""
    return (
        isinstance(tree, Element)
        and tree.name in ("negotiation_template", "utility_space")
        and not _rated(tree)
    )


def is_profile(tree: object) -> bool:
    """Whether this looks like a utility space."""
    return isinstance(tree, Element) and tree.name == "utility_space" and _rated(tree)


def _rated(tree: Element) -> bool:
    return _curved(tree) or any(child.name == "weight" for child in _objective(tree).children)


def _curved(tree: Element) -> bool:
    """Whether a utility space says more than a sum."""
    return "type" in tree.attributes and tree.attributes["type"] not in ("", "linear", "additive")


def _objective(tree: Element) -> Element:
    spaces = [tree] if tree.name == "utility_space" else list(tree.every("utility_space"))
    objectives = [found for space in spaces for found in space.every("objective")]
    if len(objectives) != 1:
        raise SourceMalformed("One objective is expected", at="objective", problem="objective")
    if any(child.name == "objective" for child in objectives[0].children):
        raise NotSupported("Objectives inside objectives are not read", feature="objective", at="objective")
    return objectives[0]


def domain_of(tree: Element, levels: int | None = None) -> SourceDomain:
    """The issues of a template or of a utility space; a real issue is cut into `levels` values."""
    objective = _objective(tree)
    notes: list[str] = []
    issues = tuple(_issue(issue, levels, notes) for issue in objective.every("issue"))
    return SourceDomain(objective.attributes.get("name", ""), issues, FORMAT, tuple(notes))


def _name(issue: Element) -> str:
    name = issue.attributes.get("name")
    if not name:
        raise SourceMalformed("An issue has a name", at="issue", problem="missing")
    return name


def _kind(issue: Element) -> str:
    attributes = issue.attributes
    return attributes.get("vtype") or attributes.get("type") or attributes.get("etype") or "discrete"


def _issue(issue: Element, levels: int | None, notes: list[str]) -> SourceIssue:
    name, kind = _name(issue), _kind(issue)
    if kind == "discrete":
        values = (item.attributes.get("value") for item in issue.every("item"))
        return SourceIssue(name, tuple(dict.fromkeys(value for value in values if value is not None)))
    if kind not in ("integer", "real"):
        raise NotSupported("An issue of this kind is not read", feature=kind[:80], at=name[:80])
    ranges = [issue, *issue.every("range")]
    ends = next(
        (found.attributes for found in ranges if {"lowerbound", "upperbound"} <= found.attributes.keys()), {}
    )
    low, high = (number(ends.get(key), f"{name}.{key}") for key in ("lowerbound", "upperbound"))
    if low > high:
        raise SourceMalformed("A range rises", at=name[:80], problem="range")
    if kind == "integer":
        return SourceIssue(name, Numbers(low, Fraction(1), int(high - low) + 1))
    if levels is None or low == high:
        raise NotSupported(
            "A real issue needs a number of levels",
            next_action="Say into how many levels it is cut (levels), its ends included.",
            feature="real",
            at=name[:80],
        )
    notes.append(f"{name}: real, cut into {levels} evenly spaced values, ends included")
    return SourceIssue(name, Numbers(low, (high - low) / (levels - 1), levels))


def profile_of(tree: Element, levels: int | None = None) -> tuple[SourceDomain, SourceProfile]:
    """The utility space with its issues."""
    if _curved(tree):
        kind = tree.attributes["type"]
        raise NotSupported(
            "Only linear-additive utility spaces are read", feature=kind[:80], at="utility_space"
        )
    domain = domain_of(tree, levels)
    objective = _objective(tree)
    by_index = {weight.attributes.get("index"): weight for weight in objective.every("weight")}
    weights: dict[str, Fraction] = {}
    worths: dict[str, Worth] = {}
    for issue, source in zip(objective.every("issue"), domain.issues, strict=True):
        weight = by_index.get(issue.attributes.get("index"))
        weights[source.name] = number(
            None if weight is None else weight.attributes.get("value"), f"weight of {source.name}"
        )
        worths[source.name] = _worth(issue, source)
    discount = _single(tree, "discount_factor")
    reservation = _single(tree, "reservation")
    kept = None if discount is None or discount == 0 else discount  # 0 stands for no discount
    if kept is not None and not 0 < kept <= 1:
        raise NumberUnfit("A discount lies between 0 and 1", at="discount_factor", value=str(kept))
    return domain, SourceProfile(
        name=objective.attributes.get("name", ""),
        weights=weights,
        worths=worths,
        reservation=reservation,
        discount=kept,
        notes=_weight_notes(weights),
    )


def _weight_notes(weights: dict[str, Fraction]) -> tuple[str, ...]:
    total = sum(weights.values(), Fraction(0))
    if any(weight < 0 for weight in weights.values()):
        raise NumberUnfit("A weight is not below 0", at="weights", value="negative")
    if abs(total - 1) <= Fraction(1, 1_000_000):
        return ()
    return (f"the weights sum to {float(total):.6f}; utilities are taken as they come out of that",)


def _worth(issue: Element, source: SourceIssue) -> Worth:
    if not isinstance(source.values, Numbers):
        rated: dict[str, Fraction] = {}
        for item in issue.every("item"):
            value = item.attributes.get("value")
            if value is not None:  # a value listed twice counts as it is listed last
                rated[value] = number(item.attributes.get("evaluation"), f"{source.name}.{value}")
        if any(worth < 0 for worth in rated.values()):
            raise NumberUnfit("An evaluation is not below 0", at=source.name[:80], value="negative")
        most = max(rated.values(), default=Fraction(0))
        return Levels({value: worth / most if most else worth for value, worth in rated.items()})
    evaluator = next(issue.every("evaluator"), None)
    if evaluator is None or evaluator.attributes.get("ftype") != "linear":
        kind = "none" if evaluator is None else evaluator.attributes.get("ftype", "")
        raise NotSupported("Only linear evaluators are read", feature=kind[:80], at=source.name[:80])
    if "parameter0" in evaluator.attributes or "parameter1" in evaluator.attributes:
        offset, slope = (
            number(evaluator.attributes.get(key, "0"), f"{source.name}.{key}")
            for key in ("parameter0", "parameter1")
        )
        return _unclamped(Line(slope, offset), source.values, source.name)
    # The offset is the worth of the lowest value.
    offset = number(evaluator.attributes.get("offset", "0"), f"{source.name}.offset")
    slope = number(evaluator.attributes.get("slope"), f"{source.name}.slope")
    return _unclamped(Line(slope, offset - slope * source.values.low), source.values, source.name)


def _unclamped(line: Line, values: Numbers, name: str) -> Line:
    """The line, if it stays between 0 and 1 but for a hair: beyond, Genius would bend it."""
    for end in (values.low, values.high):
        worth = line.slope * end + line.bias
        if not -CLAMPED <= worth <= 1 + CLAMPED:
            raise NotSupported("The utilities leave 0 to 1", feature="clamped", at=name[:80])
    return line


def _single(tree: Element, name: str) -> Fraction | None:
    found = next(tree.every(name), None)
    if found is None or found.attributes.get("value") in (None, ""):
        return None
    return number(found.attributes["value"], name)
