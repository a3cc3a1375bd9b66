"""Who is on the market: profiles by address, found by capability. Kept as events, indexed in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field

from parley.gateway.errors import NotFound
from parley.gateway.web import RequestModel
from parley.store.models import ANY, NewEvent
from parley.store.service import EventStore
from parley.terms.quotes import Capability
from parley.terms.values import Address

STREAM = "agents"
PROFILE = "profile"

Fact = Annotated[str, Field(max_length=200)]
FactName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Profile(RequestModel):
    """What an agent says of itself. Claims, not proofs: `facts` such as jurisdiction or region are the
    agent's own words.
    """

    name: str = Field(min_length=1, max_length=100)
    capabilities: list[Capability] = Field(default_factory=list, max_length=32)
    description: str = Field(default="", max_length=1_000)
    endpoint: str | None = Field(default=None, max_length=400, pattern=r"^https?://[\x21-\x7e]+$")
    facts: dict[FactName, Fact] = Field(default_factory=dict, max_length=16)


class Directory:
    """Thread-safe. Every read first takes in what other processes registered since."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._seen = -1
        self._profiles: dict[str, dict[str, Any]] = {}
        self._able: dict[str, dict[str, None]] = {}

    def register(self, agent: Address, profile: Profile) -> Mapping[str, Any]:
        """Publishes or replaces the profile of `agent`; the same profile again changes nothing. Blocks
        until durable.
        """
        body = {"address": agent, **profile.model_dump(mode="json", exclude_none=True)}
        with self._lock:
            self._catch_up()
            known = self._profiles.get(agent)
        if known is None or {key: value for key, value in known.items() if key != "updated_at"} != body:
            self._store.append(STREAM, ANY, (NewEvent(PROFILE, body),))
        return self.get(agent)

    def get(self, agent: str) -> Mapping[str, Any]:
        with self._lock:
            self._catch_up()
            found = self._profiles.get(agent)
        if found is None:
            raise NotFound("no such agent is registered here", agent=agent)
        return found

    def find(
        self, capability: str | None, offset: int, limit: int
    ) -> tuple[list[Mapping[str, Any]], int | None]:
        """Profiles in order of first registration, from number `offset`; and the offset of the next page,
        None at the end.
        """
        with self._lock:
            self._catch_up()
            names = list(self._profiles if capability is None else self._able.get(capability, {}))
            page = [self._profiles[name] for name in names[offset : offset + limit]]
        return [*page], offset + limit if offset + limit < len(names) else None

    def able(self, capabilities: Iterable[str]) -> set[str]:
        """Agents that claim all of these capabilities."""
        with self._lock:
            self._catch_up()
            found = [set(self._able.get(capability, {})) for capability in capabilities]
        return set.intersection(*found) if found else set()

    def _catch_up(self) -> None:
        while events := self._store.read(STREAM, self._seen):
            for event in events:
                address = str(event.data["address"])
                for capability in self._profiles.get(address, {}).get("capabilities", ()):
                    self._able.get(capability, {}).pop(address, None)
                self._profiles[address] = {**event.data, "updated_at": event.recorded_at}
                for capability in event.data["capabilities"]:
                    self._able.setdefault(capability, {})[address] = None
            self._seen = events[-1].sequence
