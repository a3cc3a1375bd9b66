"""The operator's guardrails: its own policy on every offer and acceptance that passes through, whoever
sends it.
"""

from __future__ import annotations

import threading

from parley.errors import ParleyError
from parley.gateway.errors import ApprovalNeeded, PolicyRefused
from parley.gateway.live import Live
from parley.policy.facts import Counterparty, facts_of
from parley.policy.models import Bundle, Decision
from parley.policy.service import PolicyEngine
from parley.terms.message import Message
from parley.terms.payloads import Accept, Offer
from parley.terms.terms import terms_of
from parley.terms.values import Hash32


class OperatorGuardrails:
    """Fails closed: facts that cannot be computed refuse. The findings go back to the sender with their
    rule ids.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._engine = PolicyEngine(bundle)
        self._lock = threading.Lock()

    @property
    def bundle(self) -> Hash32:
        return self._engine.hash

    def check(self, live: Live, message: Message, now: int) -> None:
        """Raises PolicyRefused or ApprovalNeeded; messages that offer and accept nothing pass."""
        payload = message.payload
        if isinstance(payload, Offer):
            self._judge(live, message, payload, now, accepting=False)
        elif isinstance(payload, Accept) and live.state.offer is not None:
            self._judge(live, message, live.state.offer.offer, now, accepting=True)

    def _judge(self, live: Live, message: Message, offer: Offer, now: int, *, accepting: bool) -> None:
        domain, sender = live.domain, message.core.sender
        terms = terms_of(domain, live.state.negotiation, offer).hash()
        approved = any(grant.terms == terms and now <= grant.expires_at for grant in live.state.approvals)
        for other in live.opening.parties:
            if other.address == sender:
                continue
            try:
                facts = facts_of(
                    domain,
                    domain.decode_values(offer.values),
                    role=live.role_of[sender],
                    counterparty=Counterparty(address=other.address),
                    now=now,
                    approved=approved,
                    terms=terms,
                )
            except ParleyError as error:
                raise PolicyRefused(f"no facts for the policy: {error.message}", cause=error.code) from error
            with self._lock:
                decision = self._engine.evaluate(facts, moment="acceptance" if accepting else "incoming")
            self._enforce(decision, terms)

    @staticmethod
    def _enforce(decision: Decision, terms: Hash32) -> None:
        reasons = "; ".join(finding.reason for finding in decision.findings)
        if decision.outcome == "refuse":
            raise PolicyRefused(f"the operator's policy refuses: {reasons}", **decision.problem())
        if decision.outcome == "escalate":
            raise ApprovalNeeded(
                f"the operator's policy wants an approval: {reasons}", terms=terms, **decision.problem()
            )
