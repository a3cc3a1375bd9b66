"""What a gateway says when it erased the payloads of a negotiation: which, when, and under which schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from parley.terms.documents import Document
from parley.terms.lists import ShortText
from parley.terms.statement import SignedStatement
from parley.terms.values import Count, Hash32


class Erasure(Document):
    """The payloads and salts of the first `messages` messages are gone; what was signed over their hashes is
    not. `status` and `reason` are how the negotiation had ended, which cannot be replayed any more; `rule` is
    the rule of the `schedule` (a document hash) that called for it; times in unix seconds.
    """

    schema_: Literal["parley/erasure"] = Field(default="parley/erasure", alias="schema")
    negotiation: Hash32
    messages: Count
    status: Literal["ACCEPTED", "TERMINATED", "FAILED"]
    reason: ShortText | None = None
    ended_at: Count
    schedule: Hash32
    rule: ShortText
    erased_at: Count

    @property
    def words(self) -> str:
        """When and under what, for a report."""
        day = datetime.fromtimestamp(self.erased_at, UTC).strftime("%Y-%m-%d")
        return f"erased on {day} under rule {self.rule} of schedule {self.schedule}"


class SignedErasure(SignedStatement):
    """An erasure with the statement of the gateway that made it."""

    erasure: Erasure

    def check(self, chain_id: int) -> None:
        """Raises `StatementMismatch` and `SignatureInvalid`."""
        self.verify(self.erasure, chain_id)
