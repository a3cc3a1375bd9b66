"""One match with all that is reported of it, and tournaments that can be gone on with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, ClassVar

import pytest

from parley.negotiation.errors import ProfileInvalid, StrategyUnknown
from parley.negotiation.strategies import Boulware, Explanation, Move, Propose, View, make_strategy
from parley.negotiation.utility import Profile
from parley.sandbox.errors import (
    CaseInvalid,
    FolderUnusable,
    ProtocolUnknown,
    StrategyUnreadable,
    WorkersLost,
)
from parley.sandbox.leases import simple_lease, simple_profile
from parley.sandbox.matches.case import Case, case_of
from parley.sandbox.matches.match import play
from parley.sandbox.matches.mediated import mediated_case
from parley.sandbox.matches.naming import strategy_of
from parley.sandbox.matches.protocols import play_under
from parley.sandbox.matches.standings import estimate, report
from parley.sandbox.matches.tournament import Entry, Ledger, pairings, run
from parley.scenarios.campaign import campaign
from parley.terms.documents import Part
from parley.terms.values import ZERO_ADDRESS


def lease(title: str = "lease", reservation_ppm: int = 300_000) -> Case:
    domain = simple_lease(ZERO_ADDRESS, title=title)
    return case_of(title, domain, [simple_profile(domain, role, reservation_ppm) for role in domain.roles])


def test_a_match_reports_what_was_agreed_and_how_good_it_is() -> None:
    case = lease().with_rounds(30)
    played = play(case, [make_strategy("boulware"), make_strategy("conceder")], seed=4)
    found = played.as_json()
    assert (found["schema"], found["version"]) == ("parley/match", 1)
    assert json.loads(json.dumps(found)) == found
    assert found["max_rounds"] == 30
    assert found["result"]["agreed"] is True
    assert found["result"]["ended"] == "agreed"
    spot = case.analysis.spot(case.domain.decode_values(found["result"]["values"]))
    utilities = [party["utility_ppm"] for party in found["parties"]]
    assert utilities == [gain // 10**6 for gain in spot.gains]
    assert found["quality"]["welfare_ppm"] == sum(spot.gains) // 10**6
    transcript = found["transcript"]
    assert [entry["sequence"] for entry in transcript] == list(range(found["result"]["messages"]))
    assert transcript[0]["performative"] == "open"
    assert transcript[-1]["performative"] == "accept"
    offers = [entry for entry in transcript if "values" in entry]
    assert offers[-1]["values"] == found["result"]["values"]
    assert offers[-1]["utilities_ppm"] == dict(zip(case.domain.roles, utilities, strict=True))
    assert {entry["role"] for entry in transcript} == set(case.domain.roles)
    assert all(entry["why"]["text"] for entry in transcript[1:])
    again = play(case, [make_strategy("boulware"), make_strategy("conceder")], seed=4)
    assert again.as_json() == found


def test_three_parties_and_an_approval_are_in_the_transcript() -> None:
    scenario = campaign()
    case = case_of("campaign", scenario.domain, scenario.profiles.values())
    played = play(case, [make_strategy(name) for name in ("linear", "conceder", "linear")])
    found = played.as_json()
    assert found["result"]["agreed"] is True
    said = [(entry["role"], entry["performative"], "why" in entry) for entry in found["transcript"]]
    assert ("reviewer", "approve", False) in said
    assert sum(1 for _, performed, _ in said if performed == "approve") == found["result"]["approvals"] > 0
    assert {performed for _, performed, why in said if not why} == {"open", "escalate", "approve"}
    assert {role for role, _, _ in said} == {"budget", "channel", "capacity", "reviewer"}


def test_where_limits_exclude_each_other_it_ends_without_agreement_and_says_so() -> None:
    apart = lease()
    limits = {"buyer": {"max": "2000000"}, "seller": {"min": "3000000"}}
    profiles = [
        Profile.parse({**apart.profiles[role].as_json(), "limits": [{"issue": "price", **limit}]})
        for role, limit in limits.items()
    ]
    found = play(case_of("apart", apart.domain, profiles), [make_strategy("linear")] * 2).as_json()
    assert found["result"]["agreed"] is False
    assert found["result"]["ended"] == "withdrawn"
    assert found["quality"]["front"]["points"] == 0
    assert found["quality"]["pareto_distance_ppm"] == 0
    assert found["quality"]["best_welfare_ppm"] is None


def test_no_agreement_leaves_the_reservations() -> None:
    case = lease(reservation_ppm=900_000)
    found = play(case, [make_strategy("linear"), make_strategy("linear")]).as_json()
    assert found["result"]["agreed"] is False
    assert found["result"]["values"] is None
    assert [party["utility_ppm"] for party in found["parties"]] == [900_000, 900_000]
    assert found["quality"]["nash_point"] is None
    assert found["quality"]["nash_share_ppm"] is None


class Stubborn:
    """Offers what the machine does not admit."""

    name: ClassVar[str] = "stubborn"

    @property
    def params(self) -> Part:
        return Boulware().params

    def decide(self, view: View) -> Move:
        values = view.space.mapping(view.space.branches[0].outcome(view.space.branches[0].best()))
        return Propose(values, Explanation(self.name, "the same again"))


def test_a_move_that_the_machine_refuses_ends_the_match_and_is_named() -> None:
    case = lease().with_rounds(50)
    played = play(case, [make_strategy("boulware"), Stubborn()])
    assert played.refused == "negotiation.repeat-limit"
    assert played.ended == "withdrawn"
    assert played.by == case.domain.roles[1]
    assert len(played.as_json()["transcript"]) == len(played.result.messages)


def test_cases_that_are_none() -> None:
    case = lease()
    profiles = list(case.profiles.values())
    with pytest.raises(CaseInvalid):
        case_of("x", case.domain, profiles[:1])
    with pytest.raises(CaseInvalid):
        case_of("x", case.domain, [profiles[0], *profiles])
    with pytest.raises(CaseInvalid):
        play(case, [make_strategy("linear")])
    with pytest.raises(CaseInvalid):
        case.with_rounds(0)
    stranger = lease("another").profiles["seller"]
    with pytest.raises(ProfileInvalid):
        play(Case("x", case.domain, {**case.profiles, "seller": stranger}), [make_strategy("linear")] * 2)


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("boulware", {"exponent_milli": 200}),
        ("boulware:exponent_milli=300", {"exponent_milli": 300}),
        ("tit-for-tat:window=3,goodwill_ppm=10", {"window": 3, "goodwill_ppm": 10}),
        ("fixed-rule:list_price=1000,asks_ppm_off=[5,0]", {"list_price": "1000", "asks_ppm_off": [5, 0]}),
        ("fixed-rule:list_price=1000,issue=cost", {"issue": "cost"}),
    ],
)
def test_a_strategy_as_it_is_written(text: str, params: dict[str, Any]) -> None:
    strategy = strategy_of(text)
    assert strategy.name == text.partition(":")[0]
    assert params.items() <= strategy.params.as_json().items()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", StrategyUnknown),
        ("nonsense", StrategyUnknown),
        ("nonsense:a=1", StrategyUnknown),
        ("boulware:", StrategyUnreadable),
        ("boulware:exponent_milli", StrategyUnreadable),
        ("boulware:=3", StrategyUnreadable),
        ("boulware:exponent_milli=300,exponent_milli=200", StrategyUnreadable),
        ("boulware:exponent_milli=0.3", StrategyUnknown),
        ("boulware:exponent_milli=NaN", StrategyUnknown),
        ("boulware:exponent_milli=true", StrategyUnknown),
        ("boulware:exponent_milli=" + "[" * 4_000, StrategyUnknown),
        ("boulware:" + "x" * 5_000, StrategyUnreadable),
        ("fixed-rule", StrategyUnknown),
    ],
)
def test_a_strategy_that_cannot_be_read_is_a_typed_error(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        strategy_of(text)


def entries(*names: str) -> list[Entry]:
    return [Entry(name, strategy_of(name)) for name in names]


def test_a_tournament_plays_every_ordered_pair_and_counts_both_sides() -> None:
    cases = [lease("one"), lease("two", 200_000)]
    matches = list(pairings(cases, entries("linear", "conceder"), [5, 10], [0]))
    assert len(matches) == 2 * 4 * 2
    outcomes = run(matches)
    found = report(outcomes)
    assert found["matches"] == 16
    assert found["domains"] == 2
    assert {row["strategy"]: row["matches"] for row in found["standings"]} == {"linear": 16, "conceder": 16}
    assert set(found["by_role"]) == set(cases[0].domain.roles)
    assert set(found["by_rounds"]) == {"5", "10"}
    assert [(pair["strategy"], pair["against"]) for pair in found["pairs"]] == [
        ("conceder", "conceder"),
        ("conceder", "linear"),
        ("linear", "conceder"),
        ("linear", "linear"),
    ]
    mean = sum(each.own for each in outcomes if each.entry == "linear") // 16
    rows = {row["strategy"]: row for row in found["standings"]}
    assert abs(rows["linear"]["utility"]["mean_ppm"] - mean) <= 2
    interval = rows["linear"]["utility"]
    assert interval["low_ppm"] <= interval["mean_ppm"] <= interval["high_ppm"]


def test_a_tournament_goes_on_where_it_was_torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matches = list(pairings([lease()], entries("linear", "conceder"), [5], [0, 1]))
    whole = run(matches)
    run(matches[:3], Ledger(tmp_path))
    with (tmp_path / Ledger.NAME).open("a") as file:
        file.write('{"schema": "parley/tourn')
    played = []
    from parley.sandbox.matches import tournament

    original = tournament.outcomes_of

    def counted(pairing: Any) -> Any:
        played.append(pairing.key)
        return original(pairing)

    monkeypatch.setattr(tournament, "outcomes_of", counted)
    assert run(matches, Ledger(tmp_path)) == whole
    assert played == [match.key for match in matches[3:]]
    played.clear()
    assert run(matches, Ledger(tmp_path)) == whole
    assert played == []


def test_a_tournament_is_the_same_in_any_number_of_processes(tmp_path: Path) -> None:
    matches = list(pairings([lease(), lease("two", 200_000)], entries("linear", "conceder"), [5], [0, 1]))
    alone = run(matches, Ledger(tmp_path / "alone"))
    run(matches[2:5], Ledger(tmp_path / "shared"))
    assert run(matches, Ledger(tmp_path / "shared"), jobs=2) == alone
    lines = (tmp_path / "shared" / Ledger.NAME).read_text().splitlines()
    assert sorted(lines) == sorted((tmp_path / "alone" / Ledger.NAME).read_text().splitlines())
    first = [json.loads(line)["key"] for line in lines if json.loads(line)["role"] == "buyer"]
    held = [match.key for match in matches[2:5]]
    assert first == held + [match.key for match in matches if match.key not in held]


@pytest.mark.deep
def test_a_tournament_that_loses_a_process_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from parley.sandbox.matches import tournament

    monkeypatch.setattr(tournament, "_play_held", os._exit)
    with pytest.raises(WorkersLost):
        run(list(pairings([lease()], entries("linear", "conceder"), [5], [0])), jobs=2)


def test_results_of_something_else_are_not_mixed_in(tmp_path: Path) -> None:
    (tmp_path / Ledger.NAME).write_text('{"schema": "other"}\n')
    with pytest.raises(FolderUnusable):
        Ledger(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderUnusable):
        Ledger(tmp_path / "file")


def test_an_interval_covers_the_mean_of_what_it_was_drawn_from() -> None:
    assert estimate([]) is None
    one = estimate([7])
    assert one is not None
    assert (one.mean, one.low) == (7, None)
    covered = 0
    from random import Random

    random = Random(1)
    for _ in range(60):
        found = estimate([int(random.random() * 1_000_000) for _ in range(30)])
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 500_000 <= found.high
    assert covered >= 51


def test_a_mediator_settles_a_match() -> None:
    case = lease()
    played = play_under("mediated", case, [], 2)
    found = played.as_json()
    assert found["protocol"] == "mediated"
    assert found["result"]["agreed"] is True
    assert found["engine"] == "in memory, signed"
    assert {entry["role"] for entry in found["transcript"]} == {"buyer", "seller", "mediator"}
    assert min(case.analysis.surplus(played.case.analysis.spot(played.result.values).gains)) >= 0
    assert play_under("mediated", case, ["sealed-ranking"] * 2, 2).as_json() == found
    fewer = play_under("mediated", case, ["sealed-ranking:names=3"] * 2, 2)
    assert fewer.as_json()["parties"][0]["params"] == {"names": 3}
    apart = play_under("mediated", lease(reservation_ppm=900_000), [], 2)
    assert not apart.result.agreed
    assert json.loads(json.dumps(apart.as_json()))["result"]["values"] is None


@pytest.mark.parametrize(
    ("protocol", "strategies", "error"),
    [
        ("duel", [], ProtocolUnknown),
        ("alternating-offers", ["linear"], CaseInvalid),
        ("mediated", ["sealed-ranking"], CaseInvalid),
        ("mediated", ["linear", "linear"], StrategyUnknown),
        ("mediated", ["sealed-ranking:names=0"] * 2, StrategyUnknown),
        ("mediated", ["sealed-ranking:names"] * 2, StrategyUnreadable),
        ("sealed-bid", ["award"], CaseInvalid),
        ("sealed-bid", ["honest-bid", "honest-bid"], CaseInvalid),
        ("sealed-bid", ["award", "linear"], StrategyUnknown),
        ("sealed-bid", ["award", "honest-bid:shade_ppm=-1"], StrategyUnknown),
    ],
)
def test_protocols_and_conducts_that_do_not_exist(
    protocol: str, strategies: list[str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        play_under(protocol, lease(), strategies, 0)
    with pytest.raises(ProtocolUnknown):
        play_under("alternating-offers", mediated_case(lease()), ["linear"] * 2, 0)
