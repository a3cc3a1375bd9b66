"""The approval gate: terms over the domain's threshold bind nobody before a reviewer has approved them."""

from __future__ import annotations

from parley.negotiation.errors import ApprovalMissing
from parley.negotiation.rules import Rules
from parley.negotiation.state import NegotiationState
from parley.terms.errors import TermsError
from parley.terms.expressions import evaluate
from parley.terms.payloads import Offer
from parley.terms.terms import terms_of
from parley.terms.values import Hash32


def needs_approval(rules: Rules, offer: Offer) -> bool:
    """Whether the domain's `approval` expression is above 0 for the values; one without a value counts as
    yes.
    """
    gate = rules.domain.approval
    if gate is None:
        return False
    try:
        return evaluate(gate, rules.domain.decode_values(offer.values), {}) > 0
    except TermsError:
        return True


def approved_terms(state: NegotiationState, terms: Hash32, at: int) -> bool:
    """Whether an approval of these terms is still good at `at` (unix seconds, inclusive)."""
    return any(granted.terms == terms and at <= granted.expires_at for granted in state.approvals)


def awaits_approval(rules: Rules, state: NegotiationState, at: int) -> Hash32 | None:
    """The terms of the latest offer, where nobody may agree to it before a reviewer has approved them."""
    if state.offer is None or rules.domain.approval is None:
        return None
    if not needs_approval(rules, state.offer.offer):
        return None
    terms = terms_of(rules.domain, state.negotiation, state.offer.offer).hash()
    return None if approved_terms(state, terms, at) else terms


def require_approval(rules: Rules, state: NegotiationState, offer: Offer, at: int) -> None:
    """Raises `ApprovalMissing`, with the terms hash to escalate, unless the gate lets the offer through."""
    if not needs_approval(rules, offer):
        return
    terms = terms_of(rules.domain, state.negotiation, offer).hash()
    if not approved_terms(state, terms, at):
        raise ApprovalMissing("A reviewer has not approved these terms, or no longer", terms=terms, at=at)
