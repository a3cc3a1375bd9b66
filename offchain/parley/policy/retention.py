"""How long payloads are kept, as data: a schedule for each class and organisation, legal holds, and what is
due. Pure.

Orders are signed and numbered like those of the kill switch. For each party the most specific rule counts
(its organisation before none, a class before all), and among the parties the shortest: a promise to erase
that was made to one of them is kept, and whoever needs the record longer keeps a bundle of its own. A hold, a
dispute or an open deal keeps everything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from parley.policy.errors import RetentionInvalid
from parley.policy.models import RuleId
from parley.terms.documents import Document, Part
from parley.terms.lists import Many, ShortText
from parley.terms.values import Address, Count, Hash32

SHORTEST = 86_400
"""No payload is due before the longest window in which an agreement can still be signed and opened."""
DataClass = Literal["public", "internal", "personal"]
Action = Literal["schedule", "hold", "release"]


class RetentionRule(Part):
    """Keeps payloads for `keep_seconds` after the negotiation ended, or after its last deal closed.

    `data_class` limits it to domains of that class, `organisation` to negotiations of its `agents`.
    """

    id: RuleId
    data_class: DataClass | None = None
    organisation: Annotated[ShortText, Field(min_length=1)] | None = None
    agents: Annotated[Many[Address], Field(max_length=1_000)] = ()
    keep_seconds: Annotated[int, Field(ge=SHORTEST, le=2**53 - 1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.organisation is None) != (not self.agents):
            raise ValueError("an organisation, and nothing else, lists its agents")
        return self


class RetentionSchedule(Document):
    """The rules of a gateway; its document hash is named in every erasure."""

    schema_: Literal["parley/retention"] = Field(default="parley/retention", alias="schema")
    name: ShortText
    rules: Annotated[Many[RetentionRule], Field(max_length=200)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len({rule.id for rule in self.rules}) != len(self.rules):
            raise ValueError("rule ids must be distinct")
        return self

    def rule_for(self, data_class: DataClass, parties: Collection[str]) -> RetentionRule | None:
        """The rule that decides for a negotiation between `parties`, or None: then it is kept."""
        found = [rule for party in parties if (rule := self._of(data_class, party)) is not None]
        return min(found, key=lambda rule: (rule.keep_seconds, rule.id), default=None)

    def _of(self, data_class: DataClass, party: str) -> RetentionRule | None:
        fitting = [
            rule
            for rule in self.rules
            if rule.data_class in (None, data_class) and (not rule.agents or party in rule.agents)
        ]
        return min(
            fitting,
            key=lambda rule: (not rule.agents, rule.data_class is None, rule.keep_seconds, rule.id),
            default=None,
        )


class RetentionOrder(Document):
    """One signed order: puts a `schedule` in force, holds a `negotiation` or all of an `agent`, or releases
    the hold with the hash `releases`. `number` is its place in the gateway's log, `issued_at` unix seconds.
    """

    schema_: Literal["parley/retention-order"] = Field(default="parley/retention-order", alias="schema")
    action: Action
    schedule: RetentionSchedule | None = None
    negotiation: Hash32 | None = None
    agent: Address | None = None
    releases: Hash32 | None = None
    reason: Annotated[ShortText, Field(min_length=1)]
    number: Count
    issued_at: Count

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        named = {
            "schedule": self.schedule is not None,
            "hold": (self.negotiation is None) != (self.agent is None),
            "release": self.releases is not None,
        }
        others = (self.schedule, self.negotiation or self.agent, self.releases)
        if not named[self.action] or sum(other is not None for other in others) != 1:
            raise ValueError("an order names a schedule, or what it holds, or the hold it releases")
        return self


@dataclass(frozen=True, slots=True)
class Ended:
    """A negotiation that is over. `open_deals`: deals of it that are not closed, or are on their way;
    `ended_at` is when it ended or when the last of them closed, unix seconds.
    """

    negotiation: Hash32
    data_class: DataClass
    parties: tuple[str, ...]
    ended_at: int
    open_deals: int = 0


@dataclass(frozen=True, slots=True)
class Retention:
    """The schedule in force and the holds by the hash of the order that placed them."""

    schedule: RetentionSchedule | None = None
    holds: Mapping[Hash32, RetentionOrder] = field(default_factory=dict)
    given: int = 0

    def after(self, order: RetentionOrder) -> Retention:
        """The state after one more order. Raises `RetentionInvalid` when it does not follow."""
        if order.number != self.given:
            raise RetentionInvalid("The order has another number", expected=self.given, actual=order.number)
        holds, schedule = dict(self.holds), order.schedule or self.schedule
        if order.action == "hold":
            holds[order.hash()] = order
        elif order.releases is not None and holds.pop(order.releases, None) is None:
            raise RetentionInvalid("Nothing is held by the order it releases", releases=order.releases)
        return Retention(schedule, holds, self.given + 1)

    def held(self, ended: Ended) -> RetentionOrder | None:
        """The oldest hold that covers this negotiation."""
        for order in self.holds.values():
            if order.negotiation == ended.negotiation or order.agent in ended.parties:
                return order
        return None

    def due(self, ended: Ended, now: int) -> RetentionRule | None:
        """The rule under which this negotiation's payloads are to be erased now, or None."""
        if self.schedule is None or ended.open_deals or self.held(ended) is not None:
            return None
        rule = self.schedule.rule_for(ended.data_class, ended.parties)
        return rule if rule is not None and now >= ended.ended_at + rule.keep_seconds else None

    @property
    def shortest(self) -> int | None:
        """The shortest time that any rule keeps anything, in seconds."""
        rules = () if self.schedule is None else self.schedule.rules
        return min((rule.keep_seconds for rule in rules), default=None)
