"""Sealed bids: what an auction returns, honest and under attack, and how often an attack pays."""

from __future__ import annotations

from parley.negotiation.protocols.scoring import decide
from parley.sandbox.attacks.bidding import drawn_call, played
from parley.sandbox.attacks.report import Attack
from parley.sandbox.attacks.run import auctions
from parley.sandbox.patterns.result import Pattern, mean, share


def sealed(trials: int, seed: int) -> Pattern:
    """Drawn requests for quotes with real messages, then every attack with and without its guardrail."""
    best: list[int] = []
    costs: list[int] = []
    awarded = 0
    right = True
    for at in range(trials):
        call = drawn_call(seed + at, "second-price", reserve=True)
        expected = decide(call.pricing, call.bids)
        found = played(call, seed + at, call.bids)
        right = right and found == (None if expected is None else (expected.winner.role, expected.price))
        if expected is not None:
            awarded += 1
            best.append(min(call.pricing.effective(bid) for bid in call.bids))
            costs.append(expected.price + expected.winner.penalty)
    attacks = auctions(trials, seed)
    guarded = [each for each in attacks if not each.guardrail.startswith("none")]
    bare = [each for each in attacks if each.guardrail.startswith("none")]
    colluding = next(each for each in attacks if each.name == "colluding bidders, second-price, reserve")
    return Pattern(
        "sealed-bid auction",
        f"{trials} drawn requests for quotes, second price with a reserve; nine attacks with {trials} each",
        "second price, reserve and bonds: late reveals and Sybils gain nothing, rings are bounded",
        right and all(each.holds for each in attacks),
        {
            "awarded_ppm": share(awarded, trials),
            "cheapest_offer": mean(best),
            "return_honest": mean(costs),
            "return_under_collusion": mean(costs) + int(colluding.figures["requester_loses"] or 0),
            "abuse_rate_guarded_ppm": _rate(guarded),
            "abuse_rate_unguarded_ppm": _rate(bare),
            "abuse_rate_rings_ppm": _rate([each for each in guarded if each.name.startswith("colluding")]),
        },
    )


def _rate(attacks: list[Attack]) -> int:
    return share(sum(each.abused for each in attacks), sum(each.trials for each in attacks))
