"""What must hold at the end of the lease."""

from __future__ import annotations

from parley.sandbox.demo.result import Line, Result
from parley.scenarios.compute_lease import APPROVAL_OVER, BUDGET, NEED, ComputeLease

UNIT = 10**6


def usd(amount: int) -> str:
    """Base units of a token with six decimals, as people write money."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{amount // UNIT:,}.{amount % UNIT // 10_000:02d}".replace(",", " ")


def check_lease(result: Result, lease: ComputeLease, buyer: str) -> None:
    """The buyer's own deals against need, budget and hard rules."""
    lines = [line for line in result.lines if line.buyer == buyer]
    hours = sum(int(line.terms[NEED.issue]) for line in lines)
    result.check("the need is covered", hours == NEED.total, f"{hours} of {NEED.total} GPU hours")
    spent = sum(line.price for line in lines)
    result.check(
        "the shared budget is never overcommitted",
        spent <= BUDGET.limit,
        f"{usd(spent)} of {usd(BUDGET.limit)} USD",
    )
    shares = {line.seller: 0 for line in lines}
    for line in lines:
        shares[line.seller] += line.price
    most = max(shares.values(), default=0)
    result.check(
        "no seller has more than 60 % of the budget",
        most <= BUDGET.counterparty_limit,
        f"at most {usd(most)} of {usd(BUDGET.counterparty_limit)} USD",
    )
    over = [line for line in lines if line.price > APPROVAL_OVER]
    result.check(
        "a person approved what was over the threshold",
        bool(over) and result.approvals >= len(over),
        f"{len(over)} deals over {usd(APPROVAL_OVER)} USD, {result.approvals} approvals",
    )
    result.check(
        "every seller is paid in full", bool(lines) and all(map(_paid, lines)), f"{len(lines)} deals"
    )
    sold: dict[str, int] = {}
    for line in lines:
        sold[line.seller] = sold.get(line.seller, 0) + int(line.terms[NEED.issue])
    result.check(
        "no seller sold more than it has",
        all(hours <= lease.seller(name).capacity for name, hours in sold.items()),
        ", ".join(f"{name} {hours} h" for name, hours in sorted(sold.items())),
    )


def _paid(line: Line) -> bool:
    return line.outcome == "settled" and line.paid >= line.price


def check_money(result: Result) -> None:
    """Every unit is where it should be."""
    before, after = result.before, result.after
    if before is None or after is None:
        result.check("money is conserved", False, "not counted")
        return
    result.check(
        "money is conserved to the unit",
        before.conserved and after.conserved and before.supply == after.supply,
        f"{after.total} of {after.supply} base units accounted for",
    )
    result.check("the escrow keeps nothing", after.locked == 0, f"{after.locked} base units locked")
