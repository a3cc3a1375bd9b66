"""Opening a gateway: every setting is checked against the world before the first request is taken."""

from __future__ import annotations

from parley.errors import ParleyError
from parley.gateway.errors import SettingsInvalid
from parley.gateway.gateway import Gateway, assemble
from parley.gateway.keys import gateway_signer
from parley.gateway.settings import GatewaySettings
from parley.gateway.settling import open_desk
from parley.policy.models import Bundle
from parley.store.service import EventStore


def load_policy(settings: GatewaySettings) -> Bundle | None:
    """The operator's policy bundle, or None. Raises SettingsInvalid."""
    if settings.policy is None:
        return None
    try:
        return Bundle.parse(settings.policy.read_bytes())
    except OSError as error:
        raise SettingsInvalid(
            f"the policy cannot be read: {error.strerror}", setting="PARLEY_POLICY", path=str(settings.policy)
        ) from error
    except ParleyError as error:
        raise SettingsInvalid(
            f"the policy is not valid: {error.message}", setting="PARLEY_POLICY", path=str(settings.policy)
        ) from error


def open_gateway(settings: GatewaySettings) -> Gateway:
    """A gateway ready to serve.

    Raises SettingsInvalid and its kind, the errors of the store (read-only, locked, damaged) and of the
    chain (unreachable, another chain id, no escrow there): each says what to do. Nothing stays open when it
    raises.
    """
    signer = gateway_signer(settings)
    bundle = load_policy(settings)
    store = EventStore.open(settings.database)
    try:
        desk = None if settings.rpc_url is None else open_desk(settings, store, signer)
        try:
            return assemble(settings, store, signer, desk, bundle)
        except BaseException:
            if desk is not None:
                desk.close()
            raise
    except BaseException:
        store.close()
        raise
