// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "../escrow/EscrowTest.sol";

/// @notice Every action on a deal, in every status, by every caller: what must go through goes through, and everything else
/// is refused with its own error and the offending values. Tree: trees/Escrow.wrongCalls.tree
contract WrongCallsTest is EscrowTest {
    uint256 private constant ACTIONS = 13;

    /// @dev One call that fits the deal as it is: `data` with the signature given to `build`, what it signs, who signs it (zero:
    /// nobody, anyone may call), in which statuses it may be made, and what else refuses it then.
    struct Attempt {
        address signer;
        bytes32 digest;
        bool inPlace;
        bytes otherwise;
    }

    IEscrow.Status private status;

    function dealNow() private view returns (IEscrow.Deal memory deal) {
        deal = arbitratedDeal();
        deal.nonce = uint256(keccak256(abi.encode("some", status)));
    }

    function action() private view returns (Action memory) {
        return Action(0, uint40(block.timestamp));
    }

    function number() private view returns (uint8) {
        return state(dealNow()).deliveries;
    }

    function live() private view returns (bool) {
        return status != IEscrow.Status.Unopened && status < IEscrow.Status.Closed;
    }

    /// @dev The calldata of an action with this signature, as it would be right for the deal.
    function build(uint256 which, bytes memory signature) private view returns (bytes memory) {
        IEscrow.Deal memory deal = dealNow();
        uint40 until = uint40(block.timestamp);
        if (which == 0) return abi.encodeCall(escrow.deliver, (deal, 0, number() + 1, GOODS, 0, until, signature));
        if (which == 1) return abi.encodeCall(escrow.settle, (deal, 0, GOODS, 0, until, signature));
        if (which == 2) return abi.encodeCall(escrow.settleBySilence, (deal));
        if (which == 3) return abi.encodeCall(escrow.reject, (deal, 0, number(), REASON, 0, until, signature));
        if (which == 4) return abi.encodeCall(escrow.closeRejected, (deal));
        if (which == 5) return abi.encodeCall(escrow.dispute, (deal, buyer, 0, REASON, 0, until, signature));
        if (which == 6) return abi.encodeCall(escrow.dispute, (deal, seller, 0, REASON, 0, until, signature));
        if (which == 7) return abi.encodeCall(escrow.rule, (deal, 0, 5000, REASON, 0, until, signature));
        if (which == 8) return abi.encodeCall(escrow.lapse, (deal));
        if (which == 9) return abi.encodeCall(escrow.refund, (deal, address(0), 0, 0, until, ""));
        if (which == 10) return abi.encodeCall(escrow.refund, (deal, seller, 0, 0, until, signature));
        if (which == 11) return abi.encodeCall(escrow.cancel, (deal, buyer, 0, until, signature));
        return abi.encodeCall(escrow.cancel, (deal, seller, 0, until, signature));
    }

    function attempt(uint256 which) private view returns (Attempt memory a) {
        bytes32 id = idOf(dealNow());
        if (which == 0) {
            a.signer = seller;
            a.digest = delivery(id, 0, number() + 1, GOODS, action());
            a.inPlace = live() && status != IEscrow.Status.Disputed;
        } else if (which == 1) {
            (a.signer, a.digest, a.inPlace) = (buyer, receipt(id, 0, GOODS, action()), live());
        } else if (which == 3) {
            (a.signer, a.digest) = (buyer, rejection(id, 0, number(), REASON, action()));
            a.inPlace = status == IEscrow.Status.Delivered;
        } else if (which == 5 || which == 6) {
            a.signer = which == 5 ? buyer : seller;
            a.digest = disputeDigest(id, a.signer, 0, REASON, action());
            a.inPlace = status == IEscrow.Status.Rejected;
        } else if (which == 7) {
            (a.signer, a.digest) = (arbiter, ruling(id, 0, 5000, REASON, action()));
            a.inPlace = status == IEscrow.Status.Disputed;
        } else if (which == 10) {
            (a.signer, a.digest) = (seller, refundDigest(id, seller, 0, action()));
            a.inPlace = status == IEscrow.Status.Open;
        } else if (which >= 11) {
            a.signer = which == 11 ? buyer : seller;
            a.digest = cancellation(id, a.signer, action());
            a.inPlace = status == IEscrow.Status.Unopened;
        } else {
            timed(which, a);
        }
    }

    /// @dev What anyone may call once a time has passed; here it has not.
    function timed(uint256 which, Attempt memory a) private view {
        IEscrow.Deal memory deal = dealNow();
        IEscrow.Status wanted;
        uint256 until = block.timestamp;
        if (which == 2) (wanted, until) = (IEscrow.Status.Delivered, until + deal.reviewWindow);
        if (which == 4) (wanted, until) = (IEscrow.Status.Rejected, until + deal.disputeWindow);
        if (which == 8) (wanted, until) = (IEscrow.Status.Disputed, until + deal.rulingWindow);
        if (which == 9) (wanted, until) = (IEscrow.Status.Open, deal.milestones[0].deliverBy);
        a.inPlace = status == wanted;
        a.otherwise = abi.encodeWithSelector(IEscrow.TooEarly.selector, until + 1, block.timestamp);
    }

    /// @dev What the call must come back with; nothing: it must go through.
    function refusal(Attempt memory a, bool mayAct) private view returns (bytes memory) {
        if (!a.inPlace) return wrongStatus(idOf(dealNow()), status);
        if (a.otherwise.length != 0) return a.otherwise;
        if (mayAct) return "";
        return abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, a.signer, a.digest);
    }

    function calls(address caller, bytes memory data, bytes memory why, string memory name) private {
        uint256 snapshot = vm.snapshotState();
        vm.prank(caller);
        (bool ok, bytes memory answer) = address(escrow).call(data);
        assertEq(ok, why.length == 0, name);
        if (!ok) assertEq(answer, why, name);
        vm.revertToState(snapshot);
    }

    function named(uint256 which, string memory how) private view returns (string memory) {
        string memory place = string.concat(" in status ", vm.toString(uint256(status)), ", ");
        return string.concat("action ", vm.toString(which), place, how);
    }

    /// @dev The statuses one after the other, each with a deal of its own.
    function each(function(uint256, Attempt memory) internal perform) private {
        for (uint8 s; s <= uint8(IEscrow.Status.Cancelled); ++s) {
            status = IEscrow.Status(s);
            inStatus(dealNow(), status);
            for (uint256 which; which < ACTIONS; ++which) {
                perform(which, attempt(which));
            }
        }
    }

    function test_takeEachActionFromItsPartyInItsStatusOnly() external {
        each(byEveryCaller);
    }

    function byEveryCaller(uint256 which, Attempt memory a) private {
        address[5] memory callers = [buyer, seller, arbiter, relayer, stranger];
        bytes memory data = build(which, "");
        for (uint256 i; i < callers.length; ++i) {
            calls(callers[i], data, refusal(a, callers[i] == a.signer), named(which, vm.toString(i)));
        }
    }

    function test_takeEachSignatureForItsOwnActionOnly() external {
        each(withEverySignature);
    }

    /// @dev Relayed: by the right key; by every other; cut short, padded, of another digest, and of an unknown kind.
    function withEverySignature(uint256 which, Attempt memory a) private {
        if (a.signer == address(0)) return;
        uint256 key = a.signer == buyer ? buyerKey : a.signer == seller ? sellerKey : arbiterKey;
        bytes memory good = signed(key, a.digest);
        calls(relayer, build(which, good), refusal(a, true), named(which, "signed"));
        uint256[3] memory keys = [buyerKey, sellerKey, arbiterKey];
        for (uint256 i; i < 3; ++i) {
            if (keys[i] == key) continue;
            calls(relayer, build(which, signed(keys[i], a.digest)), refusal(a, false), named(which, "another key"));
        }
        // Two bytes: without the last one it may be the short form of the same signature.
        bytes memory cut = signed(key, a.digest);
        assembly ("memory-safe") {
            mstore(cut, sub(mload(cut), 2))
        }
        calls(relayer, build(which, cut), refusal(a, false), named(which, "cut"));
        calls(relayer, build(which, bytes.concat(good, hex"00")), refusal(a, false), named(which, "padded"));
        calls(relayer, build(which, hex"00"), refusal(a, false), named(which, "a kind and no more"));
        calls(relayer, build(which, signed(key, keccak256("other"))), refusal(a, false), named(which, "other digest"));
        calls(relayer, build(which, signedHigh(key, a.digest)), refusal(a, false), named(which, "high s"));
        bytes memory why = refusal(a, true);
        if (why.length == 0) why = abi.encodeWithSelector(IEscrow.SignatureKindUnknown.selector, uint8(0x7f));
        calls(relayer, build(which, bytes.concat(hex"7f", bare(key, a.digest))), why, named(which, "unknown kind"));
    }

    /// @dev The same terms but one: no such deal was ever opened, whoever asks.
    function test_takeNoOtherDealForTheOneThatIsThere() external {
        for (uint8 s = 1; s <= uint8(IEscrow.Status.Cancelled); ++s) {
            status = IEscrow.Status(s);
            IEscrow.Deal memory deal = dealNow();
            inStatus(deal, status);
            deal.termsHash = keccak256("other terms");
            bytes memory why = wrongStatus(idOf(deal), IEscrow.Status.Unopened);
            calls(buyer, abi.encodeCall(escrow.settle, (deal, 0, GOODS, 0, 0, "")), why, "settle");
            calls(seller, abi.encodeCall(escrow.deliver, (deal, 0, 1, GOODS, 0, 0, "")), why, "deliver");
            calls(buyer, abi.encodeCall(escrow.reject, (deal, 0, 1, GOODS, 0, 0, "")), why, "reject");
            calls(buyer, abi.encodeCall(escrow.dispute, (deal, buyer, 0, GOODS, 0, 0, "")), why, "dispute");
            calls(arbiter, abi.encodeCall(escrow.rule, (deal, 0, 1, GOODS, 0, 0, "")), why, "rule");
            calls(seller, abi.encodeCall(escrow.refund, (deal, seller, 0, 0, 0, "")), why, "refund");
            calls(stranger, abi.encodeCall(escrow.lapse, (deal)), why, "lapse");
        }
    }
}
