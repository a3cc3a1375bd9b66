"""Everything a rule may look at. Facts that are not known stay absent: a rule that needs them then
refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from parley.terms.documents import Part
from parley.terms.domain import Domain, IssueValue
from parley.terms.expressions import evaluate
from parley.terms.lists import ShortText
from parley.terms.values import Address, Amount, Count, Hash32


class Counterparty(Part):
    """Who the other side is. `jurisdiction` is a country code, `region` a bloc such as `EU` or `US`."""

    address: Address
    jurisdiction: ShortText | None = None
    region: ShortText | None = None
    reputation_ppm: Count | None = None


class Exposure(Part):
    """Money bound elsewhere, base units: this deal is in none of the numbers. `by_counterparty` is what is
    reserved and committed with this counterparty.
    """

    budget: Amount
    committed: Amount = 0
    reserved: Amount = 0
    by_counterparty: Amount = 0


class Facts(Part):
    """What one decision rests on.

    `price` is what this role pays (or earns) in all settlements, base units; `values` the terms, amount
    issues in base units; `limits` integers that the owner sets for the moment, such as the hours it still
    needs; `approved` whether a valid approval for exactly these terms exists at `now`.
    """

    role: ShortText
    values: Mapping[str, int | str]
    amount_issues: tuple[str, ...] = ()
    price: Amount
    data_class: Literal["public", "internal", "personal"]
    fixed: Mapping[str, str]
    now: Count
    counterparty: Counterparty
    exposure: Exposure | None = None
    limits: Mapping[str, int] = {}
    approved: bool = False
    terms: Hash32 | None = None
    token: Address | None = None
    arbiter: Address | None = None


def facts_of(
    domain: Domain,
    values: Mapping[str, IssueValue],
    *,
    role: str,
    counterparty: Counterparty,
    now: int,
    exposure: Exposure | None = None,
    limits: Mapping[str, int] | None = None,
    approved: bool = False,
    terms: Hash32 | None = None,
) -> Facts:
    """The facts of `values` under `domain` for the party of `role`.

    The price is computed from the domain's settlements; raises the errors of `parley.terms` when `values` do
    not suit the domain or an expression has no value in range.
    """
    domain.check_values(values)
    price = 0
    token: Address | None = None
    arbiter: Address | None = None
    for settlement in domain.settlements:
        if role in (settlement.buyer, settlement.seller):
            price += evaluate(settlement.price, values, {"open_by": now + domain.limits.open_window_seconds})
            token, arbiter = settlement.token, settlement.arbiter
    return Facts(
        role=role,
        values=dict(values),
        amount_issues=domain_amounts(domain),
        price=price,
        data_class=domain.data_class,
        fixed=dict(domain.fixed),
        now=now,
        counterparty=counterparty,
        exposure=exposure,
        limits=dict(limits or {}),
        approved=approved,
        terms=terms,
        token=token,
        arbiter=arbiter,
    )


def domain_amounts(domain: Domain) -> tuple[str, ...]:
    """Names of the amount issues."""
    return tuple(issue.name for issue in domain.issues if issue.type == "amount")
