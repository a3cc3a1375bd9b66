"""Everything that could make the escrow refuse, looked at before anything is stored or sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from parley.chain.escrow import EscrowContract, Funding, FundingKind
from parley.chain.reader import OnChainReader
from parley.settlement.errors import (
    AuthorizationUnsupported,
    FundingMissing,
    SignatureMissing,
    SignatureRefused,
)
from parley.terms.actions import receive_authorization_digest
from parley.terms.deal import Deal
from parley.terms.errors import SignatureInvalid
from parley.terms.signing import recover
from parley.terms.values import ZERO_ADDRESS, Address, Hash32, Signature

_KIND_ACCOUNT: Final = 0
_MAX_BLOB: Final = 8192


@dataclass(frozen=True, slots=True)
class Need:
    """What one side must pay when the deal opens, in base units, and from where."""

    token: str
    account: str
    amount: int
    kind: FundingKind


def relay_fee_earned(deal: Deal, submitter: str) -> bool:
    """Whether this submitter earns the relay fee by opening."""
    return (
        deal.relay_fee > 0
        and deal.relayer in (ZERO_ADDRESS, submitter)
        and submitter not in (deal.buyer, deal.seller)
    )


def needs(deal: Deal, buyer: FundingKind, seller: FundingKind, submitter: str) -> tuple[Need, Need]:
    """What buyer and seller must pay. An authorisation is always for the relay fee too."""
    carries_fee = buyer is FundingKind.AUTHORIZATION or relay_fee_earned(deal, submitter)
    due = deal.buyer_lock + (deal.relay_fee if carries_fee else 0)
    return (
        Need(deal.token, deal.buyer, due, buyer),
        Need(deal.token, deal.seller, deal.seller_bond, seller),
    )


def compact(body: bytes) -> Signature | None:
    """The 65-byte form of an ECDSA signature of 65 or 64 (ERC-2098) bytes; None for anything else."""
    if len(body) == 65:
        return Signature.of(body)
    if len(body) == 64:
        s = int.from_bytes(body[32:], "big")
        v = 27 + (s >> 255)
        return Signature.of(body[:32] + (s & (2**255 - 1)).to_bytes(32, "big") + bytes((v,)))
    return None


class Checks:
    """Looks at signatures and authorisations. Raises the node's errors where a question needs it."""

    def __init__(self, escrow: EscrowContract) -> None:
        self._escrow = escrow
        self._reader = OnChainReader(escrow.node, escrow.address)
        self._separators: dict[str, bytes] = {}

    # -------------------------------------------------------------- signatures

    def signature(self, signer: str, digest: bytes, signature: str, what: str) -> None:
        """A signature with kind byte, by an account's key (checked here) or its contract (asked of the node).

        Raises `SignatureMissing`, `SignatureRefused`, the node's errors.
        """
        body = _body(signature, what)
        found = compact(body)
        if found is not None:
            try:
                recovered = recover(digest, found)
            except SignatureInvalid as error:
                problem = str(error.values.get("problem", error.message))
            else:
                if recovered == signer:
                    return
                problem = f"it recovers to {recovered}"
        else:
            problem = f"it has {len(body)} bytes"
        if self._reader.is_valid_signature(Address(signer), digest, body):
            return
        raise SignatureRefused(
            "The signature is not by the account that must sign.", what=what, signer=signer, problem=problem
        )

    def authorization(self, need: Need, deal: Deal, deal_id: str, signature: str) -> None:
        """An EIP-3009 authorisation of exactly what is due, its nonce the deal id."""
        separator = self._separator(need.token)
        digest = receive_authorization_digest(
            separator,
            Address(need.account),
            Address(self._escrow.address),
            need.amount,
            0,
            deal.open_by + 1,
            Hash32(deal_id),
        )
        try:
            body = bytes.fromhex(signature.removeprefix("0x"))
            recovered = recover(digest, Signature.of(body)) if len(body) == 65 else None
        except (ValueError, SignatureInvalid):
            recovered = None
        if recovered != need.account:
            raise SignatureRefused(
                "The payment authorisation is not by the account that pays, or for another payment.",
                what="authorization",
                signer=need.account,
                value=str(need.amount),
                valid_before=deal.open_by + 1,
                nonce=deal_id,
            )

    def _separator(self, token: str) -> bytes:
        if token not in self._separators:
            found = self._reader.token_domain_separator(Address(token))
            if found is None:
                raise AuthorizationUnsupported("The token takes no payment authorisations.", token=token)
            self._separators[token] = found
        return self._separators[token]


@dataclass(frozen=True, slots=True)
class Available:
    """How much an account could pay, base units; `source` is what bounds it: token, allowance or balance."""

    source: str
    amount: int


def missing_funds(need: Need, available: Available, promised: int) -> None:
    """Raise `FundingMissing` unless the need can be met beside what is `promised` to deals on their way."""
    if need.amount and available.amount < need.amount + promised:
        raise FundingMissing(
            "The account cannot pay its side of the deal.",
            token=need.token,
            account=need.account,
            source=available.source,
            available=str(available.amount),
            needed=str(need.amount),
            promised=str(promised),
            missing=str(need.amount + promised - available.amount),
        )


def funding(kind: FundingKind, authorization: str | None) -> Funding:
    """The funding argument of `open`."""
    return Funding(kind, authorization if kind is FundingKind.AUTHORIZATION and authorization else "0x")


def _body(signature: str, what: str) -> bytes:
    """The bytes after the kind byte 0x00."""
    try:
        raw = bytes.fromhex(signature.removeprefix("0x")) if signature.startswith("0x") else None
    except (ValueError, AttributeError):
        raw = None
    if raw is None or len(raw) > _MAX_BLOB:
        raise SignatureRefused("The signature is not hex, or too long.", what=what, problem="hex")
    if not raw:
        raise SignatureMissing("A signature is missing.", what=what)
    if raw[0] != _KIND_ACCOUNT:
        raise SignatureRefused("The signature's kind byte is unknown.", what=what, problem=f"kind {raw[0]}")
    return raw[1:]
