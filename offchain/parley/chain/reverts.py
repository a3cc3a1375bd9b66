"""From revert data to the named exception. Importing this module declares every known error."""

from __future__ import annotations

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from parley.chain import consent_errors, escrow_errors, opening_errors, other_errors, periphery_errors
from parley.chain.contract_error import KNOWN, ContractError, RevertSilent, RevertUnknown

DECLARED_IN = (consent_errors, escrow_errors, opening_errors, other_errors, periphery_errors)


def decode_revert(data: bytes) -> ContractError:
    """The named error of revert data. Never fails: what cannot be read is `RevertUnknown`."""
    if not data:
        return RevertSilent()
    known = KNOWN.get(data[:4])
    if known is not None:
        try:
            arguments = decode(list(known.types), data[4:])
        except (DecodingError, UnicodeDecodeError, OverflowError):
            pass
        else:
            return known(*arguments, data=data)
    unknown = RevertUnknown(data=data)
    unknown.values = {"selector": "0x" + data[:4].hex(), "data": "0x" + data[:512].hex()}
    return unknown
