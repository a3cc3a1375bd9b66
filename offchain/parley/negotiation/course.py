"""The course of alternating offers without its hashes: who is on turn, what is on the table, what is over.

The rules are those of `parley.negotiation.moves` and `parley.negotiation.stops`, kept on outcomes where the
machine keeps digests of them: equal outcomes have equal digests, so both find the same repeats and the same
loops. A course takes a move only when the machine would admit it; everything else (a refusal to word, an
approval to wait for, a hold after the last round) it leaves to the machine and stays as it was. Messages
are made, hashed and stepped by the machine when somebody reads them (`parley.negotiation.transcript`).
"""

from __future__ import annotations

from parley.negotiation.branches import Outcome
from parley.negotiation.rules import Rules
from parley.negotiation.status import Fallback, Reason, Status
from parley.negotiation.stops import LOOP_AT
from parley.negotiation.weak import is_weak
from parley.terms.errors import TermsError


class Course:
    """One negotiation from its first offer on. `at` is the place of the party on turn in the opening's
    order, `by` that of the one whose offer is on the `table`; `repeats` counts weak offers in a row by
    party.
    """

    __slots__ = (
        "_accepted",
        "_domain",
        "_escalates",
        "_gated",
        "_last",
        "_latest",
        "_pairs",
        "_parties",
        "_repeat_cap",
        "at",
        "by",
        "last_move",
        "live",
        "moves",
        "reason",
        "repeats",
        "status",
        "table",
    )

    def __init__(self, rules: Rules) -> None:
        parties = len(rules.roles)
        self._domain = rules.domain
        self._gated = rules.domain.approval is not None
        self._escalates = rules.fallback is Fallback.ESCALATE
        self._repeat_cap = rules.repeat_cap
        self._parties = parties
        self.last_move = rules.max_rounds * parties
        self.at = rules.roles.index(rules.opening.first)
        self.moves = 0
        self.live = True
        self.status = Status.INIT
        self.reason: Reason | None = None
        self.table: Outcome | None = None
        self.by = -1
        self.repeats = [0] * parties
        self._latest: list[Outcome | None] = [None] * parties
        self._accepted = 0
        # How often each combination of everyone's latest offers came about, and the one of now.
        self._pairs: dict[tuple[Outcome | None, ...], int] = {}
        self._last: tuple[Outcome | None, ...] = ()

    def offer(self, values: Outcome) -> bool:
        """The party on turn offers these values, in the domain's order; False, and nothing changed, where
        the machine has to judge.
        """
        if not self.live:
            return False
        at, latest = self.at, self._latest
        repeats, before = 0, latest[at]
        if before is not None and is_weak(self._domain, before, values):
            repeats = self.repeats[at] + 1
            if repeats > self._repeat_cap:
                return False
        moves = self.moves + 1
        if moves >= self.last_move and self._escalates:
            return False
        try:
            self._domain.encoded(values)
        except TermsError:
            return False
        self.repeats[at] = repeats
        latest[at] = self.table = values
        self.by = at
        self.status = Status.COUNTER if moves > 1 else Status.PROPOSED
        self._accepted = 0
        if self._loops():
            # An offer that makes a loop ends it before it counts as a move.
            return self._end(Status.TERMINATED, Reason.LOOP)
        return self._pass()

    def accept(self) -> bool:
        """The party on turn accepts what is on the table; False where the machine has to judge."""
        moves = self.moves + 1
        if not self.live or self.table is None or self.by == self.at:
            return False
        if self._accepted + 1 == self._parties - 1:
            if self._gated:
                return False
            self.moves = moves
            return self._end(Status.ACCEPTED, Reason.AGREED)
        if moves >= self.last_move and self._escalates:
            return False
        self._accepted += 1
        return self._pass()

    def withdraw(self) -> bool:
        """The party on turn leaves; False where it is over already."""
        return self.live and self._end(Status.TERMINATED, Reason.WITHDRAWN)

    @property
    def round(self) -> int:
        """Complete rounds."""
        return self.moves // self._parties

    def _loops(self) -> bool:
        pair = tuple(self._latest)
        if pair == self._last or len(pair) - pair.count(None) < 2:
            return False
        self._last = pair
        count = self._pairs[pair] = self._pairs.get(pair, 0) + 1
        return count >= LOOP_AT

    def _pass(self) -> bool:
        self.moves += 1
        self.at = (self.at + 1) % self._parties
        if self.moves >= self.last_move:
            return self._end(Status.TERMINATED, Reason.ROUNDS)
        return True

    def _end(self, status: Status, reason: Reason) -> bool:
        self.status, self.reason, self.live = status, reason, False
        return True


def plain(rules: Rules) -> bool:
    """Whether a course can follow this negotiation from its first offer."""
    return rules.domain.protocol == "alternating-offers" and rules.opening.draw is None
