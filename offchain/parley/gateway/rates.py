"""How much one agent and one network address may ask for. Counted in this process: several gateways allow
as much each.
"""

from __future__ import annotations

import ipaddress
import math
import time
from typing import Literal

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from parley.gateway.errors import TooManyRequests
from parley.gateway.settings import GatewaySettings

Kind = Literal["agent", "address", "door"]


class Rates:
    """Raises `TooManyRequests` when a rate is used up; what was refused is not counted."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._rates: dict[Kind, RateLimitItem] = {
            "agent": parse(settings.agent_rate),
            "address": parse(settings.address_rate),
            "door": parse(settings.door_rate),
        }

    def agent(self, address: str, cost: int = 1) -> None:
        """Counts what a signed-in agent asks for; `cost` is the number of messages."""
        self._count("agent", address, cost)

    def address(self, host: str) -> None:
        """Counts a request of a network address."""
        self._count("address", network(host), 1)

    def door(self, host: str) -> None:
        """Counts an attempt to sign in."""
        self._count("door", network(host), 1)

    def _count(self, kind: Kind, who: str, cost: int) -> None:
        rate = self._rates[kind]
        if self._limiter.hit(rate, kind, who, cost=cost):
            return
        wait = self._limiter.get_window_stats(rate, kind, who).reset_time - time.time()
        raise TooManyRequests(
            f"the rate of this {kind} is used up",
            rate=f"{rate.amount}/{rate.multiples} {rate.GRANULARITY.name}",
            retry_after=max(1, math.ceil(wait)),
        )


def network(host: str) -> str:
    """The address; for IPv6 its network of 64 bits, which is one subscriber."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return host
