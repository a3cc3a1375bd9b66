"""Negotiations in memory: rebuilt from the event store by replay when needed, dropped when others need the
room.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

from parley.gateway.errors import NotFound
from parley.negotiation.machine import Machine
from parley.negotiation.remains import remains
from parley.negotiation.state import NegotiationState
from parley.negotiation.status import Reason, Status
from parley.store.service import EventStore
from parley.terms.domain import Domain
from parley.terms.erasure import Erasure, SignedErasure
from parley.terms.message import Message
from parley.terms.opening import Opening
from parley.terms.values import Hash32

READ_PAGE = 1_000


def stream_of(negotiation: str) -> str:
    """The event stream of a negotiation; event n of it is message n."""
    return f"negotiation:{negotiation}"


def erasure_stream(negotiation: str) -> str:
    """Where the gateway says that it erased the payloads of a negotiation."""
    return f"erasure:{negotiation}"


@dataclass(slots=True)
class Live:
    """A negotiation with its current state. `state` is replaced, never changed. `erased`: its payloads are
    gone, and this is what the gateway says of it.
    """

    machine: Machine
    state: NegotiationState
    role_of: Mapping[str, str]
    readers: frozenset[str]
    erased: SignedErasure | None = None

    @property
    def domain(self) -> Domain:
        return self.machine.rules.domain

    @property
    def opening(self) -> Opening:
        return self.machine.rules.opening

    @classmethod
    def of(cls, domain: Domain, opening: Opening) -> Live:
        """Before message 0. `readers` may see it: the parties, the reviewers, the gateways and
        the mediator of the opening.
        """
        machine = Machine(domain, opening)
        roles: dict[str, str] = {party.address: party.role for party in opening.parties}
        mediators = () if opening.mediator is None else (opening.mediator,)
        readers = frozenset((*roles, *opening.reviewers, *opening.gateways, *mediators))
        return cls(machine, machine.initial(), roles, readers)


class LiveNegotiations:
    """A bounded cache. The store stays the only truth: whatever is dropped here is replayed from it."""

    def __init__(self, store: EventStore, capacity: int) -> None:
        self._store = store
        self._capacity = capacity
        self._entries: OrderedDict[str, Live] = OrderedDict()
        self._domains: WeakValueDictionary[str, Domain] = WeakValueDictionary()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def lock(self, negotiation: str) -> asyncio.Lock:
        """Serialises the writers of one negotiation inside this process; keep a reference while using it."""
        found = self._locks.get(negotiation)
        if found is None:
            found = self._locks[negotiation] = asyncio.Lock()
        return found

    async def get(self, negotiation: str) -> Live:
        """The negotiation as it stands. Raises NotFound."""
        entry = self._entries.get(negotiation)
        if entry is not None:
            self._entries.move_to_end(negotiation)
            return entry
        entry = await asyncio.to_thread(self.load, negotiation)
        return self._entries.get(negotiation) or self.put(negotiation, entry)

    async def fresh(self, negotiation: str) -> Live:
        """The negotiation as the store has it now, whichever process wrote last. Raises NotFound."""
        entry = await self.get(negotiation)
        found = await asyncio.to_thread(self._renewed, negotiation, entry)
        return entry if found is entry else self.put(negotiation, found)

    def _renewed(self, negotiation: str, entry: Live) -> Live:
        """The same entry where nothing has happened since. Blocks."""
        state = self._follow(negotiation, entry.machine, entry.state)
        if state is not entry.state:
            return Live(entry.machine, state, entry.role_of, entry.readers)
        erased = None if state.live else self._erased(negotiation)
        return entry if (erased is None) == (entry.erased is None) else self.load(negotiation)

    def put(self, negotiation: str, entry: Live) -> Live:
        self._entries[negotiation] = entry
        self._entries.move_to_end(negotiation)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
        return entry

    def forget(self, negotiation: str) -> None:
        """Drops the cached state, so that the next use replays the store."""
        self._entries.pop(negotiation, None)

    def shared_domain(self, domain: Domain, domain_hash: Hash32) -> Domain:
        """One object for all negotiations on the same domain."""
        return self._domains.setdefault(domain_hash, domain)

    def load(self, negotiation: str) -> Live:
        """Replays the negotiation from the store. Raises NotFound. Blocks."""
        body = self._store.documents.get("opening", negotiation)
        if body is None:
            raise NotFound("there is no such negotiation for you", negotiation=negotiation)
        opening = Opening.parse(body)
        domain = self._domains.get(opening.domain)
        if domain is None:
            domain = self.shared_domain(
                Domain.parse(self._store.documents.get("domain", opening.domain) or {}), opening.domain
            )
        live = Live.of(domain, opening)
        live.erased = self._erased(negotiation)
        if live.erased is not None:
            live.state = self._remains(live.machine, live.erased.erasure)
            return live
        live.state = self._follow(negotiation, live.machine, live.state)
        return live

    def _erased(self, negotiation: str) -> SignedErasure | None:
        found = self._store.read(erasure_stream(negotiation), limit=1)
        return None if not found else SignedErasure.from_json(found[0].data)

    def _remains(self, machine: Machine, erasure: Erasure) -> NegotiationState:
        """What can be said without the payloads. Blocks."""
        events = self._store.read_all(stream_of(erasure.negotiation))
        said = ((Message.parse(e.data["message"]).core, Hash32(e.data["hash"])) for e in events)
        reason = None if erasure.reason is None else Reason(erasure.reason)
        return remains(machine, Status(erasure.status), reason, said)

    def _follow(self, negotiation: str, machine: Machine, state: NegotiationState) -> NegotiationState:
        """The state after every message that the store has beyond `state`. Blocks."""
        while events := self._store.read(stream_of(negotiation), state.sequence - 1, READ_PAGE):
            for event in events:
                state = machine.step(state, Message.parse(event.data["message"])).state
        return state
