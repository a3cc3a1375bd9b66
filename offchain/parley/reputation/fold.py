"""From chain events to facts, and from facts to a score: integers only, so that anyone gets the same number.

docs/spec.md section 9 is the definition; tests/vectors/reputation.json holds its vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from parley.reputation.errors import EventOutOfPlace
from parley.reputation.models import (
    Closed,
    ClosedDeal,
    Event,
    Lapsed,
    Opened,
    Outcome,
    Ruled,
    Settled,
    Verdict,
    Weights,
)
from parley.terms.values import Address, Hash32

MILLION = 1_000_000
NEWCOMER_PPM = 600_000
VALUE_CAP = 16
SHORTEST = 3_600
DAY = 86_400
HALF_LIFE = 180 * DAY
PRIOR_GOOD = 3
PRIOR_BAD = 2
GOOD_CAP = 5
BAD_CAP = 10
CAPTIVE_CAP = 1
DEFAULT_DECIMALS = 6


@dataclass(slots=True)
class _Life:
    opened: Opened
    rulings: list[int] = field(default_factory=list)
    lapses: int = 0


class Fold:
    """Feeds on events in chain order and keeps the closed deals. One per escrow."""

    def __init__(self) -> None:
        self._live: dict[Hash32, _Life] = {}
        self._closed: dict[Hash32, ClosedDeal] = {}

    def add(self, event: Event) -> ClosedDeal | None:
        """The deal that `event` closed, if it did. Raises `EventOutOfPlace`, and changes nothing then."""
        deal_id = event.deal_id
        if isinstance(event, Opened):
            if deal_id in self._live or deal_id in self._closed:
                raise EventOutOfPlace("The deal was opened before", deal_id=deal_id)
            self._live[deal_id] = _Life(event)
            return None
        life = self._live.get(deal_id)
        if life is None:
            problem = "closed already" if deal_id in self._closed else "never opened"
            raise EventOutOfPlace(f"An event of a deal that was {problem}", deal_id=deal_id)
        match event:
            case Ruled():
                life.rulings.append(event.seller_bps)
            case Lapsed():
                life.lapses += 1
            case Settled():
                if event.remaining == 0:
                    return self._close(life, Outcome.SETTLED, event.at)
            case Closed():
                return self._close(life, event.outcome, event.at)
        return None

    @property
    def deals(self) -> tuple[ClosedDeal, ...]:
        """The closed deals in the order in which they closed."""
        return tuple(self._closed.values())

    def _close(self, life: _Life, outcome: Outcome, at: int) -> ClosedDeal:
        opened = life.opened
        closed = ClosedDeal(
            deal_id=opened.deal_id,
            buyer=opened.buyer,
            seller=opened.seller,
            token=opened.token,
            price=opened.price,
            opened_at=opened.at,
            closed_at=at,
            outcome=outcome,
            rulings=tuple(life.rulings),
            lapses=life.lapses,
        )
        del self._live[opened.deal_id]
        self._closed[opened.deal_id] = closed
        return closed


def fold(events: Iterable[Event]) -> tuple[ClosedDeal, ...]:
    """The closed deals of `events`, which come in chain order. Raises `EventOutOfPlace`."""
    state = Fold()
    for event in events:
        state.add(event)
    return state.deals


def verdict(deal: ClosedDeal, party: Address) -> Verdict:
    """What the deal says about `party`."""
    seller = party == deal.seller
    if any((bps if seller else 10_000 - bps) < 5_000 for bps in deal.rulings):
        return Verdict.BAD
    if deal.outcome is Outcome.SETTLED:
        return Verdict.NEUTRAL if deal.lapses else Verdict.GOOD
    if seller and deal.outcome in (Outcome.DEFAULTED, Outcome.WALKED_AWAY, Outcome.REJECTION_CLOSED):
        return Verdict.BAD
    return Verdict.NEUTRAL


def weight(deal: ClosedDeal, now: int, decimals: int) -> int:
    """The deal's weight at `now` (unix seconds), in millionths, floored once."""
    units: int = deal.price // 10**decimals
    value = min((1 + units).bit_length(), VALUE_CAP)
    held = max(deal.closed_at - deal.opened_at, SHORTEST)
    halvings, rest = divmod(now - deal.closed_at, HALF_LIFE)
    if halvings > 32:
        return 0
    above = MILLION * value * held * (2 * HALF_LIFE - rest)
    return above // ((held + DAY) * 2 * HALF_LIFE << halvings)


def weights(
    party: Address, deals: Iterable[ClosedDeal], now: int, tokens: Mapping[Address, int] | None = None
) -> Weights:
    """Sums and caps. Deals that closed after `now`, and deals in tokens outside `tokens`, do not exist for
    it.
    """
    seen = [deal for deal in deals if deal.closed_at <= now and (tokens is None or deal.token in tokens)]
    partners = _partners(seen)
    good: dict[Address, int] = {}
    bad: dict[Address, int] = {}
    count = 0
    for deal in seen:
        other = deal.other(party)
        if other is None:
            continue
        count += 1
        said = verdict(deal, party)
        if said is Verdict.NEUTRAL:
            continue
        decimals = DEFAULT_DECIMALS if tokens is None else tokens[deal.token]
        sums = good if said is Verdict.GOOD else bad
        sums[other] = sums.get(other, 0) + weight(deal, now, decimals)
    return Weights(
        good=sum(
            min(total, (CAPTIVE_CAP if partners[other] == {party} else GOOD_CAP) * MILLION)
            for other, total in good.items()
        ),
        bad=sum(min(total, BAD_CAP * MILLION) for total in bad.values()),
        deals=count,
        counterparties=len(partners.get(party, ())),
    )


def score_ppm(
    party: Address, deals: Iterable[ClosedDeal], now: int, tokens: Mapping[Address, int] | None = None
) -> int:
    """The score of `party` at `now` (unix seconds) in ppm, 0 to 1 000 000; a newcomer has 600 000.

    `tokens` gives the decimals of the tokens that count. Without it every token counts and is taken to have
    six: only right on a chain whose tokens are all known, since anyone can trade a token of their own with
    themselves.
    """
    found = weights(party, deals, now, tokens)
    above = (PRIOR_GOOD * MILLION + found.good) * MILLION
    return above // ((PRIOR_GOOD + PRIOR_BAD) * MILLION + found.good + found.bad)


def _partners(deals: Iterable[ClosedDeal]) -> dict[Address, set[Address]]:
    partners: dict[Address, set[Address]] = {}
    for deal in deals:
        partners.setdefault(deal.buyer, set()).add(deal.seller)
        partners.setdefault(deal.seller, set()).add(deal.buyer)
    return partners
