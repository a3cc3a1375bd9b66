"""Adversaries: what each gains, that the guardrails hold, and that the reports would say if they did not."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

from parley.negotiation.strategies import AcceptOffer, Explanation, Move, View, make_strategy
from parley.sandbox.attacks import bargaining, bidding, protocol, run
from parley.sandbox.attacks.bargaining import NoParams, injecting, probing, stalling
from parley.sandbox.attacks.bazaar import bargain
from parley.sandbox.attacks.protocol import equivocating, flooding
from parley.sandbox.matches.match import play


class Gullible:
    """Takes whatever is on the table."""

    name: ClassVar[str] = "gullible"
    params = NoParams()

    def decide(self, view: View) -> Move:
        if view.table is not None:
            return AcceptOffer(Explanation(self.name, "why not"))
        return make_strategy("boulware").decide(view)


def test_drawn_bargains_overlap_and_are_the_same_for_a_seed() -> None:
    for seed in range(6):
        case = bargain(seed)
        assert case.analysis.nash is not None
        assert case.domain == bargain(seed).domain
        assert case.profiles == bargain(seed).profiles


@pytest.mark.parametrize("victim", ["trade-off", "boulware", "tit-for-tat"])
def test_stalling_and_probing_end_and_never_press_below_the_reservation(victim: str) -> None:
    for attack in (stalling(4, 3, victim), probing(4, 3, victim)):
        assert attack.holds
        assert attack.abused == 0
    assert probing(4, 3, victim) == probing(4, 3, victim)


def test_a_victim_that_takes_anything_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        bargaining, "make_strategy", lambda name: Gullible() if name == "gullible" else make_strategy(name)
    )
    found = probing(4, 3, "gullible")
    assert not found.holds
    assert found.abused > 0


def test_a_prober_gains_more_than_an_honest_counterparty() -> None:
    figures = probing(8, 3, "trade-off").figures
    assert int(str(figures["victim_utility_probed_ppm"])) < int(str(figures["victim_utility_honest_ppm"]))
    assert int(str(figures["lowest_ask_above_reservation_ppm"])) >= 0


def test_texts_change_no_move_and_go_nowhere() -> None:
    found = injecting(6, 1, "trade-off")
    assert found.holds
    assert found.figures["moves_changed"] == 0
    assert found.figures["texts_passed_on"] == 0


def test_the_hostile_texts_are_really_in_the_messages() -> None:
    case = bargain(1)
    strategies = {role: make_strategy("conceder") for role in case.domain.roles}
    for text in bargaining.INJECTIONS:
        match = bargaining._whispered(case, strategies, 1, text)
        carried = [
            str(message.payload.as_json()) for message in match.messages if message.payload is not None
        ]
        assert any(repr(text)[1:-1] in each for each in carried)


def test_a_flood_is_bounded_and_the_negotiation_goes_on() -> None:
    found = flooding(3, 1)
    assert found.holds
    admitted, sent = (int(str(found.figures[name])) for name in ("most_admitted", "sent"))
    assert 0 < admitted <= 5 < sent


def test_equivocation_is_always_convicted_and_repetition_never() -> None:
    found = equivocating(4, 1)
    assert found.holds
    assert (found.figures["convicted"], found.figures["convicted_falsely"]) == (4, 0)


def test_an_equivocation_that_went_through_would_be_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol.SignedTable, "admit", lambda self, message: ())
    assert equivocating(2, 1).holds is False


@pytest.mark.parametrize("rule", ["second-price", "first-price"])
def test_the_machine_awards_what_the_rule_gives(rule: str) -> None:
    for seed in range(8):
        call = bidding.drawn_call(seed, rule, reserve=bool(seed % 2))
        assert bidding._same(call, seed, call.bids)
        assert bidding._same(call, seed, [None, *call.bids[1:]])
        assert bidding._stays_shut(call, seed)


def test_auctions_under_attack() -> None:
    found = {attack.name: attack for attack in run.auctions(40, 2)}
    assert all(attack.holds for attack in found.values())
    ring, bounded = (
        found["colluding bidders, second-price"],
        found["colluding bidders, second-price, reserve"],
    )
    assert ring.abused > 0
    assert int(str(bounded.figures["requester_loses"])) < int(str(ring.figures["requester_loses"]))
    assert found["late reveals, first-price"].abused > 0
    for guarded in (
        "late reveals, first-price, bond",
        "late reveals, second-price",
        "Sybil bidders, second-price",
        "Sybil bidders of the requester, second-price, bond",
    ):
        assert found[guarded].abused == 0
        assert found[guarded].figures["most_gain"] == 0
    assert found["Sybil bidders of the requester, second-price"].abused > 0


def test_the_report_is_json_and_the_same_twice() -> None:
    first = run.report(run.adversaries(2, 5), 2, 5)
    assert json.loads(json.dumps(first)) == first
    assert first == run.report(run.adversaries(2, 5), 2, 5)
    assert first["holds"] is True
    assert len(first["attacks"]) == 14


def test_adversaries_are_strategies_that_any_match_takes() -> None:
    case = bargain(2)
    made: list[Any] = [bargaining.Staller(), bargaining.Prober()]
    played = play(case, made)
    assert not played.result.state.live
