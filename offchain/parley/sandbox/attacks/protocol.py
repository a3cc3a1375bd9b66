"""Adversaries against the protocol itself, with real signatures: flooding and equivocation."""

from __future__ import annotations

from parley.errors import ParleyError
from parley.negotiation.errors import Equivocation
from parley.negotiation.status import Status
from parley.sandbox.attacks.bazaar import BUYER, SELLER, bargain
from parley.sandbox.attacks.report import Attack, mean
from parley.sandbox.matches.case import Case
from parley.sandbox.table import SignedTable
from parley.terms.message import Message, Performative
from parley.terms.payloads import Escalate, Fault, Inform, Query, Resume, SignedCore

FLOOD = 120
"""Messages that a flooder sends in each negotiation."""


def flooding(trials: int, seed: int) -> Attack:
    """A seller that asks, answers, escalates and repeats itself as fast as it can. What the log takes is
    bounded by party and round; the rest is refused, and what is known already changes nothing.
    """
    taken: list[int] = []
    refused: list[int] = []
    bounded = True
    for at in range(trials):
        case = bargain(seed + at)
        table = SignedTable(case.domain, seed + at, "flood")
        table.say(BUYER, Performative.PROPOSE, table.offer(_best(case, BUYER)))
        before = len(table.messages)
        known = table.messages[-1]
        lost = 0
        for number in range(FLOOD):
            lost += not _tried(table, _flood(table, number, known))
        admitted = len(table.messages) - before
        limits = case.domain.limits
        # One round: questions, answers and one escalation, and the resume that ends its hold.
        bounded = bounded and admitted <= limits.max_queries + 2
        bounded = bounded and not _answerable_lost(table)
        taken.append(admitted)
        refused.append(lost)
    return Attack(
        "flooding",
        "fills the log of a negotiation and the attention of the other side",
        "a few questions and one escalation by party and round; a repeated message is the same message",
        trials,
        0 if bounded else trials,
        bounded,
        {
            "sent": FLOOD,
            "mean_admitted": mean(taken),
            "most_admitted": max(taken),
            "mean_refused": mean(refused),
        },
    )


def _flood(table: SignedTable, number: int, known: Message) -> Message:
    kinds = number % 4
    if kinds == 0:
        return table.sign(SELLER, Performative.QUERY, Query(salt=table.salt(), question=f"why? {number}"))
    if kinds == 1:
        return table.sign(SELLER, Performative.INFORM, Inform(salt=table.salt(), answer=f"news {number}"))
    if kinds == 2:
        return known
    escalate = Escalate(salt=table.salt(), reason="urgent")
    return table.sign(SELLER, Performative.ESCALATE, escalate)


def _tried(table: SignedTable, message: Message) -> bool:
    before = table.state
    try:
        table.admit(message)
    except ParleyError:
        return False
    if table.state.held and table.state is not before:
        table.say(SELLER, Performative.RESUME, Resume(salt=table.salt(), reason="never mind"))
    return table.state is not before


def _answerable_lost(table: SignedTable) -> bool:
    """Whether the flooder kept the negotiation from going on: its own move must still be possible."""
    try:
        table.say(SELLER, Performative.COUNTER, table.offer(_any(table)))
    except ParleyError:
        return True
    return False


def equivocating(trials: int, seed: int) -> Attack:
    """A seller that signs two different counters for one step. Both are kept, and convict it; an honest party
    that sends its message twice is never convicted.
    """
    convicted = 0
    falsely = 0
    for at in range(trials):
        case = bargain(seed + at)
        table = SignedTable(case.domain, seed + at, "equivocation")
        table.say(BUYER, Performative.PROPOSE, table.offer(_best(case, BUYER)))
        first = table.sign(SELLER, Performative.COUNTER, table.offer(_best(case, SELLER)))
        second = table.sign(SELLER, Performative.COUNTER, table.offer(_any(table)))
        table.admit(first)
        table.admit(first)
        falsely += table.state.status is Status.FAILED
        try:
            table.admit(second)
        except Equivocation:
            proof = Fault(salt=table.salt(), kind="equivocation", first=_core(first), second=_core(second))
            table.say(BUYER, Performative.FAULT, proof)
        state = table.state
        convicted += state.status is Status.FAILED and state.culprit == table.signers[SELLER].address
    return Attack(
        "equivocation",
        "tells two versions of one step and keeps the better",
        "two different messages signed for one step are kept, and end the negotiation with a culprit",
        trials,
        trials - convicted + falsely,
        convicted == trials and falsely == 0,
        {"convicted": convicted, "convicted_falsely": falsely},
    )


def _core(message: Message) -> SignedCore:
    return SignedCore(core=message.core, signature=message.signature)


def _best(case: Case, role: str) -> dict[str, int | str]:
    space = case.spaces[role]
    branch = max(space.branches, key=lambda each: each.gain(each.best()))
    values: dict[str, int | str] = space.mapping(branch.outcome(branch.best()))
    return values


def _any(table: SignedTable) -> dict[str, int | str]:
    return {issue.name: issue.value_at(issue.size // 2) for issue in table.domain.issues}
