"""What can be wrong with the events a score is folded from."""

from __future__ import annotations

from typing import ClassVar

from parley.errors import ParleyError


class ReputationError(ParleyError):
    """Base of every error of `parley.reputation`."""

    code = "reputation"
    status: ClassVar[int] = 422


class EventOutOfPlace(ReputationError):
    """An event of a deal that was not opened before it, or that is closed already: the history is not
    complete.
    """

    code = "reputation.event-out-of-place"
    next_action = "Read the escrow's events again from the block of its deployment, in chain order."
