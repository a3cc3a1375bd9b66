// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {AnyAuthorizationToken} from "../tokens/AnyAuthorizationToken.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {FalseReturningToken} from "../tokens/FalseReturningToken.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {NoReturnToken} from "../tokens/NoReturnToken.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {PosingNft} from "../tokens/PosingNft.sol";
import {ReturnBombToken} from "../tokens/ReturnBombToken.sol";
import {EscrowTest} from "./EscrowTest.sol";

interface IMintable {
    function mint(address to, uint256 amount) external;
    function approve(address spender, uint256 amount) external;
    function balanceOf(address account) external view returns (uint256);
}

contract NoDomainToken is PlainToken {
    function DOMAIN_SEPARATOR() external pure returns (bytes32) {
        revert("a reason longer than a word");
    }
}

/// @notice Takes from the receiver, and says that it gave.
contract TakingToken is PlainToken {
    function transferFrom(address, address to, uint256 amount) public override returns (bool) {
        if (balanceOf(to) != 0) _burn(to, 1);
        else _mint(to, amount);
        return true;
    }
}

/// @notice Tells balances as the reasons of failures: not the same as telling them.
contract GrudgingToken is PlainToken {
    uint256 private _told;

    function transferFrom(address, address, uint256 amount) public override returns (bool) {
        _told += amount;
        return true;
    }

    function balanceOf(address) public view override returns (uint256) {
        uint256 told = _told;
        assembly ("memory-safe") {
            mstore(0x00, told)
            revert(0x00, 0x20)
        }
    }
}

/// @notice Keeps a unit of whatever moves.
contract KeepingToken is AnyAuthorizationToken {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, from == address(0) ? amount : amount - 1);
    }
}

/// @notice Tree: trees/Escrow.open.funding.tree
contract OpenFundingTest is EscrowTest {
    function openBy(address caller, IEscrow.Deal memory deal, IEscrow.Funding memory ofBuyer) internal {
        bytes memory signatureOfBuyer = signed(buyerKey, idOf(deal));
        bytes memory signatureOfSeller = signed(sellerKey, idOf(deal));
        vm.prank(caller);
        escrow.open(deal, signatureOfBuyer, signatureOfSeller, ofBuyer, allowance());
    }

    /// @dev The buyer holds `PRICE` of another token and has approved it.
    function dealIn(address other) internal returns (IEscrow.Deal memory deal) {
        deal = simpleDeal();
        deal.token = other;
        IMintable(other).mint(buyer, PRICE);
        vm.prank(buyer);
        IMintable(other).approve(address(escrow), PRICE);
    }

    function fundingRefused(IEscrow.Deal memory deal, address from, uint256 amount)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(IEscrow.FundingRefused.selector, deal.token, from, amount);
    }

    // ---- from allowances ----

    function test_openFromAllowances() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = idOf(deal);
        uint128 locked = PRICE + BOND + FEE;
        vm.expectEmit(address(escrow));
        emit IEscrow.Opened(id, buyer, seller, address(token), PRICE, locked, deal.transcriptRoot);
        opened(deal);

        IEscrow.DealState memory s = escrow.stateOf(id);
        assertEq(uint256(s.status), uint256(IEscrow.Status.Open));
        assertEq(s.milestone, 0);
        assertEq(s.deliveries, 0);
        assertEq(s.sellerLostBps, 0);
        assertEq(s.since, START);
        assertEq(s.shift, 0);
        assertEq(s.locked, locked);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE);
        assertEq(token.balanceOf(seller), FUNDS - BOND);
        assertBooks(locked);
    }

    function test_refuseAnAllowanceTooLow() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        vm.prank(seller);
        token.approve(address(escrow), BOND - 1);
        refusesToOpen(deal, fundingRefused(deal, seller, BOND));
        assertEq(token.balanceOf(buyer), FUNDS, "the buyer's part is back too");
    }

    function test_refuseATokenThatTakesAFee() external {
        FeeOnTransferToken other = new FeeOnTransferToken(100);
        IEscrow.Deal memory deal = dealIn(address(other));
        uint256 received = PRICE - uint256(PRICE) * 100 / 10_000;
        bytes memory why = abi.encodeWithSelector(IEscrow.FundingShort.selector, address(other), buyer, PRICE, received);
        refusesToOpen(deal, why);
    }

    function test_refuseATokenThatAnswersFalse() external {
        FalseReturningToken other = new FalseReturningToken();
        IEscrow.Deal memory deal = dealIn(address(other));
        other.setMode(FalseReturningToken.Mode.RefusingFalse);
        refusesToOpen(deal, fundingRefused(deal, buyer, PRICE));
    }

    function test_refuseATokenThatLies() external {
        FalseReturningToken other = new FalseReturningToken();
        IEscrow.Deal memory deal = dealIn(address(other));
        other.setMode(FalseReturningToken.Mode.LyingTrue);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.FundingShort.selector, address(other), buyer, PRICE, 0));
    }

    function test_takeATokenThatAnswersNothing() external {
        NoReturnToken other = new NoReturnToken();
        IEscrow.Deal memory deal = dealIn(address(other));
        opened(deal);
        settled(deal);
        assertEq(IMintable(address(other)).balanceOf(seller), PRICE);
    }

    function test_refuseATokenThatTakesInsteadOfBringing() external {
        address taking = address(new TakingToken());
        escrow.deposit(taking, stranger, 9);
        IEscrow.Deal memory deal = dealIn(taking);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.FundingShort.selector, taking, buyer, PRICE, 0));
    }

    function test_refuseATokenThatTellsBalancesAsReasons() external {
        IEscrow.Deal memory deal = dealIn(address(new GrudgingToken()));
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.FundingShort.selector, deal.token, buyer, PRICE, 0));
    }

    function test_notCopyAHugeAnswer() external {
        ReturnBombToken other = new ReturnBombToken();
        IEscrow.Deal memory deal = dealIn(address(other));
        other.arm(100_000, false);
        bytes memory ofBuyer = signed(buyerKey, idOf(deal));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(relayer);
        escrow.open{gas: 400_000}(deal, ofBuyer, ofSeller, allowance(), allowance());
        assertStatus(idOf(deal), IEscrow.Status.Open);
    }

    function test_refuseAnNftThatPosesAsMoney() external {
        PosingNft other = new PosingNft();
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = address(other);
        other.mint(buyer, PRICE);
        vm.prank(buyer);
        other.approve(address(escrow), PRICE);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.FundingShort.selector, address(other), buyer, PRICE, 1));
    }

    function test_refuseABlockedParty() external {
        BlocklistToken other = new BlocklistToken();
        IEscrow.Deal memory deal = dealIn(address(other));
        other.setBlocked(buyer, true);
        refusesToOpen(deal, fundingRefused(deal, buyer, PRICE));
    }

    function test_takeNothingFromASellerWithoutBond() external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.prank(seller);
        token.approve(address(escrow), 0);
        opened(deal);
        assertEq(token.balanceOf(seller), FUNDS);
    }

    function test_lockABondOfOneUnit() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.sellerBond = 1;
        opened(deal);
        assertEq(token.balanceOf(seller), FUNDS - 1);
        assertBooks(PRICE + 1);
    }

    function test_lockAsMuchAsThereCanBe() external {
        uint128 most = type(uint128).max;
        IEscrow.Deal memory deal = simpleDeal();
        token = deployToken(buyer, most);
        vm.prank(buyer);
        token.approve(address(escrow), most);
        deal.token = address(token);
        deal.price = most;
        deal.milestones[0].amount = most;
        opened(deal);
        assertEq(state(deal).locked, most);
        assertBooks(most);
    }

    // ---- from internal balances ----

    function test_openFromInternalBalances() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deposited(buyer, PRICE + FEE);
        deposited(seller, BOND + 5);
        bytes32 id = idOf(deal);
        vm.expectEmit(address(escrow));
        emit IEscrow.Debited(address(token), buyer, PRICE + FEE);
        vm.expectEmit(address(escrow));
        emit IEscrow.Debited(address(token), seller, BOND);
        vm.prank(relayer);
        escrow.open(deal, signed(buyerKey, id), signed(sellerKey, id), balance(), balance());
        assertEq(credit(buyer), 0);
        assertEq(credit(seller), 5);
        assertEq(token.balanceOf(buyer), FUNDS);
        assertBooks(PRICE + BOND + FEE);
    }

    function test_refuseABalanceTooShort() external {
        IEscrow.Deal memory deal = simpleDeal();
        deposited(buyer, PRICE - 1);
        bytes memory ofBuyer = signed(buyerKey, idOf(deal));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, PRICE - 1, PRICE));
        escrow.open(deal, ofBuyer, ofSeller, balance(), allowance());
    }

    function test_refuseABalanceInAnotherToken() external {
        PlainToken other = new PlainToken();
        other.mint(address(this), PRICE);
        other.approve(address(escrow), PRICE);
        escrow.deposit(address(other), buyer, PRICE);
        IEscrow.Deal memory deal = simpleDeal();
        bytes memory ofBuyer = signed(buyerKey, idOf(deal));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, 0, PRICE));
        escrow.open(deal, ofBuyer, ofSeller, balance(), allowance());
    }

    // ---- by authorisations ----

    function test_openByAuthorisationsThatAreTheConsent() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        IEscrow.Funding memory ofBuyer = authorized(buyerKey, deal, PRICE + FEE);
        IEscrow.Funding memory ofSeller = authorized(sellerKey, deal, BOND);
        vm.prank(relayer);
        bytes32 id = escrow.open(deal, "", "", ofBuyer, ofSeller);
        assertStatus(id, IEscrow.Status.Open);
        assertTrue(token.authorizationState(buyer, id));
        assertTrue(token.authorizationState(seller, id));
        assertBooks(PRICE + BOND + FEE);
    }

    function test_takeAnAuthorisationOfNothingFromASellerWithoutBond() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Funding memory ofSeller = authorized(sellerKey, deal, 0);
        bytes memory ofBuyer = signed(buyerKey, idOf(deal));
        vm.prank(relayer);
        bytes32 id = escrow.open(deal, ofBuyer, "", allowance(), ofSeller);
        assertStatus(id, IEscrow.Status.Open);
    }

    function test_refuseAWrongDealSignatureBesideAnAuthorisation() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = idOf(deal);
        IEscrow.Funding memory ofBuyer = authorized(buyerKey, deal, PRICE);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        escrow.open(deal, ofSeller, ofSeller, ofBuyer, allowance());
        // A single byte is a signature too, if a bad one.
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        escrow.open(deal, hex"00", ofSeller, ofBuyer, allowance());
        ofBuyer = authorized(sellerKey, deal, 0);
        ofSeller = signed(buyerKey, id);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, id));
        escrow.open(deal, ofSeller, hex"00", allowance(), ofBuyer);
    }

    function refusesAuthorization(IEscrow.Deal memory deal, bytes memory signature, bytes4 selector) internal {
        bytes32 domain = AnyAuthorizationToken(deal.token).DOMAIN_SEPARATOR();
        bytes32 digest = authorization(domain, buyer, PRICE, uint256(deal.openBy) + 1, idOf(deal));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        bytes memory why = selector == IEscrow.AuthorizationInvalid.selector
            ? abi.encodeWithSelector(selector, buyer, digest)
            : fundingRefused(deal, buyer, PRICE);
        vm.expectRevert(why);
        escrow.open(deal, "", ofSeller, IEscrow.Funding(IEscrow.FundingKind.Authorization, signature), allowance());
    }

    function test_refuseAnAuthorisationOfAnythingElse() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes4 invalid = IEscrow.AuthorizationInvalid.selector;
        bytes32 domain = token.DOMAIN_SEPARATOR();
        uint256 before = uint256(deal.openBy) + 1;
        bytes32 id = idOf(deal);
        refusesAuthorization(deal, bare(sellerKey, authorization(domain, buyer, PRICE, before, id)), invalid);
        refusesAuthorization(deal, bare(buyerKey, authorization(domain, buyer, PRICE - 1, before, id)), invalid);
        refusesAuthorization(deal, bare(buyerKey, authorization(domain, buyer, PRICE, before + 1, id)), invalid);
        refusesAuthorization(deal, bare(buyerKey, authorization(domain, buyer, PRICE, before, bytes32(0))), invalid);
        refusesAuthorization(deal, bare(buyerKey, authorization(escrowDomain(), buyer, PRICE, before, id)), invalid);
        refusesAuthorization(deal, bare(buyerKey, id), invalid);
    }

    function test_refuseAnAuthorisationInAnyOtherForm() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 digest = authorization(token.DOMAIN_SEPARATOR(), buyer, PRICE, uint256(deal.openBy) + 1, idOf(deal));
        bytes4 invalid = IEscrow.AuthorizationInvalid.selector;
        refusesAuthorization(deal, "", invalid);
        refusesAuthorization(deal, signed(buyerKey, digest), invalid); // 66 bytes
        (bytes32 r, bytes32 vs) = vm.signCompact(buyerKey, digest);
        refusesAuthorization(deal, abi.encodePacked(r, vs), invalid);
        bytes memory high = signedHigh(buyerKey, digest);
        bytes memory bareHigh = new bytes(65);
        for (uint256 i; i < 65; ++i) {
            bareHigh[i] = high[i + 1];
        }
        refusesAuthorization(deal, bareHigh, invalid);
    }

    function test_notTakeATokensWordForTheHoldersConsent() external {
        AnyAuthorizationToken other = new AnyAuthorizationToken();
        IEscrow.Deal memory deal = dealIn(address(other));
        refusesAuthorization(deal, bare(sellerKey, idOf(deal)), IEscrow.AuthorizationInvalid.selector);
        assertEq(other.balanceOf(buyer), PRICE);
    }

    function test_refuseAnAuthorisationThatBringsLess() external {
        KeepingToken keeping = new KeepingToken();
        keeping.mint(address(escrow), PRICE);
        IEscrow.Deal memory deal = dealIn(address(keeping));
        bytes32 id = idOf(deal);
        bytes32 digest = authorization(keeping.DOMAIN_SEPARATOR(), buyer, PRICE, uint256(deal.openBy) + 1, id);
        bytes memory ofBuyer = bare(buyerKey, digest);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.FundingShort.selector, address(keeping), buyer, PRICE, PRICE - 1)
        );
        escrow.open(deal, "", ofSeller, IEscrow.Funding(IEscrow.FundingKind.Authorization, ofBuyer), allowance());
    }

    function test_refuseAnAuthorisationThatWasCancelled() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = idOf(deal);
        bytes32 typeHash = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(buyerKey, typed(token.DOMAIN_SEPARATOR(), keccak256(abi.encode(typeHash, buyer, id))));
        token.cancelAuthorization(buyer, id, v, r, s);
        refusesAuthorization(deal, authorized(buyerKey, deal, PRICE).signature, IEscrow.FundingRefused.selector);
    }

    function test_refuseATokenWithoutAuthorisations() external {
        address[2] memory tokens = [address(new PlainToken()), address(new NoDomainToken())];
        for (uint256 i; i < 2; ++i) {
            IEscrow.Deal memory deal = dealIn(tokens[i]);
            bytes memory ofSeller = signed(sellerKey, idOf(deal));
            bytes memory ofBuyer = bare(buyerKey, idOf(deal));
            vm.expectRevert(fundingRefused(deal, buyer, PRICE));
            escrow.open(deal, "", ofSeller, IEscrow.Funding(IEscrow.FundingKind.Authorization, ofBuyer), allowance());
        }
    }

    function test_refuseAnUnknownKindOfFunding() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes memory ofBuyer = signed(buyerKey, idOf(deal));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        bytes memory data = abi.encodeCall(escrow.open, (deal, ofBuyer, ofSeller, allowance(), allowance()));
        uint256 place = data.length - 3 * 32; // kind, offset and length of the seller's funding end the call
        assembly ("memory-safe") {
            mstore(add(add(data, 0x20), place), 3)
        }
        (bool ok,) = address(escrow).call(data);
        assertFalse(ok);
    }

    // ---- the relay fee ----

    function relayed(address named) internal view returns (IEscrow.Deal memory deal) {
        deal = simpleDeal();
        deal.relayer = named;
        deal.relayFee = 777;
    }

    function test_payTheRelayFeeToAnyCaller() external {
        IEscrow.Deal memory deal = relayed(address(0));
        vm.expectEmit(address(escrow));
        emit IEscrow.Credited(address(token), relayer, 777);
        openBy(relayer, deal, allowance());
        assertEq(credit(relayer), 777);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - 777);
        assertEq(state(deal).locked, PRICE, "not locked");
        assertBooks(PRICE);
    }

    function test_payARelayFeeOfOneUnit() external {
        IEscrow.Deal memory deal = relayed(address(0));
        deal.relayFee = 1;
        openBy(relayer, deal, allowance());
        assertEq(credit(relayer), 1);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - 1);
    }

    function test_payTheRelayFeeToTheNamedRelayerOnly() external {
        IEscrow.Deal memory deal = relayed(relayer);
        openBy(stranger, deal, allowance());
        assertEq(credit(stranger), 0);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE, "not collected");
        deal.nonce += 1;
        openBy(relayer, deal, allowance());
        assertEq(credit(relayer), 777);
        assertBooks(2 * PRICE);
    }

    function test_payNoRelayFeeToAParty() external {
        IEscrow.Deal memory deal = relayed(address(0));
        openBy(seller, deal, allowance());
        deal.nonce += 1;
        openBy(buyer, deal, allowance());
        deal.nonce += 1;
        deal.relayer = seller;
        openBy(seller, deal, allowance());
        assertEq(credit(seller), 0);
        assertEq(credit(buyer), 0);
        assertEq(token.balanceOf(buyer), FUNDS - 3 * PRICE);
    }

    function test_takeTheRelayFeeFromTheInternalBalance() external {
        IEscrow.Deal memory deal = relayed(address(0));
        deposited(buyer, PRICE + 1000);
        openBy(relayer, deal, balance());
        assertEq(credit(buyer), 223);
        assertEq(credit(relayer), 777);
        deal.nonce += 1;
        deposited(buyer, PRICE);
        openBy(seller, deal, balance());
        assertEq(credit(buyer), 223, "not collected");
        assertBooks(2 * PRICE);
    }

    function test_returnAnUnearnedRelayFeeOfAnAuthorisation() external {
        IEscrow.Deal memory deal = relayed(relayer);
        IEscrow.Funding memory funding = authorized(buyerKey, deal, PRICE + 777);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(stranger);
        escrow.open(deal, "", ofSeller, funding, allowance());
        assertEq(credit(buyer), 777);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - 777);
        assertBooks(PRICE);
    }

    function test_payTheRelayFeeOutOfAnAuthorisation() external {
        IEscrow.Deal memory deal = relayed(relayer);
        IEscrow.Funding memory funding = authorized(buyerKey, deal, PRICE + 777);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(relayer);
        escrow.open(deal, "", ofSeller, funding, allowance());
        assertEq(credit(relayer), 777);
        assertEq(credit(buyer), 0);
        assertBooks(PRICE);
    }

    // ---- once ----

    function test_refuseToOpenTwice() external {
        IEscrow.Status[3] memory statuses = [IEscrow.Status.Open, IEscrow.Status.Closed, IEscrow.Status.Cancelled];
        for (uint256 i; i < statuses.length; ++i) {
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(statuses[i]);
            refusesToOpen(deal, wrongStatus(id, statuses[i]));
        }
    }

    function testFuzz_keepDealsOfOneEpochApart(uint256 nonce) external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.assume(nonce != deal.nonce);
        opened(deal);
        deal.nonce = nonce;
        opened(deal);
        assertBooks(2 * PRICE);
    }
}
