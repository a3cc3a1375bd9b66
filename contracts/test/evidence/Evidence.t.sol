// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IEvidence} from "../../src/interfaces/IEvidence.sol";
import {EscrowTest} from "../escrow/EscrowTest.sol";
import {GasBurnerWallet, ReenteringWallet} from "../tokens/wallets/HostileWallets.sol";
import {OwnerWallet} from "../tokens/wallets/OwnerWallet.sol";

/// @notice The evidence contract beside an escrow, a transcript of five messages, and digests made apart from the contract.
abstract contract EvidenceTest is EscrowTest {
    uint32 internal constant LENGTH = 5;
    bytes32 internal constant NEGOTIATION = keccak256("negotiation");

    IEvidence internal evidence;
    bytes32[] private _nodes;

    function setUp() public virtual override {
        super.setUp();
        evidence = IEvidence(vm.deployCode("src/Evidence.sol:Evidence", abi.encode(escrow)));
    }

    /// @dev Message number `sequence` of the transcript: buyer and seller in turn.
    function message(uint32 sequence) internal view returns (IEvidence.Message memory core) {
        core.negotiation = NEGOTIATION;
        core.sequence = sequence;
        core.previous = keccak256(abi.encode("previous", sequence));
        core.sender = sequence % 2 == 0 ? buyer : seller;
        core.performative = uint8(sequence);
        core.payload = keccak256(abi.encode("payload", sequence));
        core.sentAt = uint64(START - 100 + sequence);
        core.expiresAt = uint64(START + sequence);
    }

    function keyOf(address sender) internal view returns (uint256) {
        return sender == buyer ? buyerKey : sellerKey;
    }

    function hashOf(IEvidence.Message memory core) internal view returns (bytes32) {
        bytes32 domainType = keccak256("EIP712Domain(string name,string version,uint256 chainId)");
        bytes32 domain = keccak256(abi.encode(domainType, keccak256("Parley Message"), keccak256("1"), block.chainid));
        bytes32 typeHash = keccak256(
            "Message(bytes32 negotiation,uint32 sequence,bytes32 previous,address sender,uint8 performative,bytes32 payload,uint64 sentAt,uint64 expiresAt)"
        );
        bytes memory place = abi.encode(typeHash, core.negotiation, core.sequence, core.previous, core.sender);
        bytes memory rest = abi.encode(core.performative, core.payload, core.sentAt, core.expiresAt);
        return typed(domain, keccak256(bytes.concat(place, rest)));
    }

    /// @dev The sender's bare signature, as on the wire.
    function signature(IEvidence.Message memory core) internal view returns (bytes memory) {
        return bare(keyOf(core.sender), hashOf(core));
    }

    /// @notice An arbitrated deal that commits to the transcript.
    function provenDeal() internal returns (IEscrow.Deal memory deal) {
        deal = arbitratedDeal();
        deal.transcriptRoot = grow();
        deal.transcriptLength = LENGTH;
    }

    /// @dev OpenZeppelin's StandardMerkleTree: leaves sorted at the end of the list, the root first.
    function grow() private returns (bytes32) {
        bytes32[] memory leaves = new bytes32[](LENGTH);
        for (uint32 i; i < LENGTH; ++i) {
            leaves[i] = leafOf(i);
        }
        for (uint256 i; i < LENGTH; ++i) {
            for (uint256 j = i + 1; j < LENGTH; ++j) {
                if (leaves[j] < leaves[i]) (leaves[i], leaves[j]) = (leaves[j], leaves[i]);
            }
        }
        _nodes = new bytes32[](2 * LENGTH - 1);
        for (uint256 i; i < LENGTH; ++i) {
            _nodes[_nodes.length - 1 - i] = leaves[i];
        }
        for (uint256 i = LENGTH - 1; i != 0; --i) {
            (bytes32 a, bytes32 b) = (_nodes[2 * i - 1], _nodes[2 * i]);
            _nodes[i - 1] = a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
        }
        return _nodes[0];
    }

    function leafOf(uint32 sequence) private view returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(sequence, hashOf(message(sequence))))));
    }

    function proofOf(uint32 sequence) internal view returns (bytes32[] memory proof) {
        bytes32 leaf = leafOf(sequence);
        uint256 place;
        while (_nodes[place] != leaf) ++place;
        proof = new bytes32[](8);
        uint256 count;
        for (; place != 0; place = (place - 1) / 2) {
            proof[count++] = _nodes[place % 2 == 1 ? place + 1 : place - 1];
        }
        assembly ("memory-safe") {
            mstore(proof, count)
        }
    }

    function evidenceDomain() internal view returns (bytes32) {
        return domainOf("Parley Evidence", "1", address(evidence));
    }
}

/// @notice Tree: trees/Evidence.proveMessage.tree
contract ProveMessageTest is EvidenceTest {
    function test_logAMessageOfTheTranscript() external {
        IEscrow.Deal memory deal = provenDeal();
        bytes32 id = opened(deal);
        for (uint32 i; i < LENGTH; ++i) {
            IEvidence.Message memory core = message(i);
            bytes32 hash = hashOf(core);
            assertEq(evidence.messageHashOf(core), hash, "message hash");
            vm.expectEmit(address(evidence));
            emit IEvidence.MessageProved(id, hash, core.sender, core);
            vm.prank(stranger);
            (bytes32 dealId, bytes32 found) = evidence.proveMessage(deal, core, signature(core), proofOf(i));
            assertEq(dealId, id);
            assertEq(found, hash);
        }
    }

    function test_proveForAClosedDealToo() external {
        IEscrow.Deal memory deal = provenDeal();
        opened(deal);
        settled(deal);
        IEvidence.Message memory core = message(2);
        evidence.proveMessage(deal, core, signature(core), proofOf(2));
    }

    function test_refuseADealThatWasNeverOpened() external {
        IEscrow.Deal memory deal = provenDeal();
        bytes32 id = idOf(deal);
        refuses(deal, message(1), 1, abi.encodeWithSelector(IEvidence.DealNotOpened.selector, id, 0));
        vm.prank(buyer);
        escrow.cancel(deal, buyer, 0, 0, "");
        refuses(deal, message(1), 1, abi.encodeWithSelector(IEvidence.DealNotOpened.selector, id, 6));
    }

    function test_refuseASequenceBeyondTheTranscript() external {
        IEscrow.Deal memory deal = provenDeal();
        deal.transcriptLength = 3;
        opened(deal);
        // It stands under the root, and the deal says that it does not belong there.
        refuses(deal, message(3), 3, abi.encodeWithSelector(IEvidence.OutsideTranscript.selector, 3, 3));
    }

    function testFuzz_refuseAMessageThatDiffersInAnything(uint256 field) external {
        IEscrow.Deal memory deal = provenDeal();
        opened(deal);
        IEvidence.Message memory core = message(1);
        field = field % 7;
        if (field == 0) core.negotiation = ~core.negotiation;
        if (field == 1) core.sequence = 2;
        if (field == 2) core.previous = ~core.previous;
        if (field == 3) core.performative ^= 1;
        if (field == 4) core.payload = ~core.payload;
        if (field == 5) core.sentAt += 1;
        if (field == 6) core.expiresAt += 1;
        bytes memory why = abi.encodeWithSelector(IEvidence.ProofInvalid.selector, deal.transcriptRoot, hashOf(core));
        refuses(deal, core, 1, why);
    }

    function test_refuseAProofForAnotherPlace() external {
        IEscrow.Deal memory deal = provenDeal();
        opened(deal);
        bytes32 hash = hashOf(message(1));
        refuses(deal, message(1), 2, abi.encodeWithSelector(IEvidence.ProofInvalid.selector, deal.transcriptRoot, hash));
    }

    function test_refuseASignatureOfSomebodyElse() external {
        IEscrow.Deal memory deal = provenDeal();
        opened(deal);
        IEvidence.Message memory core = message(1);
        bytes memory given = bare(buyerKey, hashOf(core));
        vm.expectRevert(abi.encodeWithSelector(IEvidence.MessageSignatureInvalid.selector, seller, hashOf(core)));
        evidence.proveMessage(deal, core, given, proofOf(1));
    }

    function refuses(IEscrow.Deal memory deal, IEvidence.Message memory core, uint32 place, bytes memory why) private {
        bytes memory given = signature(core);
        bytes32[] memory proof = proofOf(place);
        vm.expectRevert(why);
        evidence.proveMessage(deal, core, given, proof);
    }
}

/// @notice Tree: trees/Evidence.proveEquivocation.tree
contract ProveEquivocationTest is EvidenceTest {
    function prove(IEvidence.Message memory first, IEvidence.Message memory second) internal {
        evidence.proveEquivocation(first, signature(first), second, signature(second));
    }

    /// @dev The same step, said differently.
    function other(IEvidence.Message memory core) internal pure returns (IEvidence.Message memory changed) {
        changed = abi.decode(abi.encode(core), (IEvidence.Message));
        changed.payload = ~core.payload;
    }

    function test_convictTheirSenderOnce() external {
        IEvidence.Message memory first = message(3);
        IEvidence.Message memory second = other(first);
        vm.warp(START + 77);
        vm.expectEmit(address(evidence));
        emit IEvidence.EquivocationProved(seller, NEGOTIATION, 3, hashOf(first), hashOf(second));
        vm.prank(stranger);
        prove(first, second);
        IEvidence.Conviction memory found = evidence.convictionOf(seller, NEGOTIATION);
        assertEq(found.sequence, 3);
        assertEq(found.provedAt, START + 77);
        bytes memory again = abi.encodeWithSelector(IEvidence.EquivocationKnown.selector, seller, NEGOTIATION);
        refuses(first, second, again);
        refuses(second, first, again);
        // Another step of the same negotiation says no more; another negotiation is another matter.
        refuses(message(1), other(message(1)), again);
        assertEq(evidence.convictionOf(buyer, NEGOTIATION).provedAt, 0);
        first.negotiation = second.negotiation = keccak256("another");
        prove(first, second);
    }

    function testFuzz_convictForAnyFieldThatDiffers(uint256 field) external {
        IEvidence.Message memory first = message(2);
        IEvidence.Message memory second = message(2);
        field = field % 5;
        if (field == 0) second.previous = ~second.previous;
        if (field == 1) second.performative ^= 1;
        if (field == 2) second.payload = ~second.payload;
        if (field == 3) second.sentAt += 1;
        if (field == 4) second.expiresAt += 1;
        prove(first, second);
        assertEq(evidence.convictionOf(buyer, NEGOTIATION).sequence, 2);
    }

    function test_refuseOneMessageTwice() external {
        IEvidence.Message memory core = message(3);
        refuses(core, core, abi.encodeWithSelector(IEvidence.MessagesEqual.selector, hashOf(core)));
    }

    function test_refuseMessagesOfDifferentSteps() external {
        IEvidence.Message memory first = message(3);
        for (uint256 i; i < 3; ++i) {
            IEvidence.Message memory second = other(first);
            if (i == 0) second.sequence = 4;
            if (i == 1) second.negotiation = keccak256("another");
            if (i == 2) second.sender = buyer;
            bytes memory why =
                abi.encodeWithSelector(IEvidence.MessagesNotComparable.selector, hashOf(first), hashOf(second));
            refuses(first, second, why);
        }
    }

    function test_refuseAMessageTheSenderDidNotSign() external {
        IEvidence.Message memory first = message(3);
        IEvidence.Message memory second = other(first);
        bytes memory good = signature(first);
        bytes memory forged = bare(buyerKey, hashOf(second));
        bytes memory why = abi.encodeWithSelector(IEvidence.MessageSignatureInvalid.selector, seller, hashOf(second));
        vm.expectRevert(why);
        evidence.proveEquivocation(first, good, second, forged);
        vm.expectRevert(why);
        evidence.proveEquivocation(second, forged, first, good);
        assertEq(evidence.convictionOf(seller, NEGOTIATION).provedAt, 0);
    }

    function test_refuseASignatureOfAnotherChain() external {
        IEvidence.Message memory first = message(3);
        IEvidence.Message memory second = other(first);
        bytes memory one = signature(first);
        bytes memory two = signature(second);
        vm.chainId(99);
        vm.expectPartialRevert(IEvidence.MessageSignatureInvalid.selector);
        evidence.proveEquivocation(first, one, second, two);
    }

    function test_convictAWalletByWhatItAccepts() external {
        IEvidence.Message memory first = message(3);
        first.sender = address(new OwnerWallet(seller));
        IEvidence.Message memory second = other(first);
        evidence.proveEquivocation(first, bare(sellerKey, hashOf(first)), second, bare(sellerKey, hashOf(second)));
        assertEq(evidence.convictionOf(first.sender, NEGOTIATION).sequence, 3);
    }

    function test_surviveHostileWallets() external {
        IEvidence.Message memory first = message(3);
        first.sender = address(new GasBurnerWallet());
        IEvidence.Message memory second = other(first);
        vm.expectPartialRevert(IEvidence.MessageSignatureInvalid.selector);
        evidence.proveEquivocation{gas: 800_000}(first, "", second, "");
        ReenteringWallet wallet = new ReenteringWallet();
        (first.sender, second.sender) = (address(wallet), address(wallet));
        wallet.arm(address(evidence), abi.encodeCall(evidence.anchor, (address(wallet), 1, bytes32("x"), 0, "")), true);
        vm.expectPartialRevert(IEvidence.MessageSignatureInvalid.selector);
        evidence.proveEquivocation(first, "", second, "");
        assertEq(evidence.anchorOf(address(wallet)).size, 0);
    }

    function refuses(IEvidence.Message memory first, IEvidence.Message memory second, bytes memory why) private {
        bytes memory one = signature(first);
        bytes memory two = signature(second);
        vm.expectRevert(why);
        evidence.proveEquivocation(first, one, second, two);
    }
}

/// @notice Tree: trees/Evidence.submit.tree
contract SubmitEvidenceTest is EvidenceTest {
    string internal constant LINK = "ipfs://bafy/evidence.json";
    bytes32 internal constant CONTENT = keccak256("content");

    function submitAs(address caller, IEscrow.Deal memory deal, address party, uint40 until, bytes memory given)
        internal
    {
        vm.prank(caller);
        evidence.submitEvidence(deal, party, LINK, CONTENT, until, given);
    }

    function submission(bytes32 id, address party, uint40 until) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "EvidenceSubmission(bytes32 dealId,address party,string evidence,bytes32 contentHash,uint40 validUntil)"
        );
        bytes memory fields = abi.encode(typeHash, id, party, keccak256(bytes(LINK)), CONTENT, until);
        return typed(evidenceDomain(), keccak256(fields));
    }

    function test_handEitherPartysEvidenceToTheArbiter() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        address[2] memory parties = [buyer, seller];
        for (uint256 i; i < 2; ++i) {
            vm.expectEmit(address(evidence));
            emit IEvidence.Evidence(uint256(id), parties[i], LINK);
            vm.expectEmit(address(evidence));
            emit IEvidence.EvidenceHashed(id, parties[i], CONTENT);
            submitAs(parties[i], deal, parties[i], 0, "");
        }
    }

    function test_giveTheEventTheShapeOfKleros() external pure {
        assertEq(IEvidence.Evidence.selector, keccak256("Evidence(uint256,address,string)"));
    }

    function test_relayASubmissionOnce() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Rejected);
        uint40 until = uint40(START + 1 days);
        bytes memory given = signed(sellerKey, submission(id, seller, until));
        vm.expectEmit(address(evidence));
        emit IEvidence.Evidence(uint256(id), seller, LINK);
        submitAs(relayer, deal, seller, until, given);
        vm.expectPartialRevert(IEvidence.EvidenceKnown.selector);
        submitAs(relayer, deal, seller, until, given);
    }

    function test_refuseAnExpiredSubmission() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        uint40 until = uint40(START - 1);
        bytes memory given = signed(sellerKey, submission(id, seller, until));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, until, START));
        submitAs(relayer, deal, seller, until, given);
    }

    function test_refuseASubmissionByAnybodyElse() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        uint40 until = uint40(START);
        bytes32 digest = submission(id, seller, until);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        submitAs(buyer, deal, seller, until, "");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        submitAs(relayer, deal, seller, until, signed(buyerKey, digest));
        address[3] memory others = [arbiter, stranger, address(0)];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, others[i]));
            submitAs(others[i], deal, others[i], 0, "");
        }
    }

    function test_refuseEmptyEvidence() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        vm.expectRevert(IEvidence.EvidenceEmpty.selector);
        vm.prank(seller);
        evidence.submitEvidence(deal, seller, "", CONTENT, 0, "");
    }

    function test_refuseADealThatIsNotLive() external {
        IEscrow.Status[3] memory ends = [IEscrow.Status.Unopened, IEscrow.Status.Closed, IEscrow.Status.Cancelled];
        for (uint256 i; i < 3; ++i) {
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(ends[i]);
            vm.expectRevert(abi.encodeWithSelector(IEvidence.DealNotLive.selector, id, ends[i]));
            submitAs(seller, deal, seller, 0, "");
        }
    }
}

/// @notice Tree: trees/Evidence.anchor.tree
contract AnchorTest is EvidenceTest {
    function anchorAs(address caller, uint64 size, bytes32 root, uint40 until, bytes memory given) internal {
        vm.prank(caller);
        evidence.anchor(seller, size, root, until, given);
    }

    function digestOf(uint64 size, bytes32 root, uint40 until) internal view returns (bytes32) {
        bytes32 typeHash = keccak256("Anchor(address anchorer,uint64 size,bytes32 root,uint40 validUntil)");
        return typed(evidenceDomain(), keccak256(abi.encode(typeHash, seller, size, root, until)));
    }

    function testFuzz_keepTheLatestRootOfAGrowingLog(uint64 first, uint64 second) external {
        first = uint64(bound(first, 1, type(uint64).max - 1));
        second = uint64(bound(second, first + 1, type(uint64).max));
        vm.expectEmit(address(evidence));
        emit IEvidence.Anchored(seller, first, bytes32("one"));
        anchorAs(seller, first, bytes32("one"), 0, "");
        vm.warp(START + 5);
        anchorAs(seller, second, bytes32("two"), 0, "");
        IEvidence.LogRoot memory found = evidence.anchorOf(seller);
        assertEq(found.root, bytes32("two"));
        assertEq(found.size, second);
        assertEq(found.anchoredAt, START + 5);
        assertEq(evidence.anchorOf(buyer).size, 0);
    }

    function testFuzz_refuseALogThatDoesNotGrow(uint64 size) external {
        anchorAs(seller, 100, bytes32("one"), 0, "");
        size = uint64(bound(size, 0, 100));
        vm.expectRevert(abi.encodeWithSelector(IEvidence.AnchorNotGrowing.selector, seller, size, 100));
        anchorAs(seller, size, bytes32("two"), 0, "");
    }

    function test_refuseAnEmptyLog() external {
        vm.expectRevert(abi.encodeWithSelector(IEvidence.AnchorNotGrowing.selector, seller, 0, 0));
        anchorAs(seller, 0, bytes32("one"), 0, "");
    }

    function test_relayAnAnchorOnce() external {
        uint40 until = uint40(START);
        bytes memory given = signed(sellerKey, digestOf(7, bytes32("one"), until));
        anchorAs(relayer, 7, bytes32("one"), until, given);
        assertEq(evidence.anchorOf(seller).size, 7);
        vm.expectRevert(abi.encodeWithSelector(IEvidence.AnchorNotGrowing.selector, seller, 7, 7));
        anchorAs(relayer, 7, bytes32("one"), until, given);
    }

    function test_refuseAnAnchorByAnybodyElse() external {
        bytes32 digest = digestOf(7, bytes32("one"), uint40(START));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        anchorAs(buyer, 7, bytes32("one"), uint40(START), "");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        anchorAs(relayer, 7, bytes32("one"), uint40(START), signed(buyerKey, digest));
    }

    function test_refuseAnExpiredAnchor() external {
        bytes memory given = signed(sellerKey, digestOf(7, bytes32("one"), uint40(START - 1)));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, START - 1, START));
        anchorAs(relayer, 7, bytes32("one"), uint40(START - 1), given);
    }

    function test_nameEscrowAndDomain() external view {
        assertEq(address(evidence.escrow()), address(escrow));
        assertEq(evidence.domainSeparator(), evidenceDomain());
    }
}
