"""What can be wrong with a policy bundle, with facts, or with a budget."""

from __future__ import annotations

from typing import ClassVar

from parley.errors import ParleyError


class PolicyError(ParleyError):
    """Base of every error of `parley.policy`."""

    code = "policy"
    status: ClassVar[int] = 422


class BundleInvalid(PolicyError):
    """A bundle that cannot be put in force. `values`: `rule`, `problem`."""

    code = "policy.bundle-invalid"
    next_action = "Correct the named rule; the bundle that was in force stays in force."


class PolicyRefused(PolicyError):
    """A decision that forbids what was about to be done. `values`: `findings`, `bundle`."""

    code = "policy.refused"
    status = 403
    next_action = "Change the terms so that the named rules hold, or walk away."


class BudgetExceeded(PolicyError):
    """A reservation over the budget, or over one counterparty's share of it. Amounts in base units, as
    strings.
    """

    code = "policy.budget-exceeded"
    status = 409
    next_action = "Ask for less, or release a reservation that is no longer needed."


class BudgetEntryUnknown(PolicyError):
    """Nothing is reserved under this key."""

    code = "policy.budget-entry-unknown"
    status = 404
    next_action = "Reserve the amount before committing or releasing it."


class BudgetEntryCommitted(PolicyError):
    """The amount is committed already: it cannot be reserved anew or simply released."""

    code = "policy.budget-entry-committed"
    status = 409
    next_action = "Give back what returned with refund once the chain says that it returned."


class ApprovalInvalid(PolicyError):
    """An approval that does not cover these terms now. `values`: `problem`, and what was expected and
    found.
    """

    code = "policy.approval-invalid"
    status = 403
    next_action = "Ask a reviewer to approve exactly these terms, and use the approval before it expires."


class ControlInvalid(PolicyError):
    """A control order that does not follow from the orders before it. `values` say what was expected."""

    code = "policy.control-invalid"
    status = 409
    next_action = "Read the orders given so far, and sign a new one with the next number."


class RolloutInvalid(PolicyError):
    """A step of a bundle's life that does not follow from the steps before it."""

    code = "policy.rollout-invalid"
    status = 409
    next_action = "Read which bundle is in force and which is the candidate, and take the step from there."


class RecordInvalid(PolicyError):
    """A decision record whose facts cannot be read back."""

    code = "policy.record-invalid"
    next_action = "Leave the record out: it was not written by this engine, or it was changed."


class ReviewUnknown(PolicyError):
    """No such request for approval."""

    code = "policy.review-unknown"
    status = 404
    next_action = "List the requests that wait, and use an id from there."


class ReviewClosed(PolicyError):
    """The request was decided, or nobody decided it in time. `values`: `status`."""

    code = "policy.review-closed"
    status = 409
    next_action = "Send the offer again: that asks anew."


class NoAdmissibleOffer(PolicyError):
    """Policy, profile and floors leave no offer. `values`: `conflict`, a list of `{kind, id}` that cannot
    hold together, though without any one of them they could, and `candidates`, how many offers were checked.
    """

    code = "policy.no-admissible-offer"
    status = 409
    next_action = "Loosen one of the named rules, limits or constraints, or walk away."


class SolverExhausted(PolicyError):
    """A bound ended the search for an offer. `values`: `limit`, and what was reached."""

    code = "policy.solver-exhausted"
    status = 503
    next_action = "Raise the bound, or write the named rules so that the solver can translate them."


class SolverUnfit(PolicyError):
    """Numbers that do not fit the solver's 64 bits. `values`: `problem`."""

    code = "policy.solver-unfit"
    next_action = (
        "Give amounts coarser steps, or curves fewer digits; or use the search of the negotiation room."
    )


class RetentionInvalid(PolicyError):
    """A retention order that does not follow from the orders before it. `values` say what was expected."""

    code = "policy.retention-invalid"
    status = 409
    next_action = "Read the schedule, the holds and the number of the next order, and sign a new one."


class ConsentInvalid(PolicyError):
    """A consent record that cannot be taken. `values` say why."""

    code = "policy.consent-invalid"
    status = 409
    next_action = "Read the records in force, and sign a new one with your own key."
