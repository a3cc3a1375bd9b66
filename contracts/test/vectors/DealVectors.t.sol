// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {VectorReader} from "./VectorReader.sol";

/// @notice The contract's deal ids against tests/vectors/deals.json. Tree: trees/Escrow.vectors.tree
contract DealVectorsTest is VectorReader {
    function test_giveEveryDealItsId() external {
        string[] memory cases = load("deals");
        assertGt(cases.length, 60, "read the vectors");
        bytes memory creation = vm.getCode("src/Escrow.sol:Escrow");
        for (uint256 i; i < cases.length; ++i) {
            json = cases[i];
            node = "$.input.";
            address place = account("escrow");
            // An escrow made at the vector's address: it names its domain by where it was made and on which chain it is.
            vm.etch(place, creation);
            (, bytes memory code) = place.call("");
            vm.etch(place, code);
            vm.chainId(number("chain_id"));
            node = "$.input.deal.";
            bytes32 id = IEscrow(place).dealIdOf(readDeal());
            node = "$.expected.";
            assertEq(id, word("deal_id"), vm.parseJsonString(json, "$.name"));
        }
    }

    function readDeal() private view returns (IEscrow.Deal memory deal) {
        deal.buyer = account("buyer");
        deal.seller = account("seller");
        deal.arbiter = account("arbiter");
        deal.relayer = account("relayer");
        deal.token = account("token");
        deal.price = uint128(number("price"));
        deal.sellerBond = uint128(number("seller_bond"));
        deal.arbiterFee = uint128(number("arbiter_fee"));
        deal.relayFee = uint128(number("relay_fee"));
        deal.openBy = uint40(number("open_by"));
        deal.cancelBy = uint40(number("cancel_by"));
        deal.reviewWindow = uint32(number("review_window"));
        deal.disputeWindow = uint32(number("dispute_window"));
        deal.rulingWindow = uint32(number("ruling_window"));
        deal.rejectedSellerBps = uint16(number("rejected_seller_bps"));
        deal.lapsedSellerBps = uint16(number("lapsed_seller_bps"));
        deal.walkAwayBps = uint16(number("walk_away_bps"));
        deal.payout = uint8(number("payout"));
        deal.milestones = readMilestones();
        deal.termsHash = word("terms_hash");
        deal.transcriptRoot = word("transcript_root");
        deal.transcriptLength = uint32(number("transcript_length"));
        deal.bundle = word("bundle");
        deal.amends = word("amends");
        deal.amendsMilestone = uint8(number("amends_milestone"));
        deal.amendsLocked = uint128(number("amends_locked"));
        deal.buyerEpoch = uint64(number("buyer_epoch"));
        deal.sellerEpoch = uint64(number("seller_epoch"));
        deal.nonce = number("nonce");
    }

    function readMilestones() private view returns (IEscrow.Milestone[] memory milestones) {
        uint256 count;
        while (vm.keyExistsJson(json, string.concat(node, "milestones[", vm.toString(count), "].amount"))) {
            ++count;
        }
        milestones = new IEscrow.Milestone[](count);
        for (uint256 i; i < count; ++i) {
            string memory key = string.concat("milestones[", vm.toString(i), "].");
            uint256 amount = number(string.concat(key, "amount"));
            uint256 deliverBy = number(string.concat(key, "deliver_by"));
            milestones[i] = IEscrow.Milestone(uint128(amount), uint40(deliverBy));
        }
    }
}
