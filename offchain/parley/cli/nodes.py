"""Connecting to the chain node that an option names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parley.cli.errors import UrlInvalid

if TYPE_CHECKING:
    from parley.chain.node import NodeClient


def node_at(url: str, *, chain_id: int | None = None) -> NodeClient:
    """A client of the node at `url`, which has answered once. Raises UrlInvalid and the node's errors."""
    from parley.chain.node import NodeClient

    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UrlInvalid("This is no URL of a node.", option="--rpc", value=url[:200])
    node = NodeClient(url, chain_id=chain_id)
    node.check()
    return node
