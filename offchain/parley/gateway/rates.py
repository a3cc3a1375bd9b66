"""How much one agent and one network address may ask for. Counted in this process: several gateways allow
as much each.
"""

from __future__ import annotations

import ipaddress
import math
import time
from functools import lru_cache
from typing import Literal

from limits import RateLimitItem, parse

from parley.gateway.errors import TooManyRequests
from parley.gateway.settings import GatewaySettings

Kind = Literal["agent", "address", "door"]


class Rates:
    """Raises `TooManyRequests` when a rate is used up; what was refused is not counted."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._agent = Windows("agent", parse(settings.agent_rate))
        self._address = Windows("address", parse(settings.address_rate))
        self._door = Windows("door", parse(settings.door_rate))

    def agent(self, address: str, cost: int = 1) -> None:
        """Counts what a signed-in agent asks for; `cost` is the number of messages."""
        self._agent.count(address, cost, time.time())

    def address(self, host: str) -> None:
        """Counts a request of a network address."""
        self._address.count(network(host), 1, time.time())

    def door(self, host: str) -> None:
        """Counts an attempt to sign in."""
        self._door.count(network(host), 1, time.time())


class Windows:
    """A sliding window counter for each name: what was asked for in this window, and in the one before in
    proportion to what of it is not over yet. One table a window, so that what nobody asks for any more goes
    with its table and no request pays for tidying up.
    """

    def __init__(self, kind: Kind, rate: RateLimitItem) -> None:
        self._kind = kind
        self._rate = rate
        self._limit = rate.amount
        self._seconds = rate.get_expiry()
        self._number = 0
        self._now: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def count(self, who: str, cost: int, at: float) -> None:
        """`at` unix seconds. Raises `TooManyRequests`."""
        number = int(at // self._seconds)
        if number != self._number:
            self._before = self._now if number == self._number + 1 else {}
            self._now = {}
            self._number = number
        taken = self._now.get(who, 0)
        before = self._before.get(who, 0)
        left = self._seconds - at % self._seconds  # of this window, and so of what counts from the one before
        if cost + taken + int(before * left / self._seconds) > self._limit:
            raise TooManyRequests(
                f"the rate of this {self._kind} is used up",
                rate=f"{self._limit}/{self._rate.multiples} {self._rate.GRANULARITY.name}",
                retry_after=max(1, math.ceil(self._wait(taken, before, left))),
            )
        self._now[who] = taken + cost

    def _wait(self, taken: int, before: int, left: float) -> float:
        """Seconds until something is free: when one more of the window before is over, or this one is."""
        waits = [left] if taken or not before else []
        if before:
            waits.append(left % (self._seconds / before))
        return min(waits)


@lru_cache(maxsize=4_096)
def network(host: str) -> str:
    """The address; for IPv6 its network of 64 bits, which is one subscriber."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return host
