"""Checks of what buyer and seller signed."""

from __future__ import annotations

from typing import Final

from parley.evidence.bundle import SignedDeal
from parley.evidence.chain_reader import ChainReader
from parley.evidence.findings import Broken, Finding, nothing, passed, skipped
from parley.evidence.talk import Talk
from parley.terms.actions import receive_authorization_digest
from parley.terms.deal import Deal
from parley.terms.errors import SignatureInvalid
from parley.terms.mandates import MANDATE_KIND, Act, Role, mandate_signature_parts, uncovered
from parley.terms.signing import check_signature, recover
from parley.terms.values import ZERO_HASH, Address, Signature

_INSTANT: Final = 4  # bit of `payout`


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
            if signature.startswith("0x" + MANDATE_KIND):
                _check_agent(where, item.deal, side, digest, signature, talk)
            else:
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


def _check_agent(where: str, deal: Deal, side: str, digest: bytes, signature: str, talk: Talk) -> None:
    """An agent's signature under a mandate. Budget, epoch and revocation were the chain's to check; its
    time is right when it held at some moment before the deal's `open_by`.
    """
    try:
        mandate, of_principal, of_agent = mandate_signature_parts(signature)
    except SignatureInvalid as error:
        raise Broken(f"{where}: {error}") from None
    problems = uncovered(mandate, deal, _acts(deal, side), min(deal.open_by, mandate.valid_until))
    if mandate.role != (Role.BUY if side == "buyer" else Role.SELL):
        problems = ("MandateRole", *problems)
    if problems:
        raise Broken(f"{where}: the mandate does not cover the deal: {', '.join(dict.fromkeys(problems))}")
    granted = mandate.digest(talk.bundle.chain.chain_id, talk.bundle.chain.escrow)
    _check_account(f"{where}, its mandate", mandate.principal, granted, of_principal, talk.node)
    _check_account(f"{where}, by its agent {mandate.agent}", mandate.agent, digest, of_agent, talk.node)


def _acts(deal: Deal, side: str) -> Act:
    if deal.amends != ZERO_HASH:
        return Act.AMEND
    # Whoever lets its agent buy in an instant deal lets it accept, too.
    return Act.OPEN | Act.RECEIPT if deal.payout & _INSTANT and side == "buyer" else Act.OPEN


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
