// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {AnyAuthorizationToken} from "../tokens/AnyAuthorizationToken.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {FalseReturningToken} from "../tokens/FalseReturningToken.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";
import {PosingNft} from "../tokens/PosingNft.sol";
import {RebasingToken} from "../tokens/RebasingToken.sol";
import {ReturnBombToken} from "../tokens/ReturnBombToken.sol";
import {RevertingToken} from "../tokens/RevertingToken.sol";
import {SilentPermitToken} from "../tokens/SilentPermitToken.sol";
import {ZooTest} from "./ZooTest.sol";

/// @notice What each kind of token does to those who chose it; trees/TokenZoo.tree. The promises are in TokenZoo.t.sol.
contract TokenCasesTest is ZooTest {
    uint256 internal constant DUE = uint256(PRICE) + FEE;

    // ---- fee on transfer ----

    function testFuzz_refuseItAtOpeningAndDeposit(uint16 feeBps) external {
        feeBps = uint16(bound(feeBps, 1, 10_000));
        use(address(new FeeOnTransferToken(feeBps)));
        uint256 fee = DUE * feeBps / 10_000;
        refusesToOpen(arbitratedDeal(), short(buyer, DUE, DUE - fee));
        vm.expectRevert(short(buyer, 1e6, 1e6 - 1e6 * uint256(feeBps) / 10_000));
        vm.prank(buyer);
        escrow.deposit(address(token), buyer, 1e6);
    }

    function test_sendTheFullAmountOnceTheFeeComesLater() external {
        use(address(new FeeOnTransferToken(0)));
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        put(stranger, 500);
        FeeOnTransferToken(address(token)).setFee(100);
        settled(deal);
        // The escrow sent the whole amount; what the token kept is the recipient's loss, and nobody else's.
        uint256 sent = uint256(PRICE) + BOND;
        assertEq(wallet(seller), FUNDS - BOND + sent - sent / 100);
        assertBooks(0);
        assertEq(credit(stranger), 500);
    }

    // ---- rebasing ----

    function test_keepASurplusForNobody() external {
        use(address(new RebasingToken()));
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        uint256 before = wallet(seller) * 2;
        RebasingToken(address(token)).rebase(200);
        settled(deal);
        assertClosed(idOf(deal));
        // To the unit what was signed: the surplus stays where it is, and no books know of it.
        assertEq(wallet(seller), before + PRICE + BOND);
        assertGt(wallet(address(escrow)), credit(buyer));
        assertNeighbourUnharmed();
    }

    function test_creditWhatAShrunkenBalanceCannotPay() external {
        use(address(new RebasingToken()));
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        RebasingToken(address(token)).rebase(50);
        settled(deal);
        assertClosed(idOf(deal));
        assertEq(credit(seller), uint256(PRICE) + BOND, "owed, though not there");
        uint128 there = uint128(wallet(address(escrow)));
        take(seller, seller, there);
        vm.expectRevert(refusal(IEscrow.TransferFailed.selector, seller, 1));
        take(seller, seller, 1);
        assertNeighbourUnharmed();
    }

    // ---- blocklist ----

    function test_creditABlockedSellerAndLetItWithdrawElsewhere() external {
        use(address(new BlocklistToken()));
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        BlocklistToken(address(token)).setBlocked(seller, true);
        settled(deal);
        assertClosed(idOf(deal));
        assertEq(credit(seller), uint256(PRICE) + BOND);
        assertBooks(0);
        take(seller, stranger, PRICE + BOND);
        assertEq(wallet(stranger), uint256(PRICE) + BOND);
    }

    function test_notHoldUpTheSellerForABlockedBuyer() external {
        use(address(new BlocklistToken()));
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        BlocklistToken(address(token)).setBlocked(buyer, true);
        ruled(deal, 5000);
        assertClosed(idOf(deal));
        // Half of the price and the bond, less its half of the arbiter's fee; floors as in the interface.
        uint256 share = uint256(PRICE) / 2;
        assertEq(wallet(seller), FUNDS + share - FEE / 2);
        assertEq(credit(buyer), PRICE - share + FEE - (FEE - FEE / 2));
        assertBooks(0);
    }

    function test_refuseToOpenFromABlockedPayer() external {
        use(address(new BlocklistToken()));
        BlocklistToken(address(token)).setBlocked(seller, true);
        IEscrow.Deal memory deal = arbitratedDeal();
        refusesToOpen(deal, refusal(IEscrow.FundingRefused.selector, seller, BOND));
        assertEq(wallet(buyer), FUNDS, "the buyer's half came back");
    }

    // ---- stop switch, false, lies ----

    function test_payOutOnceItRunsAgain() external {
        use(address(new RevertingToken()));
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        RevertingToken(address(token)).setStopped(true);
        settled(deal);
        assertEq(credit(seller), uint256(PRICE) + BOND);
        vm.expectRevert(refusal(IEscrow.TransferFailed.selector, seller, PRICE));
        take(seller, seller, PRICE);
        assertEq(credit(seller), uint256(PRICE) + BOND, "a failed withdrawal takes nothing");
        RevertingToken(address(token)).setStopped(false);
        take(seller, seller, PRICE + BOND);
        assertEq(wallet(seller), FUNDS + PRICE);
    }

    function test_takeFalseForARefusal() external {
        use(address(new FalseReturningToken()));
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        FalseReturningToken(address(token)).setMode(FalseReturningToken.Mode.RefusingFalse);
        settled(deal);
        assertEq(credit(seller), uint256(PRICE) + BOND);
        assertBooks(0);
    }

    function test_notBelieveATrueThatMovedNothing() external {
        use(address(new FalseReturningToken()));
        FalseReturningToken(address(token)).setMode(FalseReturningToken.Mode.LyingTrue);
        refusesToOpen(arbitratedDeal(), short(buyer, DUE, 0));
    }

    // ---- return bomb ----

    function test_notPayForTheMemoryOfALongAnswer() external {
        use(address(new ReturnBombToken()));
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        uint256 snapshot = vm.snapshotState();
        for (uint256 failing; failing < 2; ++failing) {
            ReturnBombToken(address(token)).arm(100_000, failing == 1);
            uint256 before = gasleft();
            settled(deal);
            // The token's own memory costs some 30 000 gas; a caller that copied the answer would pay that again.
            assertLt(before - gasleft(), 160_000);
            assertClosed(idOf(deal));
            assertBooks(0);
            vm.revertToState(snapshot);
        }
        // Longer than the cap allows: the payout runs out of gas and becomes a credit.
        ReturnBombToken(address(token)).arm(1_000_000, false);
        settled(deal);
        assertEq(credit(seller), uint256(PRICE) + BOND);
        assertBooks(0);
    }

    // ---- authorisations ----

    function test_refuseAnAuthorizationThatSilenceAccepts() external {
        use(address(new SilentPermitToken()));
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Funding memory funding =
            IEscrow.Funding(IEscrow.FundingKind.Authorization, bare(buyerKey, keccak256("anything")));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(refusal(IEscrow.FundingRefused.selector, buyer, PRICE));
        escrow.open(deal, "", ofSeller, funding, allowance());
    }

    function testFuzz_openNothingThatTheBuyerDidNotSign(uint256 key) external {
        key = bound(key, 1, type(uint128).max);
        vm.assume(key != buyerKey);
        use(address(new AnyAuthorizationToken()));
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Funding memory funding = authorized(key, deal, PRICE);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        bytes32 digest = authorization(token.DOMAIN_SEPARATOR(), buyer, PRICE, uint256(deal.openBy) + 1, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AuthorizationInvalid.selector, buyer, digest));
        escrow.open(deal, "", ofSeller, funding, allowance());
        assertEq(wallet(buyer), FUNDS);
    }

    function test_openOnTheRealAuthorization() external {
        use(address(new AnyAuthorizationToken()));
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Funding memory funding = authorized(buyerKey, deal, PRICE);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        escrow.open(deal, "", ofSeller, funding, allowance());
        assertStatus(idOf(deal), IEscrow.Status.Open);
    }

    function test_takeNoAuthorizationForAnotherDealUnderABorrowedDomain() external {
        IPaymentToken honest = token = deployToken(address(this), FUNDS);
        IEscrow.Deal memory real = simpleDeal();
        IEscrow.Funding memory funding = authorized(buyerKey, real, PRICE);

        AnyAuthorizationToken thief = new AnyAuthorizationToken();
        use(address(thief));
        thief.borrow(honest.DOMAIN_SEPARATOR());
        IEscrow.Deal memory false_ = simpleDeal();
        bytes memory ofSeller = signed(sellerKey, idOf(false_));
        bytes32 digest =
            authorization(honest.DOMAIN_SEPARATOR(), buyer, PRICE, uint256(false_.openBy) + 1, idOf(false_));
        // The nonce is the id of the deal, and the id names the token: the signature is for the other deal only.
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AuthorizationInvalid.selector, buyer, digest));
        escrow.open(false_, "", ofSeller, funding, allowance());
    }

    // ---- not a token at all ----

    function testFuzz_refuseAnNFTByItsCount(uint128 id) external {
        id = uint128(bound(id, 2, type(uint128).max / 2));
        PosingNft nft = new PosingNft();
        nft.mint(buyer, id);
        token = IPaymentToken(address(nft));
        vm.prank(buyer);
        nft.setApprovalForAll(address(escrow), true);
        IEscrow.Deal memory deal = simpleDeal();
        (deal.price, deal.milestones[0].amount) = (id, id);
        refusesToOpen(deal, short(buyer, id, 1));
        assertEq(nft.ownerOf(id), buyer);
    }

    /// @dev The only id that passes for an amount is 1. Both parties signed for it; nobody else is touched, and the deal ends.
    function test_leaveAnNFTOfPriceOneToThoseWhoChoseIt() external {
        PosingNft nft = new PosingNft();
        nft.mint(buyer, 1);
        token = IPaymentToken(address(nft));
        vm.prank(buyer);
        nft.setApprovalForAll(address(escrow), true);
        IEscrow.Deal memory deal = simpleDeal();
        (deal.price, deal.milestones[0].amount) = (1, 1);
        broughtTo(deal, IEscrow.Status.Delivered);
        settled(deal);
        assertClosed(idOf(deal));
        assertEq(credit(seller), 1, "an ERC-721 knows no transfer");
        assertNeighbourUnharmed();
    }

    function test_refuseAnAccountWithoutCode() external {
        token = IPaymentToken(makeAddr("no token"));
        refusesToOpen(simpleDeal(), abi.encodeWithSelector(IEscrow.TokenWithoutCode.selector, address(token)));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TokenWithoutCode.selector, address(token)));
        escrow.deposit(address(token), buyer, 1);
    }
}
