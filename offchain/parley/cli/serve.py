"""`parley serve`: a gateway in this process, configured by PARLEY_* environment variables."""

from __future__ import annotations


def serve() -> None:
    """Runs a gateway until interrupted. Settings come from PARLEY_* variables; keys never from arguments.

    PARLEY_ESCROW (address) and PARLEY_KEY, or PARLEY_KEYSTORE with PARLEY_KEYSTORE_PASSPHRASE, are needed;
    without PARLEY_RPC_URL negotiations are carried but nothing is settled.
    """
    import logging

    from pydantic import ValidationError

    from parley.gateway.errors import SettingsInvalid
    from parley.gateway.serve import run
    from parley.gateway.settings import GatewaySettings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = GatewaySettings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        setting = "PARLEY_" + str(first["loc"][0]).upper()
        raise SettingsInvalid(f"{setting}: {first['msg']}", setting=setting) from None
    run(settings)
