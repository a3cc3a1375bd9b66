"""The one exception hierarchy of Parley.

Every member carries a stable `code`, a `message` for people, the `next_action` that gets the caller out of
it, whether the same call may succeed later (`retryable`), the HTTP `status` a gateway answers with, and the
offending `values`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class ParleyError(Exception):
    """Base of every error Parley raises on purpose.

    Subclasses set the class attributes; values that broke the rule are passed as keyword arguments and must
    be JSON-compatible and free of secrets.
    """

    code: ClassVar[str] = "parley"
    next_action: str = "Read the message; if it does not help, report it with the code and values."
    retryable: ClassVar[bool] = False
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, next_action: str | None = None, **values: Any) -> None:
        super().__init__(message)
        self.message = message
        self.values: Mapping[str, Any] = values
        if next_action is not None:
            self.next_action = next_action

    def __str__(self) -> str:
        shown = ", ".join(f"{key}={value!r}" for key, value in self.values.items())
        return f"{self.message} [{self.code}]" + (f" ({shown})" if shown else "")

    def as_problem(self) -> dict[str, Any]:
        """RFC 9457 members, as the gateway and the CLI's --json print them."""
        return {
            "type": f"urn:parley:error:{self.code}",
            "title": self.message,
            "status": self.status,
            "code": self.code,
            "next_action": self.next_action,
            "retryable": self.retryable,
            "values": dict(self.values),
        }
