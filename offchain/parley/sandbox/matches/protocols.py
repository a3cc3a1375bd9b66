"""The protocols that a match can be played under."""

from __future__ import annotations

from parley.sandbox.errors import ProtocolUnknown

PROTOCOLS = ("alternating-offers",)


def check_protocol(name: str) -> None:
    """Raises `ProtocolUnknown`."""
    if name not in PROTOCOLS:
        raise ProtocolUnknown(
            "No match is played under this protocol", protocol=name[:80], known=list(PROTOCOLS)
        )
