"""The best offer that policy and profile admit, or the rules that leave none: by constraint programming.

Google's CP-SAT (OR-Tools) looks for it, with one worker, a seed and deterministic time, so that equal
questions have equal answers. Hard constraints of the profile, floors on what an offer is worth and every
rule that can be translated become part of the model, each behind a switch of its own. The other rules are
asked about each candidate, and what they refuse is cut out together with all that looks the same to them.
Nothing is returned that the policy engine has not been asked about: a mistake in a translation can cost an
offer, never a rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parley.errors import ParleyError
from parley.policy.errors import NoAdmissibleOffer, SolverExhausted, SolverUnfit
from parley.policy.facts import Counterparty, Exposure, Facts, History, facts_of
from parley.policy.models import Finding, Moment
from parley.policy.rule_syntax import NotTranslated
from parley.policy.service import PolicyEngine
from parley.policy.solver_model import Group, OfferModel
from parley.policy.solver_worth import Scores, exact_of
from parley.terms.domain import Domain, IssueValue
from parley.terms.payloads import Context
from parley.terms.profile import PPM, Profile, check_profile


@dataclass(frozen=True, slots=True)
class Situation:
    """The policy in force and all that it looks at beside the offer itself; times in unix seconds."""

    engine: PolicyEngine
    role: str
    counterparty: Counterparty
    now: int
    moment: Moment = "outgoing"
    escalations: bool = True
    """Whether an offer that needs a person's approval may be proposed."""
    exposure: Exposure | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    approved: bool = False
    context: Context | None = None
    history: History | None = None

    def facts(self, domain: Domain, values: Mapping[str, IssueValue]) -> Facts:
        """The facts of an offer. Raises the errors of `parley.terms`."""
        return facts_of(
            domain,
            values,
            role=self.role,
            counterparty=self.counterparty,
            now=self.now,
            exposure=self.exposure,
            limits=self.limits,
            approved=self.approved,
            context=self.context,
            history=self.history,
        )

    def objections(self, facts: Facts) -> tuple[Finding, ...]:
        """The findings that keep the offer from being proposed."""
        decision = self.engine.evaluate(facts, moment=self.moment)
        grave = ("refuse",) if self.escalations else ("refuse", "escalate")
        return tuple(finding for finding in decision.findings if finding.severity in grave)


@dataclass(frozen=True, slots=True)
class Floor:
    """An offer has to be worth at least `least` (and at most `most`) by this worth: exact utility times
    10^12 of a profile, or the sum of scores. `id` names it in explanations.
    """

    id: str
    worth: Profile | Scores
    least: int
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a question may go: candidates put to the policy, and the solver's deterministic time and
    memory.
    """

    candidates: int = 256
    deterministic_seconds: int = 10
    memory_megabytes: int = 512
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """The best admissible offer by its canonical order: the most worth, then what the profile likes, then the
    values first in the domain. `proved` is false where time ended before that was shown; `worth` is exact.
    """

    values: Mapping[str, IssueValue]
    worth: int
    proved: bool
    candidates: int


def best_offer(
    domain: Domain,
    worth: Profile | Scores,
    *,
    profile: Profile | None = None,
    situation: Situation | None = None,
    floors: Sequence[Floor] = (),
    bounds: Bounds | None = None,
) -> Proposal:
    """The offer worth most by `worth` that policy, profile and floors admit.

    `profile` gives the hard constraints and the reservation; left out, it is `worth` where that is one.
    Raises `NoAdmissibleOffer` with a minimal set of conflicting rules, limits, constraints and floors;
    `SolverExhausted` when a bound ended the search; `SolverUnfit` for numbers beyond the solver's 64 bits;
    `ProfileInvalid` for a profile of another domain.
    """
    own = profile if profile is not None or not isinstance(worth, Profile) else worth
    for each in (own, worth, *(floor.worth for floor in floors)):
        if isinstance(each, Profile):
            check_profile(each, domain)
    return _Search(domain, worth, own, situation, floors, bounds or Bounds()).run()


class _Search:
    def __init__(
        self,
        domain: Domain,
        worth: Profile | Scores,
        own: Profile | None,
        situation: Situation | None,
        floors: Sequence[Floor],
        bounds: Bounds,
    ) -> None:
        self._domain = domain
        self._worth = worth
        self._own = own
        self._situation = situation
        self._bounds = bounds
        if own is not None and own.reservation_ppm:
            floors = (*floors, Floor("reservation", own, own.reservation_ppm * PPM))
        self._floors = tuple(floors)
        try:
            self._model = OfferModel(domain, own, bounds)
            self._model.add_floors(self._floors)
            if situation is not None:
                self._model.add_rules(situation)
            self._objective = self._model.worth(worth)
        except NotTranslated as error:
            raise SolverUnfit("The solver has 64 bits, and this does not fit", problem=str(error)) from None
        self._candidates = 0

    def run(self) -> Proposal:
        found = self._admitted(self._objective, largest=True)
        if found is None:
            raise self._explained()
        values, proved = found
        worth = self._value(values)
        if proved:
            self._model.fix(self._objective)
            values = self._first_of_equals(values)
        return Proposal(values, worth, proved, self._candidates)

    def _value(self, values: Mapping[str, IssueValue]) -> int:
        return self._worth.of(values) if isinstance(self._worth, Scores) else exact_of(self._worth, values)

    def _first_of_equals(self, values: dict[str, IssueValue]) -> dict[str, IssueValue]:
        """The first in canonical order of the offers worth the same."""
        for objective, largest in self._model.ties(self._own):
            found = self._admitted(objective, largest=largest)
            if found is None:
                return values
            values, proved = found
            if not proved:
                break
            self._model.fix(objective)
        return values

    def _admitted(self, objective: Any, *, largest: bool) -> tuple[dict[str, IssueValue], bool] | None:
        """The best candidate that nothing objects to, and whether it is proved to be; None for an empty
        space.
        """
        while True:
            answer = self._model.solve(objective, largest=largest)
            if answer is None:
                return None
            values, proved = answer
            if self._candidates >= self._bounds.candidates:
                raise SolverExhausted(
                    "Too many candidates were refused",
                    limit=self._bounds.candidates,
                    checked=list(self._model.checked_only)[:16],
                )
            self._candidates += 1
            objections = self._objections(values)
            if not objections:
                return values, proved
            for group, issues in objections:
                self._model.cut(group, issues, values)

    def _objections(self, values: Mapping[str, IssueValue]) -> list[tuple[Group, tuple[str, ...]]]:
        """Whatever objects to the candidate, each with the issues that it can depend on."""
        found = self._model.broken(values, self._own, self._floors)
        if self._situation is None:
            return found
        try:
            facts = self._situation.facts(self._domain, values)
        except ParleyError:
            return [*found, (Group("settlement", "price"), self._model.priced)]
        for finding in self._situation.objections(facts):
            found.append((Group("rule", finding.rule), self._model.issues_of_rule(finding.rule)))
        return found

    def _explained(self) -> NoAdmissibleOffer:
        conflict = self._model.conflict()
        named = [f"{group.kind} {group.id}" for group in conflict]
        return NoAdmissibleOffer(
            "No offer satisfies all of: " + ", ".join(named),
            conflict=[{"kind": group.kind, "id": group.id} for group in conflict],
            candidates=self._candidates,
        )
