// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IPanelArbiter} from "../../src/interfaces/IPanelArbiter.sol";
import {IPurse} from "../../src/interfaces/IPurse.sol";
import {HookedToken, ReenteringHook} from "../tokens/HookedToken.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";
import {GasBurnerWallet} from "../tokens/wallets/HostileWallets.sol";
import {OwnerWallet} from "../tokens/wallets/OwnerWallet.sol";
import {PanelTest} from "./PanelTest.sol";

/// @notice Tree: trees/Panel.create.tree
contract PanelCreateTest is PanelTest {
    function refusesToCreate(address[] memory who, uint256 threshold, bytes memory why) internal {
        vm.expectRevert(why);
        maker.create(who, threshold);
        vm.expectRevert(why);
        maker.panelOf(who, threshold);
    }

    function test_makeAPanelWhereItWasForetold() external {
        address foretold = maker.panelOf(members, 4);
        assertEq(foretold.code.length, 0);
        vm.expectEmit(address(maker));
        emit IPanelArbiter.PanelCreated(foretold, members, 4);
        assertEq(maker.create(members, 4), foretold);
        (address[] memory found, uint256 threshold) = IPanelArbiter(foretold).membersOf();
        assertEq(keccak256(abi.encode(found)), keccak256(abi.encode(members)));
        assertEq(threshold, 4);
        assertEq(address(IPanelArbiter(foretold).escrow()), address(escrow));
    }

    function test_returnThePanelThatIsThere() external {
        vm.recordLogs();
        assertEq(maker.create(members, THRESHOLD), address(panel));
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_refuseNoMembersOrTooMany() external {
        refusesToCreate(new address[](0), 0, abi.encodeWithSelector(IPanelArbiter.MembersCount.selector, 0, 15));
        address[] memory many = new address[](16);
        refusesToCreate(many, 9, abi.encodeWithSelector(IPanelArbiter.MembersCount.selector, 16, 15));
    }

    function test_refuseMembersOutOfOrder() external {
        address[] memory who = new address[](2);
        who[0] = who[1] = stranger;
        refusesToCreate(who, 2, abi.encodeWithSelector(IPanelArbiter.MembersNotAscending.selector, 1, stranger));
        who[0] = address(0);
        refusesToCreate(who, 2, abi.encodeWithSelector(IPanelArbiter.MembersNotAscending.selector, 0, address(0)));
        (who[0], who[1]) = (members[1], members[0]);
        refusesToCreate(who, 2, abi.encodeWithSelector(IPanelArbiter.MembersNotAscending.selector, 1, members[0]));
    }

    function test_refuseAThresholdThatIsNoMajority() external {
        uint256[3] memory wrong = [uint256(0), 2, 6];
        for (uint256 i; i < 3; ++i) {
            refusesToCreate(
                members, wrong[i], abi.encodeWithSelector(IPanelArbiter.ThresholdNotMajority.selector, wrong[i], 5)
            );
        }
    }

    function test_takeEverySizeThatMakesSense() external {
        for (uint256 count = 1; count <= 15; ++count) {
            address[] memory who = new address[](count);
            for (uint256 i; i < count; ++i) {
                who[i] = address(uint160(i + 1));
            }
            (address[] memory found, uint256 threshold) = IPanelArbiter(maker.create(who, count / 2 + 1)).membersOf();
            assertEq(found.length, count);
            assertEq(threshold, count / 2 + 1);
        }
    }

    function test_keepMakerAndPanelApart() external {
        vm.expectRevert(IPanelArbiter.NotAPanel.selector);
        maker.membersOf();
        vm.expectRevert(IPanelArbiter.NotAPanel.selector);
        maker.share(address(token));
        IEscrow.Deal memory deal = arbitratedDeal();
        vm.expectRevert(IPanelArbiter.NotAPanel.selector);
        maker.rule(deal, 0, new IPanelArbiter.Vote[](0));
        vm.expectRevert(IPanelArbiter.NotAPanel.selector);
        panel.create(members, 4);
    }

    function test_nameTheDomainOfThePanelItself() external view {
        assertEq(panel.domainSeparator(), domainOf("Parley Panel", "1", address(panel)));
    }
}

/// @notice Tree: trees/Panel.rule.tree
contract PanelRuleTest is PanelTest {
    function test_ruleByTheMedianInOneCall() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 10_000, 2500, 4000);
        bytes32 rationale = keccak256(abi.encodePacked(votes[0].rationale, votes[1].rationale, votes[2].rationale));
        vm.expectEmit(address(panel));
        emit IPanelArbiter.Voted(id, members[2], 0, 2500, votes[1].rationale);
        vm.expectEmit(address(panel));
        emit IPanelArbiter.PanelRuled(id, 0, 4000, 3, rationale);
        uint128 toSeller = PRICE * 4000 / 10_000;
        vm.expectEmit(address(escrow));
        emit IEscrow.Ruled(id, address(panel), 0, 4000, toSeller, PRICE - toSeller, FEE, rationale);
        hand(deal, votes);
        assertClosed(id);
    }

    function testFuzz_takeTheMedianOfAnyNumberOfVotes(uint16[5] memory bps, uint8 count) external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        count = uint8(bound(count, 3, 5));
        IPanelArbiter.Vote[] memory votes = new IPanelArbiter.Vote[](count);
        uint256[] memory sorted = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            votes[i] = vote(id, i, uint16(bound(bps[i], 0, 10_000)));
            sorted[i] = votes[i].sellerBps;
        }
        for (uint256 i; i < count; ++i) {
            for (uint256 j = i + 1; j < count; ++j) {
                if (sorted[j] < sorted[i]) (sorted[i], sorted[j]) = (sorted[j], sorted[i]);
            }
        }
        uint256 median = count % 2 == 1 ? sorted[count / 2] : (sorted[1] + sorted[2]) / 2;
        uint256 before = token.balanceOf(seller);
        hand(deal, votes);
        uint256 toSeller = uint256(PRICE) * median / 10_000;
        uint256 lost = uint256(FEE) * (10_000 - median) / 10_000;
        assertEq(token.balanceOf(seller), before + toSeller + BOND - lost);
        assertPanelBooks(0);
    }

    function test_takeTheVoteOfAWalletAndOfTheCaller() external {
        address wallet = address(new OwnerWallet(members[0]));
        uint256 key = keys[members[0]];
        members[0] = wallet;
        keys[wallet] = key;
        sort();
        panel = IPanelArbiter(maker.create(members, THRESHOLD));
        arbiter = address(panel);
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        votes[1].signature = "";
        vm.prank(votes[1].member);
        panel.rule(deal, 0, votes);
        assertClosed(id);
    }

    function test_refuseTooFewVotes() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = new IPanelArbiter.Vote[](2);
        votes[0] = vote(id, 0, 1);
        votes[1] = vote(id, 1, 1);
        refuses(deal, votes, abi.encodeWithSelector(IPanelArbiter.VotesShort.selector, 2, 3));
    }

    function test_refuseAVoteOfSomebodyElse() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        votes[2].member = address(type(uint160).max);
        refuses(deal, votes, abi.encodeWithSelector(IPanelArbiter.VoteForeign.selector, votes[2].member));
    }

    function test_refuseAForgedVote() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        votes[1].sellerBps = 9000;
        bytes32 digest = voteDigest(id, 0, votes[1]);
        refuses(deal, votes, abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, members[2], digest));
        votes = three(id, 1, 2, 3);
        votes[1].signature = signed(keys[members[0]], voteDigest(id, 0, votes[1]));
        digest = voteDigest(id, 0, votes[1]);
        refuses(deal, votes, abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, members[2], digest));
    }

    function test_refuseAVoteForAnotherDisputeOrPanel() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        refusesTheSignature(deal, three(keccak256("another deal"), 1, 2, 3));
        IPanelArbiter here = panel;
        panel = IPanelArbiter(maker.create(members, 4));
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        panel = here;
        refusesTheSignature(deal, votes);
    }

    function refusesTheSignature(IEscrow.Deal memory deal, IPanelArbiter.Vote[] memory votes) private {
        vm.expectPartialRevert(IEscrow.SignatureInvalid.selector);
        hand(deal, votes);
    }

    function test_refuseAVoteTwice() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        votes[1] = votes[0];
        refuses(deal, votes, abi.encodeWithSelector(IPanelArbiter.VoteRepeated.selector, members[0]));
        votes[1] = vote(id, 0, 7);
        refuses(deal, votes, abi.encodeWithSelector(IPanelArbiter.VoteRepeated.selector, members[0]));
    }

    function test_refuseVotesOutOfOrder() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        (votes[1], votes[2]) = (votes[2], votes[1]);
        refuses(deal, votes, abi.encodeWithSelector(IPanelArbiter.VotesNotAscending.selector, members[2]));
    }

    function test_refuseALateVote() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        votes[1].validUntil = uint40(START - 1);
        votes[1].signature = signed(keys[votes[1].member], voteDigest(id, 0, votes[1]));
        refuses(deal, votes, abi.encodeWithSelector(IPanelArbiter.VoteLate.selector, members[2], START - 1, START));
    }

    function test_refuseAfterTheRulingWindow() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        vm.warp(START + 5 days + 1);
        refuses(deal, votes, abi.encodeWithSelector(IEscrow.TooLate.selector, START + 5 days, START + 5 days + 1));
    }

    function test_refuseMoreThanEverything() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        refuses(deal, three(id, 10_001, 2, 3), abi.encodeWithSelector(IEscrow.BpsOutOfRange.selector, 10_001));
    }

    function test_refuseTheDealOfAnotherArbiter() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.arbiter = stranger;
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        refuses(deal, three(id, 1, 2, 3), abi.encodeWithSelector(IPanelArbiter.NotArbiterOf.selector, id, stranger));
    }

    function test_refuseToRuleTwice() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        hand(deal, three(id, 1, 2, 3));
        refuses(deal, three(id, 1, 2, 3), wrongStatus(id, IEscrow.Status.Closed));
    }

    function test_surviveAMemberThatBurnsGas() external {
        address burner = address(new GasBurnerWallet());
        members[0] = burner;
        sort();
        panel = IPanelArbiter(maker.create(members, THRESHOLD));
        arbiter = address(panel);
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        uint256 place = members[0] == burner ? 0 : members[1] == burner ? 1 : members[2] == burner ? 2 : 3;
        if (members[4] == burner) place = 4;
        IPanelArbiter.Vote[] memory votes = new IPanelArbiter.Vote[](3);
        uint256 count;
        for (uint256 i; count < 3; ++i) {
            if (i != place) votes[count++] = vote(id, i, 5000);
        }
        hand(deal, votes);
        assertClosed(id);
    }
}

/// @notice Tree: trees/Panel.strike.tree
contract PanelStrikeTest is PanelTest {
    function strike(IEscrow.Deal memory deal, IPanelArbiter.Vote memory a, IPanelArbiter.Vote memory b) internal {
        vm.prank(stranger);
        panel.strike(deal, 0, a, b);
    }

    function test_voidAMemberThatSignedTwoOpinions() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        vm.expectEmit(address(panel));
        emit IPanelArbiter.MemberStruck(id, members[2], 0);
        strike(deal, vote(id, 2, 1000), vote(id, 2, 9000));
        assertTrue(panel.struck(id, 0, members[2]));
        assertFalse(panel.struck(id, 1, members[2]));
        assertFalse(panel.struck(id, 0, members[1]));
        bytes memory why = abi.encodeWithSelector(IPanelArbiter.VoterStruck.selector, id, members[2]);
        refuses(deal, three(id, 1, 2, 3), why);
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        votes[1] = vote(id, 3, 2);
        hand(deal, votes);
        assertClosed(id);
    }

    function test_letTheDisputeLapseWhenTooFewAreLeft() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        for (uint256 i; i < 3; ++i) {
            strike(deal, vote(id, i, 1000), vote(id, i, 9000));
        }
        IPanelArbiter.Vote[] memory votes = new IPanelArbiter.Vote[](2);
        votes[0] = vote(id, 3, 1);
        votes[1] = vote(id, 4, 1);
        refuses(deal, votes, abi.encodeWithSelector(IPanelArbiter.VotesShort.selector, 2, 3));
        vm.warp(START + 5 days + 1);
        escrow.lapse(deal);
        assertClosed(id);
    }

    function test_refuseVotesThatAgree() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        // Another fee or a longer validity is no other opinion.
        bytes memory why = abi.encodeWithSelector(IPanelArbiter.VotesAgree.selector, members[2]);
        IPanelArbiter.Vote memory a = vote(id, 2, 1000);
        IPanelArbiter.Vote memory b = voteWith(id, 2, 1000, 5);
        vm.expectRevert(why);
        strike(deal, a, b);
    }

    function test_refuseToStrikeByAForgery() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote memory a = vote(id, 2, 1000);
        IPanelArbiter.Vote memory b = vote(id, 2, 9000);
        b.signature = signed(keys[members[0]], voteDigest(id, 0, b));
        bytes memory why = abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, members[2], voteDigest(id, 0, b));
        vm.expectRevert(why);
        strike(deal, a, b);
        vm.expectRevert(why);
        strike(deal, b, a);
    }

    function test_refuseVotesOfTwoMembersOrOfNone() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote memory a = vote(id, 2, 1000);
        IPanelArbiter.Vote memory b = vote(id, 3, 9000);
        vm.expectRevert(abi.encodeWithSelector(IPanelArbiter.VoteForeign.selector, members[3]));
        strike(deal, a, b);
        (a.member, b.member) = (stranger, stranger);
        vm.expectRevert(abi.encodeWithSelector(IPanelArbiter.VoteForeign.selector, stranger));
        strike(deal, a, b);
    }

    function test_refuseToStrikeTwice() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote memory a = vote(id, 2, 1000);
        IPanelArbiter.Vote memory b = vote(id, 2, 9000);
        strike(deal, a, b);
        vm.expectRevert(abi.encodeWithSelector(IPanelArbiter.VoterStruck.selector, id, members[2]));
        strike(deal, a, b);
    }
}

/// @notice Tree: trees/Panel.money.tree
contract PanelMoneyTest is PanelTest {
    function test_divideTheFeeEquallyAmongThoseWhoVoted() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        hand(deal, three(id, 1, 2, 3));
        // 10 000 001 among three: two units over, for the first.
        assertEq(due(members[0]), FEE / 3 + 2);
        assertEq(due(members[2]), FEE / 3);
        assertEq(due(members[4]), FEE / 3);
        assertEq(due(members[1]) + due(members[3]) + due(relayer), 0);
        assertPanelBooks(0);
    }

    function testFuzz_divideEveryFeeToTheUnit(uint128 arbiterFee, uint8 count, uint128[5] memory fees) external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.arbiterFee = uint128(bound(arbiterFee, 0, FUNDS / 4));
        deal.sellerBond = deal.arbiterFee;
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        count = uint8(bound(count, 3, 5));
        IPanelArbiter.Vote[] memory votes = new IPanelArbiter.Vote[](count);
        for (uint256 i; i < count; ++i) {
            votes[i] = voteWith(id, i, 1, uint128(bound(fees[i], 0, deal.arbiterFee / count)));
        }
        hand(deal, votes);
        uint256 sum = due(relayer);
        for (uint256 i; i < count; ++i) {
            sum += due(members[i]);
            uint256 own = due(members[i]) + votes[i].fee;
            uint256 over = i == 0 ? deal.arbiterFee % count : 0;
            assertEq(own, deal.arbiterFee / count + over, "equal shares");
        }
        assertEq(sum, deal.arbiterFee);
        assertPanelBooks(0);
    }

    function test_leaveTheSignedFeesToWhoHandsTheVotesIn() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        votes[0] = voteWith(id, 0, 1, 1000);
        votes[2] = voteWith(id, 4, 3, FEE / 3);
        hand(deal, votes);
        assertEq(due(relayer), 1000 + FEE / 3);
        assertEq(due(members[0]), FEE / 3 + 2 - 1000);
        assertEq(due(members[4]), 0);
        assertPanelBooks(0);
    }

    function test_takeNoFeeFromAMemberThatSubmits() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        votes[0] = voteWith(id, 0, 1, 1000);
        votes[1] = voteWith(id, 2, 2, 500);
        vm.prank(members[0]);
        panel.rule(deal, 0, votes);
        assertEq(due(members[0]), FEE / 3 + 2 + 500);
        assertPanelBooks(0);
    }

    function test_refuseAFeeAboveTheShare() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IPanelArbiter.Vote[] memory votes = three(id, 1, 2, 3);
        votes[1] = voteWith(id, 2, 2, FEE / 3 + 1);
        refuses(
            deal, votes, abi.encodeWithSelector(IPanelArbiter.FeeAboveShare.selector, members[2], FEE / 3 + 1, FEE / 3)
        );
    }

    function test_payAMemberOutOfTheEscrow() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        hand(deal, three(id, 1, 2, 3));
        vm.prank(members[2]);
        panel.withdraw(address(token), members[2], stranger, 100, 0, 0, 0, "");
        assertEq(token.balanceOf(stranger), 100);
        assertEq(due(members[2]), FEE / 3 - 100);
        assertPanelBooks(0);
    }

    function test_relayAMembersWithdrawal() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        hand(deal, three(id, 1, 2, 3));
        bytes32 typeHash = keccak256(
            "Withdrawal(address party,address token,address to,uint128 amount,uint128 fee,uint256 nonce,uint40 validUntil)"
        );
        uint40 until = uint40(START + 1 days);
        bytes memory fields = abi.encode(typeHash, members[2], address(token), stranger, 100, 7, 3, until);
        bytes32 digest = typed(domainOf("Parley Panel", "1", address(panel)), keccak256(fields));
        bytes memory given = signed(keys[members[2]], digest);
        vm.prank(relayer);
        panel.withdraw(address(token), members[2], stranger, 100, 7, 3, until, given);
        assertEq(token.balanceOf(stranger), 100);
        assertEq(due(relayer), 7);
        assertTrue(panel.nonceUsed(members[2], 3));
        assertPanelBooks(0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NonceUsed.selector, members[2], 3));
        panel.withdraw(address(token), members[2], stranger, 100, 7, 3, until, given);
    }

    function test_payNobodyElse() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        hand(deal, three(id, 1, 2, 3));
        address[4] memory others = [members[1], stranger, buyer, address(maker)];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), others[i], 0, 1));
            vm.prank(others[i]);
            panel.withdraw(address(token), others[i], others[i], 1, 0, 0, 0, "");
            // Nor by way of the escrow, where the panel is the account.
            vm.expectPartialRevert(IEscrow.SignatureInvalid.selector);
            vm.prank(others[i]);
            escrow.withdraw(address(token), address(panel), others[i], 1, 0, 0, 0, "");
        }
    }

    function test_shareWhatASplitGaveThePanelAmongAllMembers() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        IEscrow.DealState memory s = state(deal);
        IEscrow.Split memory terms =
            IEscrow.Split(id, 0, uint8(s.status), s.locked, s.locked - 1003, 0, 1003, 1, 0, uint40(START));
        bytes32 digest = splitDigest(terms);
        escrow.split(deal, terms, signed(buyerKey, digest), signed(sellerKey, digest));
        assertPanelBooks(1003);
        vm.expectEmit(address(panel));
        emit IPurse.Credited(address(token), members[0], 200);
        assertEq(panel.share(address(token)), 200);
        for (uint256 i; i < 5; ++i) {
            assertEq(due(members[i]), 200);
        }
        assertPanelBooks(3);
        vm.expectRevert(abi.encodeWithSelector(IPanelArbiter.NothingToShare.selector, address(token)));
        panel.share(address(token));
    }

    function test_notShareWhatVotersOwn() external {
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        hand(deal, three(id, 1, 2, 3));
        vm.expectRevert(abi.encodeWithSelector(IPanelArbiter.NothingToShare.selector, address(token)));
        panel.share(address(token));
    }

    function test_changeNothingWhenATokenReenters() external {
        HookedToken hooked = new HookedToken();
        token = IPaymentToken(address(hooked));
        for (uint256 i; i < 2; ++i) {
            address party = i == 0 ? buyer : seller;
            hooked.mint(party, FUNDS);
            vm.prank(party);
            hooked.approve(address(escrow), type(uint256).max);
        }
        (IEscrow.Deal memory deal, bytes32 id) = disputedDeal();
        ReenteringHook hook = new ReenteringHook();
        hooked.setHook(seller, hook);
        // In the middle of the ruling the escrow has credited the panel, and nobody was given it yet.
        hook.arm(address(panel), abi.encodeCall(panel.share, (address(token))));
        hand(deal, three(id, 5000, 5000, 5000));
        assertEq(hook.calls(), 1);
        assertEq(hook.successes(), 0);
        assertEq(hook.lastReturn(), abi.encodeWithSelector(IEscrow.Reentrant.selector));
        assertPanelBooks(0);
    }
}
