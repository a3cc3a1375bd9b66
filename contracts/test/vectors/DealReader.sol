// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {VectorReader} from "./VectorReader.sol";

/// @notice Reads deals and mandates out of vectors.
abstract contract DealReader is VectorReader {
    function readDeal() internal view returns (IEscrow.Deal memory deal) {
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

    function readMandate() internal view returns (IEscrow.Mandate memory mandate) {
        mandate.principal = account("principal");
        mandate.agent = account("agent");
        mandate.role = uint8(number("role"));
        mandate.token = account("token");
        mandate.dealLimit = uint128(number("deal_limit"));
        mandate.budget = uint128(number("budget"));
        mandate.validFrom = uint40(number("valid_from"));
        mandate.validUntil = uint40(number("valid_until"));
        mandate.actions = uint8(number("actions"));
        mandate.counterparty = account("counterparty");
        mandate.arbiter = account("arbiter");
        mandate.epoch = uint64(number("epoch"));
        mandate.nonce = number("nonce");
    }
}
