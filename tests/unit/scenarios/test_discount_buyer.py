"""The worked example, to the exact offer."""

from __future__ import annotations

import pytest

from parley.negotiation.simulation import Match, Seat
from parley.negotiation.space import Space
from parley.negotiation.status import Status
from parley.negotiation.strategies import AcceptOffer, Move, Propose, View, Walk
from parley.negotiation.strategies.moves import Explanation
from parley.policy.facts import Counterparty, facts_of
from parley.policy.service import PolicyEngine
from parley.scenarios.discount_buyer import discount_buyer
from parley.terms.message import Message, Performative
from parley.terms.payloads import Offer, Reject
from parley.terms.values import Address

USD = 10**6
WHY = Explanation("scripted", "as the example says")
SCENARIO = discount_buyer()
SPACE = Space(SCENARIO.domain, SCENARIO.profile)
SELLERS = Space(SCENARIO.domain, SCENARIO.profile.model_copy(update={"role": "seller", "limits": ()}))
ADDRESS = Address("0x" + "5e" * 20)


class Accepts:
    """Accepts from a price on, makes no counter."""

    name = "accepts"
    params = SCENARIO.strategy.params

    def __init__(self, least: int, counter: int | None = None) -> None:
        self.least, self.counter = least, counter

    def decide(self, view: View) -> Move:
        assert view.table is not None
        if int(view.table[0]) >= self.least:
            return AcceptOffer(WHY)
        if self.counter is not None:
            return Propose({"price": self.counter}, WHY)
        return Walk("no_agreement", WHY)  # told apart below: a rejection that leaves the turn to the buyer


def negotiate(seller: Accepts, reputation: int | None = 700_000) -> tuple[list[int], Match, Move]:
    engine = PolicyEngine(SCENARIO.policy)

    def admissible(values: object) -> bool:
        facts = facts_of(
            SCENARIO.domain,
            values,  # type: ignore[arg-type]
            role="buyer",
            counterparty=Counterparty(address=ADDRESS, reputation_ppm=reputation),
            now=0,
        )
        return engine.admits(facts, moment="outgoing")

    seats = {
        "buyer": Seat(SCENARIO.strategy, SPACE, admissible, reputation),
        "seller": Seat(seller, SELLERS),
    }
    match = Match(SCENARIO.domain, seats, 0)
    move: Move = Walk("stuck", WHY)
    while match.live:
        move = match.move()
        if isinstance(move, Walk) and move.explanation is WHY:
            assert match.state.offer is not None
            payload = Reject(salt=match.salt(), offer=match.state.offer.message, final=False, reason="no")
            match.send("seller", Performative.REJECT, payload)
        else:
            match.play(move)
    return [_price(message) for message in match.messages if _by_buyer(match, message)], match, move


def _by_buyer(match: Match, message: Message) -> bool:
    return isinstance(message.payload, Offer) and message.core.sender == match.address("buyer")


def _price(message: Message) -> int:
    assert isinstance(message.payload, Offer)
    return int(str(message.payload.values["price"])) // USD


def test_a_seller_that_rejects_everything_ends_with_a_person() -> None:
    asks, match, _ = negotiate(Accepts(10**12))
    assert asks == [850, 900, 950, 1_000]
    assert match.state.held
    assert match.messages[-1].core.performative is Performative.ESCALATE


def test_a_seller_that_accepts_900_gets_900() -> None:
    asks, match, _ = negotiate(Accepts(900 * USD))
    assert asks == [850, 900]
    assert match.state.status is Status.ACCEPTED
    assert match.result().values == {"price": 900 * USD}


def test_a_counter_at_least_as_good_as_the_next_ask_is_taken() -> None:
    asks, match, _ = negotiate(Accepts(10**12, counter=940 * USD))
    assert asks == [850, 900]
    assert match.state.status is Status.ACCEPTED
    assert match.result().values == {"price": 940 * USD}
    assert match.messages[-1].core.sender == match.address("buyer")


@pytest.mark.parametrize("reputation", [550_000, 599_999, None])
def test_no_negotiation_is_opened_below_the_reputation(reputation: int | None) -> None:
    asks, _, move = negotiate(Accepts(0), reputation)
    assert asks == []
    assert isinstance(move, Walk)
    assert move.reason == "reputation"


def test_a_counter_above_the_list_price_is_never_taken() -> None:
    asks, match, _ = negotiate(Accepts(10**12, counter=1_020 * USD))
    assert asks == [850, 900, 950, 1_000]
    assert match.state.held
