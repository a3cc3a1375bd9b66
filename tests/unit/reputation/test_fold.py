"""From events to scores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.reputation.errors import EventOutOfPlace
from parley.reputation.fold import Fold, fold, score_ppm, verdict, weight, weights
from parley.reputation.models import Closed, ClosedDeal, Lapsed, Opened, Outcome, Ruled, Settled, Verdict
from parley.terms.values import Address, Hash32

DAY = 86_400
USD = 10**6
TOKEN = Address("0x" + "70" * 20)
JUNK = Address("0x" + "71" * 20)
BUYER, SELLER = Address("0x" + "b0" * 20), Address("0x" + "5e" * 20)
THIRD = Address("0x" + "03" * 20)
VECTORS = Path(__file__).parents[2] / "vectors" / "reputation.json"


def ident(number: int) -> Hash32:
    return Hash32.of(number.to_bytes(32, "big"))


def deal(
    number: int = 1,
    buyer: Address = BUYER,
    seller: Address = SELLER,
    price: int = 1_000 * USD,
    opened_at: int = 0,
    closed_at: int = 10 * DAY,
    outcome: Outcome = Outcome.SETTLED,
    rulings: tuple[int, ...] = (),
    lapses: int = 0,
    token: Address = TOKEN,
) -> ClosedDeal:
    return ClosedDeal(
        ident(number), buyer, seller, token, price, opened_at, closed_at, outcome, rulings, lapses
    )


def test_a_newcomer_has_six_tenths() -> None:
    assert score_ppm(BUYER, (), 0) == 600_000


def test_events_become_deals() -> None:
    one, two, three = ident(1), ident(2), ident(3)
    events = [
        Opened(one, BUYER, SELLER, TOKEN, 100, 10),
        Opened(two, BUYER, SELLER, TOKEN, 200, 11),
        Settled(one, 0, 50, 20),
        Ruled(two, THIRD, 0, 4_000, 25),
        Lapsed(one, THIRD, 1, 27),
        Settled(one, 1, 0, 30),
        Closed(two, Outcome.SPLIT, 40),
        Opened(three, BUYER, SELLER, TOKEN, 300, 41),
    ]
    assert fold(events) == (
        deal(1, price=100, opened_at=10, closed_at=30, lapses=1),
        deal(2, price=200, opened_at=11, closed_at=40, outcome=Outcome.SPLIT, rulings=(4_000,)),
    )


def test_an_incomplete_history_is_refused_and_changes_nothing() -> None:
    state = Fold()
    with pytest.raises(EventOutOfPlace):
        state.add(Settled(ident(1), 0, 0, 5))
    state.add(Opened(ident(1), BUYER, SELLER, TOKEN, 1, 1))
    with pytest.raises(EventOutOfPlace):
        state.add(Opened(ident(1), BUYER, SELLER, TOKEN, 1, 1))
    assert state.add(Closed(ident(1), Outcome.AMENDED, 2)) is not None
    with pytest.raises(EventOutOfPlace):
        state.add(Settled(ident(1), 0, 0, 5))
    assert len(state.deals) == 1


@pytest.mark.parametrize(
    ("outcome", "rulings", "lapses", "seller", "buyer"),
    [
        (Outcome.SETTLED, (), 0, "good", "good"),
        (Outcome.SETTLED, (5_000,), 0, "good", "good"),
        (Outcome.SETTLED, (4_999,), 0, "bad", "good"),
        (Outcome.SETTLED, (5_001,), 0, "good", "bad"),
        (Outcome.SETTLED, (2_000, 9_000), 0, "bad", "bad"),
        (Outcome.SETTLED, (), 1, "neutral", "neutral"),
        (Outcome.DEFAULTED, (), 0, "bad", "neutral"),
        (Outcome.WALKED_AWAY, (), 0, "bad", "neutral"),
        (Outcome.REJECTION_CLOSED, (), 0, "bad", "neutral"),
        (Outcome.CANCELLED_BY_BUYER, (), 0, "neutral", "neutral"),
        (Outcome.SPLIT, (), 0, "neutral", "neutral"),
        (Outcome.AMENDED, (), 0, "neutral", "neutral"),
        (Outcome.SPLIT, (9_000,), 0, "neutral", "bad"),
    ],
)
def test_what_a_deal_says(
    outcome: Outcome, rulings: tuple[int, ...], lapses: int, seller: str, buyer: str
) -> None:
    closed = deal(outcome=outcome, rulings=rulings, lapses=lapses)
    assert (verdict(closed, SELLER), verdict(closed, BUYER)) == (Verdict(seller), Verdict(buyer))


def test_a_weight_by_hand() -> None:
    # 1000 units: 1 + 1000 has ten binary digits; ten days: 864000 / 950400 = 10/11.
    assert weight(deal(), 10 * DAY, 6) == 10 * 10**6 * 10 // 11
    assert weight(deal(), 190 * DAY, 6) == 10 * 10**6 * 10 // 11 // 2
    assert weight(deal(), 100 * DAY, 6) == 10 * 10**6 * 10 * 3 // (11 * 4)


def test_an_instant_deal_counts_as_held_for_an_hour() -> None:
    instant, minute = deal(closed_at=0), deal(closed_at=60)
    assert weight(instant, 0, 6) == weight(minute, 60, 6) == 10 * 10**6 * 3_600 // 90_000


def test_value_is_capped_and_dust_counts_one() -> None:
    assert weight(deal(price=1), 10 * DAY, 6) == 10**6 * 10 // 11
    assert weight(deal(price=10**30), 10 * DAY, 6) == weight(deal(price=2**15 * USD), 10 * DAY, 6)


def test_an_old_deal_fades_to_nothing() -> None:
    assert weight(deal(), 10 * DAY + 200 * 180 * DAY, 6) == 0
    assert weight(deal(), 2**53, 6) == 0


def test_one_captive_counterparty_counts_one_and_a_connected_one_five() -> None:
    now = 10 * DAY
    captive = [deal(at) for at in range(50)]
    assert weights(SELLER, captive, now).good == 10**6
    connected = [*captive, deal(99, seller=THIRD)]
    assert weights(SELLER, connected, now).good == 5 * 10**6
    assert score_ppm(SELLER, connected, now) == 800_000


def test_bad_weights_are_capped_at_ten_by_counterparty() -> None:
    failed = [deal(at, outcome=Outcome.DEFAULTED) for at in range(50)]
    assert weights(SELLER, failed, 10 * DAY).bad == 10 * 10**6
    assert score_ppm(SELLER, failed, 10 * DAY) == 200_000
    assert score_ppm(BUYER, failed, 10 * DAY) == 600_000


def test_only_listed_tokens_count_and_a_ring_in_junk_earns_nothing() -> None:
    junk = [deal(1, token=JUNK), deal(2, seller=THIRD, token=JUNK)]
    assert score_ppm(BUYER, junk, 10 * DAY, {TOKEN: 6}) == 600_000
    assert score_ppm(BUYER, junk, 10 * DAY, {TOKEN: 6, JUNK: 6}) > 600_000


def test_what_is_not_closed_yet_does_not_exist() -> None:
    assert score_ppm(SELLER, [deal(closed_at=10 * DAY)], 10 * DAY - 1) == 600_000


@given(
    st.lists(
        st.builds(
            deal,
            number=st.integers(0, 10**6),
            buyer=st.sampled_from([BUYER, THIRD]),
            price=st.integers(1, 2**128 - 1),
            opened_at=st.integers(0, 10**8),
            closed_at=st.integers(10**8, 2 * 10**9),
            outcome=st.sampled_from(Outcome),
            rulings=st.lists(st.integers(0, 10_000), max_size=2).map(tuple),
            lapses=st.integers(0, 1),
        ),
        max_size=12,
    ),
    st.integers(10**8, 3 * 10**9),
    st.randoms(use_true_random=False),
)
def test_a_score_is_a_share_and_no_order_changes_it(
    deals: list[ClosedDeal], now: int, random: object
) -> None:
    score = score_ppm(SELLER, deals, now)
    assert 0 < score < 1_000_000
    shuffled = list(deals)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert score_ppm(SELLER, shuffled, now) == score


def test_the_vectors() -> None:
    document = json.loads(VECTORS.read_text())
    assert len(document["cases"]) > 8
    for case in document["cases"]:
        deals = tuple(read(entry) for entry in case["input"]["events"])
        tokens = {Address(token): decimals for token, decimals in case["input"]["tokens"].items()}
        for party, expected in case["expected"].items():
            found = weights(Address(party), fold(deals), case["input"]["now"], tokens)
            assert (str(found.good), str(found.bad)) == (expected["good"], expected["bad"]), case["name"]
            score = score_ppm(Address(party), fold(deals), case["input"]["now"], tokens)
            assert score == expected["score_ppm"], case["name"]


def read(entry: dict[str, object]) -> Opened | Settled | Ruled | Lapsed | Closed:
    """An event of the vectors' JSON form."""
    fields = {key: value for key, value in entry.items() if key != "event"}
    if "price" in fields:
        fields["price"] = int(str(fields["price"]))
    if "outcome" in fields:
        fields["outcome"] = Outcome[str(fields["outcome"]).upper()]
    kinds = {"opened": Opened, "settled": Settled, "ruled": Ruled, "lapsed": Lapsed, "closed": Closed}
    return kinds[str(entry["event"])](**fields)  # type: ignore[arg-type]
