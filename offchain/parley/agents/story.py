"""The story of a negotiation for a person to read: every message, what was decided about it and why, and
how it ended. Made from what a gateway answers; nothing is looked up and nothing is guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from parley.terms.values import Address

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was said or refused, in words, with what was decided about it. `at` unix seconds."""

    sequence: int
    at: int
    role: str
    what: str
    kept: bool
    decisions: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "sequence": self.sequence,
            "at": self.at,
            "role": self.role,
            "what": self.what,
            "kept": self.kept,
            "decisions": list(self.decisions),
            "details": dict(self.details),
        }


@dataclass(frozen=True, slots=True)
class Story:
    """`steps` in order, refused messages where they were tried; `ending` is the state in words."""

    negotiation: str
    parties: Mapping[str, Address]
    steps: tuple[Step, ...]
    ending: str

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": "parley/story",
            "version": 1,
            "negotiation": self.negotiation,
            "parties": dict(self.parties),
            "steps": [step.as_json() for step in self.steps],
            "ending": self.ending,
        }

    def lines(self) -> Iterable[str]:
        """The story as text."""
        yield f"Negotiation {self.negotiation}"
        yield "between " + ", ".join(f"{role} {address}" for role, address in self.parties.items())
        for step in self.steps:
            mark = f"{step.sequence:>3}" if step.kept else "  -"
            yield f"{mark}  {moment(step.at)}  {step.role} {step.what}"
            for decision in step.decisions:
                yield f"       {decision}"
        yield self.ending


def tell(view: Json, messages: Iterable[Json], decisions: Iterable[Json]) -> Story:
    """The story out of a negotiation's view, its messages and the decisions recorded about them.

    A decision that let nothing pass becomes a step of its own.
    """
    state = view["negotiation"]
    parties = {party["role"]: Address(party["address"]) for party in state["parties"]}
    names: dict[str, str] = {address: role for role, address in parties.items()}
    tried: dict[tuple[int, str, str], list[Json]] = defaultdict(list)
    for decision in decisions:
        if "decision" not in decision:
            continue  # erased with the payloads it was about
        tried[decision["sequence"], decision["sender"], str(decision["terms"])].append(decision)
    refusals = {key: found for key, found in tried.items() if not all(map(_allowed, found))}
    about: dict[tuple[int, str], list[Json]] = defaultdict(list)
    for key in tried.keys() - refusals.keys():
        about[key[0], key[1]] += tried[key]
    steps = []
    for held in messages:
        core = held["message"]["core"]
        found = about[core["sequence"], core["sender"]]
        steps.append(
            Step(
                sequence=core["sequence"],
                at=core["sent_at"],
                role=names.get(core["sender"], "someone else"),
                what=said(core["performative"], held["message"].get("payload")),
                kept=True,
                decisions=tuple(reason(decision) for decision in found),
            )
        )
    for (sequence, sender, _), refused in refusals.items():
        facts = refused[0]["decision"]["facts"]
        steps.append(
            Step(
                sequence=sequence,
                at=refused[0]["recorded_at"],
                role=names.get(sender, "someone else"),
                what=f"was not let through with {_tried(facts)}",
                kept=False,
                decisions=tuple(reason(decision) for decision in refused),
            )
        )
    steps.sort(key=lambda step: (step.sequence, step.kept, step.at))
    return Story(state["id"], parties, tuple(steps), ending(state))


def _tried(facts: Json) -> str:
    return "a sealed offer" if facts.get("sealed") else values(facts["values"])


def _allowed(decision: Json) -> bool:
    return bool(decision["kind"] == "shadow-difference" or decision["decision"]["outcome"] == "allow")


def said(name: str, payload: Json | None) -> str:
    """One message in words; `name` is the performative's, as on the wire."""
    if payload is None:
        return f"{name} (the payload was erased)"
    if payload.get("schema") == "parley/sealed":
        return f"{name}s under seal" + (", as a last word" if payload.get("final") else "")
    if "values" in payload:
        words = f"{name}s {values(payload['values'])}"
        context = payload.get("context") or {}
        if context.get("rationale"):
            words += f", because: {str(context['rationale'])[:200]}"
        return words + (", as a last word" if payload.get("final") else "")
    if payload.get("reason"):
        return f"{name}s: {str(payload['reason'])[:200]}"
    return f"{name}s"


def values(found: Json) -> str:
    """Terms in the order of their names."""
    return ", ".join(f"{name} {value}" for name, value in sorted(found.items()))


def reason(decision: Json) -> str:
    """One decision with the bundle that made it, its rules, and the risk it saw."""
    body = decision["decision"]
    prefix = "in shadow, " if decision["kind"] == "shadow-difference" else ""
    words = f"{prefix}{body['outcome']} by bundle {body['bundle'][:10]}…"
    if body.get("unseen"):
        words += f", left to the parties: {', '.join(body['unseen'])}"
    if body.get("risk"):
        words += f", risk {body['risk']['score']} ppm ({body['risk']['tier']})"
    for finding in body["findings"]:
        shown = ", ".join(f"{name} = {value}" for name, value in finding["values"].items())
        words += f"; {finding['rule']} ({finding['severity']}): {finding['reason']}"
        words += f" [{shown}]" if shown else ""
    return words


def ending(state: Json) -> str:
    """Where it stands, in a sentence."""
    if state["status"] in ("INIT", "PROPOSED", "COUNTER"):
        waiting = f", {state['turn']} is to move" if state.get("turn") else ""
        return f"It is open{waiting}{' and held for a person' if state['held'] else ''}."
    cause = f" ({state['reason']})" if state.get("reason") else ""
    signed = [agreement for agreement in state.get("agreements", ()) if agreement["buyer_signed"]]
    deals = ""
    if state.get("erased"):
        deals = f" Its payloads were erased at {moment(state['erased']['erased_at'])}."
    if state.get("agreements"):
        deals = f" {len(signed)} of {len(state['agreements'])} deals are signed."
    return f"It ended {state['status']}{cause} after {state['messages']} messages.{deals}"


def moment(at: int) -> str:
    """Unix seconds as UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
