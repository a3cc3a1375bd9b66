"""Everything a rule may look at. Facts that are not known stay absent: a rule that needs them then
refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from parley.policy.errors import RecordInvalid
from parley.terms.documents import Part, invalid_document
from parley.terms.domain import Domain, IssueValue
from parley.terms.errors import TermsError
from parley.terms.expressions import evaluate
from parley.terms.lists import ShortText, Text
from parley.terms.payloads import Context
from parley.terms.values import MAX_SAFE_INTEGER, UINT128_MAX, Address, Amount, Count, Hash32


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


class Provenance(Part):
    """What the offer says it rests on: confidence in ppm, the age of its data in seconds at the check, and
    where the data comes from.
    """

    confidence_ppm: Count | None = None
    age: Count | None = None
    source: Text | None = None


class History(Part):
    """What happened with this counterparty before, counted: agreements, negotiations that ended without
    one, and deals that went to a dispute or a default.
    """

    agreed: Count = 0
    ended: Count = 0
    troubled: Count = 0


class Own(Part):
    """Where the party that speaks is at home, as it says itself."""

    jurisdiction: ShortText | None = None
    region: ShortText | None = None


class Market(Part):
    """What the deals of the party that speaks come to in the last `window` seconds, in the token at hand:
    their number and volume, how much of it was with this counterparty, and how much of that flowed back the
    other way (base units).
    """

    window: Count
    deals: Count
    volume: Amount
    with_counterparty: Amount = 0
    returned: Amount = 0


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
    data: Provenance | None = None
    history: History | None = None
    own: Own | None = None
    market: Market | None = None


class SealedFacts(Part):
    """What is known of an offer whose payload is sealed to the parties."""

    sealed: Literal[True] = True
    role: ShortText
    data_class: Literal["public", "internal", "personal"]
    fixed: Mapping[str, str]
    now: Count
    counterparty: Counterparty
    history: History | None = None
    token: Address | None = None
    arbiter: Address | None = None
    own: Own | None = None
    market: Market | None = None

    def standing_in(self) -> Facts:
        """Facts for rules that look at nothing of the payload: what they do not look at is empty."""
        known = {name: getattr(self, name) for name in type(self).model_fields if name != "sealed"}
        return Facts(**known, values={}, price=0)


def sealed_facts_of(
    domain: Domain,
    *,
    role: str,
    counterparty: Counterparty,
    now: int,
    history: History | None = None,
    own: Own | None = None,
    market: Market | None = None,
) -> SealedFacts:
    """What can be known under `domain` without the payload, for the party of `role`."""
    mine = domain.settled_by(role)
    return SealedFacts(
        role=role,
        data_class=domain.data_class,
        fixed=dict(domain.fixed),
        now=now,
        counterparty=counterparty,
        history=history,
        token=mine[-1].token if mine else None,
        arbiter=mine[-1].arbiter if mine else None,
        own=own,
        market=market,
    )


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
    context: Context | None = None,
    history: History | None = None,
    own: Own | None = None,
    market: Market | None = None,
) -> Facts:
    """The facts of `values` under `domain` for the party of `role`.

    The price is computed from the domain's settlements; raises the errors of `parley.terms` when `values` do
    not suit the domain or an expression has no value in range.
    """
    domain.check_values(values)
    return facts_of_decoded(
        domain,
        dict(values),
        role=role,
        counterparty=counterparty,
        now=now,
        exposure=exposure,
        limits=limits,
        approved=approved,
        terms=terms,
        context=context,
        history=history,
        own=own,
        market=market,
    )


def facts_of_decoded(
    domain: Domain,
    values: dict[str, IssueValue],
    *,
    role: str,
    counterparty: Counterparty,
    now: int,
    exposure: Exposure | None = None,
    limits: Mapping[str, int] | None = None,
    approved: bool = False,
    terms: Hash32 | None = None,
    context: Context | None = None,
    history: History | None = None,
    own: Own | None = None,
    market: Market | None = None,
) -> Facts:
    """As `facts_of`, of values that this domain has decoded, which are kept."""
    price = 0
    token: Address | None = None
    arbiter: Address | None = None
    for settlement in domain.settled_by(role):
        price += evaluate(settlement.price, values, {"open_by": now + domain.limits.open_window_seconds})
        token, arbiter = settlement.token, settlement.arbiter
    fields: dict[str, Any] = {
        "role": role,
        "values": values,
        "amount_issues": domain.amount_names,
        "price": price,
        "data_class": domain.data_class,
        "fixed": domain.fixed,
        "now": now,
        "counterparty": counterparty,
        "exposure": exposure,
        "limits": dict(limits or {}),
        "approved": approved,
        "terms": terms,
        "token": token,
        "arbiter": arbiter,
        "data": None if context is None else provenance_of(context, now),
        "history": history,
        "own": own,
        "market": market,
    }
    if not limits and role in domain.roles and 0 <= price <= UINT128_MAX and 0 <= now <= MAX_SAFE_INTEGER:
        return Facts.unchecked(**fields)  # everything else comes out of checked documents
    try:
        return Facts(**fields)
    except ValidationError as error:
        raise invalid_document(Facts.__name__, error) from None


def provenance_of(context: Context, now: int) -> Provenance:
    """What an offer's context says, at `now`. Data dated in the future has no age: a rule that asks
    refuses.
    """
    age = None if context.data_at is None or context.data_at > now else now - context.data_at
    return Provenance.unchecked(confidence_ppm=context.confidence_ppm, age=age, source=context.provenance)


def recorded(facts: Facts) -> dict[str, Any]:
    """The facts as JSON values for a record: integers of terms and limits as decimal strings, so that no
    size is lost; `numbers` lists which of the terms are integers, so that `facts_of_record` can read them
    back.
    """
    document: dict[str, Any] = {
        "role": facts.role,
        "values": _texts(facts.values),
        "amount_issues": list(facts.amount_issues),
        "price": str(facts.price),
        "data_class": facts.data_class,
        "fixed": dict(facts.fixed),
        "now": facts.now,
        "counterparty": _known(facts.counterparty, ("address", "jurisdiction", "region", "reputation_ppm")),
        "limits": _texts(facts.limits),
        "approved": facts.approved,
        "numbers": sorted(name for name, value in facts.values.items() if not isinstance(value, str)),
        **_known(facts, ("terms", "token", "arbiter")),
    }
    for name in ("exposure", "data", "history", "own", "market"):
        part: Part | None = getattr(facts, name)
        if part is not None:
            document[name] = part.as_json()
    return document


def _texts(values: Mapping[str, int | str]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else str(value) for name, value in values.items()}


def _known(part: Part, names: tuple[str, ...]) -> dict[str, Any]:
    """The fields of these names that are not absent."""
    return {name: value for name in names if (value := getattr(part, name)) is not None}


def facts_of_record(record: Mapping[str, Any]) -> Facts:
    """The facts that `recorded` wrote. Raises `RecordInvalid`."""
    try:
        document = {name: value for name, value in record.items() if name != "numbers"}
        numbers = frozenset(record["numbers"])
        document["values"] = {
            name: int(value) if name in numbers else value for name, value in record["values"].items()
        }
        document["limits"] = {name: int(value) for name, value in record.get("limits", {}).items()}
        document["amount_issues"] = tuple(record.get("amount_issues", ()))
        return Facts.from_json(document)
    except (KeyError, TypeError, ValueError, AttributeError, TermsError) as error:
        raise RecordInvalid(
            "The facts of this record cannot be read back", problem=str(error)[:300]
        ) from None
