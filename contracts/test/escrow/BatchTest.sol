// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Items for batches, each a deal of its own nonce, signed by both sides.
abstract contract BatchTest is EscrowTest {
    uint256 internal constant ITEM_GAS = 2_000_000;

    function numbered(uint256 nonce) internal view returns (IEscrow.Deal memory deal) {
        deal = simpleDeal();
        deal.nonce = nonce;
    }

    function instant(uint256 nonce) internal view returns (IEscrow.Deal memory deal) {
        deal = numbered(nonce);
        deal.payout = 4;
    }

    function opening(IEscrow.Deal memory deal) internal view returns (IEscrow.Opening memory) {
        bytes32 id = idOf(deal);
        return IEscrow.Opening(deal, signed(buyerKey, id), signed(sellerKey, id), allowance(), allowance());
    }

    function openings(uint256 count) internal view returns (IEscrow.Opening[] memory items) {
        items = new IEscrow.Opening[](count);
        for (uint256 i; i < count; ++i) {
            items[i] = opening(numbered(i));
        }
    }

    function receiptFor(IEscrow.Deal memory deal) internal view returns (IEscrow.Receipt memory) {
        bytes memory signature = signed(buyerKey, receipt(idOf(deal), 0, GOODS, Action(0, deal.openBy)));
        return IEscrow.Receipt(deal, 0, GOODS, 0, deal.openBy, signature);
    }

    function exchange(IEscrow.Deal memory deal) internal view returns (IEscrow.Exchange memory) {
        bytes32 id = idOf(deal);
        return IEscrow.Exchange(deal, signed(buyerKey, id), signed(sellerKey, id), allowance());
    }

    function exchanges(uint256 count) internal view returns (IEscrow.Exchange[] memory items) {
        items = new IEscrow.Exchange[](count);
        for (uint256 i; i < count; ++i) {
            items[i] = exchange(instant(i));
        }
    }

    function expectFailure(uint256 index, bytes memory reason) internal {
        vm.expectEmit(address(escrow));
        emit IEscrow.ItemFailed(index, reason);
    }

    /// @notice What an error carries behind its selector.
    function arguments(bytes memory reason) internal pure returns (bytes memory rest) {
        rest = new bytes(reason.length - 4);
        for (uint256 i; i < rest.length; ++i) {
            rest[i] = reason[i + 4];
        }
    }

    function assertFailure(IEscrow.Failure memory failure, uint256 index, bytes memory reason) internal pure {
        assertEq(failure.index, index, "index");
        assertEq(failure.reason, reason, "reason");
    }

    function signatureInvalid(address account, bytes32 digest) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, account, digest);
    }
}
