"""Is this approval good for these terms, at this time, from this reviewer?"""

from __future__ import annotations

from collections.abc import Collection

from parley.policy.errors import ApprovalInvalid
from parley.terms.message import Approval
from parley.terms.signing import recover
from parley.terms.values import Address, Hash32, Signature

APPROVAL_SECONDS = 1_800
"""Longest time from a decision to its expiry, seconds."""


def check_approval(
    approval: Approval,
    *,
    negotiation: Hash32,
    terms: Hash32,
    agent: Address,
    reviewers: Collection[Address],
    now: int,
    longest: int = APPROVAL_SECONDS,
) -> None:
    """Raises `ApprovalInvalid` unless `approval` grants `agent` exactly `terms` in `negotiation` at `now`
    (unix seconds).

    It must be decided by one of `reviewers`, not in the future, and run `longest` seconds at most; its expiry
    is inclusive. The signature is `verify_approval`'s.
    """
    if not approval.granted:
        raise ApprovalInvalid("The reviewer refused", problem="refused", reviewer=approval.reviewer)
    if approval.negotiation != negotiation:
        raise ApprovalInvalid(
            "The approval is for another negotiation",
            problem="negotiation",
            expected=negotiation,
            actual=approval.negotiation,
        )
    if approval.terms_hash != terms:
        raise ApprovalInvalid(
            "The approval is for other terms", problem="terms", expected=terms, actual=approval.terms_hash
        )
    if approval.agent != agent:
        raise ApprovalInvalid(
            "The approval is for another agent", problem="agent", expected=agent, actual=approval.agent
        )
    if approval.reviewer not in reviewers:
        raise ApprovalInvalid("Not a reviewer", problem="reviewer", reviewer=approval.reviewer)
    if approval.decided_at > now:
        raise ApprovalInvalid(
            "The approval is dated in the future", problem="time", decided_at=approval.decided_at, now=now
        )
    if not approval.decided_at <= approval.expires_at <= approval.decided_at + longest:
        raise ApprovalInvalid(
            "The approval runs longer than policy allows",
            problem="validity",
            decided_at=approval.decided_at,
            expires_at=approval.expires_at,
            longest=longest,
        )
    if now > approval.expires_at:
        raise ApprovalInvalid(
            "The approval has expired", problem="expired", expires_at=approval.expires_at, now=now
        )


def verify_approval(approval: Approval, signature: Signature, chain_id: int) -> None:
    """Raises `ApprovalInvalid` unless the reviewer named in `approval` signed it, and the errors of
    `parley.terms` for a malformed signature."""
    signer = recover(approval.digest(chain_id), signature)
    if signer != approval.reviewer:
        raise ApprovalInvalid(
            "The approval is not signed by its reviewer",
            problem="signature",
            expected=approval.reviewer,
            actual=signer,
        )


def approval_covers(
    approval: Approval,
    *,
    negotiation: Hash32,
    terms: Hash32,
    agent: Address,
    reviewers: Collection[Address],
    now: int,
    longest: int = APPROVAL_SECONDS,
) -> bool:
    """`check_approval` as a yes or no."""
    try:
        check_approval(
            approval,
            negotiation=negotiation,
            terms=terms,
            agent=agent,
            reviewers=reviewers,
            now=now,
            longest=longest,
        )
    except ApprovalInvalid:
        return False
    return True
