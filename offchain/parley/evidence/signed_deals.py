"""Checks of what buyer and seller signed."""

from __future__ import annotations

from parley.evidence.bundle import SignedDeal
from parley.evidence.chain_reader import ChainReader
from parley.evidence.findings import Broken, Finding, nothing, passed, skipped
from parley.evidence.talk import Talk
from parley.terms.actions import receive_authorization_digest
from parley.terms.errors import SignatureInvalid
from parley.terms.signing import check_signature, recover
from parley.terms.values import ZERO_HASH, Address, Signature


def check_deal_signatures(talk: Talk) -> Finding:
    """Deal ids are right, and both sides signed them (or authorised the payment, which binds the deal id)."""
    bundle = talk.bundle
    if not bundle.deals:
        return nothing("the bundle holds no deal")
    for index, item in enumerate(bundle.deals):
        deal_id = item.deal.deal_id(bundle.chain.chain_id, bundle.chain.escrow)
        if deal_id != item.deal_id:
            raise Broken(f"deal {index}: its id is {deal_id}, not {item.deal_id}")
        digest = bytes.fromhex(deal_id[2:])
        for side, party, signature, authorization in _sides(item):
            where = f"deal {index}, {side} {party}"
            if signature == "0x":
                _check_unsigned(where, item, authorization, talk.node)
                continue
            _check_account(where, party, digest, signature, talk.node)
    return passed(f"{len(bundle.deals)} signed by buyer and seller")


def check_authorizations(talk: Talk) -> Finding:
    """EIP-3009 authorisations pay the escrow exactly what the deal locks for that side, under the deal id.

    What an amendment takes is the difference from a deal outside the bundle, so its are left out.
    """
    given = [
        (index, item, side, party, authorization)
        for index, item in enumerate(talk.bundle.deals)
        for side, party, _, authorization in _sides(item)
        if authorization is not None
    ]
    found = [entry for entry in given if entry[1].deal.amends == ZERO_HASH]
    if not given:
        return nothing("the bundle holds none")
    if not found:
        return skipped(f"{len(given)} for amendments: what they pay depends on the deals these replace")
    node = talk.node
    if node is None:
        return skipped(f"{len(found)} in the bundle; checking them needs a node for the token's domain")
    for index, item, side, party, authorization in found:
        deal = item.deal
        separator = node.token_domain_separator(deal.token)
        if separator is None:
            raise Broken(f"deal {index}: the token {deal.token} has no EIP-712 domain")
        amount = deal.buyer_lock + deal.relay_fee if side == "buyer" else deal.seller_bond
        digest = receive_authorization_digest(
            separator, party, talk.bundle.chain.escrow, amount, 0, deal.open_by + 1, item.deal_id
        )
        if not _signs(party, digest, authorization, node):
            raise Broken(f"deal {index}: the authorisation is not by the {side} {party} for this deal")
    return passed(f"{len(found)} bound to their deals")


def _sides(item: SignedDeal) -> tuple[tuple[str, Address, str, Signature | None], ...]:
    return (
        ("seller", item.deal.seller, item.seller_signature, item.seller_authorization),
        ("buyer", item.deal.buyer, item.buyer_signature, item.buyer_authorization),
    )


def _check_unsigned(
    where: str, item: SignedDeal, authorization: Signature | None, node: ChainReader | None
) -> None:
    """A party that signed nothing consented by its authorisation, checked next, or by opening the deal
    itself.
    """
    if node is None:
        given = "the payment was authorised" if authorization else "it may have opened the deal itself"
        raise Broken(f"{where}: no signature; {given}, and checking that needs a node")
    if authorization is None and node.deal_state(item.deal_id).status in ("Unopened", "Cancelled"):
        raise Broken(f"{where}: neither signature nor authorisation, and the deal was never opened")


def _check_account(
    where: str, party: Address, digest: bytes, signature: str, node: ChainReader | None
) -> None:
    if not signature.startswith("0x00"):
        raise Broken(f"{where}: unknown kind of signature {signature[:4]}")
    body = bytes.fromhex(signature[4:])
    plain = _plain(body)
    if plain is not None:
        try:
            check_signature(digest, plain, party)
        except SignatureInvalid as error:
            reason = str(error)
        else:
            return
    else:
        reason = "no ECDSA signature; a contract account (ERC-1271) needs a node to answer"
    if node is None or not node.is_valid_signature(party, digest, body):
        raise Broken(f"{where}: {reason}")


def _plain(body: bytes) -> Signature | None:
    """The 65-byte form of a 65-byte or ERC-2098 64-byte signature."""
    if len(body) == 65:
        return Signature.of(body)
    if len(body) == 64:
        s = int.from_bytes(body[32:], "big")
        return Signature.of(body[:32] + (s & (2**255 - 1)).to_bytes(32, "big") + bytes((27 + (s >> 255),)))
    return None


def _signs(party: Address, digest: bytes, authorization: Signature, node: ChainReader) -> bool:
    try:
        if recover(digest, authorization) == party:
            return True
    except SignatureInvalid:
        pass
    return node.is_valid_signature(party, digest, bytes.fromhex(authorization[2:]))
