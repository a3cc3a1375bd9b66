"""Where a webhook may go. Its URL comes from a stranger: the gateway must not be made to call its own
network.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from parley.gateway.errors import WebhookTargetRefused

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
    """Raises `WebhookTargetRefused` for a URL that could never be called. No look-up is made."""
    schemes = ("https", "http") if local else ("https",)
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and parts.scheme in schemes
    except ValueError:
        raise WebhookTargetRefused("this is no URL", url=url[:200]) from None
    if not usable or len(url) > MAX_URL:
        raise WebhookTargetRefused("the URL of a webhook must be https:// with a host", url=url[:200])
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise WebhookTargetRefused("the URL of a webhook has no user, password or fragment")


async def resolve(url: str, *, local: bool) -> Target:
    """Looks the host up and takes an address that may be called. Raises `WebhookTargetRefused` and
    `OSError`.
    """
    check_url(url, local=local)
    parts = urlsplit(url)
    name = str(parts.hostname)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    addresses = {str(entry[4][0]) for entry in found}
    # Every one of them: a name with one public address among private ones is a trick.
    refused = sorted(address for address in addresses if not (local or is_public(address)))
    if refused:
        raise WebhookTargetRefused("the host has an address that is not public", host=name)
    address = min(addresses)
    literal = f"[{address}]" if ":" in address else address
    query = f"?{parts.query}" if parts.query else ""
    return Target(f"{parts.scheme}://{literal}:{port}{parts.path or '/'}{query}", parts.netloc, name)


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not (mapped or found).is_multicast
