"""Gas of a tab: many small payments in two transactions (T5), from receipts."""

from __future__ import annotations

from bench.market import START, UNIT, BenchMarket
from bench.model import Result, Target
from parley.chain.deploy import create_contract
from parley.chain.models import Receipt as Mined
from parley.chain.tabs import Redeeming, Source, TabsContract, without_fee
from parley.terms.actions import receive_authorization_digest
from parley.terms.signing import account_signature
from parley.terms.tabs import Tab, TabFunding, Voucher
from parley.terms.values import Address, Hash32, Signature, keccak

T5 = Target("T5", "redeeming a tab, paid to the seller's wallet", "gas", 51_000)
T5B = Target("T5b", "redeeming a tab, paid into the seller's internal balance", "gas", 43_000)
T5C = Target("T5c", "one of 1 000 payments on a tab, in two transactions", "gas", 120)

PAYMENTS = 1_000
PAYMENT = 12_345
INSIDE = 1

WARM = (
    "Gas used of receipts on Anvil (Prague), 21 000 and calldata included. Warm: the seller holds the token "
    "and was paid inside before, the contract holds some of it. The voucher is the buyer's, by its key."
)


class BenchTabs:
    """The contract of tabs in a market, warm, and tabs of 100 tokens in it."""

    def __init__(self, market: BenchMarket) -> None:
        self.market = market
        receipt = create_contract(market.node, market.relayer, "Tabs")
        self.tabs = TabsContract(market.node, str(receipt.contract))
        self.count = 0
        for account in (market.buyer, market.relayer):
            market.send(market.token.approve(self.tabs.address, 2**256 - 1), account)
        for account in (market.seller, market.relayer):
            market.send(self.tabs.deposit(market.token.address, account.address, UNIT))

    def tab(self, payout: int = 0) -> Tab:
        self.count += 1
        return Tab(
            buyer=self.market.buyer.address,
            seller=self.market.seller.address,
            token=Address(self.market.token.address),
            expires_at=START + 30 * 86_400,
            close_window=86_400,
            payout=payout,
            exit_fee=0,
            nonce=int.from_bytes(keccak(b"tab %d" % self.count)[:9], "big"),
        )

    def open(self, tab: Tab) -> Mined:
        """From the buyer's allowance, by its own call."""
        return self.market.send(self.tabs.open(tab, 100 * UNIT), self.market.buyer)

    def open_by_authorization(self, tab: Tab) -> Mined:
        """By the buyer's EIP-3009 authorisation, which is its consent too."""
        market = self.market
        until = START + 7_200
        funding = TabFunding(tab=tab.tab_id(), deposited=0, amount=100 * UNIT, fee=0, valid_until=until)
        digest = receive_authorization_digest(
            bytes.fromhex(str(market.token.domain_separator())[2:]),
            tab.buyer,
            Address(self.tabs.address),
            100 * UNIT,
            0,
            until + 1,
            Hash32.of(funding.digest(market.chain_id, Address(self.tabs.address))),
        )
        signature = market.buyer.sign_digest(digest)
        return market.send(self.tabs.open_for(tab, funding, Source.AUTHORIZATION, signature))

    def voucher(self, tab: Tab, cumulative: int) -> Signature:
        """The buyer's bare signature."""
        voucher = Voucher(tab=tab.tab_id(), cumulative=cumulative)
        digest = voucher.digest(self.market.chain_id, Address(self.tabs.address))
        return self.market.buyer.sign_digest(digest)

    def redeem(self, tab: Tab) -> Mined:
        cumulative = PAYMENTS * PAYMENT
        return self.market.send(self.tabs.redeem(tab, cumulative, self.voucher(tab, cumulative)))

    def redeem_many(self, count: int) -> Mined:
        """Several tabs, paid inside, in one call."""
        items = []
        for _ in range(count):
            tab = self.tab(INSIDE)
            self.open(tab)
            voucher = account_signature(self.voucher(tab, PAYMENT))
            items.append(Redeeming(tab, without_fee(tab, PAYMENT), voucher))
        return self.market.send(self.tabs.redeem_many(items))


def measure(market: BenchMarket) -> list[Result]:
    tabs = BenchTabs(market)
    tab, inside, gasless = tabs.tab(), tabs.tab(INSIDE), tabs.tab(INSIDE)
    opened, pushed = tabs.open(tab).gas_used, tabs.redeem(tab).gas_used
    opened_inside, internal = tabs.open(inside).gas_used, tabs.redeem(inside).gas_used
    authorized, redeemed = tabs.open_by_authorization(gasless).gas_used, tabs.redeem(gasless).gas_used
    many = 20
    batch = tabs.redeem_many(many).gas_used
    return [
        T5.measured(pushed, how=WARM, parts={"redeem": pushed}),
        T5B.measured(
            internal, how=WARM, parts={"redeem": internal, f"one of {many} in a batch": batch // many}
        ),
        T5C.measured(
            (opened + pushed) / PAYMENTS,
            how=f"{WARM} The two transactions: open from an unlimited allowance, and the redemption of the "
            "last voucher, paid to the wallet.",
            parts={
                "open from allowance": opened,
                "redeem to the wallet": pushed,
                "a payment, redeemed inside": (opened_inside + internal) / PAYMENTS,
                "a payment, opened by authorisation and redeemed inside": (authorized + redeemed) / PAYMENTS,
                "open by authorisation": authorized,
            },
        ),
    ]
