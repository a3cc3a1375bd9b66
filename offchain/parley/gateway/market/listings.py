"""Listings: signed by their agents, found by capability and side. Kept as events, indexed in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from parley.gateway.errors import ListingInvalid, NotFound, NotYours, TooManyListings
from parley.store.models import ANY, DocumentPut, NewEvent
from parley.store.service import EventStore
from parley.terms.domain import Domain
from parley.terms.quotes import Listing, check_author
from parley.terms.statement import SignedStatement
from parley.terms.values import Address, Hash32

STREAM = "listings"
LISTED = "listed"
WITHDRAWN = "listing-withdrawn"
MOST = 100
"""Listings that one agent may have at a time."""
LONGEST = 31_536_000
AHEAD = 300
Shown = Mapping[str, Any]


class Listings:
    """Thread-safe. Every read first takes in what other processes published since. What has expired is not
    shown; the number of a listing is its place in the log, and the cursor.
    """

    def __init__(self, store: EventStore, *, chain_id: int, clock: Callable[[], int]) -> None:
        self._store = store
        self._chain_id = chain_id
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = -1
        self._all: dict[str, Shown] = {}

    def publish(
        self, agent: Address, listing: Listing, statement: SignedStatement, domain: Domain | None
    ) -> Shown:
        """Raises `NotYours`, `ListingInvalid`, `TooManyListings` and the errors of the statement. The same
        listing again changes nothing. Blocks until durable.
        """
        now, identity = self._clock(), listing.hash()
        if listing.agent != agent:
            raise NotYours("everyone lists for itself only", agent=listing.agent)
        check_author(listing, statement, agent, self._chain_id)
        if listing.domain != (None if domain is None else domain.hash()):
            raise ListingInvalid("the listing names another domain than what came with it")
        if listing.issued_at > now + AHEAD or not now < listing.expires_at <= now + LONGEST:
            raise ListingInvalid(
                "the listing has expired, or runs too long", expires_at=listing.expires_at, longest=LONGEST
            )
        with self._lock:
            self._catch_up()
            if identity in self._all:
                return self._all[identity]
            if sum(shown["agent"] == agent for shown in self._in_force(now)) >= MOST:
                raise TooManyListings("there are too many listings of this agent", most=MOST)
            data = {"listing": listing.as_json(), **statement.as_json(), "hash": identity}
            documents = () if domain is None else (DocumentPut("domain", domain.hash(), domain.as_json()),)
            self._store.append(
                STREAM,
                ANY,
                (NewEvent(LISTED, data),),
                documents=documents,
                idempotency_key=f"list:{identity}",
            )
            self._catch_up()
            return self._all[identity]

    def withdraw(self, agent: Address, identity: str) -> None:
        """Takes a listing back. Raises `NotFound` and `NotYours`. Blocks until durable."""
        found = self.get(identity)
        if found["agent"] != agent:
            raise NotYours("only its agent withdraws a listing", listing=identity)
        self._store.append(
            STREAM,
            ANY,
            (NewEvent(WITHDRAWN, {"hash": identity}),),
            idempotency_key=f"unlist:{identity}",
        )

    def get(self, identity: str) -> Shown:
        """One listing in force, with its domain. Raises `NotFound`."""
        with self._lock:
            self._catch_up()
            found = self._all.get(identity)
        if found is None or found["expires_at"] < self._clock():
            raise NotFound("there is no such listing", listing=identity)
        named = found["listing"].get("domain")
        return found if named is None else {**found, "domain": self._store.documents.get("domain", named)}

    def find(
        self, capability: str | None, side: str | None, agent: str | None, after: int, limit: int
    ) -> tuple[list[Shown], int | None]:
        """Listings in force with a number above `after`, oldest first, and the cursor of the next page."""
        with self._lock:
            self._catch_up()
            fitting = [
                shown
                for shown in self._in_force(self._clock())
                if shown["number"] > after
                and (capability is None or capability in shown["listing"]["capabilities"])
                and (side is None or side == shown["listing"]["side"])
                and (agent is None or agent == shown["agent"])
            ]
        page = fitting[:limit]
        return page, page[-1]["number"] if len(fitting) > limit else None

    def _in_force(self, now: int) -> list[Shown]:
        return [shown for shown in self._all.values() if shown["expires_at"] >= now]

    def _catch_up(self) -> None:
        for event in self._store.read_all_after(STREAM, self._seen):
            identity = Hash32(event.data["hash"])
            if event.kind == LISTED:
                listing = event.data["listing"]
                self._all[identity] = {
                    **event.data,
                    "number": event.sequence,
                    "agent": listing["agent"],
                    "expires_at": listing["expires_at"],
                }
            else:
                self._all.pop(identity, None)
            self._seen = event.sequence
