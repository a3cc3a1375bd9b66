// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "./interfaces/IEscrow.sol";
import {ITabs} from "./interfaces/ITabs.sol";
import {DealRules} from "./libraries/DealRules.sol";
import {SignatureCheck} from "./libraries/SignatureCheck.sol";
import {TokenCalls} from "./libraries/TokenCalls.sol";
import {Purse} from "./periphery/Purse.sol";
import {TabHash} from "./periphery/TabHash.sol";
import {TabTerms} from "./periphery/TabTerms.sol";
import {TabWord, TabWords} from "./periphery/TabWord.sol";

/// @title Parley tabs
/// @notice Roles, money invariants, liveness and token assumptions: see ITabs.
/// @dev Every call loads the tab's word, checks, writes the next word, credits, and calls the token last.
contract Tabs is ITabs, Purse {
    uint256 private constant PAYOUT_BITS = 3;
    /// @dev What one redemption may need at most: two ERC-1271 checks, a pushed payout, and the rest.
    uint256 private constant ITEM_GAS = 1_400_000;
    /// @dev And more for each byte of its signatures, which are copied twice: enough for the longest that a transaction holds.
    uint256 private constant BYTE_GAS = 3;

    mapping(bytes32 tab => TabWord) private _tabs;

    // ---------------------------------------------------------------- opening

    /// @inheritdoc ITabs
    function open(Tab calldata tab, uint128 amount) external nonReentrant returns (bytes32 id) {
        id = _new(tab, amount);
        if (msg.sender != tab.buyer) revert IEscrow.SignatureInvalid(tab.buyer, id);
        TokenCalls.pull(tab.token, msg.sender, amount);
    }

    /// @inheritdoc ITabs
    function openFor(
        Tab calldata tab,
        uint128 amount,
        uint128 fee,
        uint40 validUntil,
        Source source,
        bytes calldata signature
    ) external nonReentrant returns (bytes32 id) {
        id = _new(tab, amount);
        _fund(tab, TabHash.funding(id, 0, amount, fee, validUntil), amount, fee, validUntil, source, signature);
    }

    /// @inheritdoc ITabs
    function topUp(
        Tab calldata tab,
        uint128 deposited,
        uint128 amount,
        uint128 fee,
        uint40 validUntil,
        Source source,
        bytes calldata signature
    ) external nonReentrant {
        bytes32 id = TabHash.tab(tab);
        TabWord word = _tabs[id];
        if (word.status() != Status.Open) revert TabWrongStatus(id, word.status());
        _requireUnexpired(tab);
        if (deposited != word.deposit()) revert DepositMismatch(deposited, word.deposit());
        uint256 total = _total(deposited, amount);
        _tabs[id] = TabWords.pack(Status.Open, 0, word.redeemed(), total);
        emit TabToppedUp(id, amount, uint128(total));
        bytes32 action = TabHash.funding(id, deposited, amount, fee, validUntil);
        _fund(tab, action, amount, fee, validUntil, source, signature);
    }

    // ---------------------------------------------------------------- payment

    /// @inheritdoc ITabs
    /// @dev Without the guard: it writes before it calls, and all that can be half done while it runs is the measuring of
    /// money that comes in, which a payment can only make fall short.
    function redeem(Tab calldata tab, uint128 cumulative, bytes32 r, bytes32 vs) external {
        bytes32 id = TabHash.tab(tab);
        TabWord word = _live(id);
        uint256 due = word.due(cumulative);
        bytes32 digest = _hashTypedData(TabHash.voucher(id, cumulative));
        address signer = tab.buyer;
        // ERC-2098: the top bit of the second word is v.
        bytes32 s = bytes32(uint256(vs) & (type(uint256).max >> 1));
        if (!SignatureCheck.isEcdsa(signer, digest, uint8(27 + (uint256(vs) >> 255)), r, s)) {
            revert IEscrow.SignatureInvalid(signer, digest);
        }
        _tabs[id] = word.paid(due);
        emit Redeemed(id, cumulative);
        _payOut(tab.token, tab.seller, due, tab.terms.sellerInside());
    }

    /// @inheritdoc ITabs
    function redeemFor(
        Tab calldata tab,
        uint128 cumulative,
        bytes calldata voucher,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        _redeem(tab, cumulative, voucher, fee, validUntil, signature, msg.sender);
    }

    /// @inheritdoc ITabs
    function redeemMany(Redemption[] calldata items) external nonReentrant returns (bytes[] memory failures) {
        failures = new bytes[](items.length);
        for (uint256 i; i < items.length; ++i) {
            Redemption calldata item = items[i];
            uint256 given = gasleft();
            // slither-disable-next-line calls-loop
            try this.redeemItem(item, msg.sender) {}
            catch (bytes memory reason) {
                // A failure counts only where the item had all the gas it could need (EIP-150 keeps a 64th back).
                uint256 wanted = ITEM_GAS + BYTE_GAS * (item.voucher.length + item.signature.length);
                if (given - given / 64 < wanted) revert IEscrow.GasShort(given, wanted + wanted / 63 + 1);
                failures[i] = reason;
                emit RedemptionFailed(i, TabHash.tab(item.tab), reason);
            }
        }
    }

    /// @notice One item of `redeemMany`, which calls it to keep the items apart. Nobody else may.
    function redeemItem(Redemption calldata item, address submitter) external {
        if (msg.sender != address(this)) revert OnlySelf(msg.sender);
        _redeem(item.tab, item.cumulative, item.voucher, item.fee, item.validUntil, item.signature, submitter);
    }

    // -------------------------------------------------------------------- end

    /// @inheritdoc ITabs
    function close(Tab calldata tab, uint128 fee, uint40 validUntil, bytes calldata signature) external nonReentrant {
        bytes32 id = TabHash.tab(tab);
        TabWord word = _tabs[id];
        if (word.status() != Status.Open) revert TabWrongStatus(id, word.status());
        _requireAction(tab.buyer, TabHash.closing(id, fee, validUntil), validUntil, signature);
        uint256 closesAt = block.timestamp + tab.terms.closeWindow();
        _tabs[id] = TabWords.pack(Status.Closing, closesAt, word.redeemed(), word.deposit());
        emit TabClosing(id, uint40(closesAt));
        _payFee(tab.token, tab.buyer, fee);
    }

    /// @inheritdoc ITabs
    function end(
        Tab calldata tab,
        uint128 cumulative,
        bytes calldata voucher,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        bytes32 id = TabHash.tab(tab);
        TabWord word = _live(id);
        bytes32 action = TabHash.paying(TabHash.END, id, cumulative, fee, validUntil);
        _requireAction(tab.seller, action, validUntil, signature);
        uint256 due = 0;
        if (cumulative != word.redeemed()) {
            due = word.due(cumulative);
            _requireVoucher(tab, id, cumulative, voucher);
            emit Redeemed(id, cumulative);
        }
        uint256 rest = word.deposit() - cumulative;
        _tabs[id] = word.closed(cumulative);
        emit TabClosed(id, uint128(rest));
        uint256 left = _takeFee(tab, due, fee, msg.sender);
        bool sellerInside = tab.terms.sellerInside();
        bool buyerInside = tab.terms.buyerInside();
        if (sellerInside) _credit(tab.token, tab.seller, left);
        if (buyerInside) _credit(tab.token, tab.buyer, rest);
        if (!sellerInside) _push(tab.token, tab.seller, left);
        if (!buyerInside) _push(tab.token, tab.buyer, rest);
    }

    /// @inheritdoc ITabs
    function release(Tab calldata tab) external nonReentrant {
        bytes32 id = TabHash.tab(tab);
        TabWord word = _live(id);
        uint256 until = tab.terms.expiresAt();
        // Not zero while the tab is closing only.
        uint256 closesAt = word.closesAt();
        if (closesAt != 0 && closesAt < until) until = closesAt;
        if (block.timestamp <= until) revert IEscrow.TooEarly(until + 1, block.timestamp);
        uint256 rest = word.deposit() - word.redeemed();
        _tabs[id] = word.closed(word.redeemed());
        emit TabClosed(id, uint128(rest));
        if (msg.sender != tab.buyer && msg.sender != tab.seller) {
            uint256 earned = tab.terms.exitFee() < rest ? tab.terms.exitFee() : rest;
            _credit(tab.token, msg.sender, earned);
            rest -= earned;
        }
        _payOut(tab.token, tab.buyer, rest, tab.terms.buyerInside());
    }

    // ------------------------------------------------------ internal balances

    /// @inheritdoc ITabs
    function deposit(address token, address to, uint128 amount) external nonReentrant {
        if (amount == 0) revert IEscrow.AmountZero();
        if (to == address(0)) revert IEscrow.RecipientZero();
        _requireOutside(to);
        if (token.code.length == 0) revert IEscrow.TokenWithoutCode(token);
        _credit(token, to, amount);
        TokenCalls.pull(token, msg.sender, amount);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ITabs
    function tabIdOf(Tab calldata tab) external pure returns (bytes32) {
        return TabHash.tab(tab);
    }

    /// @inheritdoc ITabs
    function stateOf(bytes32 tab) external view returns (TabState memory) {
        return _tabs[tab].decoded();
    }

    // --------------------------------------------------------------- internal

    function _domainNameAndVersion() internal pure override returns (string memory name, string memory version) {
        return ("Parley Tabs", "1");
    }

    function _send(address token, address to, uint256 amount) internal override {
        _requireOutside(to);
        if (!TokenCalls.transfer(token, to, amount, gasleft())) revert IEscrow.TransferFailed(token, to, amount);
    }

    function _checkTerms(Tab calldata tab) private view {
        address buyer = tab.buyer;
        address seller = tab.seller;
        if (buyer == address(0) || seller == address(0)) revert IEscrow.PartyZero(buyer, seller);
        if (buyer == seller) revert IEscrow.PartiesNotDistinct(buyer, seller, address(0));
        _requireOutside(seller);
        if (tab.token.code.length == 0) revert IEscrow.TokenWithoutCode(tab.token);
        TabTerms terms = tab.terms;
        if (terms.payout() > PAYOUT_BITS) revert IEscrow.PayoutUnknown(uint8(terms.payout()));
        uint256 window = terms.closeWindow();
        if (window == 0 || window > DealRules.MAX_WINDOW) {
            revert IEscrow.WindowOutOfRange(window, DealRules.MAX_WINDOW);
        }
        _requireUnexpired(tab);
    }

    /// @dev What went to this contract itself would belong to nobody.
    function _requireOutside(address to) private view {
        if (to == address(this)) revert IEscrow.RecipientEscrow();
    }

    function _requireUnexpired(Tab calldata tab) private view {
        uint256 until = tab.terms.expiresAt();
        if (block.timestamp > until) revert TabExpired(until, block.timestamp);
    }

    /// @dev Writes the word of a new tab, which the caller still has to fund.
    function _new(Tab calldata tab, uint128 amount) private returns (bytes32 id) {
        _checkTerms(tab);
        id = TabHash.tab(tab);
        TabWord word = _tabs[id];
        if (TabWord.unwrap(word) != 0) revert TabWrongStatus(id, word.status());
        _tabs[id] = TabWords.pack(Status.Open, 0, 0, _total(0, amount));
        emit TabOpened(id, tab.buyer, tab.seller, tab.token, amount);
    }

    function _total(uint256 deposited, uint256 amount) private pure returns (uint256 total) {
        if (amount == 0) revert IEscrow.AmountZero();
        total = deposited + amount;
        if (total > TabWords.MAX_DEPOSIT) revert DepositTooLarge(total, TabWords.MAX_DEPOSIT);
    }

    /// @dev Takes `amount`, and the fee of a submitter, from the buyer, once it agreed to `action`.
    function _fund(
        Tab calldata tab,
        bytes32 action,
        uint256 amount,
        uint256 fee,
        uint40 validUntil,
        Source source,
        bytes calldata signature
    ) private {
        address buyer = tab.buyer;
        address token = tab.token;
        if (source == Source.Authorization) {
            // An EIP-3009 authorisation with the digest of the funding as nonce is the buyer's consent. It always carries
            // the fee, which nobody else earned where the buyer submits.
            _requireInTime(validUntil);
            bytes32 nonce = _hashTypedData(action);
            _credit(token, msg.sender, fee);
            TokenCalls.pullAuthorized(token, buyer, amount + fee, uint256(validUntil) + 1, nonce, signature);
            return;
        }
        _requireAction(buyer, action, validUntil, signature);
        if (msg.sender != buyer) {
            _credit(token, msg.sender, fee);
            amount += fee;
        }
        if (source == Source.Balance) _debit(token, buyer, amount);
        else TokenCalls.pull(token, buyer, amount);
    }

    function _redeem(
        Tab calldata tab,
        uint128 cumulative,
        bytes calldata voucher,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature,
        address submitter
    ) private {
        bytes32 id = TabHash.tab(tab);
        TabWord word = _live(id);
        uint256 due = word.due(cumulative);
        _requireVoucher(tab, id, cumulative, voucher);
        if (fee != 0 && submitter != tab.seller) {
            _requireInTime(validUntil);
            bytes32 action = TabHash.paying(TabHash.REDEMPTION, id, cumulative, fee, validUntil);
            _requireSignature(tab.seller, _hashTypedData(action), signature);
        }
        _tabs[id] = word.paid(due);
        emit Redeemed(id, cumulative);
        due = _takeFee(tab, due, fee, submitter);
        _payOut(tab.token, tab.seller, due, tab.terms.sellerInside());
    }

    function _requireVoucher(Tab calldata tab, bytes32 id, uint128 cumulative, bytes calldata voucher) private view {
        _requireSignature(tab.buyer, _hashTypedData(TabHash.voucher(id, cumulative)), voucher);
    }

    /// @dev The submitter's fee out of a payment of the seller; what is left of it.
    function _takeFee(Tab calldata tab, uint256 due, uint256 fee, address submitter) private returns (uint256) {
        if (fee == 0 || submitter == tab.seller) return due;
        if (fee > due) revert IEscrow.BalanceShort(tab.token, tab.seller, due, fee);
        _credit(tab.token, submitter, fee);
        unchecked {
            return due - fee;
        }
    }

    function _payOut(address token, address to, uint256 amount, bool inside) private {
        if (inside) _credit(token, to, amount);
        else _push(token, to, amount);
    }

    /// @dev Sends a payout; where the token refuses, credits it. Nobody's refusal holds up a tab.
    function _push(address token, address to, uint256 amount) private {
        if (amount != 0 && !TokenCalls.tryPush(token, to, amount)) _credit(token, to, amount);
    }

    function _live(bytes32 id) private view returns (TabWord word) {
        word = _tabs[id];
        if (!word.isLive()) revert TabWrongStatus(id, word.status());
    }
}
