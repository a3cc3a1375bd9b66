// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Permit2Factory} from "../permit2/Permit2Factory.sol";
import {Granting} from "./Granting.sol";

interface IDomain {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    function nonces(address owner) external view returns (uint256);
}

/// @notice What each way to sign and to pay costs: whole transactions in the steady state, a deal with one milestone, no
/// arbiter and no bond. Kept in contracts/snapshots/Consent.json.
/// forge-config: default.isolate = true
contract GasConsentTest is Granting, Permit2Factory {
    function setUp() public override {
        super.setUp();
        deployPermit2();
        deposited(stranger, 1e6);
        deposited(buyer, 3 * PRICE);
        IEscrow.Deal memory before = simpleDeal();
        before.nonce = 1;
        opened(before);
        settled(before);
        vm.prank(buyer);
        token.approve(PERMIT2, type(uint256).max);
    }

    function openWith(
        IEscrow.Deal memory deal,
        bytes memory ofBuyer,
        IEscrow.Funding memory funding,
        string memory name
    ) internal {
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(relayer);
        escrow.open(deal, ofBuyer, ofSeller, funding, allowance());
        vm.snapshotGasLastCall("Consent", name);
    }

    function test_openFromABalance() external {
        IEscrow.Deal memory deal = simpleDeal();
        openWith(deal, signed(buyerKey, idOf(deal)), balance(), "open from an internal balance");
    }

    function test_openFromAnAllowance() external {
        IEscrow.Deal memory deal = simpleDeal();
        openWith(deal, signed(buyerKey, idOf(deal)), allowance(), "open from an allowance");
    }

    function test_openByAnAuthorisation() external {
        IEscrow.Deal memory deal = simpleDeal();
        openWith(deal, "", authorized(buyerKey, deal, PRICE), "open by EIP-3009");
    }

    function test_openByAPermit() external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.prank(buyer);
        token.approve(address(escrow), 0);
        uint256 nonce = IDomain(address(token)).nonces(buyer);
        bytes memory fields = abi.encode(
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
            buyer,
            address(escrow),
            PRICE,
            nonce,
            deal.openBy
        );
        bytes32 digest = typed(token.DOMAIN_SEPARATOR(), keccak256(fields));
        bytes memory body = abi.encodePacked(uint256(PRICE), uint256(deal.openBy), bare(buyerKey, digest));
        IEscrow.Funding memory funding = IEscrow.Funding(IEscrow.FundingKind.Permit, body);
        openWith(deal, signed(buyerKey, idOf(deal)), funding, "open by EIP-2612");
    }

    function through(IEscrow.Deal memory deal, uint256 nonce) internal view returns (IEscrow.Funding memory) {
        string memory permissionsType = "TokenPermissions(address token,uint256 amount)";
        bytes32 typeHash = keccak256(
            bytes.concat(
                "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Deal witness)",
                bytes(DEAL_TYPE),
                bytes(permissionsType)
            )
        );
        bytes32 permissions = keccak256(abi.encode(keccak256(bytes(permissionsType)), token, PRICE));
        bytes memory fields =
            abi.encode(typeHash, permissions, address(escrow), nonce, deal.openBy, keccak256(dealData(deal)));
        bytes32 digest = typed(IDomain(PERMIT2).DOMAIN_SEPARATOR(), keccak256(fields));
        return IEscrow.Funding(IEscrow.FundingKind.Permit2, abi.encodePacked(nonce, bare(buyerKey, digest)));
    }

    function test_openThroughPermit2() external {
        IEscrow.Deal memory deal = simpleDeal();
        openWith(deal, "", through(deal, 0), "open by Permit2, first nonce of a word");
        deal.nonce += 1;
        openWith(deal, "", through(deal, 1), "open by Permit2, later nonce");
    }

    function test_openUnderAMandate() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Mandate memory m = buyersMandate();
        openWith(deal, under(m, idOf(deal)), allowance(), "open under a mandate, first use");
        deal.nonce += 1;
        openWith(deal, under(m, idOf(deal)), allowance(), "open under a mandate, later use");
        bytes memory ofAgent = under(m, receipt(idOf(deal), 0, GOODS, Action(0, deal.openBy)));
        vm.prank(relayer);
        escrow.settle(deal, 0, GOODS, 0, deal.openBy, ofAgent);
        vm.snapshotGasLastCall("Consent", "settle under a mandate");
    }

    function test_amend() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        IEscrow.Deal memory amendment = simpleDeal();
        amendment.amends = idOf(deal);
        amendment.amendsLocked = PRICE;
        amendment.price = PRICE + 500;
        amendment.milestones[0].amount = PRICE + 500;
        bytes memory ofBuyer = signed(buyerKey, idOf(amendment));
        bytes memory ofSeller = signed(sellerKey, idOf(amendment));
        vm.prank(relayer);
        escrow.amend(deal, amendment, ofBuyer, ofSeller, allowance(), allowance());
        vm.snapshotGasLastCall("Consent", "amend, paying more from an allowance");
    }
}
