"""What the sandbox refuses."""

from __future__ import annotations

from typing import ClassVar

from parley.errors import ParleyError


class SandboxError(ParleyError):
    """Base of the sandbox's own errors."""

    code = "sandbox"
    status: ClassVar[int] = 422


class CaseInvalid(SandboxError):
    """Domain, profiles and strategies that do not make one negotiation. `values`: `field`, and what was
    expected.
    """

    code = "sandbox.case-invalid"
    next_action = "Give one profile and one strategy for each role of the domain."


class StrategyUnreadable(SandboxError):
    """A strategy that is not written as name:param=value,…. `values`: `strategy`, `problem`."""

    code = "sandbox.strategy-unreadable"
    next_action = "Write a strategy as its name, or as name:param=value,param=value with JSON values."


class ProtocolUnknown(SandboxError):
    """A protocol that a match cannot be played under. `values`: `protocol`, `known`."""

    code = "sandbox.protocol-unknown"
    next_action = "Name one of the known protocols."


class FolderUnusable(SandboxError):
    """A folder for results that cannot be made, or holds those of something else. `values`: `path`,
    `reason`.
    """

    code = "sandbox.folder-unusable"
    next_action = "Name a new folder, or the one of the same run to go on with it."


class WorkersLost(SandboxError):
    """A process of a tournament ended before its matches did. `values`: `jobs`, `played`."""

    code = "sandbox.workers-lost"
    status = 503
    retryable = True
    next_action = (
        "Run it again, with fewer --jobs if memory was short; with --out it goes on where it stopped."
    )


class PlotsMissing(SandboxError):
    """Pictures were asked for and what draws them is not installed."""

    code = "sandbox.plots-missing"
    next_action = "Install the extra: pip install 'parley-market[plots]'; or leave the pictures out."


class NotLocal(SandboxError):
    """Something that is not of this machine, or not worthless. `values`: what was refused."""

    code = "sandbox.not-local"
    status = 403
    next_action = "Use a throwaway chain and keys of the sandbox: it never touches production."
