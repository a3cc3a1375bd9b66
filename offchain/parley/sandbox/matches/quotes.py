"""An ordinary domain as a request for quotes, to compare a bargain under other protocols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parley.negotiation.space import Space
from parley.negotiation.utility import Curve, Profile, Table
from parley.sandbox.errors import CaseInvalid
from parley.sandbox.matches.case import Case, bound
from parley.terms.domain import AmountIssue, ChoiceIssue, Domain
from parley.terms.protocols import WINNER

WINDOW = 600


def auction_case(case: Case) -> Case:
    """The case as a request for quotes under the second price; unchanged where its domain is one already.

    The first role asks, and buys unless the first settlement has it as seller. The price is the issue that
    this settlement names, else the first amount issue. The penalty of a bid follows from the requester's
    profile: a value costs what it is worse than the best one, at what the price is worth between its best and
    its worst point, numbers on a straight line; the reserve is the worst price that it would take, all else
    at its best. Raises `CaseInvalid` where nothing is a price.
    """
    if case.domain.auction is not None:
        return case
    domain = case.domain
    requester = domain.roles[0]
    price = _price(domain)
    profile = case.profiles[requester]
    selling = bool(domain.settlements) and domain.settlements[0].seller == requester
    section: dict[str, Any] = {
        "requester": requester,
        "side": "sell" if selling else "buy",
        "price": price.name,
        "min_bids": 1,
        "reserve": price.encode(_reserve(case.spaces[requester], price, selling)),
    } | dict.fromkeys(("commit_seconds", "reveal_seconds", "award_seconds"), WINDOW)
    penalty = _penalty(domain, profile, price)
    if penalty is not None:
        section["penalty"] = penalty
    document = domain.as_json()
    for other in ("escalation", "mediation"):
        document.pop(other, None)
    document |= {"protocol": "sealed-bid", "auction": section}
    side = "seller" if selling else "buyer"
    document["settlements"] = _with_winner(document["settlements"], requester, side)
    limits = {**document["limits"], "fallback": "abort"}
    document["limits"] = {**limits, "deadline_seconds": max(limits["deadline_seconds"], 8 * WINDOW)}
    changed = Domain.parse(document)
    return Case(case.name, changed, bound(case.profiles, changed))


def _with_winner(settlements: list[dict[str, Any]], requester: str, side: str) -> list[dict[str, Any]]:
    """The first settlement with the winner in place of the requester's counterparty; none where the requester
    is no side of it.
    """
    other = "buyer" if side == "seller" else "seller"
    return [{**each, other: WINNER} for each in settlements[:1] if each[side] == requester]


def _price(domain: Domain) -> AmountIssue:
    named = domain.settlements[0].price if domain.settlements else None
    amounts = {issue.name: issue for issue in domain.issues if isinstance(issue, AmountIssue)}
    wanted = named.get("issue") if isinstance(named, Mapping) else None
    found = amounts.get(str(wanted)) or next(iter(amounts.values()), None)
    if found is None:
        raise CaseInvalid("Nothing in this domain is a price to bid", field="price", title=domain.title)
    return found


def _reserve(space: Space, price: AmountIssue, selling: bool) -> int:
    """The worst price for the requester at which some outcome is worth its reservation."""
    at = space.names.index(price.name)
    able: list[int] = []
    for branch in space.branches:
        axis = branch.axes[at]
        best = branch.best()
        rest = branch.gain(best) - axis.gains[best[at]]
        pairs = zip(axis.values, axis.gains, strict=True)
        able += [int(value) for value, gain in pairs if rest + gain >= space.reservation]
    worst = price.max if selling else price.min
    return (min if selling else max)(able, default=worst)


def _penalty(domain: Domain, profile: Profile, price: AmountIssue) -> dict[str, Any] | None:
    """What the other issues cost the requester against their best values, in units of the price; None where
    the price is worth nothing to it, or nothing else is.
    """
    curve = profile.utilities.get(price.name)
    if not isinstance(curve, Curve) or not profile.weights[price.name]:
        return None
    dear, cheap = (pick(curve.points, key=lambda point: point.utility) for pick in (min, max))
    span = profile.weights[price.name] * (cheap.utility - dear.utility)
    if not span:
        return None
    width = abs(cheap.at - dear.at)

    def cost(issue: str, lost: int) -> int:
        return profile.weights[issue] * lost * width // span

    found: list[dict[str, Any]] = []
    for issue in domain.issues:
        utility = profile.utilities.get(issue.name)
        if issue.name == price.name or not profile.weights[issue.name]:
            continue
        if isinstance(issue, ChoiceIssue) and isinstance(utility, Table):
            best = max(utility.values.values())
            costs = {value: cost(issue.name, best - utility.values[value]) for value in issue.values}
            found.append({"case": issue.name, "of": {value: str(each) for value, each in costs.items()}})
        elif not isinstance(issue, ChoiceIssue) and isinstance(utility, Curve) and issue.max > issue.min:
            rise = utility.ppm(issue.max) - utility.ppm(issue.min)
            here = {"issue": issue.name}
            away = {"sub": [str(issue.max), here]} if rise > 0 else {"sub": [here, str(issue.min)]}
            whole = {"mul": [away, str(cost(issue.name, abs(rise)))]}
            found.append({"floor_div": [whole, str(issue.max - issue.min)]})
    return None if not found else found[0] if len(found) == 1 else {"add": found}
