"""`parley serve`: a gateway in this process, configured by PARLEY_* environment variables."""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley.gateway.settings import GatewaySettings


def serve() -> None:
    """Runs a gateway until interrupted. Settings come from PARLEY_* variables; keys never from arguments.

    PARLEY_KEY, or PARLEY_KEYSTORE with PARLEY_KEYSTORE_PASSPHRASE, is needed, and PARLEY_ESCROW (address)
    where no deployments file has the chain; without PARLEY_RPC_URL negotiations are carried but nothing is
    settled.
    """
    import logging
    import signal

    from parley.gateway.serve import run

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    settings = settings_from_environment()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    run(settings)


def settings_from_environment() -> GatewaySettings:
    """The PARLEY_* variables. Raises SettingsInvalid with the one that is wrong, never with a secret's
    value.
    """
    from pydantic import ValidationError

    from parley.gateway.errors import SettingsInvalid
    from parley.gateway.settings import GatewaySettings

    try:
        return GatewaySettings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        setting = "PARLEY_" + str(first["loc"][0] if first["loc"] else "escrow").upper()
        raise SettingsInvalid(f"{setting}: {first['msg']}", setting=setting) from None


def _leave(number: int, frame: FrameType | None) -> None:
    """Without it the default action would end the process before the store is closed."""
    raise SystemExit(0)
