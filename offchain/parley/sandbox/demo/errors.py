"""What can go wrong around a demonstration; what goes wrong inside it is a failed check."""

from __future__ import annotations

from parley.errors import ParleyError


class DemoError(ParleyError):
    """Base of the demonstration's errors."""

    code = "demo"
    status = 500
    next_action = "Read the output above; run again with --keep to look at the logs."


class ProcessEnded(DemoError):
    """A process of the demonstration ended by itself."""

    code = "demo.process-ended"
    next_action = "Read the process's last lines above; run again with --keep to look at its whole log."


class ProcessSlow(DemoError):
    """A process did not get where it should in time."""

    code = "demo.process-slow"
    retryable = True
    next_action = "Run again when the machine is less busy; with --keep the logs stay."
