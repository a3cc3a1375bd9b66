// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Entries} from "./Entries.sol";

/// @notice Every call that changes something, interrupted by every other one wherever it calls out: by a token that calls
/// back from each of its functions, by wallets that call back when they are asked for a signature, by a receiver of an NFT.
/// What comes of it is what would come of one call after the other, or of the first alone. Tree: trees/Reentrancy.tree
contract ReentrancyTest is Entries {
    /// @dev So many calls are tried at one opportunity; where one of them goes through, each by itself.
    uint256 private constant TOGETHER = 8;

    /// @dev What came of a call that was interrupted.
    struct Blow {
        bool ok;
        bool through; // the interruption
        uint256 tries;
        bytes32 sum;
    }

    Entry[] private outers;
    Entry[] private inners;
    address[] private watched;
    uint256 private tried;
    uint256 private landed;

    function setUp() public override {
        super.setUp();
        Entry[] memory first = entries(0);
        Entry[] memory second = entries(1);
        for (uint256 i; i < ENTRIES; ++i) {
            outers.push(first[i]);
            inners.push(second[i]);
            address place = address(uint160(0xda7a0000 + i));
            vm.etch(place, second[i].data);
            striker.prepare(second[i].target, place);
        }
        watched = [address(escrow), address(tabs), address(token), PERMIT2, address(maker), address(evidence)];
        watched.push(address(registry));
        watched.push(address(families[0].panel));
        watched.push(address(families[1].panel));
    }

    function perform(Entry memory entry, address caller) private returns (bool ok) {
        vm.prank(caller);
        (ok,) = entry.target.call(entry.data);
    }

    function test_letEveryCallThroughByItself() external {
        for (uint256 i; i < ENTRIES; ++i) {
            this.performAlone(outers[i], relayer);
            this.performAlone(inners[i], address(striker));
        }
    }

    /// @dev Calls of its own, here and below: what they keep in memory is given back.
    function performAlone(Entry memory entry, address caller) external {
        uint256 snapshot = vm.snapshotState();
        assertTrue(perform(entry, caller), entry.name);
        assertBooks();
        vm.revertToStateAndDelete(snapshot);
    }

    function test_serializeWhatInterruptsAnOpening() external {
        interruptAll(0, 10);
    }

    function test_serializeWhatInterruptsADealsLife() external {
        interruptAll(10, 22);
    }

    function test_serializeWhatInterruptsAnAccount() external {
        interruptAll(22, ESCROW_ENTRIES);
    }

    function test_serializeWhatInterruptsATab() external {
        interruptAll(ESCROW_ENTRIES, TABS_END);
    }

    function test_serializeWhatInterruptsAPanelOrTheRegistry() external {
        interruptAll(TABS_END, ENTRIES);
    }

    /// @dev Every pair under the deep profile; otherwise, of those that may go through, every third.
    function interruptAll(uint256 from, uint256 to) private {
        bool deep = keccak256(bytes(vm.envOr("FOUNDRY_PROFILE", "default"))) == keccak256("deep");
        for (uint256 i = from; i < to; ++i) {
            bytes32 only = this.made(i);
            for (uint256 j; j < ENTRIES; j += TOGETHER) {
                uint256 end = j + TOGETHER < ENTRIES ? j + TOGETHER : ENTRIES;
                if (this.strikeTogether(i, j, end, only)) continue;
                for (uint256 k = j; k < end; ++k) {
                    if (deep || (i + k) % 3 == 0) this.interrupt(i, k, only);
                }
            }
        }
        assertGt(tried, 10, "what was to be interrupted calls nobody");
        assertGt(landed, 10, "nothing ever goes through: the strikes are not ready");
    }

    function made(uint256 i) external returns (bytes32) {
        uint256 snapshot = begin();
        perform(outers[i], relayer);
        return changes(snapshot);
    }

    function inOrder(Entry memory first, address one, Entry memory second, address other) private returns (bytes32) {
        uint256 snapshot = begin();
        perform(first, one);
        perform(second, other);
        return changes(snapshot);
    }

    /// @return whether that says all of them: none went through, so that nothing may have come of any
    function strikeTogether(uint256 i, uint256 from, uint256 to, bytes32 only) external returns (bool) {
        Blow memory blow = strikeInside(i, from, to);
        if (blow.through || !blow.ok) return false;
        assertEq(blow.sum, only, string.concat("inside ", outers[i].name));
        if (blow.tries == 0) return true;
        // Shared among so many, the gas of a capped call is enough to knock at a guard, not to go through elsewhere.
        if (outers[i].target != inners[from].target || outers[i].target != inners[to - 1].target) return false;
        tried += to - from;
        return true;
    }

    function strikeInside(uint256 i, uint256 from, uint256 to) private returns (Blow memory blow) {
        uint256 snapshot = begin();
        striker.arm(from, to);
        blow.ok = perform(outers[i], relayer);
        blow.through = striker.landed();
        blow.tries = striker.tries();
        striker.disarm();
        blow.sum = changes(snapshot);
    }

    /// @param only what the outer call makes of everything by itself
    function interrupt(uint256 i, uint256 j, bytes32 only) external {
        Entry memory outer = outers[i];
        Entry memory inner = inners[j];
        Blow memory blow = strikeInside(i, j, j + 1);
        string memory name = string.concat(inner.name, " inside ", outer.name);
        if (!blow.ok) {
            // Money that leaves while other money is being counted: the whole is undone.
            assertEq(blow.sum, 0, name);
        } else if (!blow.through) {
            assertEq(blow.sum, only, name);
        } else if (blow.sum != inOrder(inner, address(striker), outer, relayer)) {
            assertEq(blow.sum, inOrder(outer, relayer, inner, address(striker)), name);
        }
        // Inside the escrow nothing of the escrow that moves money: the guard.
        if (i < ESCROW_ENTRIES && j < ESCROW_ENTRIES && j != 21 && j != 24) assertFalse(blow.through, name);
        if (blow.tries != 0) ++tried;
        if (blow.through) ++landed;
    }

    // ---- what changed ----

    struct Slot {
        address account;
        bytes32 slot;
        bytes32 value;
    }

    function begin() private returns (uint256 snapshot) {
        snapshot = vm.snapshotState();
        vm.record();
    }

    /// @notice Undoes everything since `snapshot`, and sums up which words of storage had become other than they are.
    function changes(uint256 snapshot) private returns (bytes32 sum) {
        Slot[] memory slots = new Slot[](400);
        uint256 count;
        for (uint256 i; i < watched.length; ++i) {
            (, bytes32[] memory writes) = vm.accesses(watched[i]);
            uint256 start = count;
            for (uint256 j; j < writes.length; ++j) {
                if (!known(slots, start, count, writes[j])) {
                    slots[count++] = Slot(watched[i], writes[j], vm.load(watched[i], writes[j]));
                }
            }
        }
        vm.revertToStateAndDelete(snapshot);
        for (uint256 i; i < count; ++i) {
            if (vm.load(slots[i].account, slots[i].slot) != slots[i].value) sum ^= keccak256(abi.encode(slots[i]));
        }
    }

    function known(Slot[] memory slots, uint256 from, uint256 to, bytes32 slot) private pure returns (bool) {
        for (uint256 i = from; i < to; ++i) {
            if (slots[i].slot == slot) return true;
        }
        return false;
    }
}
