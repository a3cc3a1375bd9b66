"""The fixed-rule buyer: a ladder of asks, each a percentage off a list price, and no arithmetic beyond it.

Everything but the price is asked for as the owner likes it best. It opens with no one whose reputation is
too low, takes what is on the table when that is at least as good as its own next ask, and when the ladder
ends lets a person decide.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from parley.negotiation.space import Outcome
from parley.negotiation.strategies.moves import AcceptOffer, Escalate, Explanation, Move, Propose, Walk
from parley.negotiation.strategies.view import View
from parley.negotiation.utility import PPM
from parley.terms.documents import Part
from parley.terms.lists import Many
from parley.terms.values import Amount, Name


class FixedRuleParams(Part):
    """`list_price` in base units of the amount issue `issue`; `asks_ppm_off` the ladder; below
    `least_reputation_ppm` no negotiation is opened.
    """

    issue: Name = "price"
    list_price: Amount
    asks_ppm_off: Annotated[
        Many[Annotated[int, Field(ge=0, le=PPM)]], Field(min_length=1, max_length=1_000)
    ] = (
        150_000,
        100_000,
        50_000,
        0,
    )
    least_reputation_ppm: Annotated[int, Field(ge=0, le=PPM)] = 600_000


class FixedRule:
    name: ClassVar[str] = "fixed-rule"

    def __init__(self, params: FixedRuleParams) -> None:
        self.params = params

    def decide(self, view: View) -> Move:
        reputation = view.reputation_ppm
        least = self.params.least_reputation_ppm
        if not view.mine and least and (reputation is None or reputation < least):
            known = "unknown" if reputation is None else f"{reputation} ppm"
            return Walk("reputation", self._because(f"reputation {known}, below {least} ppm"))
        ask = self._ask(view) if view.answerable else None
        if ask is not None and self._good_enough(view, ask):
            return AcceptOffer(self._because("what is on the table is at least as good as its own next ask"))
        if ask is None:
            return Escalate("no_agreement", self._because("the ladder of asks is at its end"))
        off = self.params.asks_ppm_off[len(view.mine)]
        text = f"ask {len(view.mine) + 1} of {len(self.params.asks_ppm_off)}: {off / 10_000:g} % off the list"
        return Propose(view.space.mapping(ask), self._because(text))

    @staticmethod
    def _good_enough(view: View, ask: Outcome) -> bool:
        table = view.table
        return (
            table is not None
            and view.space.gain(table) >= view.space.gain(ask)
            and view.space.agreeable(table)
            and view.admits(table)
        )

    def _ask(self, view: View) -> Outcome | None:
        """The next ask that constraints and policy admit; None at the end of the ladder."""
        space = view.space
        at = len(view.mine)
        if at >= len(self.params.asks_ppm_off):
            return None
        issue = space.domain.issue(self.params.issue)
        price = self.params.list_price * (PPM - self.params.asks_ppm_off[at]) // PPM
        for branch in sorted(space.branches, key=lambda branch: -branch.gain(branch.best())):
            indices = branch.best()
            place = space.names.index(issue.name)
            nearest = branch.axes[place].nearest(price)
            if nearest is None:
                continue
            indices[place] = nearest
            outcome = branch.outcome(indices)
            if space.agreeable(outcome) and view.admits(outcome):
                return outcome
        return None

    def _because(self, text: str) -> Explanation:
        return Explanation(strategy=self.name, text=text)
