// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {
    DirtyAnswerWallet,
    GasBurnerWallet,
    ReenteringWallet,
    ReturnBombWallet,
    RevertingWallet,
    ShortAnswerWallet,
    SlowWallet
} from "../tokens/wallets/HostileWallets.sol";
import {OwnerWallet} from "../tokens/wallets/OwnerWallet.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.open.signatures.tree
contract OpenSignaturesTest is EscrowTest {
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        use(simpleDeal());
    }

    function use(IEscrow.Deal memory given) internal {
        keep(given);
        id = idOf(given);
    }

    function openWith(bytes memory ofBuyer, bytes memory ofSeller) internal {
        vm.prank(relayer);
        // A wallet may burn what the check hands it and no more.
        escrow.open{gas: 1_500_000}(kept(), ofBuyer, ofSeller, allowance(), allowance());
    }

    function refused(bytes memory ofSeller) internal {
        bytes memory ofBuyer = signed(buyerKey, id);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, kept().seller, id));
        openWith(ofBuyer, ofSeller);
        assertStatus(id, IEscrow.Status.Unopened);
    }

    function taken(bytes memory ofSeller) internal {
        openWith(signed(buyerKey, id), ofSeller);
        assertStatus(id, IEscrow.Status.Open);
    }

    function useSeller(address wallet) internal {
        IEscrow.Deal memory given = simpleDeal();
        given.seller = wallet;
        use(given);
    }

    function test_takeTheShortForm() external {
        // Many deals, so that there are signatures of both parities.
        for (uint256 i; i < 8; ++i) {
            IEscrow.Deal memory given = simpleDeal();
            given.nonce = i;
            use(given);
            openWith(signedShort(buyerKey, id), signedShort(sellerKey, id));
            assertStatus(id, IEscrow.Status.Open);
        }
    }

    function test_refuseTheHighSTwin() external {
        refused(signedHigh(sellerKey, id));
    }

    function testFuzz_refuseAnotherKey(uint256 key) external {
        key = bound(key, 1, 1e70);
        vm.assume(key != sellerKey);
        refused(signed(key, id));
    }

    function test_refuseNoAnswerAsAnySmallAddress() external {
        // Where ecrecover answers nothing, nobody has signed: nor has the account of a small number.
        for (uint160 i = 1; i < 4; ++i) {
            useSeller(address(i));
            refused(new bytes(66));
        }
    }

    function test_refuseAKeyWhoseAddressDiffersInABit() external {
        for (uint256 bit; bit < 160; bit += 3) {
            useSeller(address(uint160(seller) ^ uint160(1 << bit)));
            refused(signed(sellerKey, id));
        }
    }

    function test_refuseTheBuyersSignatureForTheSeller() external {
        refused(signed(buyerKey, id));
    }

    function test_refuseASignatureOverAnotherDeal() external {
        IEscrow.Deal memory other = simpleDeal();
        other.price += 1;
        refused(signed(sellerKey, idOf(other)));
    }

    function test_refuseASignatureForAnotherChain() external {
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.chainId(block.chainid + 1);
        bytes32 elsewhere = idOf(kept());
        assertNotEq(elsewhere, id);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, elsewhere));
        openWith(ofBuyer, ofSeller);
        opened(kept()); // signed for the chain that it is now
    }

    function test_refuseASignatureForAnotherEscrow() external {
        escrow = deployEscrow();
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        bytes32 elsewhere = idOf(kept());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, elsewhere));
        openWith(ofBuyer, ofSeller);
    }

    function testFuzz_refuseAnUnknownKind(uint8 kind) external {
        vm.assume(kind > 1); // 0: the account, 1: its agent
        bytes memory ofSeller = bytes.concat(bytes1(kind), bare(sellerKey, id));
        bytes memory ofBuyer = signed(buyerKey, id);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureKindUnknown.selector, kind));
        openWith(ofBuyer, ofSeller);
    }

    function testFuzz_refuseAnyOtherLength(uint8 length) external {
        vm.assume(length != 64 && length != 65);
        bytes memory body = new bytes(length);
        refused(bytes.concat(hex"00", body));
    }

    function testFuzz_refuseNoise(bytes32 r, bytes32 s, uint8 v) external {
        refused(abi.encodePacked(hex"00", r, s, v));
    }

    function test_takeAnEmptySignatureFromTheCaller() external {
        vm.prank(seller);
        escrow.open(kept(), signed(buyerKey, id), "", allowance(), allowance());
        assertStatus(id, IEscrow.Status.Open);
    }

    function test_refuseAnEmptySignatureOfSomeoneElse() external {
        refused("");
        bytes memory ofSeller = signed(sellerKey, id);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        openWith("", ofSeller);
        // Nor does money inside speak for whom it belongs to.
        deposited(buyer, PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        vm.prank(relayer);
        escrow.open(kept(), "", ofSeller, balance(), allowance());
    }

    function test_takeWhatAWalletAccepts() external {
        useSeller(address(new OwnerWallet(seller)));
        taken(signed(sellerKey, id));
    }

    function test_refuseWhatAWalletRefuses() external {
        useSeller(address(new OwnerWallet(seller)));
        refused(signed(buyerKey, id));
    }

    function test_surviveHostileAnswers() external {
        useSeller(address(new GasBurnerWallet()));
        refused(signed(sellerKey, id));
        useSeller(address(new RevertingWallet()));
        refused(signed(sellerKey, id));
        useSeller(address(new ShortAnswerWallet()));
        refused(signed(sellerKey, id));
        useSeller(address(new DirtyAnswerWallet()));
        refused(signed(sellerKey, id));
        useSeller(address(new SlowWallet(20_000)));
        refused(signed(sellerKey, id));
    }

    function test_notCopyAHugeAnswer() external {
        useSeller(address(new ReturnBombWallet(100_000)));
        taken(signed(sellerKey, id));
    }

    function test_letAWalletChangeNothing() external {
        ReenteringWallet wallet = new ReenteringWallet();
        useSeller(address(wallet));
        wallet.arm(
            address(escrow), abi.encodeCall(escrow.advanceEpoch, (address(wallet), uint64(1), uint40(0), "")), true
        );
        refused(signed(sellerKey, id));
        assertEq(escrow.epochOf(address(wallet)), 0);
    }

    function test_takeTheKeyOfAnAccountWithDelegatedCode() external {
        address implementation = address(new RevertingWallet());
        vm.signAndAttachDelegation(implementation, sellerKey);
        assertGt(seller.code.length, 0, "delegated");
        taken(signed(sellerKey, id));
    }

    function test_takeWhatDelegatedCodeAccepts() external {
        vm.signAndAttachDelegation(address(new OwnerWallet(arbiter)), sellerKey);
        taken(signed(arbiterKey, id));
    }
}
