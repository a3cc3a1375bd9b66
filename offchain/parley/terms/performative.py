"""The nineteen things a message can do."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from parley.terms.errors import DocumentInvalid


class Performative(IntEnum):
    """Numbers as they are signed (docs/spec.md section 5); the JSON form is the lower-case name."""

    OPEN = 0
    PROPOSE = 1
    COUNTER = 2
    ACCEPT = 3
    REJECT = 4
    QUERY = 5
    INFORM = 6
    WITHDRAW = 7
    ESCALATE = 8
    RESUME = 9
    APPROVE = 10
    REFUSE = 11
    TIMEOUT = 12
    CONTROL = 13
    FAULT = 14
    COMMIT = 15
    REVEAL = 16
    AWARD = 17
    CALL = 18

    @property
    def wire(self) -> str:
        """The name in JSON."""
        return self.name.lower()

    @classmethod
    def named(cls, name: Any) -> Performative:
        """The performative of a JSON name. Raises `DocumentInvalid`."""
        found = _BY_NAME.get(name) if isinstance(name, str) else None
        if found is None:
            raise DocumentInvalid(
                "unknown performative", document="message", field="core.performative", problem=str(name)[:80]
            )
        return found


_BY_NAME = {performative.name.lower(): performative for performative in Performative}
