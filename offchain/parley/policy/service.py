"""The policy engine: bundle and facts in, decision with rule ids and values out. Pure, and it fails
closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from parley.policy.cel import Compiler, FactUnfit, Program, activation, mentioned, variables
from parley.policy.errors import PolicyRefused
from parley.policy.facts import Facts, SealedFacts, recorded
from parley.policy.models import LAYERS, MOMENTS, Bundle, Decision, Finding, Moment, Outcome, Rule, Severity
from parley.policy.risk import Risk, score

FACT_RULE = "facts"
"""Finding id for facts that no rule can be evaluated on."""
SEALED_RULE = "sealed-payload"
"""Finding id for a payload that nobody here can read, where the bundle wants it read."""
SEALED_FACTS = frozenset(("values", "price", "terms", "approved", "data", "risk", "exposure"))
"""What is known of an offer only with its payload."""
_CLOSED = "the payload is sealed, and this bundle judges only what it can read"
RISK_RULE = "risk"
"""Finding id for a risk score in the tier of approval or refusal."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    rule: Rule
    program: Program
    mentions: tuple[str, ...]


class PolicyEngine:
    """A bundle put in force. Raises `BundleInvalid` when a rule does not compile; evaluation never raises.

    One engine belongs to one thread at a time.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.hash = bundle.hash()
        compiler = Compiler()
        rules = sorted(bundle.rules, key=lambda rule: LAYERS.index(rule.layer))
        compiled = [
            _Compiled(rule, compiler.rule(rule.id, _guarded(rule)), mentioned(rule.expression))
            for rule in rules
        ]
        self._by_moment: dict[Moment, tuple[_Compiled, ...]] = {
            moment: tuple(entry for entry in compiled if moment in entry.rule.moments) for moment in MOMENTS
        }
        scored = ("counterparty.reputation_ppm", "counterparty.jurisdiction") if bundle.risk else ()
        self.mentions: frozenset[str] = frozenset(scored).union(*(entry.mentions for entry in compiled))
        """The facts that some rule, or the risk score, looks at."""
        # Most facts break no rule: one program that is true only when all are saves evaluating each.
        self._all: dict[Moment, Program | None] = {
            moment: compiler.all_of([_guarded(entry.rule) for entry in entries])
            for moment, entries in self._by_moment.items()
        }
        self._needed = {
            moment: variables(name for entry in entries for name in mentioned(_guarded(entry.rule)))
            for moment, entries in self._by_moment.items()
        }

    def evaluate(self, facts: Facts, *, moment: Moment) -> Decision:
        """The decision on `facts` at `moment`, with a finding for every rule that objects.

        A rule whose expression errs, or gives no boolean, refuses whatever its severity.
        """
        risk = self.risk(facts)
        return self._decision(facts, moment, self._findings(facts, moment, risk), risk)

    def evaluate_sealed(self, facts: SealedFacts, *, moment: Moment) -> Decision:
        """The decision on an offer whose payload is sealed to the parties. Unless the bundle leaves such
        offers to the edges, it is refused; a rule that needs the payload is named in `unseen`.
        """
        entries = self._by_moment[moment]
        unseen = [entry.rule.id for entry in entries if not SEALED_FACTS.isdisjoint(_heads(entry.mentions))]
        if self.bundle.risk is not None:
            unseen.append(RISK_RULE)
        findings: list[Finding] = []
        if self.bundle.opaque != "edges":
            findings.append(
                Finding(rule=SEALED_RULE, severity="refuse", reason=_CLOSED, values={"unseen": list(unseen)})
            )
        standing_in = facts.standing_in()
        seen = activation(standing_in, moment, self.bundle.amount_unit)
        for entry in entries:
            if entry.rule.id not in unseen:
                holds, problem = entry.program.verdict(seen)
                if not holds:
                    findings.append(_finding(entry, standing_in, seen, problem))
        decision = self._decision(standing_in, moment, tuple(findings), None)
        return decision.model_copy(update={"facts": facts.as_json(), "unseen": tuple(unseen)})

    def risk(self, facts: Facts) -> Risk | None:
        """The risk of these facts by the bundle's model, or None where it has none."""
        model = self.bundle.risk
        if model is None:
            return None
        return score(
            model,
            reputation_ppm=facts.counterparty.reputation_ppm,
            data_class=facts.data_class,
            jurisdiction=facts.counterparty.jurisdiction,
            price=facts.price,
        )

    def admits(self, facts: Facts, *, moment: Moment, escalations: bool = True) -> bool:
        """Whether the outcome would be allow (or escalate, unless `escalations` is false), without the
        record.
        """
        findings = self._findings(facts, moment, self.risk(facts))
        refused: tuple[Severity, ...] = ("refuse",) if escalations else ("refuse", "escalate")
        return not any(finding.severity in refused for finding in findings)

    def require(self, facts: Facts, *, moment: Moment) -> Decision:
        """The decision, if it allows. Raises `PolicyRefused` with the findings for escalate and refuse."""
        decision = self.evaluate(facts, moment=moment)
        if not decision.allowed:
            raise PolicyRefused(
                "Policy does not allow this: " + "; ".join(finding.reason for finding in decision.findings),
                outcome=decision.outcome,
                moment=moment,
                **decision.problem(),
            )
        return decision

    def _findings(self, facts: Facts, moment: Moment, risk: Risk | None) -> tuple[Finding, ...]:
        return (*_risk_findings(risk, approved=facts.approved), *self._objections(facts, moment, risk))

    def _objections(self, facts: Facts, moment: Moment, risk: Risk | None) -> tuple[Finding, ...]:
        unit, together = self.bundle.amount_unit, self._all[moment]
        try:
            if together is not None:
                needed = activation(facts, moment, unit, risk, self._needed[moment])
                if together.verdict(needed)[0]:
                    return ()
            seen = activation(facts, moment, unit, risk)
        except FactUnfit as unfit:
            return (
                Finding(
                    rule=FACT_RULE,
                    severity="refuse",
                    reason=f"{unfit.fact} is {unfit.problem}",
                    values={unfit.fact: str(unfit.value)},
                ),
            )
        findings = []
        for entry in self._by_moment[moment]:
            holds, problem = entry.program.verdict(seen)
            if not holds:
                findings.append(_finding(entry, facts, seen, problem))
        return tuple(findings)

    def _decision(
        self, facts: Facts, moment: Moment, findings: tuple[Finding, ...], risk: Risk | None
    ) -> Decision:
        severities = {finding.severity for finding in findings}
        outcome: Outcome = (
            "refuse" if "refuse" in severities else "escalate" if "escalate" in severities else "allow"
        )
        return Decision.unchecked(  # of what this engine made itself, out of facts that are checked
            outcome=outcome,
            moment=moment,
            bundle=self.hash,
            findings=findings,
            facts=recorded(facts),
            risk=risk,
        )


def _risk_findings(risk: Risk | None, *, approved: bool) -> tuple[Finding, ...]:
    if risk is None or risk.tier in ("fast", "checked") or (risk.tier == "approval" and approved):
        return ()
    severity: Severity = "refuse" if risk.tier == "refuse" else "escalate"
    reason = (
        f"the risk score of {risk.score} ppm calls for {'refusal' if severity == 'refuse' else 'an approval'}"
    )
    values = {
        "risk.score": str(risk.score),
        **{f"risk.{name}": str(part) for name, part in risk.parts.items()},
    }
    return (Finding(rule=RISK_RULE, severity=severity, reason=reason, values=values),)


def _heads(mentions: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in mentions}


def _guarded(rule: Rule) -> str:
    """The expression with the rule's own scope before it."""
    expression = rule.expression
    if rule.counterparty is not None:
        expression = f'counterparty.address != "{rule.counterparty}" || ({expression}\n)'
    if rule.since:
        expression = f"now < {rule.since} || ({expression}\n)"
    return expression


def _finding(entry: _Compiled, facts: Facts, seen: dict[str, Any], problem: str | None) -> Finding:
    values = {name: _shown(name, facts, seen) for name in entry.mentions}
    if problem is not None:
        return Finding(
            rule=entry.rule.id,
            severity="refuse",
            reason=f"The rule could not be evaluated, which refuses: {entry.rule.reason}"[:256],
            values={**values, "problem": problem},
        )
    return Finding(rule=entry.rule.id, severity=entry.rule.severity, reason=entry.rule.reason, values=values)


def _shown(name: str, facts: Facts, seen: dict[str, Any]) -> Any:
    """A fact as a finding shows it: unscaled, integers as decimal strings, absent ones as None."""
    head, _, rest = name.partition(".")
    if head in ("values", "limits", "fixed"):
        found: Any = getattr(facts, head)
        value = found.get(rest) if rest else {key: str(inner) for key, inner in found.items()}
    elif name == "moment" or head == "risk":
        value = seen.get(name)
    else:
        value = facts
        for step in name.split("."):
            value = getattr(value, step, None)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value
