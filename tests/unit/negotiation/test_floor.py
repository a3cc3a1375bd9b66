"""Honest seals, a mediator's candidates, and whole auctions and coalitions in memory."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from sealed_table import BOND, auction_domain, mediated_domain

from parley.negotiation.protocols.candidates import nominate, pool
from parley.negotiation.protocols.floor import Floor
from parley.negotiation.protocols.honest import honest_bid, honest_ranking
from parley.negotiation.space import Space
from parley.negotiation.status import Reason, Status
from parley.negotiation.utility import Profile
from parley.terms.domain import Domain
from parley.terms.payloads import Performative, Reject


def profile(domain: Domain, role: str, rng: Random, *, selling: bool, reservation: int = 300_000) -> Profile:
    """A random linear profile; a seller wants a high price."""
    price = rng.randrange(300_000, 700_000)
    days = rng.randrange(0, 1_000_000 - price)
    low, high = (0, 1_000_000) if selling else (1_000_000, 0)
    colours = {"red": rng.randrange(1_000_001), "green": rng.randrange(1_000_001)}
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 1,
            "domain": domain.hash(),
            "role": role,
            "weights": {"price": price, "days": days, "colour": 1_000_000 - price - days},
            "utilities": {
                "price": {"points": [{"at": "0", "utility": low}, {"at": "1000", "utility": high}]},
                "days": {"points": [{"at": "0", "utility": 0}, {"at": "10", "utility": 1_000_000}]},
                "colour": {"values": colours},
            },
            "reservation_ppm": reservation,
        }
    )


def huge(roles: tuple[str, ...] = ("a", "b", "c")) -> Domain:
    """A mediated domain of 10^12 outcomes."""
    issues = [{"name": f"issue_{at}", "type": "integer", "min": 0, "max": 99, "step": 1} for at in range(6)]
    domain = mediated_domain(roles, {"issues": issues}, max_rounds=4)
    assert domain.outcome_count() == 10**12
    return Domain.parse({**domain.as_json(), "mediation": {**_section(domain), "max_candidates": 64}})


def _section(domain: Domain) -> dict[str, Any]:
    assert domain.mediation is not None
    return domain.mediation.as_json()


def _taste(domain: Domain, role: str, rng: Random, reservation: int) -> Profile:
    cuts = sorted(rng.randrange(1_000_001) for _ in range(len(domain.issues) - 1))
    weights = [high - low for low, high in zip([0, *cuts], [*cuts, 1_000_000], strict=True)]
    utilities = {}
    for issue in domain.issues:
        ends = (0, 1_000_000) if rng.random() < 0.5 else (1_000_000, 0)
        utilities[issue.name] = {
            "points": [{"at": "0", "utility": ends[0]}, {"at": "99", "utility": ends[1]}]
        }
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 1,
            "domain": domain.hash(),
            "role": role,
            "weights": {issue.name: weight for issue, weight in zip(domain.issues, weights, strict=True)},
            "utilities": utilities,
            "reservation_ppm": reservation,
        }
    )


@pytest.mark.parametrize("seed", range(12))
def test_honest_bids_are_worth_the_reservation_and_awards_more(seed: int) -> None:
    rng = Random(seed)
    domain = auction_domain(penalty={"mul": [{"issue": "days"}, rng.randrange(50)]})
    assert domain.auction is not None
    spaces = {role: Space(domain, profile(domain, role, rng, selling=True)) for role in domain.roles[1:]}
    bids = {}
    for role, space in spaces.items():
        bid = honest_bid(space, domain.auction)
        assert bid is not None
        outcome = space.outcome(bid)
        assert space.agreeable(outcome)
        price = bid["price"]
        assert isinstance(price, int)
        if price:  # a step less and it would rather have no deal
            assert not space.agreeable(space.outcome({**bid, "price": price - 10}))
        bids[role] = bid
    floor = Floor(domain, seed).bid(bids).award().accept()
    assert floor.state.status is Status.ACCEPTED
    sealed = floor.state.sealed
    assert sealed is not None
    assert sealed.winner is not None
    assert floor.values is not None
    winner = spaces[sealed.winner]
    assert winner.gain(winner.outcome(floor.values)) >= winner.reservation


def test_an_honest_bidder_that_cannot_bids_nothing() -> None:
    domain = auction_domain()
    assert domain.auction is not None
    rng = Random(1)
    impossible = Space(domain, profile(domain, "s1", rng, selling=True, reservation=1_000_000))
    assert honest_bid(impossible, domain.auction) is None


def test_equal_seeds_give_equal_messages() -> None:
    domain = auction_domain(bond=BOND, more={"approval": 1})
    bids = {
        role: {"price": 100 * at, "days": 0, "colour": "red"} for at, role in enumerate(domain.roles[1:], 3)
    }

    def told(seed: int) -> list[dict[str, Any]]:
        floor = Floor(domain, seed).bid(bids, silent=["s3"]).award(approved=True).accept()
        assert floor.state.status is Status.ACCEPTED
        assert floor.values is not None
        assert floor.values["price"] == 400  # the silent one's bid counts for nothing
        return [message.wire() for message in floor.messages]

    assert told(5) == told(5)
    assert told(5) != told(6)


def test_adversaries_are_refused_and_change_nothing() -> None:
    floor = Floor(auction_domain(), 1)
    before = floor.state
    offer = before.negotiation
    refusal = floor.tries(
        "s1", Performative.REJECT, Reject(salt=floor.salt(), offer=offer, final=True, reason="")
    )
    assert refusal is not None
    assert refusal.code == "negotiation.state-forbids"
    assert floor.state is before
    floor.bid({"s1": {"price": 100, "days": 0, "colour": "red"}}).award().decline("s1")
    assert floor.state.reason is Reason.NO_BIDS
    assert floor.award().accept().decline("s1").values is None


@pytest.mark.parametrize("parties", [3, 4])
def test_coalitions_over_a_huge_space_agree(parties: int) -> None:
    domain = huge(("a", "b", "c", "d")[:parties])
    agreed = 0
    for seed in range(8):
        rng = Random(seed)
        spaces = {role: Space(domain, _taste(domain, role, rng, 350_000)) for role in domain.roles}
        floor = Floor(domain, seed)
        while floor.state.live and floor.state.offer is None:
            nominations = {role: nominate(space, 24, floor.state.round) for role, space in spaces.items()}
            candidates = pool(domain, nominations, 64, seed + 100 * floor.state.round)
            assert len(candidates) == 64
            floor.call(candidates)
            floor.rank({role: honest_ranking(space, candidates) for role, space in spaces.items()})
            floor.award()
        floor.accept()
        if floor.state.status is Status.ACCEPTED:
            agreed += 1
            assert floor.values is not None
            for space in spaces.values():
                assert space.agreeable(space.outcome(floor.values))
    assert agreed == 8


def test_a_small_space_is_ranked_whole() -> None:
    domain = mediated_domain()
    few = Domain.parse(
        {**domain.as_json(), "issues": [{"name": "day", "type": "integer", "min": 0, "max": 4, "step": 1}]}
    )
    assert pool(few, {}, 8) == tuple({"day": at} for at in range(5))
    assert pool(few, {}, 8, allowed=lambda values: values["day"] != 2) == tuple(
        {"day": at} for at in (0, 1, 3, 4)
    )
    assert pool(domain, {}, 6, seed=3) == pool(domain, {}, 6, seed=3)
