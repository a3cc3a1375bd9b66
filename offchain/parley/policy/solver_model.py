"""The model of one question to the solver: switches for every rule, and the search for a conflict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parley.errors import ParleyError
from parley.policy.cel import FactUnfit, activation, mentioned
from parley.policy.errors import SolverExhausted, SolverUnfit
from parley.policy.facts import Facts
from parley.policy.models import Rule
from parley.policy.rule_syntax import NotTranslated, parse
from parley.policy.service import FACT_RULE, RISK_RULE
from parley.policy.solver_numbers import Grid, Number, Switch, constant
from parley.policy.solver_rules import Translator, issues_of, known_facts
from parley.policy.solver_worth import Scores, exact_of, liking_of, region_holds, worth_of
from parley.terms.domain import Domain, IssueValue
from parley.terms.expressions import Expression
from parley.terms.profile import Limit, Profile

if TYPE_CHECKING:
    from parley.policy.solver import Bounds, Floor, Situation

_RADIX_BITS = 50


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """One thing that may be to blame: a `rule`, a `limit` or `constraint` of the profile, a `floor`, or the
    `settlement`; with its id.
    """

    kind: str
    id: str


class OfferModel:
    """Switches and variables of one question. Groups are enforced as assumptions, so that any set of them can
    be left out when a conflict is looked for.
    """

    def __init__(self, domain: Domain, own: Profile | None, bounds: Bounds) -> None:
        from ortools.sat.python import cp_model  # half a second, and most processes never ask

        self._cp = cp_model
        self._bounds = bounds
        self.model: Any = cp_model.CpModel()
        self.domain = domain
        self.grid = Grid(cp_model, self.model, domain)
        self._names = [issue.name for issue in domain.issues]
        self._groups: dict[Group, Any] = {}
        self._settings: list[Any] = []
        self.checked_only: list[str] = []
        self._rules: Mapping[str, Rule] = {}
        self.priced: tuple[str, ...] = ()
        self._solver: Any = None
        if own is not None:
            self._add_hard(own)

    def worth(self, worth: Profile | Scores) -> Number:
        """What an offer is worth. Raises `NotTranslated`."""
        return worth_of(self.grid, worth)

    def add_floors(self, floors: Sequence[Floor]) -> None:
        """Raises `NotTranslated`."""
        for floor in floors:
            number = worth_of(self.grid, floor.worth)
            parts = [self.grid.at_most(constant(floor.least), number)]
            if floor.most is not None:
                parts.append(self.grid.at_most(number, constant(floor.most)))
            self._require(Group("floor", floor.id), self.grid.every(parts))

    def _add_hard(self, own: Profile) -> None:
        for name, limit in _named_limits(own):
            applies = [(self.grid.texts(issue) or {})[text] for issue, text in limit.when.items()]
            holds = region_holds(self.grid, limit.issue, limit.min, limit.max, limit.among)
            spared = [~switch for switch in applies]
            self._require(Group("limit", name), self.grid.some([*spared, holds]))
        for name, constraint in _named_constraints(own):
            group = Group("constraint", name)
            try:
                left, right = (self.grid.expression(side, {}) for side in (constraint.left, constraint.right))
                self._require(group, self.grid.at_most(left, right))
            except NotTranslated:
                self._check_only(group)

    def add_rules(self, situation: Situation) -> None:
        """The rules of the bundle in force at the moment, translated where they can be."""
        engine, domain = situation.engine, self.domain
        rules = [rule for rule in engine.bundle.rules if situation.moment in rule.moments]
        self._rules = {rule.id: rule for rule in rules}
        settled = [s for s in domain.settlements if domain.side_of(s, situation.role) is not None]
        prices = [settlement.price for settlement in settled]
        self.priced = tuple(name for name in self._names if any(_uses(price, name) for price in prices))
        variables = {"open_by": situation.now + domain.limits.open_window_seconds}
        facts = Group("rule", FACT_RULE)
        unit = engine.bundle.amount_unit
        numbers: dict[str, Number | None] = {"price": None}
        price = None
        try:
            price = self.grid.add([constant(0), *(self.grid.expression(e, variables) for e in prices)])
            numbers["price"] = self._in_units(price, unit, facts)
        except NotTranslated:
            self._check_only(facts)
        for issue in domain.issues:
            if self.grid.texts(issue.name) is None:
                try:
                    number = self.grid.number(issue.name)
                    amount = issue.type == "amount"
                    numbers[f"values.{issue.name}"] = (
                        self._in_units(number, unit, facts) if amount else number
                    )
                except NotTranslated:
                    numbers[f"values.{issue.name}"] = None
                    self._check_only(facts)
        translator = self._translator(situation, numbers)
        for rule in rules:
            self._add_rule(rule, situation, translator)
        if engine.bundle.risk is not None:
            self._add_risk(situation, price)

    def _translator(self, situation: Situation, numbers: Mapping[str, Number | None]) -> Translator | None:
        """None where the facts that no offer changes cannot be seen by any rule."""
        facts = self._reference(situation)
        if facts is None:
            self._check_only(Group("rule", FACT_RULE))
            return None
        try:
            seen = activation(facts, situation.moment, situation.engine.bundle.amount_unit)
        except FactUnfit:
            self._require(Group("rule", FACT_RULE), False)
            return None
        return Translator(self.grid, known_facts(seen), numbers)

    def _reference(self, situation: Situation) -> Facts | None:
        """The facts that no offer changes, without terms; None where there are none that rules could see."""
        values = {issue.name: issue.value_at(0) for issue in self.domain.issues}
        try:
            facts = situation.facts(_unpriced(self.domain), values)
            return facts.model_copy(update={"values": {}, "amount_issues": ()})
        except ParleyError:
            return None

    def _add_rule(self, rule: Rule, situation: Situation, translator: Translator | None) -> None:
        """Only what would refuse is required; a warning, which refuses where it errs, is checked later."""
        scoped = rule.counterparty is None or rule.counterparty == situation.counterparty.address
        if situation.now < rule.since or not scoped:
            return
        group = Group("rule", rule.id)
        required = rule.severity == "refuse" or (rule.severity == "escalate" and not situation.escalations)
        try:
            if translator is None or not required:
                raise NotTranslated("checked on candidates")
            self._require(group, translator.rule(parse(rule.expression)))
        except NotTranslated:
            self._check_only(group)

    def _add_risk(self, situation: Situation, price: Number | None) -> None:
        """The score of a risk model never falls as the price rises: it refuses all above some price."""
        group = Group("rule", RISK_RULE)
        facts = self._reference(situation)
        if price is None or facts is None:
            self._check_only(group)
            return

        def refused(amount: int) -> bool:
            found = situation.objections(facts.model_copy(update={"price": amount}))
            return any(finding.rule == RISK_RULE for finding in found)

        low, high = (max(0, end) for end in price.ends)
        if refused(low):
            self._require(group, False)
        elif not refused(high):
            self._switch(group)
        else:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if refused(middle) else (middle, high)
            self._require(group, self.grid.at_most(price, constant(low)))

    def _in_units(self, number: Number, unit: int, facts: Group) -> Number:
        """The amount in the rules' unit; that it is a whole number of them is what the facts ask."""
        if number.factor % unit == 0:
            return Number(number.factor // unit, number.inner, number.low, number.high)
        quotient = self.grid.divide(number, unit)
        whole = self.grid.equal(
            number, Number(quotient.factor * unit, quotient.inner, quotient.low, quotient.high)
        )
        self._require(facts, whole)
        return quotient

    def _switch(self, group: Group) -> Any:
        if group not in self._groups:
            self._groups[group] = self.model.new_bool_var(f"{group.kind} {group.id}")
        return self._groups[group]

    def _require(self, group: Group, holds: Switch) -> None:
        switch = self._switch(group)
        if holds is False:
            self.model.add_bool_or([~switch])
        elif holds is not True:
            self.model.add_implication(switch, holds)

    def _check_only(self, group: Group) -> None:
        self._switch(group)
        if group.id not in self.checked_only:
            self.checked_only.append(group.id)

    def solve(self, objective: Number, *, largest: bool) -> tuple[dict[str, IssueValue], bool] | None:
        """The best values by the objective, and whether they are proved to be; None for an empty space.

        Raises `SolverExhausted`.
        """
        if objective.low == objective.high:
            self.model.clear_objective()
        elif largest:
            self.model.maximize(objective.inner)
        else:
            self.model.minimize(objective.inner)
        status = self._run(tuple(self._groups))
        if status == self._cp.INFEASIBLE:
            return None
        if status not in (self._cp.OPTIMAL, self._cp.FEASIBLE):
            raise self._ended(status)
        places = {name: self._solver.value(self.grid.index(name)) for name in self._names}
        return {
            name: self.domain.issue(name).value_at(place) for name, place in places.items()
        }, status == self._cp.OPTIMAL

    def _run(self, groups: Sequence[Group]) -> Any:
        self.model.clear_assumptions()
        self.model.add_assumptions([self._groups[group] for group in groups])
        solver = self._cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = self._bounds.seed
        solver.parameters.max_deterministic_time = self._bounds.deterministic_seconds
        solver.parameters.max_memory_in_mb = self._bounds.memory_megabytes
        self._solver = solver
        return solver.solve(self.model)

    def fix(self, objective: Number) -> None:
        """Holds the objective from now on at what the last solution has."""
        if objective.low != objective.high:
            self.model.add(objective.inner == self._solver.value(objective.inner))

    def ties(self, own: Profile | None) -> Iterator[tuple[Number, bool]]:
        """What decides between offers worth the same, one by one, and whether more of it is better."""
        if own is not None:
            liking = liking_of(self.grid, own)
            if liking.low != liking.high:
                yield liking, True
        names = [name for name in self._names if self.domain.issue(name).size > 1]
        while names:
            inner: Any = 0
            size = 1
            while names and (size * self.domain.issue(names[0]).size).bit_length() <= _RADIX_BITS:
                count = self.domain.issue(names[0]).size
                inner, size = inner * count + self.grid.index(names.pop(0)), size * count
            if size == 1:
                name = names.pop(0)
                inner, size = 1 * self.grid.index(name), self.domain.issue(name).size
            yield Number(1, inner, 0, size - 1), False

    def cut(self, group: Group, issues: Sequence[str], values: Mapping[str, IssueValue]) -> None:
        """Takes out, while the group is enforced, all offers that agree with `values` in these issues."""
        same = self.grid.every([self.grid.is_value(name, values[name]) for name in issues])
        self._require(group, not same if isinstance(same, bool) else ~same)

    def broken(
        self, values: Mapping[str, IssueValue], own: Profile | None, floors: Sequence[Floor]
    ) -> list[tuple[Group, tuple[str, ...]]]:
        """The limits, constraints and floors that the values break, each with the issues that it looks at."""
        found: list[tuple[Group, tuple[str, ...]]] = []
        everything = tuple(self._names)
        if own is not None:
            for name, limit in _named_limits(own):
                applies = all(values[issue] == text for issue, text in limit.when.items())
                if applies and not limit.allows(values[limit.issue]):
                    found.append((Group("limit", name), (*limit.when, limit.issue)))
            for name, constraint in _named_constraints(own):
                if not constraint.allows(values):
                    sides = (constraint.left, constraint.right)
                    issues = tuple(
                        issue for issue in self._names if any(_uses(side, issue) for side in sides)
                    )
                    found.append((Group("constraint", name), issues))
        for floor in floors:
            worth = floor.worth
            exact = worth.of(values) if isinstance(worth, Scores) else exact_of(worth, values)
            if exact < floor.least or (floor.most is not None and exact > floor.most):
                found.append((Group("floor", floor.id), everything))
        return found

    def issues_of_rule(self, rule: str) -> tuple[str, ...]:
        """The issues that a rule's verdict can depend on."""
        if rule == RISK_RULE:
            return self.priced
        found = self._rules.get(rule)
        if found is None:
            return tuple(self._names)
        return issues_of(mentioned(found.expression), self._names, self.priced)

    def conflict(self) -> tuple[Group, ...]:
        """A smallest-by-deletion set of groups that cannot hold together: without any one of them there is an
        offer. Raises `SolverExhausted`.
        """
        self.model.clear_objective()
        everything = tuple(sorted(self._groups))
        if self._decided(everything):
            return ()
        wanted = set(self._solver.sufficient_assumptions_for_infeasibility())
        core = [group for group in everything if self._groups[group].index in wanted] or list(everything)
        for group in tuple(core):
            rest = [other for other in core if other != group]
            if not self._decided(rest):
                core = rest
        return tuple(core)

    def _decided(self, groups: Sequence[Group]) -> bool:
        """Whether the groups can hold together."""
        status = self._run(groups)
        if status in (self._cp.OPTIMAL, self._cp.FEASIBLE):
            return True
        if status == self._cp.INFEASIBLE:
            return False
        raise self._ended(status)

    def _ended(self, status: Any) -> SolverExhausted | SolverUnfit:
        """What an answer that is none means."""
        name = self._solver.status_name(status)
        if status == self._cp.MODEL_INVALID:
            return SolverUnfit("The solver has 64 bits, and this does not fit", problem=name)
        limit = self._bounds.deterministic_seconds
        return SolverExhausted("The solver's time or memory ended first", limit=limit, status=name)


def _unpriced(domain: Domain) -> Domain:
    """The domain with prices of nothing, which can always be computed."""
    settlements = [{**settlement.as_json(), "price": 0} for settlement in domain.settlements]
    return Domain.parse({**domain.as_json(), "settlements": settlements})


def _named_limits(profile: Profile) -> list[tuple[str, Limit]]:
    return [(limit.id or f"limit-{at}", limit) for at, limit in enumerate(profile.limits)]


def _named_constraints(profile: Profile) -> list[tuple[str, Any]]:
    return [(entry.id or f"constraint-{at}", entry) for at, entry in enumerate(profile.constraints)]


def _uses(expression: Expression, issue: str) -> bool:
    """Whether an expression looks at an issue."""
    if not isinstance(expression, Mapping):
        return False
    if "case" in expression:
        return expression["case"] == issue or any(_uses(inner, issue) for inner in expression["of"].values())
    ((operator, operand),) = expression.items()
    if operator == "issue":
        return bool(operand == issue)
    if operator == "eq":
        return bool(operand[0]["issue"] == issue)
    return operator != "var" and any(_uses(inner, issue) for inner in operand)
