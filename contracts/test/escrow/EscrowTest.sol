// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";
import {Signing} from "./Signing.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice The escrow with funded parties, deals to start from, and calls in the name of each side.
abstract contract EscrowTest is Signing {
    uint256 internal constant START = 1_900_000_000;
    uint128 internal constant PRICE = 1_000_000_001; // odd, so that halves have remainders
    uint128 internal constant BOND = 200_000_003;
    uint128 internal constant FEE = 10_000_001;
    uint256 internal constant FUNDS = 1e15;
    bytes32 internal constant GOODS = keccak256("goods");
    bytes32 internal constant REASON = keccak256("reason");

    IEscrow internal escrow;
    IPaymentToken internal token;

    address internal buyer;
    uint256 internal buyerKey;
    address internal seller;
    uint256 internal sellerKey;
    address internal arbiter;
    uint256 internal arbiterKey;
    address internal relayer = makeAddr("relayer");
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual {
        vm.warp(START);
        escrow = deployEscrow();
        token = deployToken(address(this), 1e30);
        (buyer, buyerKey) = makeAddrAndKey("buyer");
        (seller, sellerKey) = makeAddrAndKey("seller");
        (arbiter, arbiterKey) = makeAddrAndKey("arbiter");
        endow(buyer);
        endow(seller);
    }

    function verifier() internal view override returns (address) {
        return address(escrow);
    }

    function deployEscrow() internal returns (IEscrow) {
        return IEscrow(vm.deployCode("src/Escrow.sol:Escrow", ""));
    }

    function deployToken(address holder, uint256 supply) internal returns (IPaymentToken) {
        return IPaymentToken(vm.deployCode("src/PaymentToken.sol:PaymentToken", abi.encode(holder, supply)));
    }

    function endow(address account) internal {
        token.transfer(account, FUNDS);
        vm.prank(account);
        token.approve(address(escrow), type(uint256).max);
    }

    // ---- deals ----

    /// @notice One milestone, no arbiter, no bond, pushed payouts.
    function simpleDeal() internal view returns (IEscrow.Deal memory deal) {
        deal.buyer = buyer;
        deal.seller = seller;
        deal.token = address(token);
        deal.price = PRICE;
        deal.openBy = uint40(block.timestamp + 10 minutes);
        deal.reviewWindow = 2 days;
        deal.disputeWindow = 1 days;
        deal.rulingWindow = 5 days;
        deal.rejectedSellerBps = 2500;
        deal.lapsedSellerBps = 5000;
        deal.walkAwayBps = 3000;
        deal.milestones = new IEscrow.Milestone[](1);
        deal.milestones[0] = IEscrow.Milestone(PRICE, uint40(block.timestamp + 7 days));
        deal.termsHash = keccak256("terms");
        deal.transcriptRoot = keccak256("transcript");
        deal.transcriptLength = 9;
        deal.nonce = uint256(keccak256("nonce"));
    }

    /// @notice One milestone with a bond and an arbiter that earns FEE a ruling.
    function arbitratedDeal() internal view returns (IEscrow.Deal memory deal) {
        deal = simpleDeal();
        deal.arbiter = arbiter;
        deal.arbiterFee = FEE;
        deal.sellerBond = BOND;
    }

    /// @notice Like `arbitratedDeal`, in `count` milestones, each due as soon after the one before as is allowed.
    function milestoneDeal(uint256 count) internal view returns (IEscrow.Deal memory deal) {
        deal = arbitratedDeal();
        deal.milestones = new IEscrow.Milestone[](count);
        uint128 rest = PRICE;
        for (uint256 i; i < count; ++i) {
            uint128 amount = i + 1 == count ? rest : PRICE / uint128(count) + uint128(i);
            rest -= amount;
            uint256 deliverBy = block.timestamp + 7 days + i * deal.reviewWindow;
            deal.milestones[i] = IEscrow.Milestone(amount, uint40(deliverBy));
        }
    }

    function lockedOf(IEscrow.Deal memory deal) internal pure returns (uint128) {
        return deal.price + deal.sellerBond + deal.arbiterFee * uint128(deal.milestones.length);
    }

    function feesOf(IEscrow.Deal memory deal) internal pure returns (uint128) {
        return deal.arbiterFee * uint128(deal.milestones.length);
    }

    /// @dev Storage keeps a deal as its encoding: the older code generator copies no array of structs into storage.
    bytes private _kept;

    /// @notice Keeps a deal for `kept`, from `setUp` to the test.
    function keep(IEscrow.Deal memory deal) internal {
        _kept = abi.encode(deal);
    }

    function kept() internal view returns (IEscrow.Deal memory) {
        return abi.decode(_kept, (IEscrow.Deal));
    }

    // ---- opening ----

    function allowance() internal pure returns (IEscrow.Funding memory) {
        return IEscrow.Funding(IEscrow.FundingKind.Allowance, "");
    }

    function balance() internal pure returns (IEscrow.Funding memory) {
        return IEscrow.Funding(IEscrow.FundingKind.Balance, "");
    }

    function authorized(uint256 key, IEscrow.Deal memory deal, uint256 value)
        internal
        view
        returns (IEscrow.Funding memory)
    {
        bytes32 digest =
            authorization(token.DOMAIN_SEPARATOR(), vm.addr(key), value, uint256(deal.openBy) + 1, idOf(deal));
        return IEscrow.Funding(IEscrow.FundingKind.Authorization, bare(key, digest));
    }

    /// @notice Opens from both allowances, relayed.
    function opened(IEscrow.Deal memory deal) internal returns (bytes32 id) {
        id = idOf(deal);
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.prank(relayer);
        bytes32 returned = escrow.open(deal, ofBuyer, ofSeller, allowance(), allowance());
        assertEq(returned, id, "deal id");
    }

    /// @dev Expects the next opening to revert with `why`, and that nothing came of it.
    function refusesToOpen(IEscrow.Deal memory deal, bytes memory why) internal {
        bytes32 id = idOf(deal);
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.expectRevert(why);
        vm.prank(relayer);
        escrow.open(deal, ofBuyer, ofSeller, allowance(), allowance());
    }

    // ---- life, each side calling for itself ----

    function state(IEscrow.Deal memory deal) internal view returns (IEscrow.DealState memory) {
        return escrow.stateOf(idOf(deal));
    }

    function delivered(IEscrow.Deal memory deal) internal {
        IEscrow.DealState memory s = state(deal);
        vm.prank(seller);
        escrow.deliver(deal, s.milestone, s.deliveries + 1, GOODS, 0, 0, "");
    }

    function rejected(IEscrow.Deal memory deal) internal {
        IEscrow.DealState memory s = state(deal);
        vm.prank(buyer);
        escrow.reject(deal, s.milestone, s.deliveries, REASON, 0, 0, "");
    }

    function disputed(IEscrow.Deal memory deal) internal {
        IEscrow.DealState memory s = state(deal);
        vm.prank(seller);
        escrow.dispute(deal, seller, s.milestone, REASON, 0, 0, "");
    }

    function ruled(IEscrow.Deal memory deal, uint16 sellerBps) internal {
        IEscrow.DealState memory s = state(deal);
        vm.prank(arbiter);
        escrow.rule(deal, s.milestone, sellerBps, REASON, 0, 0, "");
    }

    function settled(IEscrow.Deal memory deal) internal {
        IEscrow.DealState memory s = state(deal);
        vm.prank(buyer);
        escrow.settle(deal, s.milestone, GOODS, 0, 0, "");
    }

    /// @notice Opens `deal` and brings its first milestone to `status` (1 to 4).
    function broughtTo(IEscrow.Deal memory deal, IEscrow.Status status) internal returns (bytes32 id) {
        id = opened(deal);
        if (status == IEscrow.Status.Open) return id;
        delivered(deal);
        if (status == IEscrow.Status.Delivered) return id;
        rejected(deal);
        if (status == IEscrow.Status.Rejected) return id;
        disputed(deal);
    }

    /// @notice Brings a deal to any status.
    function inStatus(IEscrow.Deal memory deal, IEscrow.Status status) internal returns (bytes32 id) {
        if (status == IEscrow.Status.Unopened) return idOf(deal);
        if (status == IEscrow.Status.Cancelled) {
            vm.prank(buyer);
            escrow.cancel(deal, buyer, 0, 0, "");
            return idOf(deal);
        }
        if (status != IEscrow.Status.Closed) return broughtTo(deal, status);
        id = opened(deal);
        for (uint256 i; i < deal.milestones.length; ++i) {
            settled(deal);
        }
    }

    /// @notice An arbitrated deal with its own nonce, in any status.
    function someDealIn(IEscrow.Status status) internal returns (IEscrow.Deal memory deal, bytes32 id) {
        deal = arbitratedDeal();
        deal.nonce = uint256(keccak256(abi.encode("some", status)));
        id = inStatus(deal, status);
    }

    function deposited(address party, uint128 amount) internal {
        token.approve(address(escrow), amount);
        escrow.deposit(address(token), party, amount);
    }

    function credit(address party) internal view returns (uint256) {
        return escrow.accountOf(address(token), party).balance;
    }

    // ---- expectations ----

    function assertStatus(bytes32 id, IEscrow.Status status) internal view {
        assertEq(uint256(escrow.stateOf(id).status), uint256(status), "status");
    }

    function assertClosed(bytes32 id) internal view {
        IEscrow.DealState memory s = escrow.stateOf(id);
        assertEq(uint256(s.status), uint256(IEscrow.Status.Closed), "closed");
        assertEq(s.locked, 0, "nothing locked");
        assertEq(s.since, block.timestamp, "closed now");
    }

    /// @notice The escrow holds exactly what it owes: `locked` and the internal balances of everybody here.
    function assertBooks(uint256 locked) internal view {
        uint256 credits = credit(buyer) + credit(seller) + credit(arbiter) + credit(relayer) + credit(stranger);
        assertEq(IERC20(address(token)).balanceOf(address(escrow)), locked + credits, "books");
    }

    function wrongStatus(bytes32 id, IEscrow.Status actual) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.WrongStatus.selector, id, actual);
    }
}
