// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IPurse} from "../../src/interfaces/IPurse.sol";
import {ITabs} from "../../src/interfaces/ITabs.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {FalseReturningToken} from "../tokens/FalseReturningToken.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {HookedToken, ReenteringHook, RefusingHook} from "../tokens/HookedToken.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";
import {NoReturnToken} from "../tokens/NoReturnToken.sol";
import {ReturnBombToken} from "../tokens/ReturnBombToken.sol";
import {ReenteringWallet} from "../tokens/wallets/HostileWallets.sol";
import {TabsTest} from "./TabsTest.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Tree: trees/Tabs.purse.tree
contract TabsPurseTest is TabsTest {
    function take(address caller, address to, uint128 amount, uint128 fee, uint40 until, bytes memory given) internal {
        vm.prank(caller);
        tabs.withdraw(address(token), buyer, to, amount, fee, 1, until, given);
    }

    function test_creditADeposit() external {
        token.approve(address(tabs), 100);
        vm.expectEmit(address(tabs));
        emit IPurse.Credited(address(token), seller, 100);
        tabs.deposit(address(token), seller, 100);
        assertEq(inside(seller), 100);
        assertBooks(0);
    }

    function test_refuseDepositsThatMakeNoSense() external {
        vm.expectRevert(IEscrow.AmountZero.selector);
        tabs.deposit(address(token), seller, 0);
        vm.expectRevert(IEscrow.RecipientZero.selector);
        tabs.deposit(address(token), address(0), 1);
        vm.expectRevert(IEscrow.RecipientEscrow.selector);
        tabs.deposit(address(token), address(tabs), 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TokenWithoutCode.selector, stranger));
        tabs.deposit(stranger, seller, 1);
    }

    function test_payOutToAnyAddress() external {
        put(buyer, 100);
        vm.expectEmit(address(tabs));
        emit IPurse.Debited(address(token), buyer, 60);
        take(buyer, stranger, 60, 0, 0, "");
        assertEq(token.balanceOf(stranger), 60);
        assertEq(inside(buyer), 40);
        assertBooks(0);
    }

    function test_relayAWithdrawalForAFeeOnce() external {
        put(buyer, 100);
        bytes memory given = signed(buyerKey, withdrawalDigest(buyer, stranger, 60, 3, 1, EXPIRY));
        take(relayer, stranger, 60, 3, EXPIRY, given);
        assertEq(token.balanceOf(stranger), 60);
        assertEq(inside(relayer), 3);
        assertEq(inside(buyer), 37);
        assertTrue(tabs.nonceUsed(buyer, 1));
        assertFalse(tabs.nonceUsed(buyer, 2));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NonceUsed.selector, buyer, 1));
        take(relayer, stranger, 60, 3, EXPIRY, given);
    }

    function test_refuseMoreThanThereIs() external {
        put(buyer, 100);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, 100, 101));
        take(buyer, stranger, 101, 0, 0, "");
    }

    function test_refuseWithdrawalsThatMakeNoSense() external {
        put(buyer, 100);
        vm.expectRevert(IEscrow.AmountZero.selector);
        take(buyer, stranger, 0, 0, 0, "");
        vm.expectRevert(IEscrow.RecipientZero.selector);
        take(buyer, address(0), 1, 0, 0, "");
        vm.expectRevert(IEscrow.RecipientEscrow.selector);
        take(buyer, address(tabs), 1, 0, 0, "");
    }

    function test_refuseAWithdrawalByAnybodyElse() external {
        put(buyer, 100);
        bytes32 digest = withdrawalDigest(buyer, stranger, 60, 0, 1, EXPIRY);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        take(stranger, stranger, 60, 0, EXPIRY, "");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        take(stranger, stranger, 60, 0, EXPIRY, signed(sellerKey, digest));
    }

    function test_nameItsDomain() external view {
        assertEq(
            keccak256(abi.encodePacked(hex"1901", tabs.domainSeparator(), keccak256("struct"))),
            typed(keccak256("struct"))
        );
    }
}

/// @notice Tree: trees/Tabs.tokens.tree
contract TabsTokensTest is TabsTest {
    /// @dev Makes `chosen` the token of the tabs from here on, and funds the buyer in it.
    function use(address chosen) internal {
        token = IPaymentToken(chosen);
        (bool minted,) = chosen.call(abi.encodeWithSignature("mint(address,uint256)", buyer, FUNDS));
        assertTrue(minted, "mint");
        vm.prank(buyer);
        (bool approved,) = chosen.call(abi.encodeCall(IERC20.approve, (address(tabs), type(uint256).max)));
        assertTrue(approved, "approve");
    }

    function take(address party, address to, uint128 amount) internal {
        vm.prank(party);
        tabs.withdraw(address(token), party, to, amount, 0, 0, 0, "");
    }

    function test_creditASellerThatIsBlockedAndLetItWithdrawElsewhere() external {
        BlocklistToken blocking = new BlocklistToken();
        use(address(blocking));
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        blocking.setBlocked(seller, true);
        redeemed(tab, 1000);
        assertEq(inside(seller), 1000);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TransferFailed.selector, address(token), seller, 1000));
        take(seller, seller, 1000);
        take(seller, stranger, 1000);
        assertEq(token.balanceOf(stranger), 1000);
        assertBooks(DEPOSIT - 1000);
    }

    function test_notHoldUpTheSellerForABlockedBuyer() external {
        BlocklistToken blocking = new BlocklistToken();
        use(address(blocking));
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        blocking.setBlocked(buyer, true);
        bytes memory given = voucher(tab, 1000);
        vm.prank(seller);
        tabs.end(tab, 1000, given, 0, 0, "");
        assertEq(token.balanceOf(seller), 1000);
        assertEq(inside(buyer), DEPOSIT - 1000);
        assertBooks(0);
    }

    function test_refuseATokenThatKeepsAShare() external {
        use(address(new FeeOnTransferToken(100)));
        vm.expectRevert(
            abi.encodeWithSelector(
                IEscrow.FundingShort.selector, address(token), buyer, DEPOSIT, DEPOSIT - DEPOSIT / 100
            )
        );
        vm.prank(buyer);
        tabs.open(plainTab(), DEPOSIT);
    }

    function test_refuseATokenThatLies() external {
        FalseReturningToken lying = new FalseReturningToken();
        use(address(lying));
        lying.setMode(FalseReturningToken.Mode.LyingTrue);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FundingShort.selector, address(token), buyer, DEPOSIT, 0));
        vm.prank(buyer);
        tabs.open(plainTab(), DEPOSIT);
    }

    function test_takeATokenThatReturnsNothing() external {
        use(address(new NoReturnToken()));
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        redeemed(tab, 1000);
        assertEq(token.balanceOf(seller), 1000);
        assertBooks(DEPOSIT - 1000);
    }

    function test_notPayForALongAnswer() external {
        ReturnBombToken bomb = new ReturnBombToken();
        use(address(bomb));
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bomb.arm(100_000, true);
        uint256 before = gasleft();
        redeemed(tab, 1000);
        assertLt(before - gasleft(), 350_000);
        assertEq(inside(seller), 1000);
    }

    function test_creditARecipientThatRefuses() external {
        HookedToken hooked = new HookedToken();
        use(address(hooked));
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        hooked.setHook(seller, new RefusingHook());
        redeemed(tab, 1000);
        assertEq(inside(seller), 1000);
    }

    function test_refuseToTakeTooLittleGasForARefusal() external {
        BlocklistToken blocking = new BlocklistToken();
        use(address(blocking));
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        (bytes32 r, bytes32 vs) = vm.signCompact(buyerKey, voucherDigest(tab, 1000));
        blocking.setBlocked(seller, true);
        vm.expectPartialRevert(IEscrow.GasShort.selector);
        tabs.redeem{gas: 150_000}(tab, 1000, r, vs);
    }

    /// @dev Every call that changes anything, from inside every transfer. Only `redeem` has no guard: it pays what is due.
    function test_changeNothingWhenAHookReenters() external {
        HookedToken hooked = new HookedToken();
        use(address(hooked));
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        ReenteringHook hook = new ReenteringHook();
        hooked.setHook(seller, hook);
        bytes memory more = voucher(tab, 2000);
        (bytes32 r, bytes32 vs) = vm.signCompact(buyerKey, voucherDigest(tab, 1000));
        ITabs.Redemption[] memory items = new ITabs.Redemption[](1);
        items[0] = item(tab, 2000);
        bytes[8] memory calls = [
            abi.encodeCall(tabs.redeem, (tab, 1000, r, vs)),
            abi.encodeCall(tabs.end, (tab, 2000, more, 0, 0, "")),
            abi.encodeCall(tabs.release, (tab)),
            abi.encodeCall(tabs.close, (tab, 0, 0, "")),
            abi.encodeCall(tabs.deposit, (address(token), seller, 1)),
            abi.encodeCall(tabs.withdraw, (address(token), address(hook), seller, 1, 0, 0, 0, "")),
            abi.encodeCall(tabs.openFor, (tab, 1, 0, 0, ITabs.Source.Allowance, "")),
            abi.encodeCall(tabs.topUp, (tab, DEPOSIT, 1, 0, 0, ITabs.Source.Allowance, ""))
        ];
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < calls.length; ++i) {
            hook.arm(address(tabs), calls[i]);
            bytes memory given = voucher(tab, 1000);
            vm.prank(relayer);
            tabs.redeemFor(tab, 1000, given, 0, 0, "");
            assertEq(hook.calls(), 1);
            assertEq(hook.successes(), 0);
            assertBooks(DEPOSIT - 1000);
            assertState(tab, ITabs.Status.Open, 1000, DEPOSIT);
            vm.revertToState(snapshot);
            snapshot = vm.snapshotState();
        }
        // A further voucher from inside the payment of the first: paid, once, and the books are right.
        (r, vs) = vm.signCompact(buyerKey, voucherDigest(tab, 1500));
        hook.arm(address(tabs), abi.encodeCall(tabs.redeem, (tab, 1500, r, vs)));
        redeemed(tab, 1000);
        assertEq(hook.successes(), 1);
        assertEq(token.balanceOf(seller) + inside(seller), 1500);
        assertBooks(DEPOSIT - 1500);
    }

    function test_countNothingTwiceWhenTheBuyersHookRedeems() external {
        HookedToken hooked = new HookedToken();
        use(address(hooked));
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        ReenteringHook hook = new ReenteringHook();
        (bytes32 r, bytes32 vs) = vm.signCompact(buyerKey, voucherDigest(tab, 400));
        hook.arm(address(tabs), abi.encodeCall(tabs.redeem, (tab, 400, r, vs)));
        hooked.setHook(buyer, hook);
        // Money that leaves while what comes in is measured makes that fall short.
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FundingShort.selector, address(token), buyer, 500, 100));
        vm.prank(buyer);
        tabs.deposit(address(token), buyer, 500);
        assertBooks(DEPOSIT);
    }

    function test_letAWalletChangeNothingWhileItIsAsked() external {
        ReenteringWallet wallet = new ReenteringWallet();
        endow(address(wallet));
        ITabs.Tab memory tab = plainTab();
        tab.buyer = address(wallet);
        opened(tab);
        wallet.arm(address(tabs), abi.encodeCall(tabs.close, (tab, 0, 0, "")), true);
        vm.expectPartialRevert(IEscrow.SignatureInvalid.selector);
        vm.prank(seller);
        tabs.redeemFor(tab, 5, hex"00", 0, 0, "");
        assertState(tab, ITabs.Status.Open, 0, DEPOSIT);
    }
}
