"""Payloads that this machine may not read: which rules still hold, and when a plaintext counts as the sealed
one.

Turns, rounds, deadlines, expiries and last offers are kept. What needs the values (the grid of the domain,
concessions, repeats, loops) is kept by the machines of the parties, which read them.
"""

from __future__ import annotations

from parley.negotiation.errors import OfferInvalid, OfferWasFinal, OpaqueForbidden, PayloadUnfit
from parley.negotiation.rules import Rules
from parley.negotiation.state import PartyRecord
from parley.terms.message_core import MessageCore
from parley.terms.payloads import PAYLOADS, Offer, Payload
from parley.terms.sealed import SEALABLE, Sealed


def readable(core: MessageCore, sealed: Sealed, plain: Payload | None) -> Payload:
    """The plaintext, checked against what was signed; the sealed payload itself where there is none.

    Raises `PayloadUnfit` for a performative that does not travel sealed and for a plaintext that is not the
    sealed one, `OfferInvalid` where the signed parts say something else than the offer.
    """
    if core.performative not in SEALABLE:
        raise PayloadUnfit("This message does not travel sealed", performative=core.performative.wire)
    if plain is None:
        return sealed
    if type(plain) is not PAYLOADS[core.performative] or plain.hash() != sealed.plain:
        raise PayloadUnfit("The plaintext is not the sealed one", signed=sealed.plain, actual=plain.hash())
    if isinstance(plain, Offer) and (plain.expires_at, plain.final) != (core.expires_at, sealed.final):
        raise OfferInvalid("The sealed offer differs from its message in expiry or finality")
    return plain


def record_opaque(rules: Rules, record: PartyRecord, sealed: Sealed) -> PartyRecord:
    """The party's record after an offer that nobody here can read. Raises `OfferWasFinal`, and
    `OpaqueForbidden` where the domain has a gate that looks at the values.
    """
    if rules.domain.approval is not None:
        raise OpaqueForbidden("The domain's approval gate looks at the values of every offer")
    if record.final:
        raise OfferWasFinal("The sender called its last offer final")
    return PartyRecord(record.role, None, None, sealed.final, 0, record.queries, record.escalations)
