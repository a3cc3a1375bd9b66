// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {SymbolicTest} from "./SymbolicTest.sol";

/// @notice Signs whatever anybody says that it signed: what is refused then is refused by the state alone.
contract YesWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return this.isValidSignature.selector;
    }
}

/// @notice Whoever calls whatever at any time, though both sides and the arbiter sign everything: a deal that is closed or
/// cancelled, at whatever milestone and with whatever past, refuses.
contract FinalProof is SymbolicTest {
    uint40 private constant FOREVER = type(uint40).max;

    /// @dev What a caller may choose.
    struct Call {
        address caller;
        uint40 later;
        uint8 milestone;
        uint8 delivery;
        uint16 bps;
        uint128 fee;
        bytes32 content;
        bool asBuyer;
        bool cancelled;
        uint8 reached; // the milestone at which it ended
        uint24 lost;
    }

    function setUp() public override {
        super.setUp();
        address wallet = address(new YesWallet());
        vm.etch(BUYER, wallet.code);
        vm.etch(SELLER, wallet.code);
        vm.etch(ARBITER, wallet.code);
    }

    function ended(Call memory c) private returns (IEscrow.Deal memory deal) {
        deal = dealOf(Numbers(1000, 1000, 1000, 200, 10, 0), 3);
        vm.assume(c.reached < 3);
        started.start(
            escrow.dealIdOf(deal), c.cancelled ? IEscrow.Status.Cancelled : IEscrow.Status.Closed, c.reached, c.lost, 0
        );
        vm.warp(START + uint256(c.later));
        vm.prank(c.caller);
    }

    function refuses(bytes memory data) private {
        (bool ok,) = address(escrow).call(data);
        assertFalse(ok);
    }

    function party(Call memory c) private pure returns (address) {
        return c.asBuyer ? BUYER : SELLER;
    }

    function check_noOpening(Call memory c) external {
        IEscrow.Deal memory deal = ended(c);
        IEscrow.Funding memory allowance = IEscrow.Funding(IEscrow.FundingKind.Allowance, "");
        refuses(abi.encodeCall(escrow.open, (deal, SIGNED, SIGNED, allowance, allowance)));
    }

    function check_noCancellation(Call memory c) external {
        IEscrow.Deal memory deal = ended(c);
        refuses(abi.encodeCall(escrow.cancel, (deal, party(c), c.fee, FOREVER, SIGNED)));
    }

    function check_noDelivery(Call memory c) external {
        IEscrow.Deal memory deal = ended(c);
        refuses(abi.encodeCall(escrow.deliver, (deal, c.milestone, c.delivery, c.content, c.fee, FOREVER, SIGNED)));
    }

    function check_noReceipt(Call memory c) external {
        IEscrow.Deal memory deal = ended(c);
        refuses(abi.encodeCall(escrow.settle, (deal, c.milestone, c.content, c.fee, FOREVER, SIGNED)));
    }

    function check_noSilence(Call memory c) external {
        IEscrow.Deal memory deal = ended(c);
        refuses(abi.encodeCall(escrow.settleBySilence, (deal)));
    }

    function check_noRejection(Call memory c) external {
        IEscrow.Deal memory deal = ended(c);
        refuses(abi.encodeCall(escrow.reject, (deal, c.milestone, c.delivery, c.content, c.fee, FOREVER, SIGNED)));
    }

    function check_noClosing(Call memory c) external {
        IEscrow.Deal memory deal = ended(c);
        refuses(abi.encodeCall(escrow.closeRejected, (deal)));
    }

    function check_noDispute(Call memory c) external {
        IEscrow.Deal memory deal = ended(c);
        refuses(abi.encodeCall(escrow.dispute, (deal, party(c), c.milestone, c.content, c.fee, FOREVER, SIGNED)));
    }

    function check_noRuling(Call memory c) external {
        IEscrow.Deal memory deal = ended(c);
        refuses(abi.encodeCall(escrow.rule, (deal, c.milestone, c.bps, c.content, c.fee, FOREVER, SIGNED)));
    }

    function check_noLapse(Call memory c) external {
        IEscrow.Deal memory deal = ended(c);
        refuses(abi.encodeCall(escrow.lapse, (deal)));
    }

    function check_noRefund(Call memory c, bool asDefault) external {
        IEscrow.Deal memory deal = ended(c);
        address who = asDefault ? address(0) : party(c);
        refuses(abi.encodeCall(escrow.refund, (deal, who, c.milestone, c.fee, FOREVER, SIGNED)));
    }

    function check_noSplit(Call memory c, uint8 status, uint128 toSeller, uint128 toBuyer) external {
        IEscrow.Deal memory deal = ended(c);
        IEscrow.Split memory terms;
        terms.milestone = c.milestone;
        terms.status = status;
        terms.toSeller = toSeller;
        terms.toBuyer = toBuyer;
        terms.validUntil = FOREVER;
        refuses(abi.encodeCall(escrow.split, (deal, terms, SIGNED, SIGNED)));
    }
}
