"""The sandbox stays on this machine and away from keys that are worth something."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from parley.sandbox.errors import NotLocal

KEYS = ("PARLEY_KEY", "PARLEY_KEYSTORE", "PARLEY_KEYSTORE_PASSPHRASE")
"""Settings that hold or open a key."""


def check_isolated(environment: Mapping[str, str]) -> None:
    """Raises `NotLocal` where the surroundings carry a key, or a URL or database of another machine: the
    sandbox would never use them, and it does not run beside them either.
    """
    for name in KEYS:
        if environment.get(name):
            raise NotLocal("A key is set in these surroundings", setting=name)
    for name, value in sorted(environment.items()):
        if name.startswith("PARLEY_") and "://" in value and not is_local(value):
            raise NotLocal("A setting of these surroundings points to another machine", setting=name)


def is_local(url: str) -> bool:
    """Whether a URL is a file of this machine, or its loopback interface."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host:
        return parts.scheme.partition("+")[0] in ("sqlite", "file")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_local(url: str) -> str:
    """The URL, if it is of this machine. Raises `NotLocal`."""
    if not is_local(url):
        raise NotLocal("The sandbox uses nodes of this machine only", url=url[:200])
    return url
