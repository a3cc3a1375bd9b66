// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITabs} from "../../src/interfaces/ITabs.sol";
import {TabTermsReader} from "../../src/periphery/TabTerms.sol";
import {Test} from "../base/Test.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Tabs with funded parties. Digests are made apart from the contract, field by field, from the literal type
/// strings of the specification.
abstract contract TabsTest is Test {
    uint256 internal constant START = 1_900_000_000;
    uint128 internal constant DEPOSIT = 1_000_000_000;
    uint256 internal constant FUNDS = 1e15;
    uint32 internal constant WINDOW = 1 days;
    uint72 internal constant NONCE = 0x1234567890abcdef12;
    uint40 internal constant EXPIRY = uint40(START + 30 days);

    ITabs internal tabs;
    IPaymentToken internal token;

    address internal buyer;
    uint256 internal buyerKey;
    address internal seller;
    uint256 internal sellerKey;
    address internal relayer = makeAddr("relayer");
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual {
        vm.warp(START);
        tabs = ITabs(vm.deployCode("src/Tabs.sol:Tabs", ""));
        bytes memory supply = abi.encode(address(this), 1e30);
        token = IPaymentToken(vm.deployCode("src/PaymentToken.sol:PaymentToken", supply));
        (buyer, buyerKey) = makeAddrAndKey("buyer");
        (seller, sellerKey) = makeAddrAndKey("seller");
        endow(buyer);
    }

    function endow(address account) internal {
        token.transfer(account, FUNDS);
        vm.prank(account);
        token.approve(address(tabs), type(uint256).max);
    }

    // ---- tabs ----

    /// @notice Pushed payouts, no exit fee.
    function plainTab() internal view returns (ITabs.Tab memory tab) {
        tab.buyer = buyer;
        tab.seller = seller;
        tab.token = address(token);
        tab.terms = TabTermsReader.pack(EXPIRY, WINDOW, 0, 0, NONCE);
    }

    /// @notice The plain tab with other terms.
    function tabWith(uint40 expiresAt, uint32 closeWindow, uint8 payout, uint104 exitFee, uint72 nonce)
        internal
        view
        returns (ITabs.Tab memory tab)
    {
        tab = plainTab();
        tab.terms = TabTermsReader.pack(expiresAt, closeWindow, payout, exitFee, nonce);
    }

    /// @notice The plain tab with another payout.
    function tabPaying(uint8 payout) internal view returns (ITabs.Tab memory) {
        return tabWith(EXPIRY, WINDOW, payout, 0, NONCE);
    }

    function opened(ITabs.Tab memory tab) internal returns (bytes32 id) {
        vm.prank(tab.buyer);
        id = tabs.open(tab, DEPOSIT);
        assertEq(id, idOf(tab), "tab id");
    }

    function closing(ITabs.Tab memory tab) internal returns (bytes32 id) {
        id = opened(tab);
        vm.prank(tab.buyer);
        tabs.close(tab, 0, 0, "");
    }

    function ended(ITabs.Tab memory tab) internal returns (bytes32 id) {
        id = opened(tab);
        vm.prank(tab.seller);
        tabs.end(tab, 0, "", 0, 0, "");
    }

    function inStatus(ITabs.Tab memory tab, ITabs.Status status) internal returns (bytes32 id) {
        if (status == ITabs.Status.Open) return opened(tab);
        if (status == ITabs.Status.Closing) return closing(tab);
        if (status == ITabs.Status.Closed) return ended(tab);
        return idOf(tab);
    }

    function state(ITabs.Tab memory tab) internal view returns (ITabs.TabState memory) {
        return tabs.stateOf(idOf(tab));
    }

    function inside(address party) internal view returns (uint256) {
        return tabs.balanceOf(address(token), party);
    }

    function put(address to, uint128 amount) internal {
        token.approve(address(tabs), amount);
        tabs.deposit(address(token), to, amount);
    }

    // ---- digests ----

    function typed(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Parley Tabs"),
                keccak256("1"),
                block.chainid,
                address(tabs)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function digest(string memory typeString, bytes memory fields) internal view returns (bytes32) {
        return typed(keccak256(bytes.concat(keccak256(bytes(typeString)), fields)));
    }

    function idOf(ITabs.Tab memory tab) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256("Tab(address buyer,address seller,address token,uint256 terms)");
        return keccak256(abi.encode(typeHash, tab.buyer, tab.seller, tab.token, tab.terms));
    }

    function voucherDigest(ITabs.Tab memory tab, uint128 cumulative) internal view returns (bytes32) {
        return digest("Voucher(bytes32 tab,uint128 cumulative)", abi.encode(idOf(tab), cumulative));
    }

    function fundingDigest(ITabs.Tab memory tab, uint128 deposited, uint128 amount, uint128 fee, uint40 validUntil)
        internal
        view
        returns (bytes32)
    {
        return digest(
            "TabFunding(bytes32 tab,uint128 deposited,uint128 amount,uint128 fee,uint40 validUntil)",
            abi.encode(idOf(tab), deposited, amount, fee, validUntil)
        );
    }

    function redemptionDigest(ITabs.Tab memory tab, uint128 cumulative, uint128 fee, uint40 validUntil)
        internal
        view
        returns (bytes32)
    {
        return digest(
            "Redemption(bytes32 tab,uint128 cumulative,uint128 fee,uint40 validUntil)",
            abi.encode(idOf(tab), cumulative, fee, validUntil)
        );
    }

    function endDigest(ITabs.Tab memory tab, uint128 cumulative, uint128 fee, uint40 validUntil)
        internal
        view
        returns (bytes32)
    {
        return digest(
            "TabEnd(bytes32 tab,uint128 cumulative,uint128 fee,uint40 validUntil)",
            abi.encode(idOf(tab), cumulative, fee, validUntil)
        );
    }

    function closingDigest(ITabs.Tab memory tab, uint128 fee, uint40 validUntil) internal view returns (bytes32) {
        return digest("TabClosing(bytes32 tab,uint128 fee,uint40 validUntil)", abi.encode(idOf(tab), fee, validUntil));
    }

    function withdrawalDigest(address party, address to, uint128 amount, uint128 fee, uint256 nonce, uint40 validUntil)
        internal
        view
        returns (bytes32)
    {
        return digest(
            "Withdrawal(address party,address token,address to,uint128 amount,uint128 fee,uint256 nonce,uint40 validUntil)",
            abi.encode(party, address(token), to, amount, fee, nonce, validUntil)
        );
    }

    /// @notice The EIP-3009 signature that opens a tab or tops it up.
    function authorized(
        ITabs.Tab memory tab,
        uint128 deposited,
        uint128 amount,
        uint128 fee,
        uint40 validUntil,
        uint256 key
    ) internal view returns (bytes memory) {
        bytes32 nonce = fundingDigest(tab, deposited, amount, fee, validUntil);
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes memory fields = abi.encode(
            typeHash, tab.buyer, address(tabs), uint256(amount) + fee, uint256(0), uint256(validUntil) + 1, nonce
        );
        bytes32 separator = IPaymentToken(tab.token).DOMAIN_SEPARATOR();
        return bare(key, keccak256(abi.encodePacked(hex"1901", separator, keccak256(fields))));
    }

    // ---- signatures ----

    function bare(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, s, v);
    }

    /// @notice Kind byte 0x00 and 65 bytes.
    function signed(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        return bytes.concat(hex"00", bare(key, hash));
    }

    function voucher(ITabs.Tab memory tab, uint128 cumulative) internal view returns (bytes memory) {
        return signed(buyerKey, voucherDigest(tab, cumulative));
    }

    /// @notice Redeems by the short form of the buyer's signature, submitted by a relayer.
    function redeemed(ITabs.Tab memory tab, uint128 cumulative) internal {
        (bytes32 r, bytes32 vs) = vm.signCompact(buyerKey, voucherDigest(tab, cumulative));
        vm.prank(relayer);
        tabs.redeem(tab, cumulative, r, vs);
    }

    function item(ITabs.Tab memory tab, uint128 cumulative) internal view returns (ITabs.Redemption memory) {
        return ITabs.Redemption(tab, cumulative, 0, 0, voucher(tab, cumulative), "");
    }

    // ---- expectations ----

    function assertState(ITabs.Tab memory tab, ITabs.Status status, uint256 paid, uint256 deposit) internal view {
        ITabs.TabState memory s = state(tab);
        assertEq(uint256(s.status), uint256(status), "status");
        assertEq(s.redeemed, paid, "redeemed");
        assertEq(s.deposit, deposit, "deposit");
    }

    /// @notice The contract holds exactly what it owes: what is left in open tabs, and the balances of everybody here.
    function assertBooks(uint256 left) internal view {
        uint256 owed = inside(buyer) + inside(seller) + inside(relayer) + inside(stranger);
        assertEq(IERC20(address(token)).balanceOf(address(tabs)), left + owed, "books");
    }

    function wrongStatus(ITabs.Tab memory tab, ITabs.Status actual) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ITabs.TabWrongStatus.selector, idOf(tab), actual);
    }
}
