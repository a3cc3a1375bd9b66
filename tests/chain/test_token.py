"""The payment token for local chains: six decimals, permits and authorisations."""

from __future__ import annotations

import ape

from parley.terms.actions import PERMIT
from parley.terms.eip712 import domain_separator, typed_digest
from parley.terms.values import Address

UNIT, HOUR = 10**6, 3_600


def test_it_is_a_dollar_with_six_decimals(market):
    assert market.token.decimals() == 6
    separator = domain_separator(
        "Parley Dollar", "1", market.chain.chain_id, Address(market.token.address.lower())
    )
    assert bytes(market.token.DOMAIN_SEPARATOR()) == separator


def test_anyone_mints_within_bounds(market):
    before = market.token.balanceOf(market.stranger.account)
    market.token.mint(market.stranger.account, 5 * UNIT, sender=market.stranger.account)
    assert market.token.balanceOf(market.stranger.account) == before + 5 * UNIT
    with ape.reverts(market.token.MintLimit):
        market.token.mint(market.stranger.account, 10**12 + 1, sender=market.stranger.account)


def test_a_permit_is_an_approval_without_gas(market):
    escrow = Address(market.escrow.address.lower())
    deadline = market.now + HOUR
    struct = PERMIT.hash_struct(
        {
            "owner": market.buyer.address,
            "spender": escrow,
            "value": 7 * UNIT,
            "nonce": 0,
            "deadline": deadline,
        }
    )
    signature = market.buyer.sign(typed_digest(bytes(market.token.DOMAIN_SEPARATOR()), struct))
    arguments = (
        market.buyer.account,
        market.escrow,
        7 * UNIT,
        deadline,
        signature[64],
        signature[:32],
        signature[32:64],
    )
    market.token.permit(*arguments, sender=market.relayer.account)
    assert market.token.allowance(market.buyer.account, market.escrow) == 7 * UNIT
    with ape.reverts(market.token.ERC2612InvalidSigner):
        market.token.permit(*arguments, sender=market.relayer.account)


def test_an_authorization_is_spent_once_and_by_its_payee(market):
    """Taken out of a deal's funding, it is of no use to anyone but the escrow."""
    deal = market.deal()
    _, signature = market.authorization(market.buyer, deal, deal.buyer_lock)
    arguments = (
        market.buyer.account,
        market.escrow,
        deal.buyer_lock,
        0,
        deal.open_by + 1,
        bytes.fromhex(market.id_of(deal)[2:]),
        signature[64],
        signature[:32],
        signature[32:64],
    )
    with ape.reverts(market.token.CallerNotPayee):
        market.token.receiveWithAuthorization(*arguments, sender=market.stranger.account)
    with ape.reverts(market.token.AuthorizationSignatureInvalid):
        market.token.transferWithAuthorization(*arguments, sender=market.stranger.account)
    assert not market.token.authorizationState(market.buyer.account, arguments[5])
