"""Where a request may go when its URL comes from elsewhere: it must not be made to call the own network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from parley.connectors.errors import TargetRefused

MAX_URL = 400


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was checked, and the name it was found under: the connection goes to the address, the
    certificate is checked for the name. So the name cannot point elsewhere by the time of the call.
    """

    url: str
    host: str
    name: str


def check_url(url: str, *, local: bool) -> None:
    """Raises `TargetRefused` for a URL that could never be called. No look-up is made."""
    schemes = ("https", "http") if local else ("https",)
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and parts.scheme in schemes
    except ValueError:
        raise TargetRefused("this is no URL", url=url[:200]) from None
    if not usable or len(url) > MAX_URL:
        raise TargetRefused("the URL must be https:// with a host", url=url[:200])
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise TargetRefused("the URL has no user, password or fragment")


async def resolve(url: str, *, local: bool) -> Target:
    """Looks the host up and takes an address that may be called. Raises `TargetRefused` and `OSError`."""
    name, port = _place(url, local=local)
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return _chosen(url, (str(entry[4][0]) for entry in found), local=local)


def resolve_now(url: str, *, local: bool) -> Target:
    """As `resolve`, blocking."""
    name, port = _place(url, local=local)
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return _chosen(url, (str(entry[4][0]) for entry in found), local=local)


def _place(url: str, *, local: bool) -> tuple[str, int]:
    check_url(url, local=local)
    parts = urlsplit(url)
    return str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)


def _chosen(url: str, found: Iterable[str], *, local: bool) -> Target:
    name, port = _place(url, local=local)
    parts, addresses = urlsplit(url), set(found)
    # Every one of them: a name with one public address among private ones is a trick.
    if any(not (local or is_public(address)) for address in addresses):
        raise TargetRefused("the host has an address that is not public", host=name)
    address = min(addresses)
    literal = f"[{address}]" if ":" in address else address
    query = f"?{parts.query}" if parts.query else ""
    return Target(f"{parts.scheme}://{literal}:{port}{parts.path or '/'}{query}", parts.netloc, name)


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not (mapped or found).is_multicast
