"""Mandates: what a principal lets an agent key sign for it, and the signature that carries one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, IntFlag
from typing import Final

from parley.terms.actions import Mandate
from parley.terms.deal import Deal
from parley.terms.errors import SignatureInvalid
from parley.terms.values import ZERO_ADDRESS, Address

MANDATE_KIND: Final = "01"
_WORDS: Final = 13
_HEAD: Final = _WORDS * 32 + 2


class Role(IntEnum):
    """Which side of a deal the agent speaks for."""

    BUY = 1
    SELL = 2


class Act(IntFlag):
    """What an agent may sign. Withdrawals, epochs, rulings and mandates have no bit: no agent signs them."""

    OPEN = 1
    RECEIPT = 2
    SPLIT = 4  # and taking a split back
    AMEND = 8
    DISPUTE = 16
    DELIVERY = 32
    REJECTION = 64
    LEAVE = 128  # refund before delivery, cancellation before opening


def worth(deal: Deal, role: Role) -> int:
    """What `deal_limit` is compared with, base units: all a buyer can be made to pay at opening, or the price
    that a seller gets.
    """
    return deal.buyer_lock + deal.relay_fee if role is Role.BUY else deal.price


def uncovered(mandate: Mandate, deal: Deal, act: Act, now: int) -> tuple[str, ...]:
    """Names of the contract's errors that speak against the agent's signing `act` of this deal at `now` (unix
    seconds), in the contract's order; empty when the mandate covers it. Epoch, budget and revocation
    are chain state and not looked at.
    """
    if mandate.role not in (Role.BUY, Role.SELL):
        return ("MandateRole",)
    role = Role(mandate.role)
    buying = role is Role.BUY
    principal, other = (deal.buyer, deal.seller) if buying else (deal.seller, deal.buyer)
    amount = worth(deal, role)
    within = amount <= mandate.deal_limit if buying else amount >= mandate.deal_limit
    checks = (
        ("MandateOfAnother", mandate.principal == principal),
        ("MandateAction", mandate.actions & act == act),
        ("MandateTime", mandate.valid_from <= now <= mandate.valid_until),
        ("MandateToken", mandate.token == deal.token),
        ("MandateCounterparty", mandate.counterparty in (ZERO_ADDRESS, other)),
        ("MandateArbiter", mandate.arbiter in (ZERO_ADDRESS, deal.arbiter)),
        ("MandateAgent", mandate.agent not in (other, deal.arbiter)),
        ("MandateLimit", within),
    )
    return tuple(name for name, holds in checks if not holds)


def mandate_signature(mandate: Mandate, of_principal: str, of_agent: str) -> str:
    """The form the escrow takes: kind byte 0x01, the mandate in 13 words, two bytes of length, then both
    signatures with their own kind byte. `of_agent` may be `0x` where the agent itself submits.

    Raises `SignatureInvalid` for a signature of the principal that is longer than two bytes can say.
    """
    principal = of_principal.removeprefix("0x")
    if len(principal) // 2 > 0xFFFF:
        raise SignatureInvalid("the principal's signature is too long", problem="length")
    return "0x" + MANDATE_KIND + _encoded(mandate) + f"{len(principal) // 2:04x}" + principal + of_agent[2:]


def mandate_signature_parts(signature: str) -> tuple[Mandate, str, str]:
    """The mandate and both signatures out of what `mandate_signature` made. Raises `SignatureInvalid`."""
    if not signature.startswith("0x" + MANDATE_KIND):
        raise SignatureInvalid("not the signature of an agent under a mandate", problem="kind")
    try:
        body = bytes.fromhex(signature[4:])
        end = _HEAD + int.from_bytes(body[_HEAD - 2 : _HEAD], "big")
        if len(body) < _HEAD or len(body) < end:
            raise ValueError("too short")
        mandate = _decoded([body[at : at + 32] for at in range(0, _WORDS * 32, 32)])
    except ValueError as error:
        raise SignatureInvalid("not a mandate and two signatures", problem=str(error)[:80]) from None
    return mandate, "0x" + body[_HEAD:end].hex(), "0x" + body[end:].hex()


def _encoded(mandate: Mandate) -> str:
    values = (getattr(mandate, name) for name in list(Mandate.model_fields)[2:])
    return "".join(value[2:].zfill(64) if isinstance(value, str) else f"{value:064x}" for value in values)


def _decoded(words: Iterable[bytes]) -> Mandate:
    found: dict[str, object] = {}
    for name, (_, kind), word in zip(
        list(Mandate.model_fields)[2:], Mandate.struct.fields, words, strict=True
    ):
        if kind == "address":
            if any(word[:12]):
                raise ValueError(f"{name} is not an address")
            found[name] = Address.of(word[12:])
        else:
            found[name] = int.from_bytes(word, "big")
    return Mandate.model_validate(found)
