// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {IEscrowActions} from "../interfaces/IEscrowHalves.sol";
import {RecordWords} from "../libraries/AccountWord.sol";
import {Deals} from "./Deals.sol";

/// @notice What the escrow knows, for whoever asks. Keeps no storage of its own.
abstract contract Views is IEscrowActions, Deals {
    /// @inheritdoc IEscrowActions
    function dealIdOf(IEscrow.Deal calldata deal) external view returns (bytes32) {
        return _idOf(deal);
    }

    /// @inheritdoc IEscrowActions
    function stateOf(bytes32 dealId) external view returns (IEscrow.DealState memory) {
        return _deals[dealId].decoded();
    }

    /// @inheritdoc IEscrowActions
    function epochOf(address party) external view returns (uint64) {
        return _epochs[party];
    }

    /// @inheritdoc IEscrowActions
    function splitSpent(bytes32 digest) external view returns (bool) {
        return _splitSpent[digest];
    }

    /// @inheritdoc IEscrowActions
    function nonceUsed(address party, uint256 nonce) external view returns (bool) {
        return _nonces[party][nonce >> 8] >> (nonce & 0xff) & 1 == 1;
    }

    /// @inheritdoc IEscrowActions
    function instantUsed(address buyer, address seller, uint256 nonce) external view returns (bool) {
        return _instants[_instantPlace(buyer, seller, nonce)] >> (nonce & 0xff) & 1 == 1;
    }

    /// @inheritdoc IEscrowActions
    function era() external view returns (uint64) {
        return _era;
    }

    /// @inheritdoc IEscrowActions
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    /// @inheritdoc IEscrowActions
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (hex"0f", NAME, VERSION, block.chainid, _escrow, bytes32(0), new uint256[](0));
    }

    /// @inheritdoc IEscrowActions
    function accountOf(address token, address party) external view returns (IEscrow.Account memory) {
        return _accounts[token][party].word.decoded();
    }

    /// @inheritdoc IEscrowActions
    function recordOf(address token, address party) external view returns (IEscrow.Record memory) {
        return RecordWords.decoded(_records[token][party]);
    }
}
