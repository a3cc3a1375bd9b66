// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @notice Makes the calls that were prepared for it, one after the other, at every opportunity that it is given, until one
/// goes through. Their bytes are the code of accounts: cheap to read where gas is capped.
contract Striker {
    address[] public targets;
    address[] public places;
    uint256 public from;
    uint256 public to;
    bool public armed;
    /// @notice Opportunities outside static calls.
    uint256 public tries;
    bool public landed;

    function prepare(address target, address place) external {
        targets.push(target);
        places.push(place);
    }

    /// @notice Gets ready to make the calls with these numbers.
    function arm(uint256 from_, uint256 to_) external {
        (from, to, armed, tries, landed) = (from_, to_, true, 0, false);
    }

    function disarm() external {
        armed = false;
    }

    /// @dev While it strikes it is not armed: what it calls may come by here again.
    function strike() external {
        if (!armed) return;
        armed = false;
        tries += 1;
        landed = attempt();
        armed = !landed;
    }

    /// @dev The same where nothing can be written down.
    function strikeBlind() external returns (bool) {
        return armed && attempt();
    }

    function attempt() private returns (bool) {
        uint256 end = to;
        for (uint256 i = from; i < end; ++i) {
            address target = targets[i];
            bytes memory data = places[i].code;
            uint256 gasFor = gasleft() > 8_000_000 ? 6_000_000 : gasleft() / (end - i);
            (bool ok,) = target.call{gas: gasFor}(data);
            if (ok) return true;
        }
        return false;
    }
}

/// @notice Gives whoever asks it anything an opportunity.
abstract contract Striking {
    Striker public immutable STRIKER;

    constructor(Striker striker) {
        STRIKER = striker;
    }

    /// @dev Leaves enough for a transfer where gas is capped.
    function opportunity() internal {
        if (gasleft() < 70_000) return;
        uint256 gasFor = gasleft() > 40_000_000 ? 20_000_000 : gasleft() - 60_000;
        (bool ok,) = address(STRIKER).call{gas: gasFor}(abi.encodeCall(Striker.strike, ()));
        ok;
    }

    /// @dev In a static call, where whatever wants to write burns all that it was given.
    function blind() internal view {
        uint256 gasFor = gasleft() > 800_000 ? 400_000 : gasleft() / 2;
        (bool ok,) = address(STRIKER).staticcall{gas: gasFor}(abi.encodeCall(Striker.strikeBlind, ()));
        ok;
    }
}

/// @notice A token that calls out at every one of its functions, before and after it does what it should, which it does.
contract StrikingToken is ERC20Permit, Striking {
    mapping(address from => mapping(bytes32 nonce => bool)) private _used;

    constructor(Striker striker) ERC20("Striking", "STRIKE") ERC20Permit("Striking") Striking(striker) {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function balanceOf(address account) public view override returns (uint256) {
        blind();
        return super.balanceOf(account);
    }

    function allowance(address owner, address spender) public view override returns (uint256) {
        blind();
        return super.allowance(owner, spender);
    }

    function transfer(address to, uint256 amount) public override returns (bool done) {
        opportunity();
        done = super.transfer(to, amount);
        opportunity();
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool done) {
        opportunity();
        done = super.transferFrom(from, to, amount);
        opportunity();
    }

    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        public
        override
    {
        opportunity();
        super.permit(owner, spender, value, deadline, v, r, s);
        opportunity();
    }

    /// @dev Believes any signature: the contracts look at it themselves.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32 nonce,
        uint8,
        bytes32,
        bytes32
    ) external {
        require(to == msg.sender && !_used[from][nonce]);
        _used[from][nonce] = true;
        opportunity();
        _transfer(from, to, value);
        opportunity();
    }
}

/// @notice Says yes to everything, and takes its opportunity first. Calls what it is told to, for its own part of a deal.
contract StrikingWallet is Striking {
    constructor(Striker striker) Striking(striker) {}

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        blind();
        return IERC1271.isValidSignature.selector;
    }

    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4) {
        opportunity();
        return this.onERC721Received.selector;
    }
}
