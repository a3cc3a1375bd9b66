"""The compute lease: the market of a seed, its documents and its outcome."""

from __future__ import annotations

import pytest

from parley.negotiation.space import Space
from parley.negotiation.status import Status
from parley.policy.facts import Counterparty, Exposure, facts_of
from parley.policy.models import Decision
from parley.policy.service import PolicyEngine
from parley.scenarios.compute_lease import BUDGET, CEILING, NEED, ComputeLease, Seller, compute_lease
from parley.scenarios.errors import NeedUnreachable, OffersInvalid
from parley.scenarios.market import Values, run_market
from parley.scenarios.offers import cheapest, shipped_offers
from parley.terms.derivation import derive_deals
from parley.terms.opening import Opening
from parley.terms.payloads import Offer
from parley.terms.values import Address, Hash32, Salt

TOKEN, ARBITER = Address("0x" + "70" * 20), Address("0x" + "a7" * 20)
USD = 10**6
VALUES: dict[str, int | str] = {
    "usd_per_gpu_hour": 2_500_000,
    "gpu": "A100-80GB",
    "gpu_hours": 1_000,
    "start_day": 3,
    "support": "business",
    "payment": "half_half",
}


def test_the_cheapest_listing_of_each_provider() -> None:
    found = {
        (listing.provider, listing.gpu): listing
        for listing in cheapest(shipped_offers(), ("H100", "A100-80GB"))
    }
    prices = {key: listing.price for key, listing in found.items()}
    assert prices == {
        ("crusoe", "A100-80GB"): 2_000_000,
        ("lambdalabs", "A100-80GB"): 2_790_000,
        ("lambdalabs", "H100"): 3_990_000,
        ("paperspace", "A100-80GB"): 3_280_000,
        ("paperspace", "H100"): 5_990_000,
        ("scaleway", "H100"): 3_300_000,
    }
    assert found["scaleway", "H100"].region == "EU"
    assert found["crusoe", "A100-80GB"].jurisdiction == "US"


@pytest.mark.parametrize(
    "row", ["x,m,H100,0,1,1,a-usa-1,1.0", "x,m,H100,1,1,1,a-usa-1,nan", "x,m,H100,1,1,1,a-usa-1,-1",
    "x,m,H100,1,1,1,mars,1.0",
     "x,m,H100"],
)  # fmt: skip
def test_a_broken_table_is_named_by_its_line(row: str) -> None:
    head = shipped_offers().splitlines()[0]
    with pytest.raises(OffersInvalid) as caught:
        cheapest(f"{head}\n{row}\n", ("H100",))
    assert caught.value.values["line"] == 2


@pytest.mark.parametrize("seed", range(12))
def test_a_market_is_drawn_within_its_bounds(seed: int) -> None:
    lease = compute_lease(seed)
    assert [seller.name for seller in lease.sellers] == ["crusoe", "lambdalabs", "paperspace", "scaleway"]
    assert sorted(seller.strategy for seller in lease.sellers) == [
        "boulware",
        "conceder",
        "linear",
        "tit-for-tat",
    ]
    for seller in lease.sellers:
        assert 800 <= seller.capacity <= 4_000
        assert seller.capacity % 100 == 0
        for gpu, floor in seller.floors.items():
            assert (
                70 * seller.listings[gpu].price
                <= 100 * floor
                <= 90 * seller.listings[gpu].price + 100 * 10_000
            )
    assert lease == compute_lease(seed)
    assert lease != compute_lease(seed + 100)


def test_an_unreachable_need_is_said() -> None:
    head, *rows = shipped_offers().splitlines()
    dear = [row for row in rows if row.startswith("paperspace,H100")]
    with pytest.raises(NeedUnreachable):
        compute_lease(0, offers="\n".join([head, *dear]))


def test_each_seller_has_its_domain_and_both_sides_their_profile() -> None:
    lease = compute_lease(1, token=TOKEN, arbiter=ARBITER)
    for seller in lease.sellers:
        domain = lease.domain(seller)
        assert set(getattr(domain.issue("gpu"), "values", ())) == set(seller.listings)
        assert domain.settlements[0].token == TOKEN
        buyer = Space(domain, lease.buyer_profile(domain))
        theirs = Space(domain, lease.seller_profile(seller, domain))
        assert buyer.listed is None
        assert _top(buyer, "usd_per_gpu_hour") == CEILING
        assert _top(theirs, "gpu_hours") == seller.capacity
        for gpu, floor in seller.floors.items():
            cheap = {**VALUES, "gpu": gpu, "usd_per_gpu_hour": floor - 10_000, "gpu_hours": 100}
            assert not theirs.agreeable(theirs.outcome(cheap))
            assert theirs.agreeable(theirs.outcome({**cheap, "usd_per_gpu_hour": floor}))


def _top(space: Space, issue: str) -> object:
    """The largest value of an issue in any branch."""
    return max(axis.values[-1] for branch in space.branches for axis in branch.axes if axis.name == issue)


@pytest.mark.parametrize(
    ("payment", "amounts", "days", "bond"),
    [
        ("on_delivery", [2_500 * USD], [33], 125 * USD),
        ("half_half", [1_250 * USD, 1_250 * USD], [4, 33], 125 * USD),
        ("upfront", [2_500 * USD], [4], 125 * USD),
    ],
)
def test_terms_become_a_deal_that_the_escrow_opens(
    payment: str, amounts: list[int], days: list[int], bond: int
) -> None:
    lease = compute_lease(1, token=TOKEN, arbiter=ARBITER)
    seller = lease.seller("lambdalabs")
    domain = lease.domain(seller)
    opening = Opening.parse(
        {
            "schema": "parley/opening", "version": 1, "domain": domain.hash(),
            "parties": [
                {"role": "buyer", "address": "0x" + "b0" * 20, "epoch": 0},
                {"role": "seller", "address": "0x" + "5e" * 20, "epoch": 0},
            ],
            "first": "buyer", "initiator": "0x" + "b0" * 20, "opened_at": 1_000_000, "deadline": 1_003_600,
            "chain_id": 31_337, "escrow": "0x" + "e5" * 20, "gateways": [], "reviewers": [],
            "nonce": "0x" + "01" * 32,
        }
    )  # fmt: skip
    offer = Offer(
        salt=Salt("0x" + "01" * 16),
        values=domain.encode_values({**VALUES, "payment": payment}),
        expires_at=0,
        assumptions=(),
        dependencies=(),
        final=False,
    )
    (deal,) = derive_deals(domain, opening, offer, Hash32("0x" + "02" * 32), 5, 1_000_500)
    deal.validate_for_opening(1_000_500)
    assert [milestone.amount for milestone in deal.milestones] == amounts
    assert [milestone.deliver_by for milestone in deal.milestones] == [
        deal.open_by + day * 86_400 for day in days
    ]
    assert (deal.price, deal.seller_bond, deal.arbiter_fee) == (2_500 * USD, bond, 25 * USD)
    assert (deal.review_window, deal.dispute_window, deal.ruling_window) == (86_400, 86_400, 259_200)
    assert (deal.rejected_seller_bps, deal.lapsed_seller_bps, deal.walk_away_bps) == (0, 5_000, 5_000)
    small = offer.model_copy(
        update={"values": domain.encode_values({**VALUES, "payment": payment, "gpu_hours": 100})}
    )
    (deal,) = derive_deals(domain, opening, small, Hash32("0x" + "02" * 32), 5, 1_000_500)
    assert deal.seller_bond == 25 * USD * len(deal.milestones)
    deal.validate_for_opening(1_000_500)


def _outcome(
    changes: dict[str, int | str], *, data_class: str = "internal", region: str = "US", reputation: int =
    600_000, moment: str = "outgoing", approved: bool = False, **exposure: int,
) -> tuple[str, tuple[str, ...]]:  # fmt: skip
    lease = compute_lease(1, data_class=data_class)
    domain = lease.domain(lease.seller("lambdalabs"))
    facts = facts_of(
        domain,
        {**VALUES, **changes},
        role="buyer",
        counterparty=Counterparty(
            address=TOKEN, jurisdiction=region, region=region, reputation_ppm=reputation
        ),
        now=0,
        exposure=Exposure(budget=BUDGET.limit, **exposure),
        approved=approved,
    )
    decision = PolicyEngine(lease.policy).evaluate(facts, moment=moment)  # type: ignore[arg-type]
    return decision.outcome, decision.rules()


def test_the_hard_rules() -> None:
    assert _outcome({}) == ("allow", ())
    assert _outcome({"payment": "upfront"}, reputation=799_999) == ("refuse", ("upfront-needs-reputation",))
    assert _outcome({"payment": "upfront"}, reputation=800_000) == ("allow", ())
    assert _outcome({}, data_class="personal", region="CA") == ("refuse", ("personal-data-region",))
    assert _outcome({}, data_class="personal", region="EU") == ("allow", ())
    assert _outcome({"usd_per_gpu_hour": 2_910_000}) == ("refuse", ("walk-away-price",))
    full = BUDGET.limit - 2_500 * USD
    assert _outcome({}, committed=full // 2, reserved=full - full // 2) == ("allow", ())
    assert _outcome({}, committed=full // 2, reserved=full - full // 2 + 1) == ("refuse", ("budget-in-all",))
    assert _outcome({}, by_counterparty=5_900 * USD, committed=5_900 * USD) == ("allow", ())
    assert _outcome({}, by_counterparty=5_901 * USD, committed=5_901 * USD) == (
        "refuse",
        ("budget-per-seller",),
    )
    assert _outcome({"gpu_hours": 1_600}) == ("allow", ())
    assert _outcome({"gpu_hours": 1_700}) == ("escalate", ("approval-over-4000",))
    assert _outcome({"gpu_hours": 1_700}, approved=True) == ("allow", ())
    assert _outcome({"gpu_hours": 1_700}, moment="incoming") == ("allow", ())
    assert _outcome({"gpu_hours": 1_700}, moment="signature") == ("escalate", ("approval-over-4000",))


def _check(lease: ComputeLease, hours: int) -> None:
    result = run_market(lease)
    assert result.hours == hours
    assert result.spent <= BUDGET.limit
    assert result.book.ledger.bound() == result.spent
    assert result.book.committed == result.hours
    by_seller: dict[str, int] = {}
    sold: dict[str, int] = {}
    for deal in result.deals:
        by_seller[deal.seller] = by_seller.get(deal.seller, 0) + deal.price
        sold[deal.seller] = sold.get(deal.seller, 0) + deal.hours
        seller = lease.seller(deal.seller)
        assert int(deal.values["usd_per_gpu_hour"]) >= seller.floors[str(deal.values["gpu"])]
        assert int(deal.values["usd_per_gpu_hour"]) <= CEILING
        assert deal.values["payment"] != "upfront"
    assert all(price <= BUDGET.counterparty_limit for price in by_seller.values())
    assert all(count <= lease.seller(name).capacity for name, count in sold.items())
    assert all(not outcome.state.status.live for outcome in result.results.values())


@pytest.mark.parametrize("seed", [0, 2, 3, 4, 5, 6, 7, 8])
def test_the_need_is_met_within_budget_and_rules(seed: int) -> None:
    _check(compute_lease(seed), NEED.total)


def test_a_market_repeats_to_the_byte() -> None:
    one, two = run_market(compute_lease(3)), run_market(compute_lease(3))
    assert one.deals == two.deals
    for key, result in one.results.items():
        assert [m.canonical() for m in result.messages] == [m.canonical() for m in two.results[key].messages]


def test_a_deal_over_the_threshold_waits_for_a_person() -> None:
    asked: list[int] = []

    def never(seller: Seller, values: Values, decision: Decision) -> bool:
        assert decision.rules() == ("approval-over-4000",)
        asked.append(int(values["usd_per_gpu_hour"]) * int(values["gpu_hours"]))
        return False

    result = run_market(compute_lease(0), never)
    assert asked
    assert min(asked) > 4_000 * USD
    assert all(deal.price <= 4_000 * USD for deal in result.deals)
    assert run_market(compute_lease(0)).approvals > 0


def test_a_seller_of_high_reputation_may_be_paid_upfront() -> None:
    trusted = run_market(compute_lease(2), reputations=dict.fromkeys(("crusoe", "scaleway"), 900000))
    assert trusted.hours == NEED.total
    assert any(result.state.status is Status.ACCEPTED for result in trusted.results.values())
