"""Reverts of contracts as named exceptions: the base class, the register by selector, and the decoder.

The classes themselves are in the modules `*_errors`; a test fails when an ABI has an error
without one.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from parley.errors import ParleyError
from parley.terms.values import keccak

_SIGNATURE = re.compile(r"(\w+)\((.*)\)")
_SAFE: Final = 2**53 - 1


def _dashed(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


class ContractError(ParleyError):
    """A contract refused a call. `arguments` are those of the Solidity error, by name, as Python values.

    In `values` the same, fit for JSON: integers beyond 2^53 - 1 are decimal strings, bytes are hex.
    """

    code = "contract"
    next_action = "Compare the call with the contract's rules and the deal's state on chain."
    status = 409

    signature: ClassVar[str] = ""
    selector: ClassVar[bytes] = b""
    names: ClassVar[tuple[str, ...]] = ()
    types: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(
        cls, *, signature: str = "", advice: str = "", retryable: bool = False, **rest: Any
    ) -> None:
        super().__init_subclass__(**rest)
        if not signature:
            return
        match = _SIGNATURE.fullmatch(signature)
        if match is None:
            raise TypeError(f"{signature} is not the signature of an error")
        pairs = [part.split(" ") for part in match[2].split(",") if part]
        cls.signature = signature
        cls.types = tuple(kind for kind, _ in pairs)
        cls.names = tuple(name for _, name in pairs)
        cls.selector = keccak(f"{match[1]}({','.join(cls.types)})".encode())[:4]
        cls.code = f"contract.{_dashed(match[1])}"
        cls.next_action = advice
        cls.retryable = retryable
        if cls.selector in KNOWN:
            raise TypeError(f"{signature} is declared twice")
        KNOWN[cls.selector] = cls

    def __init__(self, *arguments: Any, data: bytes = b"", message: str | None = None) -> None:
        self.arguments: dict[str, Any] = dict(zip(self.names, arguments, strict=True))
        self.data = data
        shown = {name: _plain(value) for name, value in self.arguments.items()}
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0], **shown)


KNOWN: Final[dict[bytes, type[ContractError]]] = {}
"""Every named error by its selector."""


class RevertReason(
    ContractError, signature="Error(string reason)", advice="Read the reason the contract gives."
):
    """A contract refused with a reason in words."""


class RevertPanic(
    ContractError,
    signature="Panic(uint256 panic)",
    advice="The contract met an arithmetic or assertion error: check the amounts, then report it.",
):
    """A contract stopped on a failed assertion or an arithmetic error."""


class RevertSilent(ContractError):
    """A contract refused without a reason."""

    code = "contract.silent"
    next_action = "Check that the address is the contract you mean and that the call carries enough gas."


class RevertUnknown(ContractError):
    """A contract refused with an error this version does not know."""

    code = "contract.unknown"
    next_action = "Look the selector up in the token's ABI; it is not an error of Parley's contracts."


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _SAFE:
        return str(value)
    return value
