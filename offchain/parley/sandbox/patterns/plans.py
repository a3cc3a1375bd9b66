"""Plans of three parties under constraints: drawn variations of the campaign."""

from __future__ import annotations

from dataclasses import replace

from parley.negotiation.utility import PPM, Profile
from parley.scenarios.campaign import ROLES, Campaign, campaign
from parley.scenarios.draws import Draws


def drawn_campaign(seed: int) -> Campaign:
    """The campaign with every weight moved by up to a third and reservations up to 70 % higher; the
    hard rules stay, and some draws leave no plan for all three."""
    base = campaign()
    draws = Draws(seed, "plans")
    return replace(base, profiles={role: _moved(base.profiles[role], draws) for role in ROLES})


def _moved(profile: Profile, draws: Draws) -> Profile:
    raw = {
        name: weight * draws.between(667, 1_333) // 1_000
        for name, weight in profile.weights.items()
        if weight
    }
    total = sum(raw.values())
    weights = dict.fromkeys(profile.weights, 0) | {name: part * PPM // total for name, part in raw.items()}
    largest = max(weights, key=lambda name: weights[name])
    weights[largest] += PPM - sum(weights.values())
    reservation = profile.reservation_ppm * draws.between(800, 1_700) // 1_000
    return profile.model_copy(update={"weights": weights, "reservation_ppm": reservation})
