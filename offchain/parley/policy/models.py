"""Rules, bundles and decisions: what goes into the policy engine and what comes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from parley.policy.errors import BundleInvalid
from parley.policy.risk import Risk, RiskModel
from parley.terms.documents import Document, Part
from parley.terms.lists import JsonObject, Many, ShortText
from parley.terms.values import Address, Amount, Count, Hash32

Layer = Literal["global", "organisation", "counterparty"]
Severity = Literal["refuse", "escalate", "warn"]
Moment = Literal["outgoing", "incoming", "acceptance", "signature"]
Outcome = Literal["allow", "escalate", "refuse"]

LAYERS: tuple[Layer, ...] = ("global", "organisation", "counterparty")
MOMENTS: tuple[Moment, ...] = ("outgoing", "incoming", "acceptance", "signature")
MAX_RULES = 200

RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


class Rule(Part):
    """One requirement: the CEL `expression` has to be true, or the rule speaks with its `severity`.

    Since a rule can only object, adding rules only ever tightens: that is what makes layers safe. `since`
    (unix seconds) is when it comes into force; `counterparty` limits a rule of the counterparty layer to that
    address; `moments` are the checks it takes part in.
    """

    id: RuleId
    layer: Layer
    severity: Severity
    expression: Annotated[str, Field(min_length=1, max_length=1000)]
    reason: ShortText
    since: Count = 0
    moments: Many[Moment] = MOMENTS
    counterparty: Address | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.layer == "counterparty") != (self.counterparty is not None):
            raise ValueError("rules of the counterparty layer, and no others, name a counterparty")
        if not self.moments or len(set(self.moments)) != len(self.moments):
            raise ValueError("moments must be distinct and at least one")
        return self


class Bundle(Document):
    """A versioned set of rules; its document hash names it in every decision.

    `risk` scores each decision; a tier of approval escalates unless the terms are approved, and one of
    refusal refuses, whatever the rules say. `approvals` is how many reviewers have to approve (two: four
    eyes).

    `opaque` says what happens to a payload that is sealed to the parties: `edges` evaluates here the rules
    that do without it and leaves the others to the parties, `refuse` (and nothing said) refuses.

    `amount_unit` is how many base units one unit of an amount has inside the rules: integers there have 64
    bits, so tokens of 18 decimals need a larger unit. An amount that is not a multiple of it is refused,
    never rounded.
    """

    schema_: Literal["parley/policy"] = Field(default="parley/policy", alias="schema")
    name: ShortText
    amount_unit: Amount = 1
    risk: RiskModel | None = None
    approvals: Literal[1, 2] | None = None
    opaque: Literal["refuse", "edges"] | None = None
    rules: Annotated[Many[Rule], Field(max_length=MAX_RULES)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.amount_unit == 0:
            raise ValueError("amount_unit must be above 0")
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) != len(ids):
            raise ValueError("rule ids must be distinct")
        return self


def layered(name: str, bundles: Iterable[Bundle]) -> Bundle:
    """One bundle out of several, broadest layer first.

    A lower layer can only tighten: rules are joined and none replaces another, so a rule id used twice with
    different content is refused. The largest number of approvals holds. Raises `BundleInvalid`.
    """
    bundles = tuple(bundles)
    rules: dict[str, Rule] = {}
    units: set[int] = set()
    for bundle in bundles:
        units.add(bundle.amount_unit)
        for rule in bundle.rules:
            if rules.setdefault(rule.id, rule) != rule:
                raise BundleInvalid("Two layers define a rule of this id differently", rule=rule.id)
    if len(units) > 1:
        raise BundleInvalid(
            "The layers count amounts in different units", units=[str(u) for u in sorted(units)]
        )
    if len(rules) > MAX_RULES:
        raise BundleInvalid("Too many rules", count=len(rules), limit=MAX_RULES)
    ordered = tuple(sorted(rules.values(), key=lambda rule: LAYERS.index(rule.layer)))
    eyes = [bundle.approvals for bundle in bundles if bundle.approvals is not None]
    return Bundle(
        name=name,
        amount_unit=units.pop() if units else 1,
        rules=ordered,
        risk=_one_risk(bundles),
        approvals=max(eyes) if eyes else None,
        opaque="edges" if bundles and all(bundle.opaque == "edges" for bundle in bundles) else None,
    )


def _one_risk(bundles: Iterable[Bundle]) -> RiskModel | None:
    """The layers' risk model: with two different ones nobody could say which is the tighter."""
    found: RiskModel | None = None
    for bundle in bundles:
        if bundle.risk is not None and found is not None and found != bundle.risk:
            raise BundleInvalid("Two layers score risk differently", bundle=bundle.name)
        found = bundle.risk or found
    return found


class Finding(Part):
    """A rule that objected, with the values that it looked at (amounts as decimal strings in base units)."""

    rule: str
    severity: Severity
    reason: ShortText
    values: JsonObject


class Decision(Document):
    """What the bundle says about these facts. `outcome` is the gravest finding's; warnings allow. `unseen`
    are the rules that were left to the parties because the payload is sealed.
    """

    schema_: Literal["parley/decision"] = Field(default="parley/decision", alias="schema")
    outcome: Outcome
    moment: Moment
    bundle: Hash32
    findings: Many[Finding]
    facts: JsonObject
    risk: Risk | None = None
    unseen: Many[ShortText] | None = None

    @property
    def allowed(self) -> bool:
        return self.outcome == "allow"

    def as_json(self) -> dict[str, Any]:
        """The JSON form, field by field: every offer is decided on, and by the schema it costs three times as
        much.
        """
        document: dict[str, Any] = {
            "schema": self.schema_,
            "version": self.version,
            "outcome": self.outcome,
            "moment": self.moment,
            "bundle": self.bundle,
            "findings": [finding.as_json() for finding in self.findings],
            "facts": dict(self.facts),
        }
        if self.risk is not None:
            document["risk"] = self.risk.as_json()
        if self.unseen is not None:
            document["unseen"] = list(self.unseen)
        return document

    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that objected."""
        return tuple(finding.rule for finding in self.findings)

    def problem(self) -> dict[str, Any]:
        """The findings as JSON values, for an error or a page."""
        return {"bundle": self.bundle, "findings": [finding.as_json() for finding in self.findings]}
