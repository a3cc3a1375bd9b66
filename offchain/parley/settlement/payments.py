"""What each side must pay when a deal opens, from where, and whether what it signed for that is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from parley.chain.escrow import EscrowContract, FundingKind
from parley.chain.reader import OnChainReader
from parley.settlement.checks import Checks, compact
from parley.settlement.errors import AuthorizationUnsupported, FundingMissing, SignatureRefused
from parley.settlement.models import SubmittedDeal
from parley.terms.actions import receive_authorization_digest
from parley.terms.deal import Deal
from parley.terms.errors import SignatureInvalid
from parley.terms.funding import permit2_digest
from parley.terms.remainder import Standing, difference
from parley.terms.signing import recover
from parley.terms.values import ZERO_ADDRESS, Address, Hash32

CONSENTS: Final = (FundingKind.AUTHORIZATION, FundingKind.PERMIT2)
"""Payments that name the whole deal: the party's other signature may be missing."""

_PERMIT_BYTES: Final = 129


@dataclass(frozen=True, slots=True)
class Need:
    """What one side must pay when the deal opens, in base units, and from where. `most` is what a payment
    through Permit2 must permit: the relay fee counts whether or not anybody earns it.
    """

    token: str
    account: str
    amount: int
    kind: FundingKind
    most: int = 0


@dataclass(frozen=True, slots=True)
class Available:
    """How much an account could pay, base units; `source` is what bounds it: token, allowance or balance."""

    source: str
    amount: int


def relay_fee_earned(deal: Deal, submitter: str) -> bool:
    """Whether this submitter earns the relay fee by opening."""
    return (
        deal.relay_fee > 0
        and deal.relayer in (ZERO_ADDRESS, submitter)
        and submitter not in (deal.buyer, deal.seller)
    )


def needs(submitted: SubmittedDeal, submitter: str, standing: Standing | None = None) -> tuple[Need, Need]:
    """What buyer and seller must pay; of an amendment the difference from the deal that stands at `standing`.
    An authorisation is always for the relay fee too.
    """
    deal, kind = submitted.deal, submitted.buyer_funding
    carries_fee = kind is FundingKind.AUTHORIZATION or relay_fee_earned(deal, submitter)
    fee = deal.relay_fee
    if submitted.replaces is not None and standing is not None:
        moved = difference(submitted.replaces, standing, deal)
        most, bond = max(0, moved.buyer), max(0, moved.seller)
        due = most if carries_fee else max(0, moved.buyer - fee)
    else:
        most, bond = deal.buyer_lock + fee, deal.seller_bond
        due = most if carries_fee else deal.buyer_lock
    return (
        Need(deal.token, deal.buyer, due, kind, most),
        Need(deal.token, deal.seller, bond, submitted.seller_funding, bond),
    )


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


class PaymentChecks:
    """Looks at signed payments: EIP-3009, Permit2 and EIP-2612. Raises the node's errors where it asks."""

    def __init__(self, escrow: EscrowContract, checks: Checks) -> None:
        self._escrow = escrow
        self._checks = checks
        self._chain_id = escrow.node.chain_id()
        self._reader = OnChainReader(escrow.node, escrow.address)
        self._separators: dict[str, bytes] = {}

    def payment(self, need: Need, deal: Deal, deal_id: str, payment: str) -> None:
        """What the owner signed for this payment. Whether a permit is good only the token knows: the
        simulation of the opening tells.

        Raises `SignatureRefused`, `AuthorizationUnsupported`.
        """
        match need.kind:
            case FundingKind.AUTHORIZATION:
                self._authorization(need, deal, deal_id, payment)
            case FundingKind.PERMIT2:
                self._permit2(need, deal, payment)
            case FundingKind.PERMIT:
                if len(_bytes(payment, "permit")) != _PERMIT_BYTES:
                    raise SignatureRefused(
                        "A permit is value, deadline and signature: 129 bytes.", what="permit"
                    )
            case _:
                return

    def _authorization(self, need: Need, deal: Deal, deal_id: str, signature: str) -> None:
        """An EIP-3009 authorisation of exactly what is due, its nonce the deal id."""
        digest = receive_authorization_digest(
            self._separator(need.token),
            Address(need.account),
            Address(self._escrow.address),
            need.amount,
            0,
            deal.open_by + 1,
            Hash32(deal_id),
        )
        body = _bytes(signature, "authorization")
        if len(body) != 65 or not self._signs(need.account, digest, body):
            raise SignatureRefused(
                "The payment authorisation is not by the account that pays, or for another payment.",
                what="authorization",
                signer=need.account,
                value=str(need.amount),
                valid_before=deal.open_by + 1,
                nonce=deal_id,
            )

    def _permit2(self, need: Need, deal: Deal, payment: str) -> None:
        """A payment through Permit2: nonce, then a signature over the deal as its witness."""
        body = _bytes(payment, "permit2")
        nonce, signature = int.from_bytes(body[:32], "big"), body[32:]
        digest = permit2_digest(deal, self._chain_id, Address(self._escrow.address), need.most, nonce)
        if self._signs(need.account, digest, signature):
            return
        if signature and self._checks.account_accepts(need.account, digest, signature):
            return
        raise SignatureRefused(
            "The payment through Permit2 is not by the account that pays, or for another payment.",
            what="permit2",
            signer=need.account,
            permitted=str(need.most),
            deadline=deal.open_by,
        )

    @staticmethod
    def _signs(account: str, digest: bytes, body: bytes) -> bool:
        found = compact(body)
        try:
            return found is not None and recover(digest, found) == account
        except SignatureInvalid:
            return False

    def _separator(self, token: str) -> bytes:
        if token not in self._separators:
            found = self._reader.token_domain_separator(Address(token))
            if found is None:
                raise AuthorizationUnsupported("The token takes no payment authorisations.", token=token)
            self._separators[token] = found
        return self._separators[token]


def _bytes(payment: str, what: str) -> bytes:
    try:
        return bytes.fromhex(payment.removeprefix("0x"))
    except ValueError:
        raise SignatureRefused("The signed payment is not hex.", what=what, problem="hex") from None
