"""The gateway's own key: from a keystore file or the environment, never from an argument."""

from __future__ import annotations

import time
from collections.abc import Callable

from parley.errors import ParleyError
from parley.gateway.errors import KeyExpired, KeyMissing, SettingsInvalid
from parley.gateway.settings import GatewaySettings
from parley.terms.signing import LocalSigner, keystore_expiry, load_keystore


def gateway_signer(settings: GatewaySettings, now: Callable[[], float] = time.time) -> LocalSigner:
    """The key that signs receipts, time-outs and transactions. Raises KeyMissing, KeyExpired or
    SettingsInvalid, never showing it.
    """
    if settings.keystore is not None:
        if settings.keystore_passphrase is None:
            raise KeyMissing(
                "a keystore is set but its passphrase is not", setting="PARLEY_KEYSTORE_PASSPHRASE"
            )
        expires_at = expiry(settings)
        if expires_at is not None and expires_at <= now():
            raise KeyExpired(
                "the gateway's key has expired", setting="PARLEY_KEYSTORE", expired_at=expires_at
            )
        try:
            return load_keystore(settings.keystore, settings.keystore_passphrase.get_secret_value())
        except (ParleyError, OSError) as error:
            raise SettingsInvalid(
                f"the keystore cannot be opened: {type(error).__name__}", setting="PARLEY_KEYSTORE"
            ) from error
    if settings.key is None:
        raise KeyMissing("the gateway has no key", setting="PARLEY_KEY")
    digits = settings.key.get_secret_value().removeprefix("0x")
    try:
        return LocalSigner(bytes.fromhex(digits))
    except (ParleyError, ValueError):
        raise SettingsInvalid(
            "the key is not 32 bytes of hex that make a valid key", setting="PARLEY_KEY"
        ) from None


def expiry(settings: GatewaySettings) -> int | None:
    """When the gateway's key expires, unix seconds. Raises SettingsInvalid."""
    if settings.keystore is None:
        return None
    try:
        return keystore_expiry(settings.keystore)
    except ParleyError as error:
        raise SettingsInvalid(
            f"the keystore cannot be opened: {error.message}", setting="PARLEY_KEYSTORE"
        ) from error


def relayers(settings: GatewaySettings) -> tuple[LocalSigner, ...]:
    """The keys that send transactions, where they are not the gateway's own. Raises SettingsInvalid, never
    showing one.
    """
    if settings.relayer_keys is None:
        return ()
    given = settings.relayer_keys.get_secret_value().replace(",", " ").split()
    try:
        found = tuple(LocalSigner(bytes.fromhex(key.removeprefix("0x"))) for key in given)
    except (ParleyError, ValueError):
        raise SettingsInvalid(
            "a relayer key is not 64 hex digits of a private key", setting="PARLEY_RELAYER_KEYS"
        ) from None
    if len({signer.address for signer in found}) != len(found):
        raise SettingsInvalid("a relayer key is named twice", setting="PARLEY_RELAYER_KEYS")
    return found
