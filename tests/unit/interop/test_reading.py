"""Files of other programs become the same preferences, exactly to the ppm, or are refused by name."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from foreign import GENIUS_PROFILE, GENIUSWEB_DOMAIN, NEGMAS_DOMAIN, NEGMAS_PROFILE, geniusweb, negmas, put

from parley.interop import load, read, read_match
from parley.interop.errors import (
    FormatUnknown,
    InteropError,
    NamesMismatch,
    NotSupported,
    NumberUnfit,
    SourceMalformed,
)
from parley.negotiation.space import Space
from parley.negotiation.utility import discounted, exact_utility, utility_ppm
from parley.terms.domain import ChoiceIssue, IntegerIssue
from parley.terms.errors import ProfileInvalid

PPM = 1_000_000


def test_a_geniusweb_profile_brings_its_domain(tmp_path: Path) -> None:
    domain, (profile,) = load(put(tmp_path, "rider.json", geniusweb()))
    assert [issue.name for issue in domain.issues] == ["frame_colour", "gears", "days", "tyre_width"]
    assert domain.fixed["label frame_colour"] == "Frame Colour"
    colour = domain.issue("frame_colour")
    assert isinstance(colour, ChoiceIssue)
    assert colour.values[2] == "Groe L"
    assert domain.fixed["label frame_colour Groe L"] == "Größe L"
    days = domain.issue("days")
    assert isinstance(days, IntegerIssue)
    assert (days.min, days.max, days.step) == (2, 14, 2)
    width = domain.issue("tyre_width")
    assert isinstance(width, IntegerIssue)
    assert (width.min, width.max, width.step) == (0, 4, 1)
    assert domain.fixed["scale tyre_width"] == "1.5 + n * 0.25"
    values = {"frame_colour": "Groe L", "gears": "7", "days": 8, "tyre_width": 2}
    exact = (
        Fraction("0.4") * Fraction("0.123456")
        + Fraction("0.15")
        + Fraction("0.2") * Fraction("0.55")
        + Fraction("0.04")
    )
    assert exact_utility(profile, domain, values) == exact * 10**12


def test_a_reservation_bid_is_what_it_is_worth(tmp_path: Path) -> None:
    whole = {"Frame Colour": "vert-de-gris", "gears": "1", "days": "14", "tyre width": "1.75"}
    for bid, worth in ((whole, "0.14"), ({"gears": "7"}, "0.15"), ({}, "0")):
        tree = geniusweb(reservationBid={"issuevalues": bid})
        _, (profile,) = load(put(tmp_path, "rider.json", tree))
        assert profile.reservation_ppm == Fraction(worth) * PPM
    with pytest.raises(NamesMismatch):
        load(put(tmp_path, "rider.json", geniusweb(reservationBid={"issuevalues": {"gears": "8"}})))


def test_a_negmas_scenario_keeps_its_scale(tmp_path: Path) -> None:
    put(tmp_path, "bicycle.yml", NEGMAS_DOMAIN)
    put(tmp_path, "rider.yml", NEGMAS_PROFILE)
    put(tmp_path, "_stats.yaml", "ignored: true")
    found = read(tmp_path)
    domain, (profile,) = found.domain, found.profiles
    assert found.notes == ("level: continuous, cut into 5 evenly spaced values, ends included",)
    assert profile.reservation_ppm == 0
    assert domain.issue("colour").value_at(1) == "yes"
    for place, (colour, worth) in enumerate((("red", "0.5"), ("yes", "1"), ("no", "0"))):
        values = {"colour": colour, "gears": 3 + place, "level": place}
        exact = Fraction(worth) / 2 + Fraction("0.03") * (3 + place) + Fraction("0.2") * place / 4
        assert exact_utility(profile, domain, values) == exact * 10**12


def _scenario(folder: Path, **changes: Any) -> Path:
    put(folder, "bicycle.yml", NEGMAS_DOMAIN)
    put(folder, "rider.json", negmas(**changes))
    return folder


@pytest.mark.parametrize(
    ("changes", "divisor", "offset"),
    [
        # Weights that do not sum to 1, within 0 to 1 all the same: the scale stays.
        ({"weights": ["0.2", "0.1", "0.1"]}, 1, 0),
        ({"weights": ["0.2", "0.1", "0.1"], "bias": "0.25"}, 1, 0),
        # Beyond 1 and below 0 it is divided and shifted.
        ({"weights": ["5", "3", "2"]}, 10, 0),
        ({"weights": ["5", "3", "2"], "bias": "-1"}, Fraction("9.7"), Fraction("-0.7")),
        ({"weights": ["-0.5", "0.3", "0.2"]}, 1, Fraction("-0.47")),
    ],
)
def test_only_what_leaves_0_to_1_is_rescaled(
    tmp_path: Path, changes: dict[str, Any], divisor: Any, offset: Any
) -> None:
    found = read(_scenario(tmp_path, **changes))
    domain, (profile,) = found.domain, found.profiles
    weights = [Fraction(weight) for weight in negmas(**changes)["weights"]]
    bias = Fraction(changes.get("bias", "0"))
    table = {"red": Fraction(1, 2), "yes": Fraction(1), "no": Fraction(0)}
    for colour, gears, level in product(table, range(1, 11), range(5)):
        parts = (table[colour], Fraction(gears, 10), Fraction(level, 4))
        exact = bias + sum(weight * part for weight, part in zip(weights, parts, strict=True))
        here = utility_ppm(profile, domain, {"colour": colour, "gears": gears, "level": level})
        assert abs(here - (exact - offset) / divisor * PPM) <= 3, (colour, gears, level)
    assert any("utilities are" in note for note in found.notes) == (divisor != 1 or offset != 0)


def test_a_discount_around_a_utility_only_ranks(tmp_path: Path) -> None:
    inner = negmas(reserved_value="0.3")
    wrapped = {
        "type": "ExpDiscountedUFun",
        "name": "hurried",
        "discount": "0.9",
        "factor": "relative_time",
        "reserved_value": "-.inf",
        "ufun": inner,
    }
    put(tmp_path, "bicycle.yml", NEGMAS_DOMAIN)
    put(tmp_path, "rider.yml", wrapped)
    domain, (profile,) = load(tmp_path)
    assert (profile.discount_ppm, profile.reservation_ppm) == (900_000, 300_000)
    assert discounted(profile, 10**12, 0, 100) == 10**12
    assert abs(discounted(profile, 10**12, 100, 100) - 9 * 10**11) <= 1
    assert abs(discounted(profile, 10**12, 50, 100) - 948_683_298_050) <= 1
    assert utility_ppm(profile, domain, {"colour": "yes", "gears": 10, "level": 4}) == PPM
    put(tmp_path, "rider.yml", {**wrapped, "factor": "step"})
    assert load(tmp_path, rounds=2)[1][0].discount_ppm == 810_000


def test_genius_evaluations_are_over_the_largest(tmp_path: Path) -> None:
    domain, (profile,) = load(put(tmp_path, "rider.xml", GENIUS_PROFILE))
    assert (profile.reservation_ppm, profile.discount_ppm) == (250_000, 800_000)
    assert utility_ppm(profile, domain, {"gears": "one", "days": 3}) == 187_500 + 25_000
    assert utility_ppm(profile, domain, {"gears": "many", "days": 12}) == PPM


def test_profiles_of_a_folder_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    put(tmp_path, "bicycle.json", GENIUSWEB_DOMAIN)
    put(tmp_path, "readme.json", {"size": 10})
    for number, weight in ((10, 0.1), (2, 0.3)):
        weights = {"Frame Colour": 0.6 - weight, "gears": weight, "days": 0.2, "tyre width": 0.2}
        put(tmp_path, f"bicycle{number}.json", geniusweb(issueWeights=weights))
    found = read(tmp_path)
    assert [profile.weights["gears"] for profile in found.profiles] == [300_000, 100_000]
    assert [profile.role for profile in found.profiles] == ["party_1", "party_2"]
    assert found.notes == ("readme.json: not a domain or a profile, left out",)
    swapped = read_match(tmp_path / "bicycle.json", [tmp_path / "bicycle10.json", tmp_path / "bicycle2.json"])
    assert [profile.weights["gears"] for profile in swapped.profiles] == [100_000, 300_000]


def test_parleys_own_documents_are_read_by_their_own_parser(tmp_path: Path) -> None:
    domain, (profile,) = load(put(tmp_path, "rider.xml", GENIUS_PROFILE))
    (tmp_path / "rider.xml").unlink()
    put(tmp_path, "domain.json", domain.as_json())
    alone = put(tmp_path, "profile.json", profile.as_json())
    assert load(tmp_path) == load(alone) == (domain, (profile,))
    put(tmp_path, "profile.json", {**profile.as_json(), "domain": "0x" + "00" * 32})
    with pytest.raises(ProfileInvalid):
        load(tmp_path)


def test_names_that_differ_in_nothing_that_matters_are_matched(tmp_path: Path) -> None:
    mapping = {"RED": "0.5", " Yes": "1", "no": "0"}
    values = [{"type": "TableFun", "mapping": mapping}, *negmas()["values"][1:]]
    _, (profile,) = load(_scenario(tmp_path, values=values))
    assert profile.issue_ppm("colour", "yes") == PPM
    numbers = {f"{at}.0": "0.5" for at in range(1, 11)}
    values = [negmas()["values"][0], {"mapping": numbers, "type": "TableFun"}, negmas()["values"][2]]
    _, (profile,) = load(_scenario(tmp_path, values=values))
    assert profile.issue_ppm("gears", 7) == 500_000


@pytest.mark.parametrize("missing", [True, False])
def test_names_that_do_not_match_are_refused_by_name(tmp_path: Path, missing: bool) -> None:
    mapping = {"red": "0.5", "yes": "1"} if missing else {"red": "0.5", "yes": "1", "no": "0", "blue": "1"}
    values = [{"type": "TableFun", "mapping": mapping}, *negmas()["values"][1:]]
    with pytest.raises(NamesMismatch) as caught:
        load(_scenario(tmp_path, values=values))
    assert caught.value.values["issue"] == "colour"
    assert caught.value.values["missing" if missing else "unknown"] == ["no" if missing else "blue"]


def _space(**changes: Any) -> dict[str, Any]:
    return geniusweb(**changes)


def _worths(**changes: Any) -> dict[str, Any]:
    utilities = geniusweb()["LinearAdditiveUtilitySpace"]["issueUtilities"]
    return geniusweb(issueUtilities={**utilities, **changes})


def _values(**changes: Any) -> dict[str, Any]:
    return geniusweb(domain={"name": "x", "issuesValues": {**GENIUSWEB_DOMAIN["issuesValues"], **changes}})


WEIGHTS = {"Frame Colour": 0.4, "gears": 0.3, "days": 0.2, "tyre width": 0.1}


@pytest.mark.parametrize(
    ("tree", "error"),
    [
        (_space(issueWeights={**WEIGHTS, "gears": 0.2}), SourceMalformed),
        (_space(issueWeights={**WEIGHTS, "gears": "NaN"}), NumberUnfit),
        (_space(issueWeights={**WEIGHTS, "gears": float("inf")}), NumberUnfit),
        (_space(issueWeights={**WEIGHTS, "gears": -0.3, "days": 0.8}), NumberUnfit),
        (_space(issueWeights={"gears": 1}), NamesMismatch),
        (
            _worths(gears={"DiscreteValueSetUtilities": {"valueUtilities": {"1": 0, "7": 2, "21": 1}}}),
            NumberUnfit,
        ),
        (_worths(gears={"DiscreteValueSetUtilities": {"valueUtilities": {"1": 0, "7": 1}}}), NamesMismatch),
        (_worths(gears={"SomeOtherUtilities": {}}), NotSupported),
        (_worths(gears={}), SourceMalformed),
        (_worths(gears=[]), SourceMalformed),
        (
            _worths(
                days={
                    "NumberValueSetUtilities": {
                        "lowValue": 4,
                        "lowUtility": 0,
                        "highValue": 14,
                        "highUtility": 1,
                    }
                }
            ),
            NotSupported,
        ),
        (_values(gears={"values": []}), InteropError),
        (_values(gears={"values": ["1", "7", "7", "21"]}), InteropError),
        (_values(days={"range": {"low": 14, "high": 2, "step": 2}}), SourceMalformed),
        (_values(days={"range": {"low": 2, "high": 14, "step": 0}}), SourceMalformed),
        (_values(days={"range": {"low": 2, "high": "Infinity", "step": 1}}), NumberUnfit),
        (_values(days={"shape": {}}), NotSupported),
        ({"SumOfGroupsUtilitySpace": {"domain": GENIUSWEB_DOMAIN}}, NotSupported),
        ({"anything": 1}, FormatUnknown),
        ([1, 2], FormatUnknown),
    ],
)
def test_geniusweb_files_that_cannot_be_read(tmp_path: Path, tree: Any, error: type[InteropError]) -> None:
    with pytest.raises(error):
        load(put(tmp_path, "rider.json", tree))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"type": "MappingUtilityFunction"}, NotSupported),
        ({"type": "LinDiscountedUFun"}, NotSupported),
        ({"weights": ["1"]}, NamesMismatch),
        ({"weights": ["0.5", ".nan", "0.5"]}, NumberUnfit),
        ({"weights": "heavy"}, SourceMalformed),
        ({"reserved_value": ".inf"}, NumberUnfit),
        ({"reserved_value": ".nan"}, NumberUnfit),
        ({"reserved_value": "1.5"}, NumberUnfit),
        ({"values": [{"type": "LambdaFun"}, {"type": "IdentityFun"}, {"type": "IdentityFun"}]}, NotSupported),
        ({"values": [{"type": "AffineFun", "slope": "1e999"}, {}, {}]}, NumberUnfit),
        (
            {"values": [{"type": "IdentityFun"}, {"type": "IdentityFun"}, {"type": "IdentityFun"}]},
            NumberUnfit,
        ),
    ],
)
def test_negmas_files_that_cannot_be_read(
    tmp_path: Path, changes: dict[str, Any], error: type[InteropError]
) -> None:
    with pytest.raises(error):
        load(_scenario(tmp_path, **changes))


def test_a_continuous_issue_needs_levels(tmp_path: Path) -> None:
    put(tmp_path, "bicycle.yml", NEGMAS_DOMAIN.replace(", n_levels: 5", ""))
    put(tmp_path, "rider.yml", NEGMAS_PROFILE)
    with pytest.raises(NotSupported) as caught:
        load(tmp_path)
    assert caught.value.values == {"file": "bicycle.yml", "feature": "ContinuousIssue", "at": "level"}
    domain, _ = load(tmp_path, levels=101)
    assert domain.issue("level").size == 101
    assert domain.fixed["scale level"] == "0 + n * 0.01"


def test_a_profile_for_another_domain_is_refused(tmp_path: Path) -> None:
    other = {**GENIUSWEB_DOMAIN["issuesValues"], "days": {"range": {"low": 2, "high": 10, "step": 2}}}
    put(tmp_path, "a.json", {"name": "x", "issuesValues": other})
    put(tmp_path, "b.json", geniusweb())
    with pytest.raises(NamesMismatch) as caught:
        load(tmp_path)
    assert caught.value.values["issue"] == "days"
    put(tmp_path, "c.json", GENIUSWEB_DOMAIN)
    with pytest.raises(SourceMalformed):
        load(tmp_path)


def test_a_huge_domain_is_read_without_being_listed(tmp_path: Path) -> None:
    names = [f"i{at}" for at in range(12)]
    values = [f"v{at}" for at in range(10)]
    tree = {
        "LinearAdditiveUtilitySpace": {
            "issueUtilities": {
                name: {
                    "DiscreteValueSetUtilities": {
                        "valueUtilities": {v: at / 9 for at, v in enumerate(values)}
                    }
                }
                for name in names
            },
            "issueWeights": dict.fromkeys(names, 1 / 12),
            "domain": {"name": "huge", "issuesValues": {name: {"values": values} for name in names}},
            "name": "one",
        }
    }
    domain, (profile,) = load(put(tmp_path, "huge.json", tree))
    assert domain.outcome_count() == 10**12
    assert sum(profile.weights.values()) == PPM
    assert Space(domain, profile).best_gain == 10**12


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (('number_of_issues="2"', 'type="nonlinear"'), NotSupported),
        (('ftype="linear"', 'ftype="triangular"'), NotSupported),
        (('slope="0.1"', 'slope="0.2"'), NotSupported),
        (('evaluation="5"', 'evaluation="-5"'), NumberUnfit),
        (('evaluation="5"', 'evaluation="NaN"'), NumberUnfit),
        (('lowerbound="3"', 'lowerbound="30"'), SourceMalformed),
        (('weight index="2" value="0.25"', 'weight index="2" value="-0.25"'), NumberUnfit),
        (('weight index="2" value="0.25"', 'weight index="3" value="0.25"'), NumberUnfit),
        (('discount_factor value="0.8"', 'discount_factor value="1.8"'), NumberUnfit),
        (('type="integer" vtype="integer"', 'type="real" vtype="real"'), NotSupported),
        (('type="integer" vtype="integer"', 'type="odd" vtype="odd"'), NotSupported),
    ],
)
def test_genius_files_that_cannot_be_read(
    tmp_path: Path, change: tuple[str, str], error: type[InteropError]
) -> None:
    assert change[0] in GENIUS_PROFILE
    with pytest.raises(error):
        load(put(tmp_path, "rider.xml", GENIUS_PROFILE.replace(*change)))


def test_genius_weights_count_as_they_are(tmp_path: Path) -> None:
    light = GENIUS_PROFILE.replace('value="0.75"', 'value="0.25"')
    found = read(put(tmp_path, "rider.xml", light))
    (profile,) = found.profiles
    assert utility_ppm(profile, found.domain, {"gears": "many", "days": 12}) == 500_000
    assert found.notes == (
        "bicycle: the weights sum to 0.500000; utilities are taken as they come out of that",
    )
    real = GENIUS_PROFILE.replace('type="integer" vtype="integer"', 'type="real" vtype="real"')
    cut = read(put(tmp_path, "rider.xml", real), levels=19)
    assert cut.domain.fixed["scale days"] == "3 + n * 0.5"
    assert cut.notes == ("days: real, cut into 19 evenly spaced values, ends included",)


def test_results_beside_a_domain_are_left_alone_and_too_many_profiles_refused(tmp_path: Path) -> None:
    for at in range(17):
        put(tmp_path, f"rider{at}.xml", GENIUS_PROFILE)
    put(tmp_path, "pareto.xml", "not even XML")
    with pytest.raises(NotSupported) as caught:
        load(tmp_path)
    assert caught.value.values["feature"] == "17 profiles"
    # Of a profile in the place of the domain only its domain counts, and a file may be both.
    first, second = tmp_path / "rider0.xml", tmp_path / "rider1.xml"
    assert len(read_match(first, [second]).profiles) == 1
    assert len(read_match(first, [first, second]).profiles) == 2


def test_a_match_leaves_no_file_out(tmp_path: Path) -> None:
    domain, (profile,) = load(put(tmp_path, "rider.xml", GENIUS_PROFILE))
    ours = put(tmp_path / "ours", "domain.json", domain.as_json())
    put(tmp_path / "ours", "profile.json", profile.as_json())
    other = put(tmp_path, "other.json", geniusweb())
    assert read_match(ours, [tmp_path / "ours" / "profile.json"]).profiles == (profile,)
    for files in ([other], [tmp_path / "ours" / "profile.json", other], [put(tmp_path, "odd.json", {})]):
        with pytest.raises(FormatUnknown):
            read_match(ours, files)


def test_polynomials_are_taken_value_by_value(tmp_path: Path) -> None:
    for fun in (
        {"type": "QuadraticFun", "a2": "0.01", "a1": "-0.05", "bias": "0.2"},
        {"type": "PolynomialFun", "coefficients": ["-0.05", "0.01"], "bias": "0.2"},
    ):
        values = [negmas()["values"][0], fun, negmas()["values"][2]]
        domain, (profile,) = load(_scenario(tmp_path, values=values))
        for gears in range(1, 11):
            exact = Fraction(gears**2, 100) - Fraction(gears, 20) + Fraction(1, 5)
            found = exact_utility(profile, domain, {"colour": "no", "gears": gears, "level": 0})
            assert found == exact * Fraction("0.3") * 10**12


def test_a_constant_utility_is_the_same_everywhere(tmp_path: Path) -> None:
    put(tmp_path, "bicycle.yml", NEGMAS_DOMAIN)
    put(tmp_path, "rider.yml", {"type": "ConstUtilityFunction", "value": "0.4", "reserved_value": "0.1"})
    domain, (profile,) = load(tmp_path)
    for values in ({"colour": "red", "gears": 1, "level": 0}, {"colour": "no", "gears": 9, "level": 4}):
        assert abs(utility_ppm(profile, domain, values) - 400_000) <= 3


def test_a_table_of_outcomes_is_refused_by_name(tmp_path: Path) -> None:
    put(tmp_path, "bicycle.yml", NEGMAS_DOMAIN)
    put(tmp_path, "rider.yml", "type: MappingUtilityFunction\nmapping: {? [red, 1, 0.0] : 0.5}\n")
    with pytest.raises(NotSupported) as caught:
        load(tmp_path)
    assert caught.value.values["feature"] == "MappingUtilityFunction"
