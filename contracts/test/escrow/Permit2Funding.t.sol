// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {ISignatureTransfer} from "../../src/interfaces/ISignatureTransfer.sol";
import {Permit2Witness} from "../permit2/Permit2Witness.sol";
import {AnyAuthorizationToken} from "../tokens/AnyAuthorizationToken.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {OwnerWallet} from "../tokens/wallets/OwnerWallet.sol";
import {EscrowTest} from "./EscrowTest.sol";

interface IPermit2 is ISignatureTransfer {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    function invalidateUnorderedNonces(uint256 wordPos, uint256 mask) external;
    function nonceBitmap(address owner, uint256 wordPos) external view returns (uint256);
}

/// @notice Payments through the real Permit2. Tree: trees/Escrow.open.permit2.tree
contract Permit2FundingTest is EscrowTest, Permit2Witness {
    uint256 internal constant NONCE = 77;

    function setUp() public override {
        super.setUp();
        deployPermit2();
        approvePermit2(buyer);
        approvePermit2(seller);
    }

    /// @dev No allowance for the escrow itself.
    function approvePermit2(address account) internal {
        vm.startPrank(account);
        token.approve(address(escrow), 0);
        token.approve(PERMIT2, type(uint256).max);
        vm.stopPrank();
    }

    function paying(uint256 key, IEscrow.Deal memory deal, uint256 amount)
        internal
        view
        returns (IEscrow.Funding memory)
    {
        return payment(bare(key, witnessed(deal, amount, NONCE, deal.openBy, address(escrow))));
    }

    function payment(bytes memory signature) internal pure returns (IEscrow.Funding memory) {
        return IEscrow.Funding(IEscrow.FundingKind.Permit2, abi.encodePacked(NONCE, signature));
    }

    function openBy(address caller, IEscrow.Deal memory deal, IEscrow.Funding memory b, IEscrow.Funding memory s)
        internal
    {
        vm.prank(caller);
        escrow.open(deal, "", "", b, s);
    }

    // ---- what pays ----

    function test_openByPaymentsThatAreTheConsent() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        openBy(relayer, deal, paying(buyerKey, deal, PRICE + FEE), paying(sellerKey, deal, BOND));
        assertStatus(idOf(deal), IEscrow.Status.Open);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE);
        assertEq(token.balanceOf(seller), FUNDS - BOND);
        assertBooks(lockedOf(deal));
    }

    function test_takeAPaymentOfNothingFromASellerWithoutBond() external {
        IEscrow.Deal memory deal = simpleDeal();
        openBy(relayer, deal, paying(buyerKey, deal, PRICE), paying(sellerKey, deal, 0));
        assertEq(IPermit2(PERMIT2).nonceBitmap(seller, 0), 1 << NONCE);
    }

    function test_takeTheShortForm() external {
        IEscrow.Deal memory deal = simpleDeal();
        (bytes32 r, bytes32 vs) = vm.signCompact(buyerKey, witnessed(deal, PRICE, NONCE, deal.openBy, address(escrow)));
        openBy(seller, deal, payment(abi.encodePacked(r, vs)), allowance());
    }

    function test_takeThePaymentOfAWallet() external {
        OwnerWallet wallet = new OwnerWallet(buyer);
        token.transfer(address(wallet), PRICE);
        approvePermit2(address(wallet));
        IEscrow.Deal memory deal = simpleDeal();
        deal.buyer = address(wallet);
        openBy(seller, deal, paying(buyerKey, deal, PRICE), allowance());
        assertStatus(idOf(deal), IEscrow.Status.Open);
    }

    function test_takeWhatDelegatedCodeAccepts() external {
        vm.signAndAttachDelegation(address(new OwnerWallet(arbiter)), buyerKey);
        IEscrow.Deal memory deal = simpleDeal();
        openBy(seller, deal, paying(arbiterKey, deal, PRICE), allowance());
    }

    function test_payTheRelayFeeOutOfIt() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.relayFee = 9;
        deal.relayer = relayer;
        openBy(relayer, deal, paying(buyerKey, deal, PRICE + 9), paying(sellerKey, deal, 0));
        assertEq(credit(relayer), 9);
        assertBooks(PRICE);
    }

    function test_returnARelayFeeThatNobodyEarned() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.relayFee = 9;
        deal.relayer = relayer;
        openBy(stranger, deal, paying(buyerKey, deal, PRICE + 9), paying(sellerKey, deal, 0));
        assertEq(credit(buyer), 9);
        assertBooks(PRICE);
    }

    function test_payForAnAmendment() external {
        IEscrow.Deal memory deal = simpleDeal();
        openBy(relayer, deal, paying(buyerKey, deal, PRICE), paying(sellerKey, deal, 0));
        IEscrow.Deal memory amendment = simpleDeal();
        amendment.amends = idOf(deal);
        amendment.amendsLocked = PRICE;
        amendment.price = PRICE + 500;
        amendment.milestones[0].amount = PRICE + 500;
        bytes32 digest = witnessed(amendment, 500, NONCE + 1, amendment.openBy, address(escrow));
        bytes memory signature = abi.encodePacked(NONCE + 1, bare(buyerKey, digest));
        bytes memory ofSeller = signed(sellerKey, idOf(amendment));
        escrow.amend(
            deal, amendment, "", ofSeller, IEscrow.Funding(IEscrow.FundingKind.Permit2, signature), allowance()
        );
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - 500);
        assertBooks(PRICE + 500);
    }

    // ---- what does not ----

    function refuses(IEscrow.Deal memory deal, IEscrow.Funding memory ofBuyer) internal {
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.FundingRefused.selector, deal.token, deal.buyer, uint256(deal.price))
        );
        escrow.open(deal, "", ofSeller, ofBuyer, allowance());
        assertStatus(idOf(deal), IEscrow.Status.Unopened);
    }

    function test_refuseAPaymentOfAnythingElse() external {
        IEscrow.Deal memory deal = simpleDeal();
        refuses(deal, paying(sellerKey, deal, PRICE));
        refuses(deal, paying(buyerKey, deal, PRICE + 1));
        refuses(deal, paying(buyerKey, deal, PRICE - 1));
        refuses(deal, payment(bare(buyerKey, witnessed(deal, PRICE, NONCE + 1, deal.openBy, address(escrow)))));
        refuses(deal, payment(bare(buyerKey, witnessed(deal, PRICE, NONCE, deal.openBy + 1, address(escrow)))));
        refuses(deal, payment(bare(buyerKey, witnessed(deal, PRICE, NONCE, deal.openBy, relayer))));
        IEscrow.Deal memory other = simpleDeal();
        other.termsHash = REASON;
        refuses(deal, paying(buyerKey, other, PRICE));
        refuses(deal, payment(bare(buyerKey, idOf(deal))));
        refuses(deal, payment(""));
    }

    function test_refuseAPaymentForAnotherChain() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Funding memory ofBuyer = paying(buyerKey, deal, PRICE);
        vm.chainId(block.chainid + 1);
        refuses(deal, ofBuyer);
        openBy(seller, deal, paying(buyerKey, deal, PRICE), allowance());
    }

    function test_refuseANonceThatIsSpent() external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.prank(buyer);
        IPermit2(PERMIT2).invalidateUnorderedNonces(0, 1 << NONCE);
        refuses(deal, paying(buyerKey, deal, PRICE));
    }

    function test_refuseWhatPermit2MayNotTake() external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.prank(buyer);
        token.approve(PERMIT2, PRICE - 1);
        refuses(deal, paying(buyerKey, deal, PRICE));
    }

    function test_refuseAWrongDealSignatureBesideIt() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        IEscrow.Funding memory ofBuyer = paying(buyerKey, deal, PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, idOf(deal)));
        escrow.open(deal, ofSeller, ofSeller, ofBuyer, allowance());
    }

    function test_notTakeATokensWordForTheHoldersConsent() external {
        AnyAuthorizationToken other = new AnyAuthorizationToken();
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = address(other);
        other.mint(buyer, PRICE);
        refuses(deal, paying(sellerKey, deal, PRICE));
    }

    function test_refuseATokenThatTakesAFee() external {
        FeeOnTransferToken other = new FeeOnTransferToken(100);
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = address(other);
        other.mint(buyer, PRICE);
        vm.prank(buyer);
        other.approve(PERMIT2, PRICE);
        uint256 received = PRICE - uint256(PRICE) * 100 / 10_000;
        IEscrow.Funding memory ofBuyer = paying(buyerKey, deal, PRICE);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.FundingShort.selector, address(other), buyer, uint256(PRICE), received)
        );
        escrow.open(deal, "", ofSeller, ofBuyer, allowance());
    }

    function test_refuseWherePermit2IsNot() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Funding memory ofBuyer = paying(buyerKey, deal, PRICE);
        vm.etch(PERMIT2, "");
        refuses(deal, ofBuyer);
    }

    function test_refuseBytesTooFewForANonce() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        IEscrow.Funding memory ofBuyer = IEscrow.Funding(IEscrow.FundingKind.Permit2, new bytes(31));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FundingMalformed.selector, 31));
        escrow.open(deal, "", ofSeller, ofBuyer, allowance());
    }

    function test_letNobodyElseSpendIt() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes memory signature = bare(buyerKey, witnessed(deal, PRICE, NONCE, deal.openBy, address(escrow)));
        ISignatureTransfer.PermitTransferFrom memory permit = ISignatureTransfer.PermitTransferFrom(
            ISignatureTransfer.TokenPermissions(address(token), PRICE), NONCE, deal.openBy
        );
        bytes memory data = abi.encodeCall(
            ISignatureTransfer.permitWitnessTransferFrom,
            (
                permit,
                ISignatureTransfer.SignatureTransferDetails(stranger, PRICE),
                buyer,
                keccak256(dealData(deal)),
                string.concat("Deal witness)", DEAL_TYPE, "TokenPermissions(address token,uint256 amount)"),
                signature
            )
        );
        vm.prank(stranger);
        (bool done,) = PERMIT2.call(data);
        assertFalse(done);
        openBy(seller, deal, payment(signature), allowance());
    }
}
