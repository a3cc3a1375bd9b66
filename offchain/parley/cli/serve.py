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
    from parley.gateway.serve import run

    run(prepared())


def prepared() -> GatewaySettings:
    """The settings of a process that is to run until it is told to stop, with its logging set up."""
    import signal

    from parley.telemetry.logs import configure

    settings = settings_from_environment()
    configure(settings.log_format, settings.log_level, secrets=settings.secrets)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    return settings


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
        problem = first["msg"].removeprefix("Value error, ")
        raise SettingsInvalid(f"{setting}: {problem}", setting=setting) from None


def _leave(number: int, frame: FrameType | None) -> None:
    """Without it the default action would end the process before the store is closed."""
    raise SystemExit(0)
