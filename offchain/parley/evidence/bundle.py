"""The evidence bundle: one document from which a stranger can verify a negotiation and its deals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from parley.evidence.disclosure import Disclosure
from parley.evidence.errors import BundleIncomplete
from parley.evidence.transcript import Transcript
from parley.terms.deal import Deal
from parley.terms.documents import Document, Part
from parley.terms.domain import Domain
from parley.terms.erasure import SignedErasure
from parley.terms.lists import JsonObject, Many
from parley.terms.message import Message, SignedApproval, SignedReceipt
from parley.terms.opening import Opening
from parley.terms.values import Address, ChainId, Hash32, Signature

AccountSignature = Annotated[str, Field(pattern=r"^0x(?:[0-9a-f]{2})*$", max_length=2 + 2 * 16_384)]
"""Kind byte and body as the escrow takes them; `0x` stands for none."""


class SignedDeal(Part):
    """A deal with its signatures. An empty one is `0x`; an EIP-3009 authorisation of the same party then
    stands in.
    """

    deal: Deal
    deal_id: Hash32
    buyer_signature: AccountSignature
    seller_signature: AccountSignature
    proofs: Many[Many[Hash32]]
    buyer_authorization: Signature | None = None
    seller_authorization: Signature | None = None


class ChainPlace(Part):
    """Where the deals settle."""

    chain_id: ChainId
    escrow: Address
    registry: Address | None = None
    transactions: Many[Hash32]


class Bundle(Document):
    """Everything needed to verify without a gateway. `decisions` are the owner's own records and carry no
    signature.
    """

    max_bytes: ClassVar[int] = 64 << 20
    max_depth: ClassVar[int] = 20  # a domain, itself up to 16 levels deep, lies inside

    schema_: Literal["parley/bundle"] = Field(default="parley/bundle", alias="schema")
    domain: Domain
    opening: Opening
    messages: Many[Message]
    receipts: Many[SignedReceipt]
    approvals: Many[SignedApproval]
    decisions: Many[JsonObject]
    deals: Many[SignedDeal]
    chain: ChainPlace
    erasures: Many[SignedErasure] | None = None
    disclosures: Many[Disclosure] | None = None


@dataclass(frozen=True, slots=True)
class DealSignatures:
    """One deal and what was signed for it; signatures in the form of the escrow (kind byte first)."""

    deal: Deal
    buyer_signature: str = "0x"
    seller_signature: str = "0x"
    buyer_authorization: Signature | None = None
    seller_authorization: Signature | None = None


def export_bundle(
    domain: Domain,
    opening: Opening,
    messages: Iterable[Message],
    *,
    deals: Sequence[DealSignatures] = (),
    receipts: Iterable[SignedReceipt] = (),
    approvals: Iterable[SignedApproval] = (),
    decisions: Iterable[Mapping[str, Any]] = (),
    transactions: Iterable[Hash32] = (),
    registry: Address | None = None,
    erase: Collection[int] = (),
    erasures: Sequence[SignedErasure] = (),
) -> Bundle:
    """The bundle of a negotiation; `erase` lists the sequences whose payloads are left out, `erasures` what
    gateways said of payloads that they erased.

    Raises `TranscriptBroken`, `BundleIncomplete`, and the errors of `verify_message`.
    """
    transcript = Transcript(opening.negotiation_id(), opening.chain_id, messages)
    return Bundle(
        domain=domain,
        opening=opening,
        messages=tuple(
            message.erased() if sequence in erase else message
            for sequence, message in enumerate(transcript.messages)
        ),
        receipts=tuple(receipts),
        approvals=tuple(approvals),
        decisions=tuple(decisions),
        deals=tuple(_signed_deal(item, opening, transcript) for item in deals),
        chain=ChainPlace(
            chain_id=opening.chain_id,
            escrow=opening.escrow,
            registry=registry,
            transactions=tuple(transactions),
        ),
        erasures=tuple(erasures) or None,
    )


def _signed_deal(item: DealSignatures, opening: Opening, transcript: Transcript) -> SignedDeal:
    length = item.deal.transcript_length
    if not 0 < length <= len(transcript):
        raise BundleIncomplete(
            "messages of the deal's transcript are missing",
            transcript_length=length,
            messages=len(transcript),
        )
    tree = transcript.tree(length)
    if tree.root != item.deal.transcript_root:
        raise BundleIncomplete(
            "the deal covers another transcript", signed=item.deal.transcript_root, actual=tree.root
        )
    return SignedDeal(
        deal=item.deal,
        deal_id=item.deal.deal_id(opening.chain_id, opening.escrow),
        buyer_signature=item.buyer_signature,
        seller_signature=item.seller_signature,
        proofs=tuple(tree.proof(sequence) for sequence in range(length)),
        buyer_authorization=item.buyer_authorization,
        seller_authorization=item.seller_authorization,
    )
