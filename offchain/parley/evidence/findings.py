"""How a check answers: an outcome with its detail, or `Broken`."""

from __future__ import annotations

from parley.evidence.report import Outcome

Finding = tuple[Outcome, str]


class Broken(Exception):
    """The check found the bundle wrong; the text says what."""


def passed(detail: str) -> Finding:
    """The check found everything in order."""
    return Outcome.PASSED, detail


def partly(detail: str) -> Finding:
    """In order as far as it could look; the detail says how far."""
    return Outcome.PARTIAL, detail


def nothing(detail: str) -> Finding:
    """The bundle holds nothing of the kind."""
    return Outcome.NOTHING, detail


def skipped(detail: str) -> Finding:
    """There is something to check, but no means to."""
    return Outcome.SKIPPED, detail
