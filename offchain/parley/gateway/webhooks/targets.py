"""Where a webhook may go. Its URL comes from a stranger: the gateway must not be made to call its own
network.
"""

from __future__ import annotations

from parley.connectors import addresses
from parley.connectors.addresses import MAX_URL, Target, is_public
from parley.connectors.errors import TargetRefused
from parley.gateway.errors import WebhookTargetRefused

__all__ = ["MAX_URL", "Target", "check_url", "is_public", "resolve"]


def check_url(url: str, *, local: bool) -> None:
    """Raises `WebhookTargetRefused` for a URL that could never be called. No look-up is made."""
    try:
        addresses.check_url(url, local=local)
    except TargetRefused as refused:
        raise WebhookTargetRefused(refused.message, **refused.values) from None


async def resolve(url: str, *, local: bool) -> Target:
    """Looks the host up and takes an address that may be called. Raises `WebhookTargetRefused` and
    `OSError`.
    """
    try:
        return await addresses.resolve(url, local=local)
    except TargetRefused as refused:
        raise WebhookTargetRefused(refused.message, **refused.values) from None
