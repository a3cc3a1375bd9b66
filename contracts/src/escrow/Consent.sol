// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {Clean} from "../libraries/Clean.sol";
import {MandateRules} from "../libraries/MandateRules.sol";
import {SignatureCheck} from "../libraries/SignatureCheck.sol";

/// @notice Who agreed to what: the EIP-712 domain, signatures, mandates, epochs and nonces.
abstract contract Consent {
    /// @dev Signature kinds: the account itself; its agent under a mandate.
    uint256 private constant KIND_ACCOUNT = 0;
    uint256 private constant KIND_MANDATE = 1;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string internal constant NAME = "Parley Escrow";
    string internal constant VERSION = "1";

    /// @dev The escrow's address, in both halves of its code.
    address internal immutable _escrow;
    uint256 private immutable _chainId;
    bytes32 private immutable _separator;

    /// @dev The newest epoch that anyone began. An account's own is never above it.
    // Written by EscrowActions, read by both halves.
    // slither-disable-next-line uninitialized-state
    uint64 internal _era;
    /// @dev The oldest epoch for which an account's signatures still count.
    // slither-disable-next-line uninitialized-state
    mapping(address party => uint64) internal _epochs;
    /// @dev 256 nonces a word, as in Permit2: order does not matter, so nothing waits for anything.
    mapping(address party => mapping(uint256 index => uint256 bits)) internal _nonces;
    /// @dev What was used of each budget (base units), and the highest bit once the mandate was revoked.
    mapping(bytes32 mandate => uint256 used) internal _mandates;

    /// @dev Set while one half asks the other to use a mandate: nobody else may.
    uint256 internal transient _asked;
    uint256 private transient _entered;

    /// @dev Transient, so that it costs little, on every chain alike. State-changing calls only: what a view returns
    /// while a token is being called is the state the call will leave, but for credits of failed payouts.
    modifier nonReentrant() {
        _requireNotEntered();
        _entered = 1;
        _;
        _entered = 0;
    }

    /// @dev A call to the other half itself would act on nobody's books and log events that look like the escrow's.
    modifier asEscrow() {
        if (address(this) != _escrow) revert IEscrow.NotTheEscrow(address(this));
        _;
    }

    constructor(address escrow) {
        _escrow = escrow;
        _chainId = block.chainid;
        _separator = _buildSeparator();
    }

    function _requireNotEntered() internal view {
        if (_entered != 0) revert IEscrow.Reentrant();
    }

    function _requireEpoch(address party, uint64 signed) internal view {
        _requireEpoch(party, signed, _era);
    }

    /// @dev What was signed for the newest epoch of all cannot be older than the party's own: one word for both sides, and
    /// for every deal of a batch.
    function _requireEpochs(IEscrow.Deal calldata deal) internal view {
        uint256 era = _era;
        uint256 ofBuyer = Clean.buyerEpoch(deal);
        uint256 ofSeller = Clean.sellerEpoch(deal);
        if (ofBuyer != era) _requireEpoch(Clean.buyer(deal), ofBuyer, era);
        if (ofSeller != era) _requireEpoch(Clean.seller(deal), ofSeller, era);
    }

    function _requireEpoch(address party, uint256 signed, uint256 era) private view {
        Clean.requireNone(signed >> 64);
        uint256 oldest = _epochs[party];
        if (signed < oldest) revert IEscrow.EpochStale(party, signed, oldest);
        if (signed > era) revert IEscrow.EpochStale(party, signed, era);
    }

    function _useNonce(address party, uint256 nonce) internal {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 bits = _nonces[party][nonce >> 8];
        if (bits & bit != 0) revert IEscrow.NonceUsed(party, nonce);
        _nonces[party][nonce >> 8] = bits | bit;
    }

    /// @dev The own call or signature of a party of `deal`, or its agent's under a mandate.
    /// @param acts the bits of MandateRules that an agent needs
    /// @param spend base units that the act takes from the party, beside what opening takes
    /// @return actor who acted: the party or the agent
    function _requireConsent(
        IEscrow.Deal calldata deal,
        address party,
        uint8 acts,
        uint256 spend,
        bytes32 digest,
        bytes calldata signature
    ) internal returns (address actor) {
        if (SignatureCheck.isPlain(party, digest, signature)) return party;
        if (signature.length == 0) {
            if (msg.sender != party) revert IEscrow.SignatureInvalid(party, digest);
            return party;
        }
        (uint256 kind, bytes calldata body) = parted(signature);
        if (kind == KIND_MANDATE) return _useMandate(MandateRules.useOf(deal, party, acts, spend, digest), body);
        if (kind != KIND_ACCOUNT) revert IEscrow.SignatureKindUnknown(uint8(kind));
        if (!SignatureCheck.isOther(party, digest, body)) revert IEscrow.SignatureInvalid(party, digest);
        return party;
    }

    /// @dev The same for a signed action with a fee and an end. In a direct call neither counts.
    function _requireAct(
        IEscrow.Deal calldata deal,
        address party,
        uint8 acts,
        bytes32 structHash,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) internal {
        _requireTime(validUntil, signature);
        _requireConsent(deal, party, acts, fee, _hashTypedData(structHash), signature);
    }

    /// @dev Checks that the agent's signature and the mandate in `body` cover `act`, and counts it.
    function _useMandate(IEscrow.MandateUse memory act, bytes calldata body) internal virtual returns (address agent);

    /// @dev What no agent may sign: the account's own signature with an end, or its call.
    function _requireAction(address signer, bytes32 structHash, uint40 validUntil, bytes calldata signature)
        internal
        view
    {
        _requireTime(validUntil, signature);
        _requireSignature(signer, _hashTypedData(structHash), signature);
    }

    function _requireTime(uint40 validUntil, bytes calldata signature) private view {
        if (block.timestamp > validUntil && signature.length != 0) {
            revert IEscrow.ActionExpired(validUntil, block.timestamp);
        }
    }

    function _requireSignature(address signer, bytes32 digest, bytes calldata signature) internal view {
        if (signature.length == 0) {
            if (msg.sender != signer) revert IEscrow.SignatureInvalid(signer, digest);
            return;
        }
        (uint256 kind, bytes calldata body) = parted(signature);
        if (kind > KIND_ACCOUNT) revert IEscrow.SignatureKindUnknown(uint8(kind));
        if (!SignatureCheck.isValid(signer, digest, body)) revert IEscrow.SignatureInvalid(signer, digest);
    }

    /// @dev Kind byte and body of a signature that is not empty. Slither takes place and length of the body for one variable.
    // slither-disable-next-line write-after-write
    function parted(bytes calldata signature) private pure returns (uint256 kind, bytes calldata body) {
        assembly ("memory-safe") {
            kind := byte(0, calldataload(signature.offset))
            body.offset := add(signature.offset, 1)
            body.length := sub(signature.length, 1)
        }
    }

    // ------------------------------------------------------------------ EIP-712

    function _hashTypedData(bytes32 structHash) internal view returns (bytes32 digest) {
        bytes32 separator = _domainSeparator();
        assembly ("memory-safe") {
            mstore(0x00, hex"1901")
            mstore(0x02, separator)
            mstore(0x22, structHash)
            digest := keccak256(0x00, 0x42)
            mstore(0x22, 0)
        }
    }

    /// @dev Kept in the code, and made anew where the chain split from the one it was deployed on.
    function _domainSeparator() internal view returns (bytes32) {
        return block.chainid == _chainId ? _separator : _buildSeparator();
    }

    function _buildSeparator() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(DOMAIN_TYPE, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), block.chainid, _escrow)
            );
    }
}
