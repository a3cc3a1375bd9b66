"""The words a state is told in. Their texts are part of the canonical state and do not change."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """INIT, PROPOSED and COUNTER are live; the others are final for this machine."""

    INIT = "INIT"
    PROPOSED = "PROPOSED"
    COUNTER = "COUNTER"
    ACCEPTED = "ACCEPTED"
    TERMINATED = "TERMINATED"
    FAILED = "FAILED"

    @property
    def live(self) -> bool:
        return self in _LIVE


_LIVE = frozenset((Status.INIT, Status.PROPOSED, Status.COUNTER))


class Reason(StrEnum):
    """Why a negotiation ended."""

    AGREED = "agreed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    DEADLINE = "deadline"
    OFFER_EXPIRED = "offer_expired"
    TIMEOUT = "timeout"
    CONTROL = "control"
    ROUNDS = "rounds"
    LOOP = "loop"
    EQUIVOCATION = "equivocation"
    NO_BIDS = "no_bids"
    NO_OVERLAP = "no_overlap"


class Fallback(StrEnum):
    """What happens when the negotiation does not converge."""

    ABORT = "abort"
    ESCALATE = "escalate"
    POST = "post"
