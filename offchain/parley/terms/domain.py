"""The domain document: what is negotiated, by whom, within which limits, and how it settles."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from parley.terms.canonical import dump_canonical
from parley.terms.documents import Document, Part
from parley.terms.domain_rules import check_protocol
from parley.terms.errors import EvaluationFailed, ExpressionInvalid, IssueValuesInvalid
from parley.terms.expressions import (
    VARIABLES,
    Expression,
    check_case,
    check_names,
    evaluate,
    is_constant,
)
from parley.terms.issues import AmountIssue, ChoiceIssue, IntegerIssue, Issue, IssueValue
from parley.terms.lists import Many, Text, Texts
from parley.terms.protocols import (
    WINNER,
    Auction,
    ExpressionField,
    Mediation,
    RoleName,
    Yes,
    checked_expression,
)
from parley.terms.values import Address, Count, Hash32, keccak

__all__ = [
    "AmountIssue",
    "ChoiceIssue",
    "Domain",
    "IntegerIssue",
    "Issue",
    "IssueValue",
    "Limits",
    "MilestoneCase",
    "Rest",
    "RoleName",
    "Settlement",
    "SettlementMilestone",
]

PPM = 1_000_000
DECODED = 128
"""How many offers' values a domain keeps at hand."""


class Limits(Part):
    """When a negotiation ends by itself (docs/spec.md section 5, stops); times in seconds, shares in ppm."""

    max_rounds: Annotated[int, Field(ge=1, le=10_000)]
    deadline_seconds: Annotated[int, Field(ge=1, le=31_536_000)]
    min_concession_ppm: Annotated[int, Field(ge=0, le=PPM)]
    repeat_cap: Count
    max_queries: Count
    open_window_seconds: Annotated[int, Field(ge=60, le=86_400)]
    fallback: Literal["abort", "escalate", "post"]


class Rest(Part):
    """The price less the other milestones."""

    rest: Annotated[bool, Field(strict=True)]

    @model_validator(mode="after")
    def _true(self) -> Self:
        if not self.rest:
            raise ValueError("rest is true or the whole object is left out")
        return self


def _amount_of_milestone(value: Any) -> Any:
    if isinstance(value, Mapping) and "rest" in value:
        if value.keys() != {"rest"} or value["rest"] is not True:
            raise ValueError("the rest is written as an object with rest true and nothing else")
        return Rest(rest=True)
    return value if isinstance(value, Rest) else checked_expression(value)


class SettlementMilestone(Part):
    """A milestone by expressions; left out of the deal when `when` or the amount is 0."""

    amount: Annotated[
        Rest | Expression,
        PlainValidator(_amount_of_milestone),
        WithJsonSchema({"type": ["integer", "string", "object"]}),
    ]
    deliver_by: ExpressionField
    when: ExpressionField | None = None


MilestoneList = Annotated[Many[SettlementMilestone], Field(min_length=1, max_length=64)]


class MilestoneCase(Part):
    """One list of milestones for each value of a choice issue."""

    case: str
    of: Mapping[str, MilestoneList]


def _milestones(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Settlement(Part):
    """How the agreed values become one deal: every field an expression (amounts base units, times unix
    seconds).

    With `remaining` the milestones are the whole schedule: an amendment keeps those from the current one on,
    and pays what they sum to.
    """

    buyer: RoleName
    seller: RoleName
    token: Address
    arbiter: Address
    relayer: Address
    price: ExpressionField
    seller_bond: ExpressionField
    arbiter_fee: ExpressionField
    relay_fee: ExpressionField
    cancel_by: ExpressionField
    review_window: ExpressionField
    dispute_window: ExpressionField
    ruling_window: ExpressionField
    rejected_seller_bps: ExpressionField
    lapsed_seller_bps: ExpressionField
    walk_away_bps: ExpressionField
    payout: Annotated[int, Field(ge=0, le=3)]
    milestones: Annotated[
        Annotated[tuple[SettlementMilestone, ...], Field(min_length=1, max_length=64)] | MilestoneCase,
        BeforeValidator(_milestones),
    ]
    remaining: Yes | None = None

    def milestones_for(self, values: Mapping[str, IssueValue]) -> tuple[SettlementMilestone, ...]:
        """The list that holds for the agreed values."""
        if isinstance(self.milestones, MilestoneCase):
            return tuple(self.milestones.of[str(values[self.milestones.case])])
        return self.milestones

    def milestone_lists(self) -> tuple[tuple[SettlementMilestone, ...], ...]:
        """Every list that can hold."""
        if isinstance(self.milestones, MilestoneCase):
            return tuple(tuple(entries) for entries in self.milestones.of.values())
        return (self.milestones,)


FIELD_BITS: Mapping[str, int] = {
    "price": 128,
    "seller_bond": 128,
    "arbiter_fee": 128,
    "relay_fee": 128,
    "cancel_by": 40,
    "review_window": 32,
    "dispute_window": 32,
    "ruling_window": 32,
    "rejected_seller_bps": 16,
    "lapsed_seller_bps": 16,
    "walk_away_bps": 16,
}
"""Expression fields of a settlement and the width of the deal's field."""


class Domain(Document):
    """What is negotiated. Amounts are base units of each settlement's token."""

    schema_: Literal["parley/domain"] = Field(default="parley/domain", alias="schema")
    title: Text
    issues: Annotated[Many[Issue], Field(min_length=1, max_length=64)]
    fixed: Mapping[str, Text]
    roles: Annotated[Many[RoleName], Field(min_length=2, max_length=16)]
    protocol: Literal["alternating-offers", "sealed-bid", "mediated"]
    limits: Limits
    settlements: Annotated[Many[Settlement], Field(max_length=64)]
    data_class: Literal["public", "internal", "personal"]
    assumptions: Texts
    auction: Auction | None = None
    mediation: Mediation | None = None
    approval: ExpressionField | None = None
    escalation: Annotated[Many[RoleName], Field(min_length=1, max_length=16)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len({issue.name for issue in self.issues}) != len(self.issues):
            raise ValueError("two issues have the same name")
        if len(set(self.roles)) != len(self.roles):
            raise ValueError("two roles have the same name")
        for index, settlement in enumerate(self.settlements):
            try:
                self._check_settlement(settlement)
            except (ExpressionInvalid, IssueValuesInvalid) as error:
                raise ValueError(f"settlement {index}: {error.message}") from None
        try:
            check_protocol(self, self._by_name)
        except (ExpressionInvalid, IssueValuesInvalid) as error:
            raise ValueError(error.message) from None
        return self

    def _check_settlement(self, settlement: Settlement) -> None:
        roles = {*self.roles, WINNER} if self.auction is not None else set(self.roles)
        if settlement.buyer not in roles or settlement.seller not in roles:
            raise ExpressionInvalid("buyer and seller must be roles of the domain", problem="role")
        if settlement.buyer == settlement.seller:
            raise ExpressionInvalid("buyer and seller must differ", problem="role")
        for field, bits in FIELD_BITS.items():
            allowed = VARIABLES - {"price"} if field == "price" else VARIABLES
            self._check_expression(field, getattr(settlement, field), allowed, bits)
        if isinstance(settlement.milestones, MilestoneCase):
            check_case(settlement.milestones.case, settlement.milestones.of, self._by_name)
        for entries in settlement.milestone_lists():
            for position, entry in enumerate(entries):
                if not isinstance(entry.amount, Rest):
                    self._check_expression("amount", entry.amount, VARIABLES, 128)
                elif position != len(entries) - 1:
                    raise ExpressionInvalid("only the last milestone may be the rest", problem="rest")
                self._check_expression("deliver_by", entry.deliver_by, VARIABLES, 40)
                if entry.when is not None:
                    self._check_expression("when", entry.when, VARIABLES, None)

    def _check_expression(
        self, field: str, expression: Expression, variables: frozenset[str], bits: int | None
    ) -> None:
        check_names(expression, self._by_name, variables)
        if is_constant(expression):
            try:
                result = evaluate(expression, {}, {})
            except EvaluationFailed as error:
                raise ExpressionInvalid(f"{field}: {error}", problem="constant", at=field) from None
            if result < 0 or (bits is not None and result >> bits):
                raise ExpressionInvalid(f"{field}: the constant is out of range", problem="range", at=field)

    @cached_property
    def _by_name(self) -> Mapping[str, AmountIssue | IntegerIssue | ChoiceIssue]:
        return {issue.name: issue for issue in self.issues}

    def issue(self, name: str) -> AmountIssue | IntegerIssue | ChoiceIssue:
        """The issue of this name. Raises `IssueValuesInvalid`."""
        try:
            return self._by_name[name]
        except KeyError:
            raise IssueValuesInvalid("the domain has no such issue", issue=str(name)[:80], value="") from None

    def side_of(
        self, settlement: Settlement, role: str | None, winner: str | None = None
    ) -> Literal["buyer", "seller"] | None:
        """What `role` is in a settlement. Where it settles with the winner of an award that is `winner`, and
        while nobody is named every role but the requester's: each of them may come to be it.
        """
        for side, named in (("buyer", settlement.buyer), ("seller", settlement.seller)):
            if role == named or (
                self.auction is not None
                and named == WINNER
                and role != self.auction.requester
                and role in (self.roles if winner is None else (winner,))
            ):
                return "buyer" if side == "buyer" else "seller"
        return None

    def settled_by(self, role: str | None) -> tuple[Settlement, ...]:
        """The settlements that `role` has a side in, in order."""
        found = self._settled_by.get(role)
        if found is None:
            found = tuple(entry for entry in self.settlements if self.side_of(entry, role) is not None)
            if role in self.roles:
                self._settled_by[role] = found
        return found

    @cached_property
    def _settled_by(self) -> dict[str | None, tuple[Settlement, ...]]:
        return {}

    @cached_property
    def amount_names(self) -> tuple[str, ...]:
        """Names of the amount issues."""
        return tuple(issue.name for issue in self.issues if issue.type == "amount")

    @cached_property
    def tokens(self) -> tuple[Address, ...]:
        """The token of each settlement."""
        return tuple(settlement.token for settlement in self.settlements)

    def outcome_count(self) -> int:
        """Number of possible outcomes: the product of the issues' sizes."""
        count = 1
        for issue in self.issues:
            count *= issue.size
        return count

    def check_values(self, values: Mapping[str, IssueValue]) -> None:
        """Raises `IssueValuesInvalid` unless there is one admissible Python value for every issue and no
        other.
        """
        self._check_complete(values)
        for issue in self.issues:
            issue.check(values[issue.name])

    def decode_values(self, json_values: Mapping[str, Any]) -> dict[str, IssueValue]:
        """Python values of the JSON values of an offer or terms. Raises `IssueValuesInvalid`."""
        self._check_complete(json_values)
        return {issue.name: issue.decode(json_values[issue.name]) for issue in self.issues}

    def decoded(self, json_values: Mapping[str, Any]) -> tuple[tuple[IssueValue, ...], Hash32]:
        """The Python values in the order of the issues, and the document hash of the JSON values.

        Raises `IssueValuesInvalid`. What was asked last is remembered: offers repeat, and a domain is shared
        by many negotiations.
        """
        key = tuple(json_values.items())
        found = self._decoded.get(key)
        if found is None:
            values = self.decode_values(json_values)
            # Decoding found each value inside the JSON profile.
            found = tuple(values.values()), Hash32.of(keccak(dump_canonical(dict(json_values))))
            if len(self._decoded) >= DECODED:
                self._decoded.clear()
            self._decoded[key] = found
        return found

    @cached_property
    def _decoded(self) -> dict[tuple[tuple[str, Any], ...], tuple[tuple[IssueValue, ...], Hash32]]:
        return {}

    def encode_values(self, values: Mapping[str, IssueValue]) -> dict[str, int | str]:
        """JSON values, as an offer carries them, of Python values. Raises `IssueValuesInvalid`."""
        self._check_complete(values)
        return {issue.name: issue.encode(values[issue.name]) for issue in self.issues}

    def encoded(self, values: tuple[IssueValue, ...]) -> Mapping[str, int | str]:
        """As `encode_values`, of values in the order of the issues; remembered, and to be read only."""
        found = self._encoded.get(values)
        if found is None:
            if len(values) != len(self.issues):
                raise IssueValuesInvalid("one value for every issue is needed", issue="", value="")
            pairs = zip(self.issues, values, strict=True)
            found = {issue.name: issue.encode(value) for issue, value in pairs}
            if len(self._encoded) >= DECODED:
                self._encoded.clear()
            self._encoded[values] = found
        return found

    @cached_property
    def _encoded(self) -> dict[tuple[IssueValue, ...], dict[str, int | str]]:
        return {}

    def _check_complete(self, values: Mapping[str, Any]) -> None:
        if values.keys() != self._by_name.keys():
            wrong = sorted(str(name) for name in values.keys() ^ self._by_name.keys())
            raise IssueValuesInvalid(
                "one value for every issue and no other is needed", issue=wrong[0][:80], value=""
            )
