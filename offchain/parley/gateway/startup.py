"""Opening a gateway: every setting is checked against the world before the first request is taken."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from parley.errors import ParleyError
from parley.gateway.errors import SettingsInvalid
from parley.gateway.gateway import Gateway, assemble
from parley.gateway.keys import gateway_signer
from parley.gateway.settings import GatewaySettings
from parley.gateway.settling import open_desk
from parley.policy.models import Bundle
from parley.policy.tripwires import Tripwires
from parley.store.service import EventStore
from parley.telemetry.exporters import tracing_to
from parley.terms.documents import Document

DocumentT = TypeVar("DocumentT", bound=Document)


def load_document(model: type[DocumentT], path: Path | None, setting: str) -> DocumentT | None:
    """The document that a setting names, or None. Raises SettingsInvalid."""
    if path is None:
        return None
    try:
        return model.parse(path.read_bytes())
    except OSError as error:
        raise SettingsInvalid(
            f"the file of {setting} cannot be read: {error.strerror}", setting=setting, path=str(path)
        ) from error
    except ParleyError as error:
        raise SettingsInvalid(
            f"the document of {setting} is not valid: {error.message}", setting=setting, path=str(path)
        ) from error


def open_gateway(settings: GatewaySettings, *, service: str = "parley-gateway") -> Gateway:
    """A gateway ready to serve; `service` is its name in traces.

    Raises SettingsInvalid and its kind, the errors of the store (read-only, locked, damaged) and of the
    chain (unreachable, another chain id, no escrow there): each says what to do. Nothing stays open when it
    raises.
    """
    signer = gateway_signer(settings)
    tracing = tracing_to(settings.traces, service, settings.traces_share)
    bundle = load_document(Bundle, settings.policy, "PARLEY_POLICY")
    wires = load_document(Tripwires, settings.tripwires, "PARLEY_TRIPWIRES")
    store = EventStore.open(settings.database)
    try:
        desk = None if settings.rpc_url is None else open_desk(settings, store, signer, tracing)
        try:
            return assemble(settings, store, signer, desk, bundle, wires=wires, tracing=tracing)
        except BaseException:
            if desk is not None:
                desk.close()
            raise
    except BaseException:
        store.close()
        raise
