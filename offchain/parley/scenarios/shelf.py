"""The shipped scenarios by name: played to a report, or laid out as documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from parley.negotiation.simulation import Result
from parley.scenarios.blocks import play_blocks
from parley.scenarios.campaign import campaign, play_campaign
from parley.scenarios.compute_lease import compute_lease
from parley.scenarios.discount_buyer import discount_buyer
from parley.scenarios.discounts import play_discounts
from parley.scenarios.errors import ScenarioUnknown
from parley.scenarios.gate import says_yes
from parley.scenarios.hotel_block import hotel_block
from parley.scenarios.market import run_market
from parley.terms.deal import Deal
from parley.terms.documents import Document
from parley.terms.domain import Domain

Layout = Mapping[str, Document]
"""Documents by path below a folder."""


def play_scenario(name: str, seed: int = 0) -> dict[str, Any]:
    """The scenario played in memory, as JSON; deterministic. A person asked for an approval gives it.

    Raises `ScenarioUnknown`.
    """
    return {
        "schema": "parley/scenario",
        "version": 1,
        "scenario": name,
        "seed": seed,
        **_known(name)[0](seed),
    }


def scenario_documents(name: str, seed: int = 0) -> Layout:
    """Domain, profiles and policies of the scenario, in one folder for each negotiation. Raises
    `ScenarioUnknown`.
    """
    return _known(name)[1](seed)


def _known(name: str) -> tuple[Callable[[int], dict[str, Any]], Callable[[int], Layout]]:
    found = SCENARIOS.get(name)
    if found is None:
        raise ScenarioUnknown("No scenario has this name", scenario=name[:80], known=sorted(SCENARIOS))
    return found


def _lease(seed: int) -> dict[str, Any]:
    found = run_market(compute_lease(seed))
    return {
        "agreed": found.book.remaining == 0,
        "hours": found.hours,
        "spent": str(found.spent),
        "approvals": found.approvals,
        "deals": [
            {"seller": deal.seller, "price": str(deal.price), "values": dict(deal.values)}
            for deal in found.deals
        ],
        "negotiations": {key: _ending(result) for key, result in found.results.items()},
    }


def _lease_documents(seed: int) -> Layout:
    lease = compute_lease(seed)
    found: dict[str, Document] = {"policy.json": lease.policy}
    for seller in lease.sellers:
        domain = lease.domain(seller)
        found[f"{seller.name}/domain.json"] = domain
        found[f"{seller.name}/buyer.json"] = lease.buyer_profile(domain)
        found[f"{seller.name}/seller.json"] = lease.seller_profile(seller, domain)
    return found


def _discount(seed: int) -> dict[str, Any]:
    return {
        "agreed": True,
        "sellers": [
            {
                "seller": each.seller,
                "buyer_offers": [str(offer) for offer in each.offers],
                "price": None if each.price is None else str(each.price),
                "ends": each.ending,
            }
            for each in play_discounts()
        ],
    }


def _discount_documents(seed: int) -> Layout:
    scenario = discount_buyer()
    return {"domain.json": scenario.domain, "buyer.json": scenario.profile, "policy.json": scenario.policy}


def _campaign(seed: int) -> dict[str, Any]:
    scenario = campaign()
    played = play_campaign(scenario, seed, says_yes)
    values = played.result.values
    return {
        "agreed": played.result.agreed,
        "values": scenario.domain.encode_values(values) if values else None,
        "utilities_ppm": dict(played.result.utilities),
        "asked": [
            {
                "values": scenario.domain.encode_values(each.values),
                "rules": list(each.rules),
                "approved": each.approved,
            }
            for each in played.asked
        ],
        "deals": _deals(scenario.domain, played.deals),
        "negotiations": {"campaign": _ending(played.result)},
    }


def _campaign_documents(seed: int) -> Layout:
    scenario = campaign()
    found: dict[str, Document] = {"domain.json": scenario.domain}
    found |= {f"{role}.json": profile for role, profile in scenario.profiles.items()}
    found |= {f"policies/{role}.json": bundle for role, bundle in scenario.policies.items()}
    return found


def _blocks(seed: int) -> dict[str, Any]:
    scenario = hotel_block()
    played = play_blocks(scenario, seed)
    table = played.table
    return {
        "agreed": table is not None,
        "hotels": [] if table is None else [hotel.name for hotel in table.hotels],
        "rooms": {} if table is None else table.rooms(played.values),
        "values": None if table is None else table.domain.encode_values(played.values),
        "promises": played.promised,
        "most_rooms_promised_at_once": played.most_promised,
        "deals": [] if table is None else _deals(table.domain, played.deals),
        "negotiations": {name: _ending(result) for name, result in played.results.items()},
    }


def _blocks_documents(seed: int) -> Layout:
    found: dict[str, Document] = {}
    for table in hotel_block().tables:
        folder = table.name.replace(" + ", "+")
        found[f"{folder}/domain.json"] = table.domain
        found |= {f"{folder}/{role}.json": profile for role, profile in table.profiles.items()}
        found |= {f"{folder}/policies/{role}.json": bundle for role, bundle in table.policies.items()}
    return found


def _ending(result: Result) -> dict[str, Any]:
    state = result.state
    ended = "escalated" if state.held else str(state.reason)
    return {"ended": ended, "rounds": state.round, "messages": len(result.messages)}


def _deals(domain: Domain, deals: Sequence[Deal]) -> list[dict[str, Any]]:
    return [_deal(settled.seller, deal) for settled, deal in zip(domain.settlements, deals, strict=True)]


def _deal(seller: str, deal: Deal) -> dict[str, Any]:
    return {
        "seller": seller,
        "price": str(deal.price),
        "bundle": deal.bundle,
        "milestones": [
            {"amount": str(part.amount), "seconds_after_opening": part.deliver_by - deal.open_by}
            for part in deal.milestones
        ],
    }


SCENARIOS: Mapping[str, tuple[Callable[[int], dict[str, Any]], Callable[[int], Layout]]] = {
    "compute-lease": (_lease, _lease_documents),
    "discount-buyer": (_discount, _discount_documents),
    "campaign": (_campaign, _campaign_documents),
    "hotel-block": (_blocks, _blocks_documents),
}
