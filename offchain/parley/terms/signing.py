"""Signatures over 32-byte digests: strict recovery and the local signer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Protocol

from coincurve import PrivateKey, PublicKey

from parley.terms.errors import KeyUnusable, SignatureInvalid
from parley.terms.values import Address, Signature, keccak

_HALF_ORDER: Final = bytes.fromhex("7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0")
ACCOUNT_KIND: Final = "00"
"""Kind byte of a signature by the account itself (docs/spec.md section 3)."""


EXPIRES_AT = "parley_expires_at"
"""Name of the expiry in a keystore file."""


class Signer(Protocol):
    """Whoever can sign a digest for one account."""

    @property
    def address(self) -> Address:
        """The account."""
        ...

    def sign_digest(self, digest: bytes) -> Signature:
        """65 bytes r ‖ s ‖ v over a 32-byte digest."""
        ...


class LocalSigner:
    """A private key in memory, 32 bytes. It never shows itself in a repr and does not pickle."""

    __slots__ = ("_address", "_key")

    def __init__(self, private_key: bytes) -> None:
        if not isinstance(private_key, bytes) or len(private_key) != 32:
            raise KeyUnusable("a private key has 32 bytes")
        try:
            self._key = PrivateKey(private_key)
        except ValueError:
            raise KeyUnusable("a private key lies between 1 and the group order") from None
        self._address = _address_of(self._key.public_key)

    @property
    def address(self) -> Address:
        """The account of the key."""
        return self._address

    def sign_digest(self, digest: bytes) -> Signature:
        """Deterministic (RFC 6979), low s, v 27 or 28."""
        if len(digest) != 32:
            raise SignatureInvalid("a digest has 32 bytes", problem="digest length")
        signed = self._key.sign_recoverable(digest, hasher=None)
        return Signature.of(signed[:64] + bytes((27 + signed[64],)))

    def __repr__(self) -> str:
        return f"LocalSigner({self._address})"

    def __reduce__(self) -> Any:
        raise TypeError("a signer cannot be copied out of its process")


def recover(digest: bytes, signature: Signature) -> Address:
    """The account that signed `digest`.

    Raises `SignatureInvalid` unless the signature is 65 bytes r ‖ s ‖ v with low s and v 27 or 28.
    """
    try:
        raw = bytes.fromhex(signature[2:])
    except (TypeError, ValueError):
        raise SignatureInvalid("the signature is not hex", problem="hex") from None
    if len(raw) != 65 or signature[:2] != "0x":
        raise SignatureInvalid("a signature has 65 bytes", problem="length")
    v = raw[64]
    if v not in (27, 28):
        raise SignatureInvalid("v must be 27 or 28", problem="v", v=v)
    if raw[32:64] > _HALF_ORDER:
        raise SignatureInvalid("s is in the upper half of the order", problem="high s")
    try:
        key = PublicKey.from_signature_and_message(raw[:64] + bytes((v - 27,)), digest, hasher=None)
    except Exception as error:  # noqa: BLE001 - libsecp256k1's wrapper raises bare Exceptions
        raise SignatureInvalid("the signature recovers to no account", problem=type(error).__name__) from None
    return _address_of(key)


def check_signature(digest: bytes, signature: Signature, expected: Address) -> None:
    """Raises `SignatureInvalid` unless `expected` signed `digest`."""
    recovered = recover(digest, signature)
    if recovered != expected:
        raise SignatureInvalid("signed by another account", expected=expected, recovered=recovered)


def account_signature(signature: Signature) -> str:
    """The form the escrow takes: kind byte 0x00 and the 65 bytes."""
    return "0x" + ACCOUNT_KIND + signature[2:]


def load_keystore(path: Path | str, passphrase: str) -> LocalSigner:
    """The signer of a version 3 keystore file. Raises `KeyUnusable`."""
    from eth_keyfile.keyfile import decode_keyfile_json  # slow to import, seldom needed

    try:
        content = json.loads(Path(path).read_text())
        return LocalSigner(bytes(decode_keyfile_json(content, passphrase)))
    except OSError as error:
        raise KeyUnusable("the keystore cannot be read", path=str(path), reason=error.strerror) from None
    except (ValueError, LookupError, TypeError, AttributeError, NotImplementedError):
        # eth-keyfile raises each of these for some malformed file, the last for an unknown key derivation.
        raise KeyUnusable("not a keystore, or another passphrase", path=str(path)) from None


def keystore(private_key: bytes, passphrase: str, expires_at: int | None = None) -> dict[str, Any]:
    """Version 3 keystore content for a private key (scrypt). `expires_at` (unix seconds) stands beside what
    is encrypted: a reminder to rotate that a gateway keeps to, and no protection from whoever has the file.
    """
    from eth_keyfile.keyfile import create_keyfile_json  # slow to import, seldom needed

    LocalSigner(private_key)
    content = dict(create_keyfile_json(private_key, passphrase, kdf="scrypt"))
    return content if expires_at is None else {**content, EXPIRES_AT: expires_at}


def keystore_expiry(path: Path | str) -> int | None:
    """When the key of a keystore file expires, unix seconds; None when it does not say. Raises
    `KeyUnusable`.
    """
    try:
        content = json.loads(Path(path).read_text())
    except (OSError, ValueError):
        raise KeyUnusable("the keystore cannot be read", path=str(path)) from None
    found = content.get(EXPIRES_AT) if isinstance(content, dict) else None
    if found is not None and (not isinstance(found, int) or isinstance(found, bool)):
        raise KeyUnusable("the keystore's expiry is not a number of seconds", path=str(path))
    return found


def _address_of(key: PublicKey) -> Address:
    return Address.of(keccak(key.format(compressed=False)[1:])[12:])
