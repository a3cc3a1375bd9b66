// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Parley agent registry: who an agent is, where to find it and what it offers
/// @notice An ERC-721 token for each agent, with the identity surface of ERC-8004 (draft) and capability tags in events.
/// There is no owner, no pause, no upgrade and no burning; the contract never holds money.
///
/// Roles. The `owner` of the token and whoever it approved (ERC-721 approval or operator) may change an agent's entry.
/// The agent wallet is the address that acts for the agent; it must itself prove that it agrees to.
///
/// Ids. The first agent has the id 0: never read 0 as "none".
///
/// Trust. Everything here but owner and agent wallet is a claim of the owner: URIs, metadata and tags are data of strangers.
interface IAgentRegistry {
    // ------------------------------------------------------------------ types

    /// @dev A key and its value, as ERC-8004 names them.
    struct MetadataEntry {
        string metadataKey;
        bytes metadataValue;
    }

    // ----------------------------------------------------------------- events

    /// @dev ERC-8004. Follows the ERC-721 `Transfer` of the mint.
    event Registered(uint256 indexed agentId, string agentURI, address indexed owner);

    /// @dev ERC-8004.
    event URIUpdated(uint256 indexed agentId, string newURI, address indexed updatedBy);

    /// @dev ERC-8004. For the key `agentWallet` the value is the 20 bytes of the address, or empty once it is cleared.
    event MetadataSet(
        uint256 indexed agentId, string indexed indexedMetadataKey, string metadataKey, bytes metadataValue
    );

    /// @dev The whole set of tags of an agent from now on; it replaces every earlier one.
    event CapabilitiesSet(uint256 indexed agentId, uint64 indexed revision, address indexed setBy, string[] tags);

    /// @dev One for each tag of a `CapabilitiesSet`, so that logs can be searched by tag. It still holds while `revision`
    /// is the agent's current one (`capabilitiesRevisionOf`).
    event CapabilityTagged(uint256 indexed agentId, bytes32 indexed tagHash, uint64 revision, string tag);

    // ----------------------------------------------------------------- errors

    /// @dev Neither the owner of the agent nor approved by it.
    error NotAgentOperator(uint256 agentId, address caller);
    /// @dev `agentWallet` changes by `setAgentWallet` and `unsetAgentWallet` alone.
    error MetadataKeyReserved(string metadataKey);
    error AgentWalletZero(uint256 agentId);
    error WalletProofExpired(uint256 deadline, uint256 nowAt);
    error WalletProofTooLong(uint256 deadline, uint256 latest);
    error WalletProofInvalid(address newWallet, bytes32 digest);
    error TooManyCapabilities(uint256 count, uint256 maximum);
    error CapabilityLength(uint256 index, uint256 length, uint256 maximum);

    // ----------------------------------------------------------- registration

    /// @notice Registers the caller's new agent without a URI; the caller becomes its owner and its agent wallet.
    /// @return agentId ids count up from 0
    function register() external returns (uint256 agentId);

    /// @notice Registers with the URI of a registration file.
    function register(string calldata agentURI) external returns (uint256 agentId);

    /// @notice Registers with a URI and metadata. The key `agentWallet` is refused.
    function register(string calldata agentURI, MetadataEntry[] calldata metadata) external returns (uint256 agentId);

    /// @notice Replaces the URI. By the owner or an approved account.
    function setAgentURI(uint256 agentId, string calldata newURI) external;

    // --------------------------------------------------------------- metadata

    /// @notice Sets one entry; an empty value removes it. By the owner or an approved account. `agentWallet` is refused.
    function setMetadata(uint256 agentId, string calldata metadataKey, bytes calldata metadataValue) external;

    /// @notice The value, empty where none was set. `agentWallet` gives the 20 bytes of the wallet, or nothing.
    function getMetadata(uint256 agentId, string calldata metadataKey) external view returns (bytes memory);

    // ----------------------------------------------------------- agent wallet

    /// @notice Names the address that acts for the agent. By the owner or an approved account, with the new wallet's own proof.
    /// @dev The proof signs `AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)` under the
    /// domain `ERC8004IdentityRegistry`, version 1, of this contract: a low-s ECDSA signature of 65 bytes (64 as in
    /// ERC-2098), or else what the wallet's ERC-1271 accepts within a bounded amount of gas.
    /// @param deadline unix seconds, inclusive; at most 5 minutes ahead
    function setAgentWallet(uint256 agentId, address newWallet, uint256 deadline, bytes calldata signature) external;

    /// @notice Clears the wallet. By the owner or an approved account.
    function unsetAgentWallet(uint256 agentId) external;

    /// @notice The wallet, or zero where none is set: a transfer of the token clears it, for the new owner did not choose it.
    function getAgentWallet(uint256 agentId) external view returns (address);

    // ----------------------------------------------------------- capabilities

    /// @notice Replaces the tags under which the agent wants to be found, for instance `gpu-lease`. By the owner or an
    /// approved account. An empty list withdraws them all.
    /// @dev At most `MAX_CAPABILITIES` tags of 1 to `MAX_CAPABILITY_LENGTH` bytes. They live in the events alone.
    function setCapabilities(uint256 agentId, string[] calldata tags) external;

    /// @notice How often the tags were set; the tags of this revision are the current ones. 0 means never.
    function capabilitiesRevisionOf(uint256 agentId) external view returns (uint64);

    // ------------------------------------------------------------------ views

    /// @notice Whether an account may act for an agent: its owner, or approved by it. ERC-8004 registries of feedback and of
    /// validations ask this.
    function isAuthorizedOrOwner(address spender, uint256 agentId) external view returns (bool);

    /// @notice The number of agents registered so far, which is the id of the next.
    function agentCount() external view returns (uint256);

    /// @notice The EIP-712 domain separator of wallet proofs.
    function domainSeparator() external view returns (bytes32);
}
