"""The kill switch as data: orders that stop, orders that lift, and what is stopped after all of them. Pure.

An order is a document that its issuer signs as a `Statement`. Orders are numbered by their place in one
log, so that none can be played back later; a lift names the order it lifts, and nothing else can undo a stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from parley.policy.errors import ControlInvalid
from parley.terms.documents import Document
from parley.terms.lists import Many, ShortText
from parley.terms.values import Address, Count, Hash32

Scope = Literal["all", "agent", "pair", "token"]
_SUBJECTS: Mapping[Scope, int] = {"all": 0, "agent": 1, "pair": 2, "token": 1}


class ControlOrder(Document):
    """`stop` halts what its scope names from the next message on; `lift` ends the stop with the hash `lifts`.

    `subjects`: none for `all`, the agent for `agent`, both agents for `pair`, the token for `token`. `number`
    is the place of the order in the log of its gateway, `issued_at` unix seconds. `cause` tells a person's
    order from one that a threshold tripped.
    """

    schema_: Literal["parley/control-order"] = Field(default="parley/control-order", alias="schema")
    action: Literal["stop", "lift"]
    scope: Scope
    subjects: Annotated[Many[Address], Field(max_length=2)] = ()
    reason: Annotated[ShortText, Field(min_length=1)]
    cause: Literal["person", "threshold"] = "person"
    number: Count
    issued_at: Count
    lifts: Hash32 | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.subjects) != _SUBJECTS[self.scope]:
            raise ValueError(f"scope {self.scope} names {_SUBJECTS[self.scope]} subjects")
        if list(self.subjects) != sorted(set(self.subjects)):
            raise ValueError("subjects must be distinct and in ascending order")
        if (self.action == "lift") != (self.lifts is not None):
            raise ValueError("a lift, and nothing else, names the order it lifts")
        return self


@dataclass(frozen=True, slots=True)
class Controls:
    """What is stopped: active orders by their hash, in the order they were given."""

    active: Mapping[Hash32, ControlOrder]
    given: int = 0

    @classmethod
    def none(cls) -> Controls:
        return cls({})

    @classmethod
    def fold(cls, orders: Iterable[ControlOrder]) -> Controls:
        """The state after `orders`. Raises `ControlInvalid` at the first that does not fit."""
        found = cls.none()
        for order in orders:
            found = found.after(order)
        return found

    def after(self, order: ControlOrder) -> Controls:
        """The state after one more order.

        Raises `ControlInvalid` when its number is not the next one, when it lifts what is not stopped, or
        when scope and subjects of a lift differ from those of the stop it names.
        """
        if order.number != self.given:
            raise ControlInvalid("The order has another number", expected=self.given, actual=order.number)
        active = dict(self.active)
        if order.lifts is None:
            active[order.hash()] = order
        else:
            stopped = active.pop(order.lifts, None)
            if stopped is None:
                raise ControlInvalid("Nothing is stopped by the order it lifts", lifts=order.lifts)
            if (stopped.scope, stopped.subjects) != (order.scope, order.subjects):
                raise ControlInvalid(
                    "The lift names another scope than the stop",
                    lifts=order.lifts,
                    scope=stopped.scope,
                    subjects=list(stopped.subjects),
                )
        return Controls(active, self.given + 1)

    def stopping(
        self, agents: Iterable[str], tokens: Iterable[str] = ()
    ) -> tuple[Hash32, ControlOrder] | None:
        """The oldest active stop that covers these agents dealing with each other in these tokens, or
        None.
        """
        if not self.active:
            return None
        parties, money = frozenset(agents), frozenset(tokens)
        for order_hash, order in self.active.items():
            if _covers(order, parties, money):
                return order_hash, order
        return None


def _covers(order: ControlOrder, agents: frozenset[str], tokens: frozenset[str]) -> bool:
    if order.scope == "all":
        return True
    if order.scope == "token":
        return order.subjects[0] in tokens
    return agents.issuperset(order.subjects)
