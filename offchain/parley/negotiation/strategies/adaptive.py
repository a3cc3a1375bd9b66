"""The default: a mixed portfolio that picks its conduct by what it has seen.

It begins at its best outcome and stands still, which costs nothing and tells two kinds of counterparty apart
(`parley.negotiation.strategies.conduct`). Against one that moves by itself it waits, and concedes along a
late schedule (Boulware: Faratin, Sierra, Jennings 1998), and one that does so ever faster, as such schedules
do, it outwaits: most of what it will give is still to come. Against one that only answers, and against one
that has not moved by the time most would have, it concedes early, an outcome not asked for before in every
move, as MiCRO does (de Jonge 2022). Along the way it asks for the outcome of its level that the other side is
thought to like best (trade-off: Faratin, Sierra, Jennings 2002), never for less than what was offered to it
already, and in the end it rather takes what is on the table from a counterparty that goes back on its offers
than ask once more.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Set as AbstractSet
from typing import Annotated, ClassVar

from pydantic import Field

from parley.negotiation.opponent import Order
from parley.negotiation.scored import Scored
from parley.negotiation.search import Candidate, Search
from parley.negotiation.space import Outcome, Space
from parley.negotiation.strategies.bargainer import Bargainer
from parley.negotiation.strategies.conduct import conduct_of, speeds_up, worn
from parley.negotiation.strategies.fresh import cheapest, fresh
from parley.negotiation.strategies.schedule import PPM, conceded_ppm
from parley.negotiation.strategies.view import View
from parley.negotiation.weak import is_weak
from parley.terms.documents import Part

Exponent = Annotated[int, Field(ge=10, le=10_000, multiple_of=10)]


class AdaptiveParams(Part):
    """`waiting_milli` and `giving_milli` are the exponents (times 1 000) of the schedules for a counterparty
    that moves by itself and for one that answers. Shares of all rounds in ppm: giving starts after
    `start_ppm` at the earliest, and after `patience_ppm` with a counterparty that has not moved at all.
    `holding_milli` is the exponent for one that moves by itself ever faster, from `holding_ppm` on.
    `pace_ppm` of the acceptable outcomes are asked for by the end of giving, where a space is small.
    """

    waiting_milli: Exponent = 160
    giving_milli: Exponent = 1_000
    start_ppm: Annotated[int, Field(ge=0, le=PPM)] = 100_000
    patience_ppm: Annotated[int, Field(ge=0, le=PPM)] = 600_000
    pace_ppm: Annotated[int, Field(ge=0, le=PPM)] = 500_000
    holding_milli: Exponent = 30
    holding_ppm: Annotated[int, Field(ge=0, le=PPM)] = 650_000


class Adaptive(Bargainer):
    name: ClassVar[str] = "adaptive"

    def __init__(self, params: AdaptiveParams | None = None) -> None:
        self.manner = params or AdaptiveParams()
        self.params: Part = self.manner

    def target(self, view: View) -> tuple[int, str]:
        space = view.space
        step, last = place_of(view)
        giving, why = self._giving(view)
        if giving is None:
            exponent, start = self.manner.waiting_milli, 0
            if PPM * step >= view.max_rounds * self.manner.holding_ppm and speeds_up(view):
                exponent = self.manner.holding_milli
                why = "the other side makes new offers unasked ever faster, so waiting longest pays"
        else:
            exponent, start = self.manner.giving_milli, giving
        best = received(view)
        floor = max(space.reservation, min(best.gain, space.best_gain) if best else 0)
        conceded = conceded_ppm(step - start, max(1, last - start), exponent)
        level = space.best_gain - (space.best_gain - floor) * conceded // PPM
        if best is not None and best.gain >= level:
            return best.gain, f"{why}; no less than what was offered once"
        return level, why

    def scores(self, view: View) -> Scored:
        return view.followed("order", lambda: _Heard(view.space))

    def find(self, view: View, search: Search, target: int) -> list[Candidate]:
        space = view.space
        best = received(view)
        if best is not None and best.gain >= target:
            return [best]
        avoided = worn(view)
        if view.mine and view.may_repeat and target >= space.best_gain:
            last = view.mine[-1]
            if space.gain(last) >= target and last not in avoided and view.admits(last):
                return [Candidate(last, space.gain(last), 0, space.branch_key(last))]
        model = self.scores(view)
        taken = taken_of(view)
        answers = conduct_of(view).kind == "moves in answer"
        found = fresh(space, view.admits, search, model, target, taken, neighbours=answers)
        if found is None:
            found = cheapest(space, view.admits, model, self._ranks(view), taken)
        if found is not None:
            return [found, *self._elsewhere(search, target, model, taken, found)]
        known = search.at_least(target)
        return [each for each in known if each.outcome not in avoided] or self._aside(view, search, target)

    @staticmethod
    def _elsewhere(
        search: Search, target: int, model: Scored, taken: AbstractSet[Outcome], found: Candidate
    ) -> list[Candidate]:
        """What other branches have for the target, not asked for yet: common ground may lie there alone, and
        the other side cannot ask for what it was never shown.
        """
        if not found.branch:
            return []  # a single branch has all there is
        return [
            each
            for each in search.at_least(target, model)
            if each.branch != found.branch and each.outcome not in taken
        ]

    def _aside(self, view: View, search: Search, target: int) -> list[Candidate]:
        """The least concession that keeps out of a loop; what the target leaves where there is none."""
        space = view.space
        taken = taken_of(view)
        for share in (2, 5, 10, 20, 50, 100, 200, 400):
            lower = max(space.reservation, target - space.best_gain * share // 1_000)
            found = fresh(space, view.admits, search, self.scores(view), lower, taken, neighbours=True)
            if found is not None:
                return [found]
        return search.at_least(target)

    def expects(self, view: View) -> str | None:
        if view.parties != 2 or len(view.theirs) < 2:
            return None
        seen = conduct_of(view)
        if seen.kind == "moves by itself":
            return "the other side to go on moving by itself"
        if seen.kind == "wavers":
            return "the other side to go on wavering"
        if seen.kind == "moves in answer":
            return "the other side to answer what it is given"
        return "the other side to stand still for now"

    def settles(self, view: View, table: int) -> str | None:
        """In the last move with an answer: rather what is on the table than one more try. And from a party
        that wavers, in the second half: the best it ever offered.
        """
        space = view.space
        conduct = conduct_of(view)
        if view.parties * view.max_rounds - view.moves == view.parties:
            best = received(view)
            if best is None or table >= best.gain - (best.gain - space.reservation) // 20:
                return "nothing better was ever offered, and there is no move after this one"
            if conduct.returns and 3 * (table - space.reservation) >= best.gain - space.reservation:
                return "the other side goes back on its offers, and there is no move after this one"
        if conduct.kind == "wavers" and 2 * view.round >= view.max_rounds:
            most = max(space.gain(offer) for offer in view.theirs)
            if table >= most > space.reservation:
                return "it is the best that was ever offered, by a party that goes back on its offers"
        return None

    def _stale(self, view: View, outcome: Outcome) -> bool:
        # What was left may be asked for again, since the other side may like it by now; `find` sees to loops.
        return is_weak(view.domain, view.mine[-1], outcome) and not view.may_repeat if view.mine else False

    def _giving(self, view: View) -> tuple[int | None, str]:
        """The move in which giving started, None while waiting is better; and why."""
        return view.noted("giving", self._given)

    def _given(self, view: View) -> tuple[int | None, str]:
        if view.parties != 2:
            return 0, "several others rarely move by themselves"
        rounds = view.max_rounds
        seen = conduct_of(view)
        step, _ = place_of(view)
        if seen.kind == "moves by itself":
            return None, f"the other side made {seen.unasked} new offers unasked, so waiting pays"
        patience = rounds * self.manner.patience_ppm // PPM
        if seen.kind == "wavers":
            return patience, "the other side goes back on its offers, so waiting does not pay"
        if seen.kind == "moves in answer":
            start = rounds * self.manner.start_ppm // PPM
            return start, "the other side moves only in answer, so giving pays"
        if step >= patience:
            return patience, f"the other side has not moved in {step} rounds, so something must be given"
        return None, "the other side has not shown yet whether it moves by itself"

    def _ranks(self, view: View) -> int:
        """How many of the acceptable outcomes of a small space may be asked for by now, while giving."""
        giving, _ = self._giving(view)
        listed = view.space.listed
        step, last = place_of(view)
        if giving is None or listed is None or step < giving:
            return 0
        acceptable = bisect_right(listed[0], -view.space.reservation)
        return 1 + acceptable * (step - giving) * self.manner.pace_ppm // (max(1, last - giving) * PPM)


def received(view: View) -> Candidate | None:
    """The best offer received that may be agreed to and was not asked for in vain. Of several others'
    offers none counts: what suits one need not suit the rest.
    """
    return view.noted("received", _received)


def _received(view: View) -> Candidate | None:
    if view.parties != 2:
        return None
    space, taken = view.space, taken_of(view)
    for loss, _, offer in view.followed("offered", lambda: _Offered(space)).best:
        if offer not in taken and space.agreeable(offer) and view.admits(offer):
            return Candidate(offer, -loss, 0, space.branch_key(offer))
    return None


def taken_of(view: View) -> AbstractSet[Outcome]:
    """The outcomes that the owner has asked for."""
    return view.followed("taken", _Taken).outcomes


class _Taken:
    """The owner's distinct offers; see `Follower`."""

    def __init__(self) -> None:
        self.outcomes: set[Outcome] = set()
        self._count = 0

    def follow(self, view: View) -> bool:
        if self._count > len(view.mine):
            return False
        self.outcomes.update(view.mine[self._count :])
        self._count = len(view.mine)
        return True


class _Offered:
    """The other side's distinct offers by what they are worth to the owner, of equals the latest first; see
    `Follower`.
    """

    def __init__(self, space: Space) -> None:
        self.best: list[tuple[int, int, Outcome]] = []
        self._space = space
        self._last: dict[Outcome, int] = {}
        self._count = 0

    def follow(self, view: View) -> bool:
        if self._count > len(view.theirs):
            return False
        for at in range(self._count, len(view.theirs)):
            offer = view.theirs[at]
            loss = -self._space.gain(offer)
            before = self._last.get(offer)
            if before is not None:
                del self.best[bisect_left(self.best, (loss, -before))]
            insort(self.best, (loss, -at, offer))
            self._last[offer] = at
        self._count = len(view.theirs)
        return True


class _Heard(Order):
    """What the other side likes, as far as its offers tell; see `Follower`."""

    def follow(self, view: View) -> bool:
        if self.taken > len(view.theirs):
            return False
        for offer in view.theirs[self.taken :]:
            self.add(offer)
        return True


def place_of(view: View) -> tuple[int, int]:
    """This move's place among those that can still be answered, and the last of them."""
    last = max(1, view.max_rounds - 1 - (1 if view.moves % view.parties else 0))
    return min(view.round, last), last
