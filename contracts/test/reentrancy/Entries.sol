// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAgentRegistry} from "../../src/interfaces/IAgentRegistry.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IPanelArbiter} from "../../src/interfaces/IPanelArbiter.sol";
import {ITabs} from "../../src/interfaces/ITabs.sol";
import {Patches} from "../base/Patches.sol";
import {Stage} from "./Stage.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @notice Every call that changes something, once for each way in which it calls out, each ready to go through at once.
abstract contract Entries is Stage {
    struct Entry {
        string name;
        address target;
        bytes data;
    }

    uint40 internal constant UNTIL = uint40(START + 1 days);
    uint256 internal constant ESCROW_ENTRIES = 30;
    uint256 internal constant TABS_END = ESCROW_ENTRIES + 12;
    uint256 internal constant ENTRIES = TABS_END + 11;

    IEscrow.FundingKind private constant PERMIT2_WITNESS = IEscrow.FundingKind.Permit2;

    /// @dev Whoever calls for a family, where the caller matters: tokens and agents are its own.
    function callerOf(uint256 f) internal view returns (address) {
        return f == 0 ? relayer : address(striker);
    }

    function entries(uint256 f) internal view returns (Entry[] memory all) {
        all = new Entry[](ENTRIES);
        for (uint256 i; i < ENTRIES; ++i) {
            if (i < 10) all[i] = opening(f, i);
            else if (i < 22) all[i] = living(f, i);
            else if (i < ESCROW_ENTRIES) all[i] = account(f, i);
            else if (i < TABS_END) all[i] = ofTabs(f, i - ESCROW_ENTRIES);
            else all[i] = ofOthers(f, i - TABS_END);
        }
    }

    function onEscrow(string memory name, bytes memory data) private view returns (Entry memory) {
        return Entry(name, address(escrow), data);
    }

    function allowance() private pure returns (IEscrow.Funding memory) {
        return IEscrow.Funding(IEscrow.FundingKind.Allowance, "");
    }

    // ---- opening ----

    function opening(uint256 f, uint256 i) private view returns (Entry memory) {
        IEscrow.Deal memory deal = dealOf(f, i);
        if (i == 0) return onEscrow("open", opened(deal, YES, allowance(), allowance()));
        if (i == 1) {
            IEscrow.Funding memory witnesses = IEscrow.Funding(PERMIT2_WITNESS, abi.encodePacked(uint256(7), YES));
            return onEscrow("open by Permit2", opened(deal, "", witnesses, witnesses));
        }
        if (i == 2) return onEscrow("open by authorization", opened(deal, "", authorized(f, deal), allowance()));
        if (i == 3) return onEscrow("open by permit", opened(deal, ofPayer(f, ids[f][3]), permitted(f), allowance()));
        if (i == 4) return onEscrow("open linked", abi.encodeCall(escrow.openLinked, (openings(f, 4, 5))));
        if (i == 5) return onEscrow("open batch", abi.encodeCall(escrow.openBatch, (openings(f, 7, 7))));
        if (i == 6) return onEscrow("exchange", abi.encodeCall(escrow.openAndSettle, (deal, YES, YES, allowance())));
        if (i == 7) return onEscrow("exchange batch", abi.encodeCall(escrow.openAndSettleBatch, (exchanges(f))));
        if (i == 8) return onEscrow("settle batch", abi.encodeCall(escrow.settleBatch, (receipts(f))));
        return onEscrow("cancel", abi.encodeCall(escrow.cancel, (dealOf(f, 24), families[f].buyer, 5, UNTIL, YES)));
    }

    function opened(
        IEscrow.Deal memory deal,
        bytes memory ofBuyer,
        IEscrow.Funding memory buyerFunding,
        IEscrow.Funding memory sellerFunding
    ) private view returns (bytes memory) {
        bytes memory ofSeller = sellerFunding.kind == PERMIT2_WITNESS ? bytes("") : YES;
        return abi.encodeCall(escrow.open, (deal, ofBuyer, ofSeller, buyerFunding, sellerFunding));
    }

    function ofPayer(uint256 f, bytes32 digest) private view returns (bytes memory) {
        return signed(families[f].payerKey, digest);
    }

    function authorized(uint256 f, IEscrow.Deal memory deal) private view returns (IEscrow.Funding memory) {
        bytes32 digest =
            authorization(token.DOMAIN_SEPARATOR(), deal.buyer, PRICE + FEE, uint256(deal.openBy) + 1, ids[f][2]);
        return IEscrow.Funding(IEscrow.FundingKind.Authorization, bare(families[f].payerKey, digest));
    }

    function permitted(uint256 f) private view returns (IEscrow.Funding memory) {
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        uint256 all = type(uint256).max;
        bytes memory fields = abi.encode(typeHash, families[f].payer, address(escrow), all, 0, UNTIL);
        bytes memory signature = bare(families[f].payerKey, typed(token.DOMAIN_SEPARATOR(), keccak256(fields)));
        return IEscrow.Funding(IEscrow.FundingKind.Permit, abi.encodePacked(all, uint256(UNTIL), signature));
    }

    function openings(uint256 f, uint256 from, uint256 to) private view returns (IEscrow.Opening[] memory items) {
        items = new IEscrow.Opening[](to - from + 1);
        for (uint256 i; i < items.length; ++i) {
            items[i] = IEscrow.Opening(dealOf(f, from + i), YES, YES, allowance(), allowance());
        }
    }

    function exchanges(uint256 f) private view returns (IEscrow.Exchange[] memory items) {
        items = new IEscrow.Exchange[](1);
        items[0] = IEscrow.Exchange(dealOf(f, 9), YES, YES, allowance());
    }

    function receipts(uint256 f) private view returns (IEscrow.Receipt[] memory items) {
        items = new IEscrow.Receipt[](1);
        items[0] = IEscrow.Receipt(dealOf(f, 8), 0, 0, 0, UNTIL, YES);
    }

    // ---- life ----

    function living(uint256 f, uint256 i) private view returns (Entry memory) {
        Family storage one = families[f];
        IEscrow.Deal memory deal = dealOf(f, i);
        if (i == 10) return onEscrow("deliver", abi.encodeCall(escrow.deliver, (deal, 0, 1, 0, 0, UNTIL, YES)));
        if (i == 11) return onEscrow("settle", abi.encodeCall(escrow.settle, (deal, 0, 0, 7, UNTIL, YES)));
        if (i == 12) {
            bytes memory byAgent = carried(mandateOf(f), YES, YES);
            return onEscrow("settle by an agent", abi.encodeCall(escrow.settle, (deal, 0, 0, 7, UNTIL, byAgent)));
        }
        if (i == 13) return onEscrow("silence", abi.encodeCall(escrow.settleBySilence, (deal)));
        if (i == 14) return onEscrow("reject", abi.encodeCall(escrow.reject, (deal, 0, 1, 0, 7, UNTIL, YES)));
        if (i == 15) return onEscrow("close rejected", abi.encodeCall(escrow.closeRejected, (deal)));
        if (i == 16) {
            return onEscrow("dispute", abi.encodeCall(escrow.dispute, (deal, one.buyer, 0, 0, 7, UNTIL, YES)));
        }
        if (i == 17) return onEscrow("rule", abi.encodeCall(escrow.rule, (deal, 0, 6000, 0, 3, UNTIL, YES)));
        if (i == 18) return onEscrow("lapse", abi.encodeCall(escrow.lapse, (deal)));
        if (i == 19) return onEscrow("refund", abi.encodeCall(escrow.refund, (deal, one.seller, 0, 0, UNTIL, YES)));
        if (i == 20) return onEscrow("split", abi.encodeCall(escrow.split, (deal, splitOf(f, 20), YES, YES)));
        return
            onEscrow("revoke split", abi.encodeCall(escrow.revokeSplit, (deal, splitOf(f, 21), one.buyer, UNTIL, YES)));
    }

    function account(uint256 f, uint256 i) private view returns (Entry memory) {
        Family storage one = families[f];
        address money = address(token);
        if (i == 22) return onEscrow("amend", amending(f));
        if (i == 23) {
            return onEscrow("revoke mandate", abi.encodeCall(escrow.revokeMandate, (mandateOf(f), 0, UNTIL, YES)));
        }
        // One number further for all: the second of two families to do so begins none of its own.
        if (i == 24) return onEscrow("epoch", abi.encodeCall(escrow.advanceEpoch, (one.seller, 1, UNTIL, YES)));
        if (i == 25) return onEscrow("deposit", abi.encodeCall(escrow.deposit, (money, one.buyer, 11)));
        if (i == 26) return onEscrow("deposit authorized", depositing(f));
        if (i == 27) {
            bytes memory permit = new bytes(129); // worth nothing; the allowance is there
            return
                onEscrow(
                    "deposit with permit", abi.encodeCall(escrow.depositWithPermit, (money, one.buyer, 13, permit))
                );
        }
        if (i == 29) return onEscrow("patch batch", patching(f));
        return
            onEscrow("withdraw", abi.encodeCall(escrow.withdraw, (money, one.buyer, one.seller, 900, 5, 1, UNTIL, YES)));
    }

    /// @dev One opening, as patches over nothing.
    function patching(uint256 f) private view returns (bytes memory) {
        bytes[] memory items = Patches.itemsOf(abi.encodeCall(escrow.openBatch, (openings(f, 27, 27))));
        uint256 size = Patches.sizeOf(items);
        return abi.encodeCall(escrow.patchBatch, (escrow.open.selector, 1, size, Patches.patchesOf(items)));
    }

    function amending(uint256 f) private view returns (bytes memory) {
        return abi.encodeCall(escrow.amend, (dealOf(f, 22), dealOf(f, 23), YES, YES, allowance(), allowance()));
    }

    function depositing(uint256 f) private view returns (bytes memory) {
        Family storage one = families[f];
        bytes32 nonce = keccak256(abi.encodePacked("Parley Deposit", one.buyer, bytes32(0)));
        bytes32 digest = authorization(token.DOMAIN_SEPARATOR(), one.payer, 12, UNTIL, nonce);
        return abi.encodeCall(
            escrow.depositWithAuthorization,
            (address(token), one.payer, one.buyer, 12, UNTIL, bytes32(0), bare(one.payerKey, digest))
        );
    }

    // ---- tabs ----

    function ofTabs(uint256 f, uint256 i) private view returns (Entry memory e) {
        Family storage one = families[f];
        e.target = address(tabs);
        if (i < TABS) {
            (e.name, e.data) = onTab(f, tabOf(f, i), i);
        } else if (i == TABS) {
            (e.name, e.data) = ("tabs: deposit", abi.encodeCall(tabs.deposit, (address(token), one.buyer, 14)));
        } else {
            e.name = "tabs: withdraw";
            e.data = abi.encodeCall(tabs.withdraw, (address(token), one.buyer, one.seller, 800, 5, 1, UNTIL, YES));
        }
    }

    function onTab(uint256 f, ITabs.Tab memory tab, uint256 k)
        private
        view
        returns (string memory name, bytes memory data)
    {
        if (k == 0) return ("tabs: open", abi.encodeCall(tabs.open, (tab, 500)));
        ITabs.Source source = ITabs.Source.Allowance;
        if (k == 1) return ("tabs: open for", abi.encodeCall(tabs.openFor, (tab, 500, 4, UNTIL, source, YES)));
        if (k == 2) return ("tabs: open by authorization", authorizedTab(f, tab));
        if (k == 3) return ("tabs: top up", abi.encodeCall(tabs.topUp, (tab, 10_000, 500, 4, UNTIL, source, YES)));
        if (k == 4) return ("tabs: redeem", redeeming(f, tab));
        if (k == 5) return ("tabs: redeem for", abi.encodeCall(tabs.redeemFor, (tab, 600, YES, 9, UNTIL, YES)));
        if (k == 6) return ("tabs: close", abi.encodeCall(tabs.close, (tab, 2, UNTIL, YES)));
        if (k == 7) return ("tabs: release", abi.encodeCall(tabs.release, (tab)));
        if (k == 8) return ("tabs: end", abi.encodeCall(tabs.end, (tab, 700, YES, 9, UNTIL, YES)));
        ITabs.Redemption[] memory items = new ITabs.Redemption[](1);
        items[0] = ITabs.Redemption(tab, 800, 9, UNTIL, YES, YES);
        return ("tabs: redeem many", abi.encodeCall(tabs.redeemMany, (items)));
    }

    function authorizedTab(uint256 f, ITabs.Tab memory tab) private view returns (bytes memory) {
        bytes32 nonce = tabDigest(tabFunding(tab, 500, 4, UNTIL));
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes memory fields = abi.encode(typeHash, tab.buyer, address(tabs), 504, 0, uint256(UNTIL) + 1, nonce);
        bytes memory signature = bare(families[f].payerKey, typed(token.DOMAIN_SEPARATOR(), keccak256(fields)));
        return abi.encodeCall(tabs.openFor, (tab, 500, 4, UNTIL, ITabs.Source.Authorization, signature));
    }

    function redeeming(uint256 f, ITabs.Tab memory tab) private view returns (bytes memory) {
        bytes32 typeHash = keccak256("Voucher(bytes32 tab,uint128 cumulative)");
        bytes32 digest = tabDigest(keccak256(abi.encode(typeHash, tabId(tab), 550)));
        (bytes32 r, bytes32 vs) = vm.signCompact(families[f].payerKey, digest);
        return abi.encodeCall(tabs.redeem, (tab, 550, r, vs));
    }

    // ---- panel, evidence, registry ----

    function ofOthers(uint256 f, uint256 i) private view returns (Entry memory) {
        Family storage one = families[f];
        address panel = address(one.panel);
        if (i == 0) return Entry("panel: rule", panel, abi.encodeCall(one.panel.rule, (dealOf(f, 25), 0, votes(f))));
        if (i == 1) return Entry("panel: strike", panel, striking(f));
        if (i == 2) return Entry("panel: share", panel, abi.encodeCall(one.panel.share, (address(token))));
        if (i == 3) {
            return Entry(
                "panel: withdraw",
                panel,
                abi.encodeCall(one.panel.withdraw, (address(token), one.members[0], one.seller, 40, 5, 1, UNTIL, YES))
            );
        }
        if (i == 4) {
            address[] memory alone = new address[](1);
            alone[0] = one.buyer;
            return Entry("panel: create", address(maker), abi.encodeCall(maker.create, (alone, 1)));
        }
        if (i < 7) return ofEvidence(f, i);
        return ofRegistry(f, i);
    }

    function ofEvidence(uint256 f, uint256 i) private view returns (Entry memory) {
        Family storage one = families[f];
        if (i == 5) {
            return Entry(
                "evidence: anchor",
                address(evidence),
                abi.encodeCall(evidence.anchor, (one.buyer, 1, bytes32(f + 1), UNTIL, YES))
            );
        }
        return Entry(
            "evidence: submit",
            address(evidence),
            abi.encodeCall(evidence.submitEvidence, (dealOf(f, 17), one.buyer, "e", bytes32(f), UNTIL, YES))
        );
    }

    function ofRegistry(uint256 f, uint256 i) private view returns (Entry memory) {
        Family storage one = families[f];
        uint256 soon = START + 100;
        address target = address(registry);
        if (i == 7) {
            bytes memory data = abi.encodeCall(registry.setAgentWallet, (2 * f, one.members[0], soon, YES));
            return Entry("registry: wallet", target, data);
        }
        if (i == 8) {
            bytes memory data = abi.encodeWithSignature(
                "safeTransferFrom(address,address,uint256)", callerOf(f), one.seller, 2 * f + 1
            );
            return Entry("registry: transfer", target, data);
        }
        if (i == 9) return Entry("registry: register", target, abi.encodeWithSignature("register()"));
        return Entry("registry: unset", target, abi.encodeCall(registry.unsetAgentWallet, (2 * f)));
    }

    function votes(uint256 f) private view returns (IPanelArbiter.Vote[] memory all) {
        all = new IPanelArbiter.Vote[](2);
        for (uint256 i; i < 2; ++i) {
            all[i] = IPanelArbiter.Vote(families[f].members[i], 6000, bytes32(i), 3, UNTIL, YES);
        }
    }

    function striking(uint256 f) private view returns (bytes memory) {
        IPanelArbiter.Vote memory first = votes(f)[0];
        IPanelArbiter.Vote memory second = votes(f)[0];
        second.sellerBps = 5000;
        return abi.encodeCall(families[f].panel.strike, (dealOf(f, 26), 0, first, second));
    }
}
