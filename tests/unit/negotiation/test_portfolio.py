"""The newer strategies one by one, and all of them against counterparties that mean no good."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table import domain
from test_strategies import DOMAIN, buyer, outcomes, seller

from parley.negotiation.beliefs import believe
from parley.negotiation.errors import StrategyUnknown
from parley.negotiation.learning import Bandit
from parley.negotiation.opponent import Order
from parley.negotiation.simulation import Match, Seat, simulate
from parley.negotiation.space import Outcome, Space
from parley.negotiation.status import Status
from parley.negotiation.strategies import (
    DEFAULT,
    STRATEGIES,
    AcceptOffer,
    Explanation,
    Move,
    Propose,
    View,
    Walk,
    make_strategy,
    strategy_schemas,
)
from parley.negotiation.strategies.adaptive import received
from parley.negotiation.strategies.conduct import conduct_of, speeds_up, worn
from parley.negotiation.strategies.fixed_rule import FixedRuleParams
from parley.negotiation.strategies.learned import ANYONE, ARMS, learned_table
from parley.negotiation.strategies.ranking import Ranking
from parley.negotiation.strategies.schedule import PPM
from parley.negotiation.strategies.view import remembering
from parley.negotiation.utility import Profile
from parley.scenarios.compute_lease import compute_lease
from parley.terms.documents import Part
from parley.terms.domain import Domain

EVERY = sorted(STRATEGIES)
SPACE = Space(DOMAIN, buyer())


def made(name: str) -> Any:
    return make_strategy(name, {"list_price": "800"} if name == "fixed-rule" else None)


class Script:
    """A counterparty that offers what it is told to, whatever that does to it, and accepts nothing."""

    name: ClassVar[str] = "script"
    params: Part = FixedRuleParams(list_price=1)

    def __init__(self, offers: tuple[Outcome, ...]) -> None:
        self._offers = offers

    def decide(self, view: View) -> Move:
        because = Explanation(strategy=self.name, text="as told")
        if not view.answerable or not view.may_repeat:
            return Walk("no_agreement", because)
        return Propose(view.space.mapping(self._offers[len(view.mine) % len(self._offers)]), because)


@settings(max_examples=60)
@given(
    name=st.sampled_from(EVERY),
    offers=st.lists(outcomes, min_size=1, max_size=8).map(tuple),
    first=st.booleans(),
    reservation=st.integers(0, 1_000_000),
    ceiling=st.integers(0, 1_000),
    seed=st.integers(0, 3),
)
def test_no_counterparty_pushes_a_strategy_below_its_reservation_or_policy(
    name: str, offers: tuple[Outcome, ...], first: bool, reservation: int, ceiling: int, seed: int
) -> None:
    role = "buyer" if first else "seller"
    mine = buyer(reservation_ppm=reservation) if first else seller(reservation_ppm=reservation)
    other = seller(reservation_ppm=0) if first else buyer(reservation_ppm=0)
    space = Space(DOMAIN, mine)

    def admissible(values: Any) -> bool:
        return bool(values["price"] <= ceiling)

    seats = {
        role: Seat(made(name), space, admissible, reputation_ppm=900_000),
        other.role: Seat(Script(offers), Space(DOMAIN, other)),
    }
    match = Match(DOMAIN, seats, seed)
    while match.live:
        before = match.state
        move = match.turn()
        if before.turn == role and isinstance(move, Propose):
            assert space.agreeable(space.outcome(move.values))
            assert admissible(move.values)
    if match.result().agreed:
        assert match.result().utilities[role] >= reservation
        assert int(match.result().values["price"]) <= ceiling
    assert match.state.status in (Status.ACCEPTED, Status.TERMINATED) or match.state.held


@pytest.mark.parametrize("name", EVERY)
def test_a_space_of_one_outcome_ends_cleanly(name: str) -> None:
    single = Domain.parse(
        {
            **domain(max_rounds=6, repeat_cap=2).as_json(),
            "issues": [{"name": "price", "type": "amount", "min": "10", "max": "10", "step": "10"}],
        }
    )
    profiles = {
        role: Profile.parse(
            {
                "schema": "parley/profile",
                "version": 1,
                "domain": single.hash(),
                "role": role,
                "weights": {"price": PPM},
                "utilities": {"price": {"points": [{"at": "10", "utility": 700_000}]}},
                "reservation_ppm": 500_000,
            }
        )
        for role in single.roles
    }
    result = simulate(single, profiles, {"buyer": made(name), "seller": made("linear")})
    assert result.state.status in (Status.ACCEPTED, Status.TERMINATED)
    assert result.state.reason is not None
    if name != "fixed-rule":
        assert result.agreed


def _vast(role: str) -> tuple[Domain, Profile]:
    """12 issues of 10 values: 10^12 outcomes, the roles opposed."""
    names = [f"i{at}" for at in range(12)]
    values = [f"v{at}" for at in range(10)]
    vast = Domain.parse(
        {
            **domain(max_rounds=6, repeat_cap=6).as_json(),
            "issues": [{"name": name, "type": "choice", "values": values} for name in names],
        }
    )
    rising = [at * PPM // 9 for at in range(10)]
    table = rising if role == "buyer" else rising[::-1]
    weights = [70_000 + 1_000 * at if role == "buyer" else 80_000 - 1_000 * at for at in range(12)]
    weights[0] += PPM - sum(weights)
    return vast, Profile.parse(
        {
            "schema": "parley/profile",
            "version": 1,
            "domain": vast.hash(),
            "role": role,
            "weights": dict(zip(names, weights, strict=True)),
            "utilities": {name: {"values": dict(zip(values, table, strict=True))} for name in names},
            "reservation_ppm": 300_000,
        }
    )


@pytest.mark.parametrize("name", [name for name in EVERY if name != "fixed-rule"])
def test_a_space_of_10_to_the_12_is_never_listed(name: str) -> None:
    vast, buyers = _vast("buyer")
    _, sellers = _vast("seller")
    spaces = {"buyer": Space(vast, buyers), "seller": Space(vast, sellers)}
    match = Match(
        vast,
        {
            "buyer": Seat(made(name), spaces["buyer"], lambda values: values["i0"] != "v9"),
            "seller": Seat(made("conceder"), spaces["seller"]),
        },
        1,
    )
    while match.live:
        move = match.turn()
        assert move.explanation.considered <= 256
    assert all(space.size == 10**12 and space.listed is None for space in spaces.values())
    assert match.state.reason is not None
    if match.result().agreed:
        assert match.result().values["i0"] != "v9"


def test_micro_shows_one_more_outcome_for_each_it_is_shown() -> None:
    ranking = Ranking(SPACE)
    ranked = [ranking.at(rank) for rank in range(4)]
    best = [entry[1] for entry in ranked if entry is not None]
    micro = make_strategy("micro")

    def asked(mine: tuple[Outcome, ...], theirs: tuple[Outcome, ...]) -> Outcome:
        move = micro.decide(View(space=SPACE, mine=mine, theirs=theirs, round=len(mine), moves=2 * len(mine)))
        assert isinstance(move, Propose)
        return SPACE.outcome(move.values)

    one, two = (1_000, 10, "green"), (990, 10, "green")
    assert asked((), ()) == best[0]
    assert asked((best[0],), (one,)) == best[1]
    assert asked((best[0], best[1]), (one, one)) == best[1]
    assert asked((best[0], best[1]), (one, two)) == best[2]


def test_two_of_micro_agree_and_neither_gives_more_than_the_other_showed() -> None:
    issues = domain().as_json()["issues"]
    issues[0]["step"] = "100"
    long = Domain.parse({**domain(max_rounds=200, repeat_cap=200).as_json(), "issues": issues})
    profiles = {"buyer": buyer(long), "seller": seller(long)}
    result = simulate(long, profiles, {role: make_strategy("micro") for role in profiles})
    assert result.agreed
    shown = {role: set() for role in profiles}  # type: ignore[var-annotated]
    for role, explanation in result.record:
        shown[role].add(explanation.utility_ppm)
    assert abs(len(shown["buyer"]) - len(shown["seller"])) <= 60


@pytest.mark.parametrize("variant", ["absolute", "relative", "averaged"])
def test_every_tit_for_tat_returns_more_for_more(variant: str) -> None:
    strategy = make_strategy("tit-for-tat", {"variant": variant, "window": 3})
    own: Outcome = (0, 3, "red")

    def target(last: int) -> int:
        theirs: tuple[Outcome, ...] = ((1_000, 0, "green"), (last, 0, "green"))
        move = strategy.decide(View(space=SPACE, mine=(own,), theirs=theirs, round=2, moves=4))
        assert move.explanation.target_ppm is not None
        return move.explanation.target_ppm

    assert target(1_000) > target(800) > target(500)


def test_noise_is_drawn_from_the_seed() -> None:
    strategy = make_strategy("tit-for-tat", {"noise_ppm": 100_000})
    own: Outcome = (0, 3, "red")
    theirs: tuple[Outcome, ...] = ((900, 0, "green"), (500, 0, "green"))

    def move(seed: int) -> Move:
        return strategy.decide(View(space=SPACE, mine=(own,), theirs=theirs, round=2, moves=4, seed=seed))

    assert move(1) == move(1)
    assert len({move(seed).explanation.target_ppm for seed in range(8)}) > 4


def test_beliefs_tell_a_generous_counterparty_from_a_firm_one() -> None:
    best = 10**12
    straight = [best * 30 // 100 + best * at // 100 for at in range(30)]
    firm = [best * 30 // 100 + best * min(at, 3) // 100 for at in range(30)]
    generous, stubborn = believe(straight, best, 60), believe(firm, best, 60)
    assert generous is not None
    assert stubborn is not None
    assert generous.reservation > stubborn.reservation
    assert straight[-1] <= generous.reservation <= best
    assert 30 <= generous.deadline <= 60
    assert generous == believe(straight, best, 60)
    assert believe(straight[:1], best, 60) is None
    assert believe([0, 0], 0, 60) is None


def test_the_bandit_finds_the_better_arm_and_ties_fall_to_the_first() -> None:
    bandit = Bandit(3)
    for _ in range(200):
        arm = bandit.choose()
        bandit.learn(arm, (400_000, 700_000, 500_000)[arm])
    assert bandit.best() == 1
    assert bandit.pulls[1] == max(bandit.pulls)
    assert min(bandit.pulls) >= 1
    assert Bandit(3).best() == 0


def test_the_learned_table_is_frozen_and_knows_a_stranger() -> None:
    table = learned_table()
    assert ANYONE in table
    assert all(0 <= arm < len(ARMS) for arm in table.values())
    stranger = make_strategy("learned", {"counterparty": "nobody trained with"})
    view = View(space=SPACE, theirs=((900, 0, "green"),), table=(900, 0, "green"), round=1, moves=3)
    assert stranger.decide(view) == make_strategy("learned").decide(view)


def test_conduct_tells_moving_unasked_from_answering() -> None:
    own: Outcome = (0, 3, "red")
    others: tuple[Outcome, ...] = tuple((1_000 - 10 * at, 0, "green") for at in range(8))
    unasked = View(space=SPACE, mine=(own,) * 8, theirs=others, round=8, moves=16)
    assert conduct_of(unasked).kind == "moves by itself"
    still = View(space=SPACE, mine=(own,) * 8, theirs=(others[0],) * 8, round=8, moves=16)
    assert conduct_of(still).kind == "does not move"
    flitting = View(space=SPACE, mine=(own,) * 8, theirs=others[:2] * 4, round=8, moves=16)
    assert conduct_of(flitting).kind == "moves in answer"
    assert worn(flitting) == {own}
    assert worn(still) == frozenset()


def _pace(new: set[int], rounds: int = 40, *, moved: set[int] | None = None, made: int = 30) -> View:
    """A counterparty that shows something new in its moves `new`, before an owner that concedes in its moves
    `moved` and otherwise stands still.
    """
    long = domain(max_rounds=rounds, repeat_cap=rounds)
    theirs, mine = [(1_000, 0, "green")], [(0, 3, "red")]
    for at in range(1, made):
        theirs.append((theirs[-1][0] - 10 * (at in new), 0, "green"))
        mine.append((mine[-1][0] + 10 * (at in (moved or set())), 3, "red"))
    return View(
        space=Space(long, buyer(long)),
        mine=tuple(mine),
        theirs=tuple(theirs),
        table=theirs[-1],
        round=made,
        moves=2 * made,
        repeats=made - 1,
    )


def test_conduct_tells_who_moves_ever_faster() -> None:
    hasty = {10, 20, 23, 25, 27, 29}
    assert speeds_up(_pace(hasty))
    assert not speeds_up(_pace(set(range(2, 30, 3)))), "an even pace"
    assert not speeds_up(_pace({1, 2, 3, 5, 8, 13, 21, 29})), "a slackening one"
    assert not speeds_up(_pace({29})), "one offer says nothing"
    full = set(range(23, 30))
    assert speeds_up(_pace(full | set(range(2, 11)))), "no faster than in every move"
    assert not speeds_up(_pace(full - {25, 27} | set(range(2, 8)))), "the same share with room left"
    halted = {10, 18, 23, 24, 25, 26}
    assert not speeds_up(_pace(halted)), "it has stalled since"
    assert speeds_up(_pace(halted, rounds=200)), "a pause that is short among many rounds"
    assert not speeds_up(_pace(hasty, moved=hasty)), "it was asked each time"
    assert not speeds_up(_pace(hasty)._replace(parties=3))
    for made in range(9):
        assert not speeds_up(_pace(set(range(9)), rounds=max(1, made), made=max(1, made)))


def test_the_default_waits_longest_for_who_moves_ever_faster() -> None:
    default, plain = make_strategy(DEFAULT), make_strategy(DEFAULT, {"holding_ppm": PPM})
    places = {10, 20, 23, 24, 25, 27, 29}
    hasty = _pace(places)
    held, along = default.decide(hasty).explanation, plain.decide(hasty).explanation
    assert held.target_ppm is not None
    assert along.target_ppm is not None
    assert held.target_ppm > along.target_ppm
    assert "ever faster" in held.text
    assert "ever faster" not in along.text
    even = _pace(set(range(2, 30, 3)))
    assert default.decide(even) == plain.decide(even)
    early = _pace(places, made=25)
    assert speeds_up(early)
    assert default.decide(early) == plain.decide(early), "too early to tell"


def test_the_default_does_not_let_a_flitting_counterparty_make_a_loop() -> None:
    long = domain(max_rounds=40, repeat_cap=40)
    script = Script(((900, 0, "green"), (890, 0, "green")))
    seats = {
        "buyer": Seat(make_strategy(DEFAULT), Space(long, buyer(long))),
        "seller": Seat(script, Space(long, seller(long, reservation_ppm=0))),
    }
    match = Match(long, seats, 1)
    while match.live:
        match.turn()
    assert match.state.round > 20


def test_an_offer_asked_for_in_vain_counts_no_more() -> None:
    theirs: tuple[Outcome, ...] = ((300, 3, "red"), (350, 3, "red"))
    view = View(space=SPACE, mine=((0, 3, "red"),), theirs=theirs, round=2, moves=4)
    found = received(view)
    assert found is not None
    assert found.outcome == theirs[0]
    again = View(space=SPACE, mine=(theirs[0],), theirs=theirs, round=2, moves=4)
    found = received(again)
    assert found is not None
    assert found.outcome == theirs[1]


def test_what_comes_first_is_thought_to_be_liked_best() -> None:
    model = Order(SPACE, [(1_000, 0, "green"), (1_000, 5, "green"), (1_000, 5, "green"), (900, 5, "red")])
    price, days, colour = SPACE.branches[0].axes
    prices, colours = model(price), model(colour)
    assert prices[-1] == max(prices)
    assert colours[list(colour.values).index("green")] > colours[list(colour.values).index("red")] > 0
    assert max(prices) > max(model(days)), "what stays as it was weighs more"


def test_explanations_are_data() -> None:
    view = View(
        space=SPACE,
        mine=((0, 3, "red"),),
        theirs=((1_000, 0, "green"), (700, 0, "green")),
        table=(700, 0, "green"),
        round=6,
        moves=12,
    )
    for name in ("adaptive", "bayesian", "linear"):
        document = json.loads(json.dumps(make_strategy(name).decide(view).explanation.as_json()))
        assert document["because"] in document["text"]
        assert document["target_ppm"] <= PPM
        assert {
            "values": ["700", "0", "green"],
            "utility_ppm": SPACE.gain((700, 0, "green")) // PPM,
        } in document["alternatives"]
    assert "expects" in make_strategy("bayesian").decide(view).explanation.as_json()


def test_every_strategy_publishes_the_schema_of_its_parameters() -> None:
    schemas = strategy_schemas()
    assert set(schemas) == set(STRATEGIES)
    assert all(schema["additionalProperties"] is False for schema in schemas.values())
    for params in ({"lead": -1}, {"lead": 0.5}, {"pace": 1}):
        with pytest.raises(StrategyUnknown):
            make_strategy("micro", params)


def test_verdicts_of_the_policy_are_asked_for_once() -> None:
    asked: list[Any] = []

    def admissible(values: Any) -> bool:
        asked.append(values)
        return True

    remembered = remembering(admissible)
    assert remembered({"price": 1})
    assert remembered({"price": 1})
    assert remembered({"price": 2})
    assert len(asked) == 2


def test_the_last_move_takes_what_is_there() -> None:
    table: Outcome = (600, 3, "red")
    view = View(space=SPACE, theirs=(table,), table=table, round=11, moves=22)
    assert isinstance(make_strategy(DEFAULT).decide(view), AcceptOffer)


@pytest.mark.parametrize("name", ["adaptive", "learned", "bayesian"])
def test_what_the_other_side_was_never_shown_is_shown(name: str) -> None:
    """A seller of two goods, of which the buyer can only pay for the one that the seller likes less."""
    lease = compute_lease(12)
    seller = lease.seller("lambdalabs")
    of = lease.domain(seller)
    of = of.model_copy(update={"limits": of.limits.model_copy(update={"max_rounds": 20})})
    both = {"buyer": lease.buyer_profile(of), "seller": lease.seller_profile(seller, of)}
    assert len(Space(of, both["seller"]).branches) == 2
    result = simulate(of, both, {"buyer": make_strategy("boulware"), "seller": make_strategy(name)})
    assert {made.values[1] for made in result.offers if made.role == "seller"} == {"H100", "A100-80GB"}
    assert result.agreed
    assert result.values["gpu"] == "A100-80GB"
