"""Hypothesis drives the machine with arbitrary interleavings: no crash, no illegal state, no endless run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from parley.negotiation.errors import Refusal, ReplayFailed
from parley.negotiation.status import Status
from parley.terms.message import Performative
from parley.terms.values import Hash32

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "negotiation"))
from table import CHAIN, GATEWAY, REVIEWER, START, STRANGER, Table, domain, salt, signer

TERMS = Hash32("0x" + "77" * 32)
HANDS = (signer(1), signer(2), signer(3), GATEWAY, REVIEWER, STRANGER)
NAMES = [performative.wire for performative in Performative if performative is not Performative.FAULT]
SEALED = ("commit", "reveal", "award", "call")
"""Known to the machine, and to no negotiation by alternating offers that draws nothing."""


class Bargaining(RuleBasedStateMachine):
    """Anyone says anything at any time; the machine admits what the specification allows and nothing else."""

    @initialize(
        parties=st.sampled_from([("a", "b"), ("a", "b", "c")]),
        rounds=st.integers(1, 4),
        cap=st.integers(0, 2),
        least=st.sampled_from([0, 20_000]),
        queries=st.integers(0, 2),
        fallback=st.sampled_from(["abort", "escalate", "post"]),
        reviewed=st.booleans(),
    )
    def open_it(
        self,
        parties: tuple[str, ...],
        rounds: int,
        cap: int,
        least: int,
        queries: int,
        fallback: str,
        reviewed: bool,
    ) -> None:
        limits = {
            "max_rounds": rounds,
            "repeat_cap": cap,
            "min_concession_ppm": least,
            "max_queries": queries,
            "fallback": fallback,
        }
        self.table = Table(domain(parties, **limits), reviewers=None if reviewed else ())
        self.table.play(1, "open")
        self.clock = START
        self.refused = 0

    def _say(self, hand: int, name: str, later: int, fields: dict[str, Any]) -> None:
        table = self.table
        before = table.state
        who = HANDS[hand]
        at = max(before.last_sent_at, self.clock) + later
        allowed = table.machine.next_actions(before, who.address, at)
        fields = {key: value for key, value in fields.items() if key in WANTED.get(name, ())}
        fields["salt"] = salt(1_000 + self.refused + len(table.messages))
        if name in ("accept", "reject") and before.offer is None:
            fields["offer"] = TERMS
        if name == "commit":
            fields["commitment"] = TERMS
        if name in ("propose", "counter"):
            fields["expires_at"] = at + 5 if fields.pop("expires", False) else 0
        message = table.sign(who, name, sent_at=at, **fields)
        try:
            after = table.admit(message)
        except Refusal:
            self.refused += 1
            assert table.state is before
            assert name not in allowed or name in JUDGED, (name, allowed)
            return
        assert name not in SEALED
        assert name in allowed, (name, allowed)
        assert after.sequence == before.sequence + 1
        assert before.live

    @rule(
        hand=st.integers(0, len(HANDS) - 1),
        name=st.sampled_from(NAMES),
        later=st.sampled_from([0, 0, 0, 0, 1, 6, 4_000]),
        price=st.integers(0, 5).map(lambda tens: tens * 10),
        colour=st.sampled_from(["red", "green"]),
        final=st.sampled_from([False, False, False, True]),
        expires=st.booleans(),
    )
    def say(
        self, hand: int, name: str, later: int, price: int, colour: str, final: bool, expires: bool
    ) -> None:
        fields = {
            "price": price, "colour": colour, "final": final, "expires": expires, "terms": TERMS,
            "expires_at": START + 10_000,
        }  # fmt: skip
        self._say(hand, name, later, fields)

    @precondition(lambda self: self.table.state.live and not self.table.state.held)
    @rule(price=st.integers(0, 20).map(lambda tens: tens * 10), colour=st.sampled_from(["red", "green"]))
    def counter(self, price: int, colour: str) -> None:
        hand = next(
            at for at, party in enumerate(self.table.opening.parties) if party.role == self.table.state.turn
        )
        name = "propose" if self.table.state.status is Status.INIT else "counter"
        self._say(hand, name, 0, {"price": price, "colour": colour})

    @invariant()
    def it_is_consistent(self) -> None:
        state = self.table.state
        limits = self.table.of.limits
        parties = len(state.records)
        assert state.round == state.moves // parties
        assert state.round <= limits.max_rounds + 1
        assert (state.reason is None) == state.live
        assert (state.offer is None) == (state.status is Status.INIT or state.moves == 0)
        assert not (state.held and not state.live)
        # Moves, questions and one escalation of each a round, each hold ended by one message, and the open.
        a_round = parties + parties * (limits.max_queries + 2)
        assert state.sequence <= 1 + (limits.max_rounds + 1) * a_round + parties + 2

    @invariant()
    def a_duplicate_changes_nothing(self) -> None:
        if self.table.messages:
            state = self.table.state
            assert self.table.machine.admit(state, self.table.messages[-1], CHAIN).state is state

    def teardown(self) -> None:
        if not hasattr(self, "table"):
            return
        table = self.table
        again = table.machine.replay(table.messages, CHAIN)
        assert again.canonical() == table.state.canonical()
        assert again == table.state
        if len(table.messages) > 2:
            swapped = [table.messages[0], table.messages[2], table.messages[1], *table.messages[3:]]
            with pytest.raises(ReplayFailed):
                table.machine.replay(swapped, CHAIN)


WANTED = {
    "propose": ("price", "colour", "final", "expires"),
    "counter": ("price", "colour", "final", "expires"),
    "reject": ("final",),
    "escalate": ("terms",),
    "approve": ("terms", "expires_at"),
    "refuse": ("terms",),
    "award": ("price", "colour"),
}
JUDGED = ("counter", "reject")
"""Listed by state, refused by content: a counter that repeats, a rejection that is not final after the
last round.
"""

TestBargaining = Bargaining.TestCase
TestBargaining.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
