"""What can be wrong with a source."""

from __future__ import annotations

from typing import ClassVar

from parley.errors import ParleyError


class ConnectorError(ParleyError):
    """Base of every error of `parley.connectors`."""

    code = "connectors"
    status: ClassVar[int] = 422


class TargetRefused(ConnectorError):
    """A URL that may not be called: not https, or an address that is not public."""

    code = "connectors.target-refused"
    next_action = "Give an https:// URL whose host has public addresses only."


class SourceUnreachable(ConnectorError):
    """The source did not answer, or not with data. `values`: `source`, `reason`."""

    code = "connectors.source-unreachable"
    status = 503
    retryable = True
    next_action = "Look at the source named in values and try again; facts from it go stale until then."


class SourceTooLarge(ConnectorError):
    """More bytes or rows than the source's contract allows. `values`: `source`, `limit`."""

    code = "connectors.source-too-large"
    next_action = "Have the source give less, or raise the limit in its description."


class RowInvalid(ConnectorError):
    """A row that breaks the contract. `values`: `source`, `row` (from 1), `field`, `problem`."""

    code = "connectors.row-invalid"
    next_action = "Correct the row at the source: nothing of a source with such a row is used."


class RowUnknown(ConnectorError):
    """The source has no row under this key."""

    code = "connectors.row-unknown"
    status = 404
    next_action = "Use a key that the source has."


class DataStale(ConnectorError):
    """The data are older than the contract allows, or of an age that nobody can tell. `values`: `source`,
    `key`, `age`, `max_age_seconds`.
    """

    code = "connectors.data-stale"
    status = 409
    retryable = True
    next_action = "Wait until the source has newer data; nothing rests on what is stale."
