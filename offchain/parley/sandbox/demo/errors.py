"""What can go wrong around a demonstration; what goes wrong inside it is a failed check."""

from __future__ import annotations

from parley.errors import ParleyError


class DemoError(ParleyError):
    """Base of the demonstration's errors."""

    code = "demo"
    status = 500
    next_action = "Read the output above; run again with --keep to look at the logs."


class FolderUnusable(DemoError):
    """The folder of the demonstration cannot be made, or not be written."""

    code = "demo.folder-unusable"
    next_action = "Name a folder that does not exist yet, where you may write and have 100 MB of room."


class TerminalMissing(DemoError):
    """Approvals were to be asked for, and nobody is there to answer."""

    code = "demo.terminal-missing"
    next_action = "Run it in a terminal to decide yourself, or add --approve to approve every request."


class RequestForged(DemoError):
    """A request for approval does not ask for what it shows."""

    code = "demo.request-forged"
    next_action = "Do not approve it; look at the agent that asks."


class ProcessEnded(DemoError):
    """A process of the demonstration ended by itself."""

    code = "demo.process-ended"
    next_action = "Read the process's last lines above; run again with --keep to look at its whole log."


class ProcessSlow(DemoError):
    """A process did not get where it should in time."""

    code = "demo.process-slow"
    retryable = True
    next_action = "Run again when the machine is less busy; with --keep the logs stay."
