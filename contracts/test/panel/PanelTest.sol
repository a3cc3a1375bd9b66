// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IPanelArbiter} from "../../src/interfaces/IPanelArbiter.sol";
import {EscrowTest} from "../escrow/EscrowTest.sol";

/// @notice A panel of three of five members as the arbiter of deals, and votes signed for it.
abstract contract PanelTest is EscrowTest {
    uint256 internal constant THRESHOLD = 3;

    IPanelArbiter internal maker;
    IPanelArbiter internal panel;
    address[] internal members;
    mapping(address member => uint256) internal keys;

    function setUp() public virtual override {
        super.setUp();
        maker = IPanelArbiter(vm.deployCode("src/PanelArbiter.sol:PanelArbiter", abi.encode(escrow)));
        string[5] memory names = ["juror a", "juror b", "juror c", "juror d", "juror e"];
        for (uint256 i; i < 5; ++i) {
            (address member, uint256 key) = makeAddrAndKey(names[i]);
            keys[member] = key;
            members.push(member);
        }
        sort();
        panel = IPanelArbiter(maker.create(members, THRESHOLD));
        arbiter = address(panel);
    }

    function sort() internal {
        for (uint256 i; i < members.length; ++i) {
            for (uint256 j = i + 1; j < members.length; ++j) {
                if (members[j] < members[i]) (members[i], members[j]) = (members[j], members[i]);
            }
        }
    }

    function voteDigest(bytes32 id, uint8 milestone, IPanelArbiter.Vote memory v) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Vote(address member,bytes32 dealId,uint8 milestone,uint16 sellerBps,bytes32 rationale,uint128 fee,uint40 validUntil)"
        );
        bytes memory fields =
            abi.encode(typeHash, v.member, id, milestone, v.sellerBps, v.rationale, v.fee, v.validUntil);
        return typed(domainOf("Parley Panel", "1", address(panel)), keccak256(fields));
    }

    /// @notice The vote of member number `index` on the first milestone.
    function vote(bytes32 id, uint256 index, uint16 sellerBps) internal view returns (IPanelArbiter.Vote memory) {
        return voteWith(id, index, sellerBps, 0);
    }

    function voteWith(bytes32 id, uint256 index, uint16 sellerBps, uint128 fee)
        internal
        view
        returns (IPanelArbiter.Vote memory v)
    {
        v.member = members[index];
        v.sellerBps = sellerBps;
        v.rationale = keccak256(abi.encode("rationale", sellerBps));
        v.fee = fee;
        v.validUntil = uint40(START + 30 days);
        v.signature = signed(keys[v.member], voteDigest(id, 0, v));
    }

    function three(bytes32 id, uint16 a, uint16 b, uint16 c) internal view returns (IPanelArbiter.Vote[] memory votes) {
        votes = new IPanelArbiter.Vote[](3);
        votes[0] = vote(id, 0, a);
        votes[1] = vote(id, 2, b);
        votes[2] = vote(id, 4, c);
    }

    function disputedDeal() internal returns (IEscrow.Deal memory deal, bytes32 id) {
        deal = arbitratedDeal();
        id = broughtTo(deal, IEscrow.Status.Disputed);
    }

    function hand(IEscrow.Deal memory deal, IPanelArbiter.Vote[] memory votes) internal {
        vm.prank(relayer);
        panel.rule(deal, 0, votes);
    }

    function refuses(IEscrow.Deal memory deal, IPanelArbiter.Vote[] memory votes, bytes memory why) internal {
        vm.expectRevert(why);
        hand(deal, votes);
    }

    function due(address member) internal view returns (uint256) {
        return panel.balanceOf(address(token), member);
    }

    /// @notice The panel holds in the escrow what it owes, and `loose` that nobody was given yet.
    function assertPanelBooks(uint256 loose) internal view {
        uint256 sum = due(relayer) + due(stranger);
        for (uint256 i; i < members.length; ++i) {
            sum += due(members[i]);
        }
        assertEq(panel.owed(address(token)), sum, "owed");
        assertEq(credit(address(panel)), sum + loose, "held in the escrow");
    }
}
