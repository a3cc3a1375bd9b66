"""Checks of what others said about the negotiation: gateways, reviewers, and the owner's own records."""

from __future__ import annotations

from parley.evidence.findings import Broken, Finding, nothing, partly, passed, skipped
from parley.evidence.talk import Talk
from parley.terms.errors import SignatureInvalid, StatementMismatch


def check_receipts(talk: Talk) -> Finding:
    """Every receipt is signed by a gateway of the opening, for a message of this negotiation."""
    bundle = talk.bundle
    if not bundle.receipts:
        return nothing("the bundle holds none")
    negotiation = bundle.opening.negotiation_id()
    known = set(talk.hashes)
    for index, receipt in enumerate(bundle.receipts):
        if receipt.negotiation != negotiation or receipt.message not in known:
            raise Broken(f"receipt {index} is for a message that is not here")
        if receipt.gateway not in bundle.opening.gateways:
            raise Broken(
                f"receipt {index} is by {receipt.gateway}, which the opening does not name as a gateway"
            )
        try:
            receipt.verify(talk.chain_id)
        except SignatureInvalid as error:
            raise Broken(f"receipt {index}: {error}") from None
    return passed(f"{len(bundle.receipts)} signed by gateways of the opening")


def check_approvals(talk: Talk) -> Finding:
    """Every approval is signed by a reviewer of the opening, for a party of this negotiation."""
    bundle = talk.bundle
    if not bundle.approvals:
        return nothing("the bundle holds none")
    negotiation = bundle.opening.negotiation_id()
    for index, approval in enumerate(bundle.approvals):
        core = approval.core
        if core.negotiation != negotiation or bundle.opening.party_of_address(core.agent) is None:
            raise Broken(f"approval {index} belongs to another negotiation or party")
        if core.reviewer not in bundle.opening.reviewers:
            raise Broken(
                f"approval {index} is by {core.reviewer}, which the opening does not name as a reviewer"
            )
        try:
            approval.verify(talk.chain_id)
        except SignatureInvalid as error:
            raise Broken(f"approval {index}: {error}") from None
    return passed(f"{len(bundle.approvals)} signed by reviewers of the opening")


def check_erasures(talk: Talk) -> Finding:
    """Every erasure is stated by a gateway of the opening, for this negotiation, and covers what is
    missing.
    """
    bundle = talk.bundle
    missing = [at for at, message in enumerate(bundle.messages) if message.payload is None]
    if not bundle.erasures:
        if not missing:
            return nothing("every payload is here")
        return partly(f"{len(missing)} payloads were left out of the bundle; nobody says why")
    covered = 0
    for index, signed in enumerate(bundle.erasures):
        erasure = signed.erasure
        if erasure.negotiation != bundle.opening.negotiation_id():
            raise Broken(f"erasure {index} belongs to another negotiation")
        if signed.core.author not in bundle.opening.gateways:
            raise Broken(
                f"erasure {index} is by {signed.core.author}, which the opening does not name as a gateway"
            )
        try:
            signed.check(talk.chain_id)
        except (SignatureInvalid, StatementMismatch) as error:
            raise Broken(f"erasure {index}: {error}") from None
        covered = max(covered, erasure.messages)
    if covered > len(bundle.messages):
        raise Broken(f"{covered} payloads are said to be erased, there are {len(bundle.messages)} messages")
    if any(at >= covered for at in missing):
        return partly(f"payloads after message {covered - 1} were left out of the bundle; nobody says why")
    return passed(f"payloads of {covered} messages {bundle.erasures[0].erasure.words}")


def check_decisions(talk: Talk) -> Finding:
    """Policy records carry no signature: they are the owner's word."""
    count = len(talk.bundle.decisions)
    if not count:
        return nothing("the bundle discloses none")
    return skipped(f"{count} disclosed by the owner; they are not signed and prove nothing to others")
