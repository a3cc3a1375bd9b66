// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "../escrow/EscrowTest.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

interface IMint {
    function mint(address to, uint256 amount) external;
}

/// @notice An escrow that meets any token, next to an honest one whose money must never move with it.
abstract contract ZooTest is EscrowTest {
    uint128 internal constant NEIGHBOUR_DEPOSIT = 77;

    /// @dev The honest neighbour; its open deal is the one that is kept.
    PlainToken internal neighbour;

    function setUp() public virtual override {
        super.setUp();
        neighbour = new PlainToken();
        use(address(neighbour));
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        keep(deal);
        put(stranger, NEIGHBOUR_DEPOSIT);
    }

    /// @notice Makes `chosen` the token of the next deals, and gives both parties some of it with an approval.
    function use(address chosen) internal {
        token = IPaymentToken(chosen);
        give(buyer);
        give(seller);
        approve(buyer);
        approve(seller);
    }

    /// @dev A token with a bounded mint gave its first supply to this contract.
    function give(address account) private {
        if (wallet(address(this)) >= FUNDS) token.transfer(account, FUNDS);
        else IMint(address(token)).mint(account, FUNDS);
    }

    /// @dev By hand: some tokens here answer nothing where a bool is declared.
    function approve(address owner) internal {
        vm.prank(owner);
        (bool ok,) = address(token).call(abi.encodeCall(IERC20.approve, (address(escrow), type(uint256).max)));
        assertTrue(ok, "approve");
    }

    /// @notice Deposits for `to` from the buyer's allowance.
    function put(address to, uint128 amount) internal {
        vm.prank(buyer);
        escrow.deposit(address(token), to, amount);
    }

    function take(address party, address to, uint128 amount) internal {
        vm.prank(party);
        escrow.withdraw(address(token), party, to, amount, 0, 0, 0, "");
    }

    function wallet(address account) internal view returns (uint256) {
        return IERC20(address(token)).balanceOf(account);
    }

    /// @notice What an account has in its wallet and inside the escrow.
    function owned(address account) internal view returns (uint256) {
        return wallet(account) + credit(account);
    }

    /// @notice The escrow still holds all it owes in the honest token, and the honest deal ends as it should.
    function assertNeighbourUnharmed() internal {
        uint256 snapshot = vm.snapshotState();
        IPaymentToken chosen = token;
        token = IPaymentToken(address(neighbour));
        IEscrow.Deal memory deal = kept();
        assertBooks(lockedOf(deal));
        assertEq(credit(stranger), NEIGHBOUR_DEPOSIT, "the neighbour's deposit");
        vm.warp(START + 1);
        delivered(deal);
        settled(deal);
        assertEq(wallet(seller), FUNDS + PRICE, "the neighbour's seller");
        take(stranger, stranger, NEIGHBOUR_DEPOSIT);
        assertEq(wallet(stranger), NEIGHBOUR_DEPOSIT, "the neighbour's withdrawal");
        token = chosen;
        vm.revertToState(snapshot);
    }

    function refusal(bytes4 why, address from, uint256 amount) internal view returns (bytes memory) {
        return abi.encodeWithSelector(why, address(token), from, amount);
    }

    function short(address from, uint256 wanted, uint256 got) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.FundingShort.selector, address(token), from, wanted, got);
    }
}
