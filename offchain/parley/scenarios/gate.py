"""One party at a table with its own rules: policy before every move, and a person for what is over its
threshold.

The order is that of the reference agents: the strategy sees only what policy admits; what it chooses is
decided on again; where the decision escalates, a person is asked before anything is said; what the person
refuses is not admissible any more, and the strategy chooses anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parley.negotiation.simulation import Match
from parley.negotiation.strategies import AcceptOffer, Escalate, Move, Propose, Walk
from parley.negotiation.strategies.moves import Explanation
from parley.policy.facts import Counterparty, Facts, facts_of
from parley.policy.models import Bundle, Decision, Moment
from parley.policy.service import PolicyEngine
from parley.terms.domain import IssueValue

Values = Mapping[str, IssueValue]
Person = Callable[[Values, Decision], bool]
"""Asked for the exact terms, with the decision that escalated; the answer of the person."""
REFUSALS = 16
"""How often a person is asked for one move before the party leaves."""


def says_yes(values: Values, decision: Decision) -> bool:
    return True


def says_no(values: Values, decision: Decision) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to a person: the terms, the rules that escalated, and the answer."""

    values: Values
    rules: tuple[str, ...]
    approved: bool


class Gate:
    """The rules of the party of `role`; `counterparty` is who the rules of that layer are about."""

    def __init__(
        self, bundle: Bundle, match: Match, role: str, counterparty: Counterparty, person: Person = says_yes
    ) -> None:
        self._engine = PolicyEngine(bundle)
        self._match = match
        self._role = role
        self._counterparty = counterparty
        self._person = person
        self._answers: dict[tuple[tuple[str, IssueValue], ...], bool] = {}
        self.asked: list[Asked] = []

    @property
    def _escalates(self) -> bool:
        return self._match.domain.limits.fallback == "escalate"

    def admits(self, values: Values) -> bool:
        """Whether policy lets these terms be offered (with an approval, where one is needed), and no person
        has refused them.
        """
        if self._answers.get(_exactly(values)) is False:
            return False
        return self._engine.admits(self._facts(values, approved=False), moment="outgoing")

    def move(self) -> Move:
        """What the party does now that it is on turn."""
        for _ in range(REFUSALS):
            move = self._match.move(self.admits)
            if isinstance(move, Walk) and move.reason != "reputation" and self._escalates:
                # Where the domain wants a deadlock decided by people, a party does not just leave.
                return Escalate("no_agreement", move.explanation)
            if not isinstance(move, Propose | AcceptOffer):
                return move
            moment: Moment = "outgoing" if isinstance(move, Propose) else "acceptance"
            values = move.values if isinstance(move, Propose) else self._standing()
            decision = self._engine.evaluate(self._facts(values, approved=False), moment=moment)
            if decision.outcome == "allow" or self._approved(values, decision, moment):
                return move
            self._answers[_exactly(values)] = False
        return Walk("nothing_admissible", Explanation("gate", "a person refused what was asked for"))

    def play(self) -> None:
        """Decides and plays one move; an acceptance over the domain's threshold is approved by the reviewer
        first, in messages of the negotiation.
        """
        move = self.move()
        if isinstance(move, AcceptOffer) and self._match.approval_missing:
            self._match.approve(self._role)
        self._match.play(move)

    def _approved(self, values: Values, decision: Decision, moment: Moment) -> bool:
        if decision.outcome != "escalate":
            return False
        exact = _exactly(values)
        if exact not in self._answers:
            self._answers[exact] = self._person(values, decision)
            rules = tuple(finding.rule for finding in decision.findings)
            self.asked.append(Asked(dict(values), rules, self._answers[exact]))
        if not self._answers[exact]:
            return False
        return self._engine.evaluate(self._facts(values, approved=True), moment=moment).allowed

    def _facts(self, values: Values, *, approved: bool) -> Facts:
        return facts_of(
            self._match.domain,
            values,
            role=self._role,
            counterparty=self._counterparty,
            now=self._match.state.last_sent_at,
            approved=approved,
        )

    def _standing(self) -> Values:
        standing = self._match.state.offer
        return {} if standing is None else self._match.domain.decode_values(standing.offer.values)


def _exactly(values: Values) -> tuple[tuple[str, IssueValue], ...]:
    return tuple(sorted(values.items()))
