"""What can go wrong on an agent's side, typed like everything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parley.errors import ParleyError


class AgentError(ParleyError):
    """Base of the agents' own errors."""

    code = "agent"


class GatewayProblem(AgentError):
    """A problem+json answer. `problem` is the gateway's code, `http_status` its status; `values` are the
    gateway's.
    """

    code = "agent.gateway-problem"

    def __init__(self, http_status: int, body: Mapping[str, Any]) -> None:
        values = body.get("values")
        super().__init__(
            str(body.get("title", "the gateway refused the request")),
            next_action=str(body.get("next_action", "Read the gateway's answer.")),
            **({str(key): value for key, value in values.items()} if isinstance(values, Mapping) else {}),
        )
        self.problem = str(body.get("code", "unknown"))
        self.http_status = http_status
        self.transient = bool(body.get("retryable", False))

    def __str__(self) -> str:
        return f"{super().__str__()} <- {self.http_status} {self.problem}"


class GatewayUnreachable(AgentError):
    code = "agent.gateway-unreachable"
    retryable = True
    status = 503
    next_action = "Check the gateway's URL and that it runs; sending the same signed message again is safe."


class AnswerInvalid(AgentError):
    """The other side answered something that is not what the protocol says."""

    code = "agent.answer-invalid"
    status = 502
    next_action = "Treat this gateway or peer as faulty: keep the transcript and negotiate elsewhere."


class TranscriptForked(AgentError):
    """The other side shows messages that contradict those already verified and kept."""

    code = "agent.transcript-forked"
    status = 502
    next_action = "Stop; the kept transcript and the contradicting message together are proof."


class GuardRefused(AgentError):
    """The key guard refused to sign: a policy rule or the budget forbids it."""

    code = "agent.guard-refused"
    status = 403
    next_action = "Change the terms that values.findings name; no signature was made."


class ApprovalRequired(AgentError):
    """A rule wants a person's approval of exactly these terms before the signature."""

    code = "agent.approval-required"
    status = 403
    next_action = "Approve the terms hash in values.terms, then try again; no signature was made."


class SealMissing(AgentError):
    """There is no seal to open, or nothing revealed that an award could follow from."""

    code = "agent.seal-missing"
    status = 409
    next_action = "Seal first in the commit window; award once every seal is open or its window is over."


class BondNotOpen(AgentError):
    """Bids stand whose bond is not open on the chain. `values`: `roles`, `bonds` (deal ids)."""

    code = "agent.bond-not-open"
    status = 409
    retryable = True
    next_action = "Look again when the chain is read; withdraw, or let the award window end, if it stays so."


class JournalConflict(AgentError):
    """A different message for a step this agent has already signed: signing it would be equivocation."""

    code = "agent.journal-conflict"
    status = 409
    next_action = "Send the message on record again instead."


class ConfigInvalid(AgentError):
    code = "agent.config-invalid"
    next_action = "Correct the field named in values in the agent's configuration file."


class Overtaken(AgentError):
    """Someone else's message took the step this agent had signed for; the session has taken it in."""

    code = "agent.overtaken"
    status = 409
    retryable = True
    next_action = "Look at the new state and decide again."


class SealUnreadable(AgentError):
    """A sealed payload that this agent cannot open: not sealed to it, to another key, or damaged."""

    code = "agent.seal-unreadable"
    status = 422
    next_action = "Ask the sender to seal it to the key of your newest card; it counts for nothing as it is."
