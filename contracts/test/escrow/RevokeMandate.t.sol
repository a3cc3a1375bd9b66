// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {OwnerWallet} from "../tokens/wallets/OwnerWallet.sol";
import {Granting} from "./Granting.sol";

/// @notice Tree: trees/Escrow.revokeMandate.tree
contract RevokeMandateTest is Granting {
    function voided(IEscrow.Mandate memory m) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.MandateVoid.selector, mandateDigest(m));
    }

    function test_endAtOnceByThePrincipalsCall() external {
        IEscrow.Mandate memory m = buyersMandate();
        IEscrow.Deal memory deal = simpleDeal();
        openedUnder(m, deal);
        (uint128 used, bool revoked) = escrow.mandateOf(mandateDigest(m));
        assertFalse(revoked);
        vm.expectEmit(address(escrow));
        emit IEscrow.MandateRevoked(mandateDigest(m), buyer);
        vm.prank(buyer);
        escrow.revokeMandate(m, 0, 0, "");
        deal.nonce += 1;
        refusesUnder(m, deal, voided(m));
        (used, revoked) = escrow.mandateOf(mandateDigest(m));
        assertTrue(revoked);
        assertEq(used, PRICE, "what was used stays on record");
    }

    function test_endByASignatureThatAnyoneRelays() external {
        IEscrow.Mandate memory m = buyersMandate();
        deposited(buyer, 9);
        Action memory a = Action(9, uint40(START));
        bytes memory signature = signed(buyerKey, mandateRevocation(m, a));
        vm.prank(relayer);
        escrow.revokeMandate(m, 9, uint40(START), signature);
        assertEq(credit(relayer), 9);
        refusesUnder(m, simpleDeal(), voided(m));
    }

    function test_endByTheWalletOfThePrincipal() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.principal = address(new OwnerWallet(buyer));
        escrow.revokeMandate(m, 0, uint40(START), signed(buyerKey, mandateRevocation(m, Action(0, uint40(START)))));
        (, bool revoked) = escrow.mandateOf(mandateDigest(m));
        assertTrue(revoked);
    }

    function test_leaveOtherMandatesAlone() external {
        IEscrow.Mandate memory m = buyersMandate();
        vm.prank(buyer);
        escrow.revokeMandate(m, 0, 0, "");
        m.nonce += 1;
        openedUnder(m, simpleDeal());
    }

    function test_refuseAnyoneElse() external {
        IEscrow.Mandate memory m = buyersMandate();
        bytes32 digest = mandateRevocation(m, Action(0, uint40(START)));
        bytes memory why = abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest);
        bytes[3] memory others = [signed(agentKey, digest), signed(sellerKey, digest), bytes("")];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(why);
            vm.prank(agent);
            escrow.revokeMandate(m, 0, uint40(START), others[i]);
        }
        IEscrow.Mandate memory meta = buyersMandate();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureKindUnknown.selector, uint8(1)));
        escrow.revokeMandate(m, 0, uint40(START), under(meta, digest));
    }

    function test_refuseTheMandateOfNobody() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.principal = address(0);
        bytes32 digest = mandateRevocation(m, Action(0, uint40(START)));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, address(0), digest));
        escrow.revokeMandate(m, 0, uint40(START), signed(buyerKey, digest));
    }

    function test_refuseToRevokeTwice() external {
        IEscrow.Mandate memory m = buyersMandate();
        vm.prank(buyer);
        escrow.revokeMandate(m, 0, 0, "");
        vm.expectRevert(voided(m));
        vm.prank(buyer);
        escrow.revokeMandate(m, 0, 0, "");
    }

    function test_refuseASignatureThatIsTooLate() external {
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory signature = signed(buyerKey, mandateRevocation(m, Action(0, uint40(START - 1))));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, START - 1, START));
        escrow.revokeMandate(m, 0, uint40(START - 1), signature);
    }

    function test_refuseAFeeThatCannotBePaid() external {
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory signature = signed(buyerKey, mandateRevocation(m, Action(1, uint40(START))));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, 0, 1));
        vm.prank(relayer);
        escrow.revokeMandate(m, 1, uint40(START), signature);
    }
}
