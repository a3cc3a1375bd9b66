"""What must hold at the end of the lease."""

from __future__ import annotations

from collections.abc import Mapping

from parley.sandbox.demo.result import Line, Result
from parley.sandbox.demo.standing import Standing
from parley.sandbox.demo.words import thousands, usd
from parley.scenarios.compute_lease import APPROVAL_OVER, BUDGET, NEED, ComputeLease


def check_lease(result: Result, lease: ComputeLease, buyer: str) -> None:
    """The buyer's own deals against need, budget, hard rules and what a person decided."""
    lines = [line for line in result.lines if line.buyer == buyer]
    _check_need(result, lines)
    _check_budget(result, lines)
    _check_approvals(result, lines)
    paid = sum(map(_paid, lines))
    result.check("every seller is paid in full", paid == len(lines), f"{paid} of {len(lines)} deals")
    sold = dict.fromkeys({line.seller for line in lines}, 0)
    for line in lines:
        sold[line.seller] += _hours(line)
    result.check(
        "no seller sold more than it has",
        all(hours <= lease.seller(name).capacity for name, hours in sold.items()),
        ", ".join(
            f"{name} {hours} of {lease.seller(name).capacity} h" for name, hours in sorted(sold.items())
        ),
    )


def _check_need(result: Result, lines: list[Line]) -> None:
    """The need is covered, unless a person stood in the way: then less is right, and never more."""
    hours = sum(map(_hours, lines))
    detail = f"{hours} of {NEED.total} GPU hours"
    if result.refused and hours < NEED.total:
        detail += f"; the reviewer refused {len(result.refused)} requests"
        result.check("the need is covered as far as the reviewer let it", True, detail)
    else:
        result.check("the need is covered", hours == NEED.total, detail)


def _check_budget(result: Result, lines: list[Line]) -> None:
    spent = sum(line.price for line in lines)
    result.check(
        "the shared budget is never overcommitted",
        spent <= BUDGET.limit,
        f"{usd(spent)} of {usd(BUDGET.limit)} USD",
    )
    shares: dict[str, int] = {}
    for line in lines:
        shares[line.seller] = shares.get(line.seller, 0) + line.price
    most = max(shares.values(), default=0)
    result.check(
        "no seller has more than 60 % of the budget",
        most <= BUDGET.counterparty_limit,
        f"at most {usd(most)} of {usd(BUDGET.counterparty_limit)} USD",
    )


def _check_approvals(result: Result, lines: list[Line]) -> None:
    over = [line for line in lines if line.price > APPROVAL_OVER]
    granted = {(decision.seller, decision.price) for decision in result.granted}
    result.check(
        "a person approved what was over the threshold",
        all((line.seller, line.price) in granted for line in over),
        f"{len(over)} deals over {usd(APPROVAL_OVER)} USD, "
        f"{len(result.granted)} requests approved, {len(result.refused)} refused",
    )


def _hours(line: Line) -> int:
    return int(line.terms[NEED.issue])


def _paid(line: Line) -> bool:
    return line.outcome == "settled" and line.paid == line.price


def check_money(result: Result) -> None:
    """Every unit is where it should be."""
    before, after = result.before, result.after
    if before is None or after is None:
        result.check("money is conserved to the unit", False, "not counted")
        return
    result.check(
        "money is conserved to the unit",
        before.conserved and after.conserved and before.supply == after.supply,
        f"{thousands(after.total)} of {thousands(after.supply)} base units accounted for",
    )
    result.check("the escrow keeps nothing", after.locked == 0, f"{after.locked} base units locked")


def check_standing(result: Result, told: Mapping[str, Standing]) -> None:
    """The gateway's scores are the chain's; who was paid for good work gained, who was bad lost."""
    own = result.standing_after
    result.check(
        "anyone recomputes the gateway's reputation scores",
        bool(own) and dict(told) == own,
        f"{len(own)} scores folded from the escrow's events",
    )
    gained = {line.seller for line in result.lines if line.outcome == "settled" and line.paid == line.price}
    lost = {line.seller for line in result.lines} - gained
    result.check(
        "paid sellers gained reputation, failed ones lost it",
        all(own[name].score_ppm > result.standing_before[name].score_ppm for name in gained)
        and all(own[name].score_ppm < result.standing_before[name].score_ppm for name in lost),
        f"{len(gained)} gained, {len(lost)} lost",
    )
