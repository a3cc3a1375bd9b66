"""Internal balances: put money in, pay for deals from it, take it out to anywhere, also by signature."""

from __future__ import annotations

import ape

from parley.terms.actions import Withdrawal, receive_authorization_digest
from parley.terms.values import Address, Hash32, keccak

UNIT, HOUR = 10**6, 3_600


def deposited(market, agent, amount):
    market.approve(agent, amount)
    market.escrow.deposit(market.token, agent.account, amount, sender=agent.account)


def test_a_deposit_can_be_withdrawn_to_any_address(market):
    deposited(market, market.buyer, 50 * UNIT)
    assert market.account(market.buyer).balance == 50 * UNIT
    market.escrow.withdraw(
        market.token,
        market.buyer.account,
        market.stranger.account,
        20 * UNIT,
        0,
        0,
        0,
        b"",
        sender=market.buyer.account,
    )
    assert market.token.balanceOf(market.stranger.account) == 1_020 * UNIT
    assert market.account(market.buyer).balance == 30 * UNIT
    market.check_money()


def test_a_balance_pays_for_a_deal(market):
    deal = market.deal()
    deposited(market, market.buyer, deal.buyer_lock)
    deposited(market, market.seller, deal.seller_bond)
    market.escrow.open(
        deal.as_abi(),
        market.consent(market.buyer, deal),
        market.consent(market.seller, deal),
        (1, b""),
        (1, b""),
        sender=market.relayer.account,
    )
    assert market.account(market.buyer).balance == 0
    market.check_money(deal)


def test_a_balance_too_short_opens_nothing(market):
    deal = market.deal()
    deposited(market, market.buyer, deal.buyer_lock - 1)
    market.approve(market.seller, deal.seller_bond)
    with ape.reverts(market.escrow.BalanceShort):
        market.escrow.open(
            deal.as_abi(),
            market.consent(market.buyer, deal),
            market.consent(market.seller, deal),
            (1, b""),
            (0, b""),
            sender=market.relayer.account,
        )


def test_a_deposit_by_authorization_names_its_beneficiary(market):
    """The nonce of the authorisation is made from the beneficiary: nobody can redirect the deposit."""
    salt = b"\x07" * 32
    to = bytes.fromhex(market.seller.address[2:])
    nonce = Hash32.of(keccak(b"Parley Deposit" + to + salt))
    valid_before = market.now + HOUR
    signature = market.buyer.sign(
        receive_authorization_digest(
            bytes(market.token.DOMAIN_SEPARATOR()),
            market.buyer.address,
            Address(market.escrow.address.lower()),
            5 * UNIT,
            0,
            valid_before,
            nonce,
        )
    )
    for beneficiary, works in ((market.stranger, False), (market.seller, True)):
        arguments = (
            market.token,
            market.buyer.account,
            beneficiary.account,
            5 * UNIT,
            valid_before,
            salt,
            signature,
        )
        if works:
            market.escrow.depositWithAuthorization(*arguments, sender=market.relayer.account)
        else:
            with ape.reverts(market.escrow.AuthorizationInvalid):
                market.escrow.depositWithAuthorization(*arguments, sender=market.relayer.account)
    assert market.account(market.seller).balance == 5 * UNIT
    assert market.account(market.stranger).balance == 0
    market.check_money()


def test_a_signed_withdrawal_works_once(market):
    deposited(market, market.seller, 10 * UNIT)
    withdrawal = Withdrawal(
        party=market.seller.address,
        token=Address(market.token.address.lower()),
        to=market.seller.address,
        amount=8 * UNIT,
        fee=UNIT,
        nonce=2**255 + 3,
        valid_until=market.now + HOUR,
    )
    arguments = (
        market.token,
        market.seller.account,
        market.seller.account,
        withdrawal.amount,
        withdrawal.fee,
        withdrawal.nonce,
        withdrawal.valid_until,
        market.consent(market.seller, withdrawal),
    )
    market.escrow.withdraw(*arguments, sender=market.relayer.account)
    assert market.account(market.seller).balance == UNIT
    assert market.account(market.relayer).balance == UNIT
    assert market.escrow.nonceUsed(market.seller.account, withdrawal.nonce)
    with ape.reverts(market.escrow.NonceUsed):
        market.escrow.withdraw(*arguments, sender=market.relayer.account)
    market.check_money()


def test_nobody_withdraws_for_somebody_else(market):
    deposited(market, market.buyer, UNIT)
    with ape.reverts(market.escrow.SignatureInvalid):
        market.escrow.withdraw(
            market.token,
            market.buyer.account,
            market.stranger.account,
            UNIT,
            0,
            0,
            0,
            b"",
            sender=market.stranger.account,
        )
    with ape.reverts(market.escrow.BalanceShort):
        market.escrow.withdraw(
            market.token,
            market.stranger.account,
            market.stranger.account,
            UNIT,
            0,
            0,
            0,
            b"",
            sender=market.stranger.account,
        )
