"""The deal desk over `parley.settlement`."""

from __future__ import annotations

from parley.gateway.deals import DealDesk
from parley.gateway.errors import SettlementUnavailable
from parley.gateway.settings import GatewaySettings
from parley.store.service import EventStore
from parley.terms.signing import Signer


def open_desk(settings: GatewaySettings, store: EventStore, signer: Signer) -> DealDesk:
    raise SettlementUnavailable("not joined yet")
