"""What a candidate bundle would have decided: recorded decisions replayed, and every difference listed.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from parley.policy.errors import RecordInvalid
from parley.policy.facts import facts_of_record
from parley.policy.models import Bundle, Decision, Moment, Outcome
from parley.policy.service import PolicyEngine
from parley.terms.documents import Document, Part
from parley.terms.lists import JsonObject, Many, ShortText
from parley.terms.values import Count, Hash32

GRAVITY: dict[Outcome, int] = {"allow": 0, "escalate": 1, "refuse": 2}


class Change(Part):
    """A decision that would be another. `place` says where it was recorded."""

    place: ShortText
    moment: Moment
    before: Outcome
    after: Outcome
    rules_before: Many[str]
    rules_after: Many[str]
    facts: JsonObject

    @property
    def tightens(self) -> bool:
        return GRAVITY[self.after] > GRAVITY[self.before]


class Impact(Document):
    """Every decision that `bundle` would change, out of `replayed`; `unreadable` records could not be
    replayed.
    """

    schema_: Literal["parley/policy-impact"] = Field(default="parley/policy-impact", alias="schema")
    bundle: Hash32
    replayed: Count
    unreadable: Many[ShortText]
    tightened: Count
    loosened: Count
    changes: Many[Change]


def impact(candidate: Bundle, records: Iterable[tuple[str, Decision]]) -> Impact:
    """Replays (place, decision) records under `candidate`. Raises `BundleInvalid` when it does not compile.

    Outcomes and the rules that objected are compared; a decision with the same outcome by other rules
    counts as changed, neither tightened nor loosened.
    """
    engine = PolicyEngine(candidate)
    changes, unreadable, replayed = [], [], 0
    for place, decision in records:
        try:
            facts = facts_of_record(decision.facts)
        except RecordInvalid:
            unreadable.append(place)
            continue
        replayed += 1
        again = engine.evaluate(facts, moment=decision.moment)
        if (again.outcome, again.rules()) != (decision.outcome, decision.rules()):
            changes.append(
                Change(
                    place=place,
                    moment=decision.moment,
                    before=decision.outcome,
                    after=again.outcome,
                    rules_before=decision.rules(),
                    rules_after=again.rules(),
                    facts=decision.facts,
                )
            )
    return Impact(
        bundle=engine.hash,
        replayed=replayed,
        unreadable=tuple(unreadable),
        tightened=sum(change.tightens for change in changes),
        loosened=sum(GRAVITY[change.after] < GRAVITY[change.before] for change in changes),
        changes=tuple(changes),
    )
