"""What a domain must say for its protocol, beyond the shape of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from parley.terms.errors import ExpressionInvalid
from parley.terms.expressions import check_names
from parley.terms.issues import AmountIssue, ChoiceIssue, IntegerIssue
from parley.terms.protocols import WINNER, Auction, Mediation

if TYPE_CHECKING:
    from parley.terms.domain import Domain

Issues = Mapping[str, AmountIssue | IntegerIssue | ChoiceIssue]


def check_protocol(domain: Domain, issues: Issues) -> None:
    """Raises `ExpressionInvalid` or `IssueValuesInvalid` unless protocol and sections belong together."""
    if (domain.auction is not None) != (domain.protocol == "sealed-bid"):
        raise _wrong("auction is the section of the sealed-bid protocol", "protocol")
    if (domain.mediation is not None) != (domain.protocol == "mediated"):
        raise _wrong("mediation is the section of the mediated protocol", "protocol")
    if domain.approval is not None:
        check_names(domain.approval, issues, frozenset())
    if domain.escalation is not None:
        path = domain.escalation
        if domain.protocol != "alternating-offers" or domain.limits.fallback != "escalate":
            raise _wrong("escalation is a path of alternating offers that escalate", "escalation")
        if not set(path) <= set(domain.roles) or len(set(path)) != len(path):
            raise _wrong("escalation lists roles of the domain, each once", "escalation")
    if domain.auction is not None:
        _check_auction(domain, domain.auction, issues)
    if domain.mediation is not None:
        _check_windows(domain, domain.mediation)


def _check_auction(domain: Domain, auction: Auction, issues: Issues) -> None:
    if auction.requester not in domain.roles or WINNER in domain.roles:
        raise _wrong("the requester is a role, and winner is none", "role")
    priced = issues.get(auction.price)
    if priced is None or isinstance(priced, ChoiceIssue):
        raise _wrong("price must be an amount or integer issue", "price")
    for bound in (auction.reserve, auction.posted):
        if bound is not None:
            priced.decode(bound)
    if auction.penalty is not None:
        others = {name: issue for name, issue in issues.items() if name != auction.price}
        check_names(auction.penalty, others, frozenset())
    if auction.min_bids >= len(domain.roles):
        raise _wrong("more bids are wanted than there are bidders", "min_bids")
    _check_windows(domain, auction)
    expected = (auction.requester, WINNER) if auction.side == "buy" else (WINNER, auction.requester)
    if any((settled.buyer, settled.seller) != expected for settled in domain.settlements):
        raise _wrong("a sealed-bid domain settles between requester and winner, on its side", "role")


def _check_windows(domain: Domain, rules: Auction | Mediation) -> None:
    if rules.commit_seconds + rules.reveal_seconds >= domain.limits.deadline_seconds:
        raise _wrong("the windows do not fit before the deadline", "deadline")


def _wrong(message: str, problem: str) -> ExpressionInvalid:
    return ExpressionInvalid(message, problem=problem)
