// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAgentRegistry} from "./interfaces/IAgentRegistry.sol";
import {SignatureCheck} from "./libraries/SignatureCheck.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title AgentRegistry
/// @dev Promises, roles and standards are in `IAgentRegistry`.
contract AgentRegistry is IAgentRegistry, ERC721, EIP712 {
    uint256 public constant MAX_CAPABILITIES = 32;

    /// @notice Bytes of one tag.
    uint256 public constant MAX_CAPABILITY_LENGTH = 64;

    /// @notice How far ahead the deadline of a wallet proof may lie, in seconds.
    uint256 public constant MAX_PROOF_LIFETIME = 5 minutes;

    string private constant _WALLET_KEY = "agentWallet";
    bytes32 private constant _WALLET_KEY_HASH = keccak256(bytes(_WALLET_KEY));
    bytes32 private constant _WALLET_PROOF_TYPEHASH =
        keccak256("AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)");

    uint256 private _nextId;
    mapping(uint256 agentId => string uri) private _uris;
    mapping(uint256 agentId => address wallet) private _wallets;
    mapping(uint256 agentId => mapping(bytes32 keyHash => bytes value)) private _metadata;
    mapping(uint256 agentId => uint64 revision) private _revisions;

    modifier onlyOperator(uint256 agentId) {
        if (!_isAuthorized(ownerOf(agentId), msg.sender, agentId)) {
            revert NotAgentOperator(agentId, msg.sender);
        }
        _;
    }

    constructor() ERC721("Parley Agents", "AGENT") EIP712("ERC8004IdentityRegistry", "1") {}

    // ----------------------------------------------------------- registration

    /// @inheritdoc IAgentRegistry
    function register() external returns (uint256 agentId) {
        agentId = _register("");
    }

    /// @inheritdoc IAgentRegistry
    function register(string calldata agentURI) external returns (uint256 agentId) {
        agentId = _register(agentURI);
    }

    /// @inheritdoc IAgentRegistry
    function register(string calldata agentURI, MetadataEntry[] calldata metadata) external returns (uint256 agentId) {
        agentId = _register(agentURI);
        for (uint256 i = 0; i < metadata.length; ++i) {
            _setMetadata(agentId, metadata[i].metadataKey, metadata[i].metadataValue);
        }
    }

    /// @inheritdoc IAgentRegistry
    function setAgentURI(uint256 agentId, string calldata newURI) external onlyOperator(agentId) {
        _uris[agentId] = newURI;
        emit URIUpdated(agentId, newURI, msg.sender);
    }

    /// @notice The agent's URI, as ERC-721 metadata names it.
    function tokenURI(uint256 agentId) public view override returns (string memory) {
        _requireOwned(agentId);
        return _uris[agentId];
    }

    // --------------------------------------------------------------- metadata

    /// @inheritdoc IAgentRegistry
    function setMetadata(uint256 agentId, string calldata metadataKey, bytes calldata metadataValue)
        external
        onlyOperator(agentId)
    {
        _setMetadata(agentId, metadataKey, metadataValue);
    }

    /// @inheritdoc IAgentRegistry
    function getMetadata(uint256 agentId, string calldata metadataKey) external view returns (bytes memory) {
        _requireOwned(agentId);
        bytes32 keyHash = keccak256(bytes(metadataKey));
        if (keyHash == _WALLET_KEY_HASH) return _walletBytes(_wallets[agentId]);
        return _metadata[agentId][keyHash];
    }

    // ----------------------------------------------------------- agent wallet

    /// @inheritdoc IAgentRegistry
    function setAgentWallet(uint256 agentId, address newWallet, uint256 deadline, bytes calldata signature)
        external
        onlyOperator(agentId)
    {
        if (newWallet == address(0)) revert AgentWalletZero(agentId);
        if (block.timestamp > deadline) revert WalletProofExpired(deadline, block.timestamp);
        uint256 latest = block.timestamp + MAX_PROOF_LIFETIME;
        if (deadline > latest) revert WalletProofTooLong(deadline, latest);
        // The owner is part of the proof: it does not outlive a sale of the agent.
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(_WALLET_PROOF_TYPEHASH, agentId, newWallet, ownerOf(agentId), deadline))
        );
        if (!SignatureCheck.isValid(newWallet, digest, signature)) revert WalletProofInvalid(newWallet, digest);
        _setWallet(agentId, newWallet);
    }

    /// @inheritdoc IAgentRegistry
    function unsetAgentWallet(uint256 agentId) external onlyOperator(agentId) {
        _setWallet(agentId, address(0));
    }

    /// @inheritdoc IAgentRegistry
    function getAgentWallet(uint256 agentId) external view returns (address) {
        _requireOwned(agentId);
        return _wallets[agentId];
    }

    // ----------------------------------------------------------- capabilities

    /// @inheritdoc IAgentRegistry
    function setCapabilities(uint256 agentId, string[] calldata tags) external onlyOperator(agentId) {
        uint256 count = tags.length;
        if (count > MAX_CAPABILITIES) revert TooManyCapabilities(count, MAX_CAPABILITIES);
        uint64 revision = _revisions[agentId] + 1;
        _revisions[agentId] = revision;
        emit CapabilitiesSet(agentId, revision, msg.sender, tags);
        for (uint256 i = 0; i < count; ++i) {
            uint256 length = bytes(tags[i]).length;
            if (length == 0 || length > MAX_CAPABILITY_LENGTH) {
                revert CapabilityLength(i, length, MAX_CAPABILITY_LENGTH);
            }
            emit CapabilityTagged(agentId, keccak256(bytes(tags[i])), revision, tags[i]);
        }
    }

    /// @inheritdoc IAgentRegistry
    function capabilitiesRevisionOf(uint256 agentId) external view returns (uint64) {
        _requireOwned(agentId);
        return _revisions[agentId];
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IAgentRegistry
    function isAuthorizedOrOwner(address spender, uint256 agentId) external view returns (bool) {
        return _isAuthorized(ownerOf(agentId), spender, agentId);
    }

    /// @inheritdoc IAgentRegistry
    function agentCount() external view returns (uint256) {
        return _nextId;
    }

    /// @inheritdoc IAgentRegistry
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    // --------------------------------------------------------------- internal

    /// @dev A plain mint, without the receiver's callback: the caller asked for the token itself, and no foreign code runs
    /// in the middle of a registration.
    function _register(string memory agentURI) private returns (uint256 agentId) {
        agentId = _nextId++;
        _mint(msg.sender, agentId);
        if (bytes(agentURI).length != 0) _uris[agentId] = agentURI;
        emit Registered(agentId, agentURI, msg.sender);
        _setWallet(agentId, msg.sender);
    }

    function _setMetadata(uint256 agentId, string calldata metadataKey, bytes calldata metadataValue) private {
        bytes32 keyHash = keccak256(bytes(metadataKey));
        if (keyHash == _WALLET_KEY_HASH) revert MetadataKeyReserved(metadataKey);
        _metadata[agentId][keyHash] = metadataValue;
        emit MetadataSet(agentId, metadataKey, metadataKey, metadataValue);
    }

    function _setWallet(uint256 agentId, address wallet) private {
        _wallets[agentId] = wallet;
        emit MetadataSet(agentId, _WALLET_KEY, _WALLET_KEY, _walletBytes(wallet));
    }

    function _walletBytes(address wallet) private pure returns (bytes memory) {
        return wallet == address(0) ? bytes("") : abi.encodePacked(wallet);
    }

    /// @dev Every move of the token clears the wallet: its new owner did not choose it.
    function _update(address to, uint256 agentId, address auth) internal override returns (address from) {
        from = super._update(to, agentId, auth);
        if (from != address(0) && _wallets[agentId] != address(0)) _setWallet(agentId, address(0));
    }
}
