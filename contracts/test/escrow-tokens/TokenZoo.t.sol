// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {AnyAuthorizationToken} from "../tokens/AnyAuthorizationToken.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {FalseReturningToken} from "../tokens/FalseReturningToken.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {HookedToken, RefusingHook} from "../tokens/HookedToken.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";
import {NoReturnToken} from "../tokens/NoReturnToken.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {RebasingToken} from "../tokens/RebasingToken.sol";
import {ReturnBombToken} from "../tokens/ReturnBombToken.sol";
import {RevertingToken} from "../tokens/RevertingToken.sol";
import {SilentPermitToken} from "../tokens/SilentPermitToken.sol";
import {ZooTest} from "./ZooTest.sol";

/// @notice One suite over every token; trees/TokenZoo.tree. What is promised for each kind:
///
/// | token | promise |
/// |---|---|
/// | payment token, plain, no return value, silent permit, any authorisation (by allowance) | supported |
/// | fee on transfer, false-returning, lying, stopped, blind, ERC-721, no code | refused when money should come in |
/// | blocklist, stop switch, hooks, return bomb | supported; a payout it refuses becomes an internal balance |
/// | rebasing, a fee or a lie that comes later | at the risk of those who chose it |
///
/// For all of them: every deal can still be closed, and no other token's money moves.
contract TokenZooTest is ZooTest {
    /// @dev Tokens that behave at opening. From `FIRST_FICKLE` on, `turn` makes them misbehave.
    function fleet() internal returns (address[] memory all) {
        all = new address[](12);
        all[0] = address(deployToken(address(this), 2 * FUNDS));
        all[1] = address(new PlainToken());
        all[2] = address(new NoReturnToken());
        all[3] = address(new SilentPermitToken());
        all[4] = address(new AnyAuthorizationToken());
        all[5] = address(new FeeOnTransferToken(0));
        all[6] = address(new RebasingToken());
        all[7] = address(new BlocklistToken());
        all[8] = address(new RevertingToken());
        all[9] = address(new FalseReturningToken());
        all[10] = address(new HookedToken());
        all[11] = address(new ReturnBombToken());
    }

    uint256 internal constant FIRST_FICKLE = 5;

    function turn(uint256 which, address bad) internal {
        if (which == 5) FeeOnTransferToken(bad).setFee(1000);
        if (which == 6) RebasingToken(bad).rebase(10);
        if (which == 7) BlocklistToken(bad).setBlocked(address(escrow), true);
        if (which == 8) RevertingToken(bad).setStopped(true);
        if (which == 9) FalseReturningToken(bad).setMode(FalseReturningToken.Mode.LyingTrue);
        if (which == 10) {
            HookedToken(bad).setHook(seller, new RefusingHook());
            HookedToken(bad).setHook(buyer, new RefusingHook());
        }
        if (which == 11) ReturnBombToken(bad).arm(1_000_000, true);
    }

    // ---- tokens that keep to the standard ----

    function test_payReceiptsRefundsAndRulingsToTheUnit() external {
        address[] memory all = fleet();
        for (uint256 i; i < all.length; ++i) {
            use(all[i]);
            uint256 snapshot = vm.snapshotState();

            IEscrow.Deal memory deal = arbitratedDeal();
            broughtTo(deal, IEscrow.Status.Delivered);
            settled(deal);
            assertEq(wallet(seller), FUNDS + PRICE, "receipt: seller");
            assertEq(owned(buyer), FUNDS - PRICE, "receipt: buyer");
            assertBooks(0);
            vm.revertToState(snapshot);

            deal = arbitratedDeal();
            opened(deal);
            vm.warp(deal.milestones[0].deliverBy + 1);
            escrow.refund(deal, address(0), 0, 0, 0, "");
            assertEq(wallet(buyer), FUNDS + BOND, "default: buyer");
            assertEq(wallet(seller), FUNDS - BOND, "default: seller");
            assertBooks(0);
            vm.revertToState(snapshot);

            deal = arbitratedDeal();
            broughtTo(deal, IEscrow.Status.Disputed);
            ruled(deal, 0);
            assertEq(wallet(buyer), FUNDS, "ruling: buyer");
            assertEq(wallet(seller), FUNDS - FEE, "ruling: seller");
            assertEq(credit(arbiter), FEE, "ruling: arbiter");
            assertBooks(0);
            vm.revertToStateAndDelete(snapshot);
        }
    }

    function test_takeDepositsAndGiveThemBack() external {
        address[] memory all = fleet();
        for (uint256 i; i < all.length; ++i) {
            use(all[i]);
            put(seller, 1000);
            assertEq(credit(seller), 1000);
            take(seller, stranger, 400);
            assertEq(wallet(stranger), 400);
            assertBooks(0);
        }
    }

    // ---- tokens that cannot be what they say ----

    /// @dev Each with the error that opening in it must give, and the error of a deposit of 1e6.
    function impostors() internal returns (address[] memory all, bytes[] memory opening, bytes[] memory depositing) {
        (all, opening, depositing) = (new address[](5), new bytes[](5), new bytes[](5));
        uint256 due = uint256(PRICE) + FEE;
        bytes4 refused = IEscrow.FundingRefused.selector;

        all[0] = address(new FeeOnTransferToken(1));
        use(all[0]);
        (opening[0], depositing[0]) = (short(buyer, due, due - due / 10_000), short(buyer, 1e6, 1e6 - 100));

        all[1] = address(new FalseReturningToken());
        use(all[1]);
        FalseReturningToken(all[1]).setMode(FalseReturningToken.Mode.RefusingFalse);
        (opening[1], depositing[1]) = (refusal(refused, buyer, due), refusal(refused, buyer, 1e6));

        all[2] = address(new FalseReturningToken());
        use(all[2]);
        FalseReturningToken(all[2]).setMode(FalseReturningToken.Mode.LyingTrue);
        (opening[2], depositing[2]) = (short(buyer, due, 0), short(buyer, 1e6, 0));

        all[3] = address(new RevertingToken());
        use(all[3]);
        RevertingToken(all[3]).setStopped(true);
        (opening[3], depositing[3]) = (refusal(refused, buyer, due), refusal(refused, buyer, 1e6));

        all[4] = address(new RevertingToken());
        use(all[4]);
        RevertingToken(all[4]).setBlind(true);
        (opening[4], depositing[4]) = (short(buyer, due, 0), short(buyer, 1e6, 0));
    }

    function test_refuseToOpenInIt() external {
        (address[] memory all, bytes[] memory why,) = impostors();
        for (uint256 i; i < all.length; ++i) {
            token = IPaymentToken(all[i]);
            IEscrow.Deal memory deal = arbitratedDeal();
            refusesToOpen(deal, why[i]);
            assertStatus(idOf(deal), IEscrow.Status.Unopened);
            assertNeighbourUnharmed();
        }
    }

    function test_refuseToDepositIt() external {
        (address[] memory all,, bytes[] memory why) = impostors();
        for (uint256 i; i < all.length; ++i) {
            token = IPaymentToken(all[i]);
            vm.expectRevert(why[i]);
            vm.prank(buyer);
            escrow.deposit(all[i], buyer, 1e6);
            assertEq(credit(buyer), 0);
        }
    }

    // ---- tokens that turn bad ----

    /// @dev Every way in which a deal ends, reached from `deal` opened in an honest moment; then the token turns.
    function endings(uint256 which, IEscrow.Deal memory deal, uint256 path) internal {
        address bad = address(token);
        if (path == 0) {
            broughtTo(deal, IEscrow.Status.Delivered);
            turn(which, bad);
            settled(deal);
        } else if (path == 1) {
            broughtTo(deal, IEscrow.Status.Delivered);
            turn(which, bad);
            skip(deal.reviewWindow + 1);
            escrow.settleBySilence(deal);
        } else if (path == 2) {
            broughtTo(deal, IEscrow.Status.Rejected);
            turn(which, bad);
            skip(deal.disputeWindow + 1);
            escrow.closeRejected(deal);
        } else if (path == 3) {
            broughtTo(deal, IEscrow.Status.Disputed);
            turn(which, bad);
            ruled(deal, 6000);
        } else if (path == 4) {
            broughtTo(deal, IEscrow.Status.Disputed);
            turn(which, bad);
            skip(deal.rulingWindow + 1);
            escrow.lapse(deal);
        } else if (path == 5) {
            opened(deal);
            turn(which, bad);
            vm.warp(deal.milestones[0].deliverBy + 1);
            escrow.refund(deal, address(0), 0, 0, 0, "");
        } else {
            opened(deal);
            turn(which, bad);
            vm.prank(seller);
            escrow.refund(deal, seller, 0, 0, 0, "");
        }
    }

    function test_closeEveryDealAllTheSame() external {
        address[] memory all = fleet();
        for (uint256 i; i < all.length; ++i) {
            use(all[i]);
            for (uint256 path; path < 7; ++path) {
                uint256 snapshot = vm.snapshotState();
                IEscrow.Deal memory deal = arbitratedDeal();
                endings(i, deal, path);
                assertClosed(idOf(deal));
                vm.revertToStateAndDelete(snapshot);
            }
        }
    }

    function test_letNobodyElsePayForIt() external {
        address[] memory all = fleet();
        for (uint256 i = FIRST_FICKLE; i < all.length; ++i) {
            for (uint256 path; path < 7; ++path) {
                uint256 snapshot = vm.snapshotState();
                use(all[i]);
                endings(i, arbitratedDeal(), path);
                assertNeighbourUnharmed();
                vm.revertToStateAndDelete(snapshot);
            }
        }
    }
}
