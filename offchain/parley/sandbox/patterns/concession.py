"""Concession bargaining: what a buyer saves against list prices, and whether its terms are kept."""

from __future__ import annotations

from collections.abc import Mapping

from parley.policy.facts import Counterparty, Exposure, facts_of
from parley.policy.service import PolicyEngine
from parley.reputation.fold import NEWCOMER_PPM
from parley.sandbox.patterns.result import Pattern, share
from parley.scenarios.compute_lease import BUDGET, ComputeLease, compute_lease
from parley.scenarios.market import Deal, run_market
from parley.terms.values import ZERO_ADDRESS


def concession(trials: int, seed: int) -> Pattern:
    """The compute lease for `trials` seeds: one buyer against the sellers of the market, one budget."""
    listed = paid = hours = kept = deals = covered = asked = 0
    within = True
    for at in range(trials):
        lease = compute_lease(seed + at)
        found = run_market(lease)
        engine = PolicyEngine(lease.policy)
        asked += found.approvals
        covered += found.hours == 5_000
        by_seller: dict[str, int] = {}
        for deal in found.deals:
            deals += 1
            hours += deal.hours
            paid += deal.price
            listed += lease.seller(deal.seller).listings[str(deal.values["gpu"])].price * deal.hours
            by_seller[deal.seller] = by_seller.get(deal.seller, 0) + deal.price
            kept += _keeps_terms(lease, engine, deal)
        within = within and found.spent <= BUDGET.limit
        within = within and all(part <= BUDGET.counterparty_limit for part in by_seller.values())
    return Pattern(
        "concession bargaining",
        f"compute lease, {trials} markets, one buyer and four sellers each",
        "budget, share of one seller and policy bind all talks together; over 4 000 USD a person is asked",
        within and kept == deals,
        {
            "markets": trials,
            "deals": deals,
            "savings_against_list_ppm": share(listed - paid, listed),
            "sla_adherence_ppm": share(kept, deals),
            "need_met_ppm": share(covered, trials),
            "mean_price_of_an_hour": paid // hours if hours else None,
            "approvals_asked": asked,
        },
    )


def _keeps_terms(lease: ComputeLease, engine: PolicyEngine, deal: Deal) -> bool:
    """Whether the agreed terms keep every rule of the buyer at the signature: support, payment, region, price
    and start.
    """
    seller = lease.seller(deal.seller)
    domain = lease.domain(seller)
    values: Mapping[str, int | str] = deal.values
    facts = facts_of(
        domain,
        values,
        role="buyer",
        counterparty=Counterparty(
            address=ZERO_ADDRESS,
            jurisdiction=seller.jurisdiction,
            region=seller.region,
            reputation_ppm=NEWCOMER_PPM,
        ),
        now=0,
        exposure=Exposure(budget=BUDGET.limit),
        approved=True,
    )
    fits = lease.buyer_profile(domain).allows(values) and int(values["start_day"]) <= 14
    return fits and engine.evaluate(facts, moment="signature").allowed
