// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAgentRegistry} from "../../src/interfaces/IAgentRegistry.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IEvidence} from "../../src/interfaces/IEvidence.sol";
import {IPanelArbiter} from "../../src/interfaces/IPanelArbiter.sol";
import {ITabs} from "../../src/interfaces/ITabs.sol";
import {TabTermsReader} from "../../src/periphery/TabTerms.sol";
import {Signing} from "../escrow/Signing.sol";
import {Permit2Witness} from "../permit2/Permit2Witness.sol";
import {Striker, StrikingToken, StrikingWallet} from "./Striker.sol";

/// @notice Two families of the same parties, deals and tabs, one of each kind that a call can be made on: what the first one does is
/// interrupted by what the second one does. Everything is in one token, and every party signs as a wallet.
abstract contract Stage is Signing, Permit2Witness {
    uint256 internal constant START = 1_900_000_000;
    uint128 internal constant PRICE = 1_000_003;
    uint128 internal constant BOND = 50_001;
    uint128 internal constant FEE = 1001;
    uint256 internal constant DEALS = 28;
    uint256 internal constant TABS = 10;
    bytes internal constant YES = hex"0001";

    IEscrow internal escrow;
    ITabs internal tabs;
    IPanelArbiter internal maker;
    IEvidence internal evidence;
    IAgentRegistry internal registry;
    Striker internal striker;
    StrikingToken internal token;

    /// @dev All wallets but `payer`, whose key signs what only a key can sign.
    struct Family {
        address buyer;
        address seller;
        address arbiter;
        address agent;
        address payer;
        uint256 payerKey;
        IPanelArbiter panel;
        address[] members;
    }

    Family[2] internal families;
    bytes32[DEALS][2] internal ids;
    bytes32[TABS][2] internal tabIds;
    address[] internal people;
    address internal relayer;

    function verifier() internal view override returns (address) {
        return address(escrow);
    }

    function setUp() public virtual {
        vm.warp(START);
        deployPermit2();
        escrow = IEscrow(vm.deployCode("src/Escrow.sol:Escrow", ""));
        tabs = ITabs(vm.deployCode("src/Tabs.sol:Tabs", ""));
        maker = IPanelArbiter(vm.deployCode("src/PanelArbiter.sol:PanelArbiter", abi.encode(escrow)));
        evidence = IEvidence(vm.deployCode("src/Evidence.sol:Evidence", abi.encode(escrow)));
        registry = IAgentRegistry(vm.deployCode("src/AgentRegistry.sol:AgentRegistry", ""));
        striker = new Striker();
        token = new StrikingToken(striker);
        relayer = makeAddr("relayer");
        endow(relayer);
        endow(address(striker));
        for (uint256 f; f < 2; ++f) {
            raise(f);
        }
        for (uint256 f; f < 2; ++f) {
            for (uint256 k; k < DEALS; ++k) {
                ids[f][k] = escrow.dealIdOf(dealOf(f, k));
                bring(dealOf(f, k), statusOf(k));
            }
            for (uint256 k; k < TABS; ++k) {
                tabIds[f][k] = tabs.tabIdOf(tabOf(f, k));
                if (k > 2) openTab(tabOf(f, k));
            }
            putAway(f);
            enrol(f == 0 ? relayer : address(striker));
        }
        vm.warp(START + 10);
    }

    function wallet() private returns (address account) {
        account = address(new StrikingWallet(striker));
        endow(account);
    }

    function endow(address account) private {
        people.push(account);
        token.mint(account, 1e12);
        vm.startPrank(account);
        token.approve(address(escrow), type(uint256).max);
        token.approve(address(tabs), type(uint256).max);
        token.approve(PERMIT2, type(uint256).max);
        vm.stopPrank();
    }

    function raise(uint256 f) private {
        Family storage one = families[f];
        (one.buyer, one.seller, one.arbiter, one.agent) = (wallet(), wallet(), wallet(), wallet());
        (one.payer, one.payerKey) = makeAddrAndKey(f == 0 ? "payer" : "other payer");
        endow(one.payer);
        address[3] memory some = [wallet(), wallet(), wallet()];
        for (uint256 i; i < 3; ++i) {
            for (uint256 j = i + 1; j < 3; ++j) {
                if (some[j] < some[i]) (some[i], some[j]) = (some[j], some[i]);
            }
            one.members.push(some[i]);
        }
        one.panel = IPanelArbiter(maker.create(one.members, 2));
        people.push(address(one.panel));
    }

    // ---- deals ----

    function dealOf(uint256 f, uint256 k) internal view returns (IEscrow.Deal memory deal) {
        Family storage one = families[f];
        (deal.buyer, deal.seller, deal.arbiter) = (one.buyer, one.seller, one.arbiter);
        if (k == 2 || k == 3) deal.buyer = one.payer;
        if (k == 25 || k == 26) deal.arbiter = address(one.panel);
        (deal.token, deal.price, deal.sellerBond, deal.arbiterFee) = (address(token), PRICE, BOND, FEE);
        (deal.openBy, deal.nonce) = (uint40(START + 1 days), 1000 * f + k);
        // Windows of a second are over by the time of the calls.
        bool short = k == 13 || k == 15 || k == 18;
        deal.reviewWindow = short ? 1 : 7 days;
        (deal.disputeWindow, deal.rulingWindow) = (deal.reviewWindow, deal.reviewWindow);
        (deal.rejectedSellerBps, deal.lapsedSellerBps, deal.walkAwayBps) = (3333, 3333, 3333);
        deal.milestones = new IEscrow.Milestone[](1);
        deal.milestones[0] = IEscrow.Milestone(PRICE, uint40(START + 10 days));
        if (k == 6 || k == 9) (deal.payout, deal.arbiter, deal.sellerBond, deal.arbiterFee) = (4, address(0), 0, 0);
        if (k == 23) {
            IEscrow.Deal memory amended = dealOf(f, 22);
            (deal.amends, deal.amendsLocked) = (escrow.dealIdOf(amended), PRICE + BOND + FEE);
            // The buyer pays more and the seller gets some of its bond back.
            (deal.price, deal.milestones[0].amount, deal.sellerBond) = (PRICE + 500, PRICE + 500, BOND - 700);
        }
        if (k == 4 || k == 5) deal.bundle = bundleOf(f);
    }

    function bundleOf(uint256 f) private view returns (bytes32) {
        IEscrow.Deal memory first = dealOf(f, 0);
        IEscrow.Deal memory second = dealOf(f, 0);
        (first.nonce, second.nonce) = (1000 * f + 4, 1000 * f + 5);
        return keccak256(abi.encodePacked(keccak256(dealData(first)), keccak256(dealData(second))));
    }

    /// @dev In which state each deal waits for its call.
    function statusOf(uint256 k) internal pure returns (IEscrow.Status) {
        if (k == 11 || k == 13 || k == 14) return IEscrow.Status.Delivered;
        if (k == 15 || k == 16) return IEscrow.Status.Rejected;
        if (k == 17 || k == 18 || k == 25 || k == 26) return IEscrow.Status.Disputed;
        bool open = k == 8 || k == 10 || k == 12 || (k >= 19 && k <= 22);
        return open ? IEscrow.Status.Open : IEscrow.Status.Unopened;
    }

    function bring(IEscrow.Deal memory deal, IEscrow.Status status) private {
        if (status == IEscrow.Status.Unopened) return;
        IEscrow.Funding memory allowance = IEscrow.Funding(IEscrow.FundingKind.Allowance, "");
        escrow.open(deal, YES, YES, allowance, allowance);
        uint40 until = uint40(START);
        if (status >= IEscrow.Status.Delivered) escrow.deliver(deal, 0, 1, bytes32(0), 0, until, YES);
        if (status >= IEscrow.Status.Rejected) escrow.reject(deal, 0, 1, bytes32(0), 0, until, YES);
        if (status >= IEscrow.Status.Disputed) escrow.dispute(deal, deal.buyer, 0, bytes32(0), 0, until, YES);
    }

    // ---- tabs ----

    /// @dev 0 to 2 are still to be opened; 7 has expired by the time of the calls.
    function tabOf(uint256 f, uint256 k) internal view returns (ITabs.Tab memory tab) {
        Family storage one = families[f];
        (tab.buyer, tab.seller, tab.token) = (one.buyer, one.seller, address(token));
        if (k == 0) tab.buyer = f == 0 ? relayer : address(striker);
        if (k == 2 || k == 4) tab.buyer = one.payer;
        uint40 expiresAt = uint40(k == 7 ? START + 1 : START + 30 days);
        tab.terms = TabTermsReader.pack(expiresAt, 1 days, 0, 3, uint72(100 * f + k));
    }

    function openTab(ITabs.Tab memory tab) private {
        tabs.openFor(
            tab, 10_000, 0, uint40(START), ITabs.Source.Allowance, tab.buyer.code.length == 0 ? typedYes(tab) : YES
        );
    }

    /// @dev The payer's key signs its own.
    function typedYes(ITabs.Tab memory tab) private view returns (bytes memory) {
        uint256 key = tab.buyer == families[0].payer ? families[0].payerKey : families[1].payerKey;
        return signed(key, tabDigest(tabFunding(tab, 10_000, 0, uint40(START))));
    }

    function tabFunding(ITabs.Tab memory tab, uint128 amount, uint128 fee, uint40 until)
        internal
        pure
        returns (bytes32)
    {
        bytes32 typeHash = keccak256(
            "TabFunding(bytes32 tab,uint128 deposited,uint128 amount,uint128 fee,uint40 validUntil)"
        );
        return keccak256(abi.encode(typeHash, tabId(tab), 0, amount, fee, until));
    }

    function tabId(ITabs.Tab memory tab) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256("Tab(address buyer,address seller,address token,uint256 terms)");
        return keccak256(abi.encode(typeHash, tab.buyer, tab.seller, tab.token, tab.terms));
    }

    function tabDigest(bytes32 structHash) internal view returns (bytes32) {
        return typed(domainOf("Parley Tabs", "1", address(tabs)), structHash);
    }

    // ---- balances inside ----

    function putAway(uint256 f) private {
        Family storage one = families[f];
        vm.startPrank(one.payer);
        escrow.deposit(address(token), one.buyer, 9000);
        tabs.deposit(address(token), one.buyer, 9000);
        // What a split left to the panel, for its members to share.
        escrow.deposit(address(token), address(one.panel), 300);
        vm.stopPrank();
        one.panel.share(address(token));
        vm.prank(one.payer);
        escrow.deposit(address(token), address(one.panel), 600);
    }

    /// @dev Two agents each: 2f and 2f + 1.
    function enrol(address owner) private {
        vm.startPrank(owner);
        registry.register();
        registry.register();
        vm.stopPrank();
    }

    // ---- what there is ----

    /// @notice Both contracts hold what they owe.
    function assertBooks() internal view {
        uint256 owed;
        uint256 owedByTabs;
        for (uint256 f; f < 2; ++f) {
            for (uint256 k; k < DEALS; ++k) {
                owed += escrow.stateOf(ids[f][k]).locked;
            }
            for (uint256 k; k < TABS; ++k) {
                ITabs.TabState memory s = tabs.stateOf(tabIds[f][k]);
                if (s.status != ITabs.Status.Closed) owedByTabs += s.deposit - s.redeemed;
            }
        }
        for (uint256 i; i < people.length; ++i) {
            owed += escrow.accountOf(address(token), people[i]).balance;
            owedByTabs += tabs.balanceOf(address(token), people[i]);
        }
        assertEq(token.balanceOf(address(escrow)), owed, "the escrow's books");
        assertEq(token.balanceOf(address(tabs)), owedByTabs, "the tabs' books");
    }

    // ---- what both files name ----

    function splitOf(uint256 f, uint256 k) internal view returns (IEscrow.Split memory terms) {
        terms.dealId = ids[f][k];
        (terms.status, terms.locked) = (uint8(IEscrow.Status.Open), PRICE + BOND + FEE);
        (terms.toSeller, terms.toBuyer, terms.toArbiter) = (PRICE, BOND, FEE);
        terms.validUntil = uint40(START + 1 days);
    }

    function mandateOf(uint256 f) internal view returns (IEscrow.Mandate memory m) {
        (m.principal, m.agent, m.role, m.token) = (families[f].buyer, families[f].agent, 1, address(token));
        (m.dealLimit, m.budget) = (type(uint128).max, type(uint128).max);
        (m.validUntil, m.actions) = (uint40(START + 1 days), 255);
    }
}
