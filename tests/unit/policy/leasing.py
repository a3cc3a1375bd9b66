"""A small lease to solve: price, hours, payment and colour, with a settlement and a buyer's profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from parley.errors import ParleyError
from parley.policy.facts import Counterparty, Exposure
from parley.policy.models import Bundle, Rule
from parley.policy.service import PolicyEngine
from parley.policy.solver import Floor, Scores, Situation
from parley.policy.solver_worth import exact_of
from parley.terms.domain import Domain, IssueValue
from parley.terms.profile import Profile
from parley.terms.values import ZERO_ADDRESS, Address

SELLER = Address("0x" + "5e" * 20)
ISSUES: list[dict[str, Any]] = [
    {"name": "unit", "type": "amount", "min": "100", "max": "400", "step": "50"},
    {"name": "hours", "type": "integer", "min": 1, "max": 5, "step": 1},
    {"name": "payment", "type": "choice", "values": ["upfront", "half", "late"]},
    {"name": "colour", "type": "choice", "values": ["red", "green"]},
]


def lease(issues: Sequence[dict[str, Any]] = ISSUES, price: Any = None) -> Domain:
    settlement = {
        "buyer": "buyer",
        "seller": "seller",
        "token": SELLER,
        "arbiter": ZERO_ADDRESS,
        "relayer": ZERO_ADDRESS,
        "price": {"mul": [{"issue": "unit"}, {"issue": "hours"}]} if price is None else price,
        "seller_bond": 0,
        "arbiter_fee": 0,
        "relay_fee": 0,
        "cancel_by": 0,
        "review_window": 60,
        "dispute_window": 60,
        "ruling_window": 60,
        "rejected_seller_bps": 0,
        "lapsed_seller_bps": 0,
        "walk_away_bps": 0,
        "payout": 0,
        "milestones": [{"amount": {"rest": True}, "deliver_by": {"var": "open_by"}}],
    }
    return Domain.parse(
        {
            "schema": "parley/domain",
            "version": 1,
            "title": "lease",
            "issues": list(issues),
            "fixed": {"law": "somewhere"},
            "roles": ["buyer", "seller"],
            "protocol": "alternating-offers",
            "limits": {
                "max_rounds": 5,
                "deadline_seconds": 3_600,
                "min_concession_ppm": 0,
                "repeat_cap": 1,
                "max_queries": 2,
                "open_window_seconds": 600,
                "fallback": "abort",
            },
            "settlements": [settlement],
            "data_class": "internal",
            "assumptions": [],
        }
    )


DOMAIN = lease()


def buyer(domain: Domain = DOMAIN, **changes: Any) -> Profile:
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 2,
            "domain": domain.hash(),
            "role": "buyer",
            "weights": {"unit": 500_000, "hours": 300_000, "payment": 200_000, "colour": 0},
            "utilities": {
                "unit": {"points": [{"at": "100", "utility": 1_000_000}, {"at": "400", "utility": 0}]},
                "hours": {"points": [{"at": "1", "utility": 0}, {"at": "5", "utility": 1_000_000}]},
                "payment": {"values": {"upfront": 0, "half": 400_000, "late": 1_000_000}},
                "colour": {"values": {"red": 0, "green": 10}},
            },
            "reservation_ppm": 0,
            **changes,
        }
    )


def rule(expression: str, **changes: Any) -> Rule:
    fields = {"id": "r", "layer": "organisation", "severity": "refuse", "reason": "because", **changes}
    return Rule(expression=expression, **fields)


def situation(*rules: str | Rule, unit: int = 1, risk: Any = None, **changes: Any) -> Situation:
    """The policy with these rules, r0 and on, and what is known beside an offer."""
    made = tuple(
        given if isinstance(given, Rule) else rule(given, id=f"r{at}") for at, given in enumerate(rules)
    )
    fields: dict[str, Any] = {
        "engine": PolicyEngine(Bundle(name="test", rules=made, amount_unit=unit, risk=risk)),
        "role": "buyer",
        "counterparty": Counterparty(address=SELLER, region="EU", reputation_ppm=600_000),
        "now": 1_000,
        "exposure": Exposure(budget=2_000, committed=300, reserved=200),
        "limits": {"hours": 4},
        **changes,
    }
    return Situation(**fields)


def outcomes(domain: Domain) -> Iterator[dict[str, IssueValue]]:
    names = [issue.name for issue in domain.issues]
    for values in product(*([issue.value_at(at) for at in range(issue.size)] for issue in domain.issues)):
        yield dict(zip(names, values, strict=True))


def admissible(
    domain: Domain,
    values: dict[str, IssueValue],
    profile: Profile,
    where: Situation | None,
    floors: Sequence[Floor] = (),
) -> bool:
    """By the documents and the policy engine alone."""
    if not profile.allows(values) or exact_of(profile, values) < profile.reservation_ppm * 1_000_000:
        return False
    for floor in floors:
        exact = floor.worth.of(values) if isinstance(floor.worth, Scores) else exact_of(floor.worth, values)
        if exact < floor.least or (floor.most is not None and exact > floor.most):
            return False
    if where is None:
        return True
    try:
        return not where.objections(where.facts(domain, values))
    except ParleyError:
        return False


def first_of_best(
    domain: Domain,
    profile: Profile,
    where: Situation | None = None,
    floors: Sequence[Floor] = (),
) -> dict[str, IssueValue] | None:
    """The best admissible outcome in canonical order, by looking at each."""
    free = [name for name, weight in profile.weights.items() if not weight and name in profile.utilities]
    best = None
    for values in outcomes(domain):
        if admissible(domain, values, profile, where, floors):
            liking = sum(profile.issue_ppm(name, values[name]) for name in free)
            key = (exact_of(profile, values), liking)
            if best is None or key > best[0]:
                best = (key, values)
    return None if best is None else best[1]
