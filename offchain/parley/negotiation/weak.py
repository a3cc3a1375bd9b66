"""The minimum concession: whether an offer is too close to its party's previous one (docs/spec.md section
5).
"""

from __future__ import annotations

from parley.terms.domain import AmountIssue, Domain, IssueValue

_PPM = 1_000_000


def is_weak(domain: Domain, before: tuple[IssueValue, ...], after: tuple[IssueValue, ...]) -> bool:
    """Whether `after` repeats `before` or moves less than the minimum concession; values in the domain's
    order.

    The amounts' moves are added in ppm of each issue's range, each floored; any move of another issue
    suffices.
    """
    if before == after:
        return True
    least = domain.limits.min_concession_ppm
    if least == 0:
        return False
    moved = 0
    for issue, old, new in zip(domain.issues, before, after, strict=True):
        if old == new:
            continue
        if not isinstance(issue, AmountIssue) or not isinstance(old, int) or not isinstance(new, int):
            return False
        moved += abs(new - old) * _PPM // (issue.max - issue.min)
    return moved < least
