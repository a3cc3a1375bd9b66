"""Who wins a sealed-bid auction and at what price, in exact integers.

Prices and penalties are whole multiples of the price issue's step. A bid is judged by its *effective* price:
price plus penalty where the requester buys, price less penalty where it sells. Under the second price the
winner gets the best effective price at which it would still have won, less (plus) its own penalty: the
payment depends on the others' bids and on the quality that is delivered, never on the price that was bid, so
neither the price nor the quality of a bid is worth misstating (Vickrey 1961 for one dimension; the second-
score auction of Che 1993 for more).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from parley.terms.domain import Domain
from parley.terms.errors import EvaluationFailed, IssueValuesInvalid
from parley.terms.expressions import evaluate
from parley.terms.issues import AmountIssue, ChoiceIssue, IntegerIssue, IssueValue
from parley.terms.protocols import Auction


@dataclass(frozen=True, slots=True)
class Bid:
    """`order` is the sequence of its commitment: earlier wins a tie. `price` and `penalty` in the units of
    the price issue.
    """

    role: str
    order: int
    price: int
    penalty: int = 0


@dataclass(frozen=True, slots=True)
class Pricing:
    """The rule of an auction as numbers. `reserve` is the worst effective price that counts (for a posted
    price: the price posted), `step` the grid of prices.
    """

    rule: str
    buying: bool
    reserve: int
    step: int = 1
    min_bids: int = 1

    def effective(self, bid: Bid) -> int:
        """What the bid costs (or brings) the requester, its penalty included."""
        return bid.price + bid.penalty if self.buying else bid.price - bid.penalty

    def better(self, one: int, other: int) -> bool:
        """Whether the effective price `one` is strictly better for the requester."""
        return one < other if self.buying else one > other

    def admissible(self, bid: Bid) -> bool:
        """Whether the bid counts: it meets the reserve, or takes the posted price."""
        against = bid.price if self.rule == "posted" else self.effective(bid)
        return not self.better(self.reserve, against)

    def loss(self, bid: Bid) -> tuple[int, int]:
        """Sort key, best first: effective price, then commit order."""
        if self.rule == "posted":
            bid = replace(bid, price=self.reserve)
        effective = self.effective(bid)
        return (effective if self.buying else -effective, bid.order)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The winning bid, and the price that the award pays; `runner_up` is the best of the others, if any
    counts.
    """

    winner: Bid
    price: int
    runner_up: Bid | None


def decide(pricing: Pricing, bids: Iterable[Bid]) -> Outcome | None:
    """The outcome of the auction; None when fewer than `min_bids` bids count."""
    ranked = sorted((bid for bid in bids if pricing.admissible(bid)), key=pricing.loss)
    if not ranked or len(ranked) < pricing.min_bids:
        return None
    winner = ranked[0]
    runner_up = ranked[1] if len(ranked) > 1 else None
    if pricing.rule == "posted":
        return Outcome(winner, pricing.reserve, runner_up)
    if pricing.rule == "first-price":
        return Outcome(winner, winner.price, runner_up)
    return Outcome(winner, threshold(pricing, winner, () if runner_up is None else (runner_up,)), runner_up)


def threshold(pricing: Pricing, bid: Bid, others: Iterable[Bid]) -> int:
    """The price at which `bid`, with its quality, would only just hold against `others` and the reserve."""
    edge = pricing.reserve
    for other in others:
        effective = pricing.effective(other)
        if pricing.better(effective, edge):
            edge = effective
    return edge - bid.penalty if pricing.buying else edge + bid.penalty


def pricing_of(domain: Domain, auction: Auction) -> Pricing:
    """The numbers behind an auction's section."""
    issue = price_issue(domain, auction)
    buying = auction.side == "buy"
    given = auction.posted if auction.posted is not None else auction.reserve
    worst = issue.max if buying else issue.min
    reserve = worst if given is None else issue.decode(given)
    return Pricing(auction.rule, buying, reserve, issue.step, auction.min_bids)


def price_issue(domain: Domain, auction: Auction) -> AmountIssue | IntegerIssue:
    """The issue that the auction prices. Raises `IssueValuesInvalid` for a choice."""
    issue = domain.issue(auction.price)
    if isinstance(issue, ChoiceIssue):
        raise IssueValuesInvalid("a choice is no price", issue=issue.name, value="")
    return issue


def penalty_of(domain: Domain, auction: Auction, values: dict[str, IssueValue]) -> int:
    """The penalty of a bid's values, rounded up to the grid of prices; never below 0.

    Raises `EvaluationFailed` where the expression has no value for them.
    """
    if auction.penalty is None:
        return 0
    step = price_issue(domain, auction).step
    found = evaluate(auction.penalty, values, {})
    if found.bit_length() > 256:
        raise EvaluationFailed("the penalty is out of range", problem="range", field="penalty")
    return max(0, -(-found // step) * step)
