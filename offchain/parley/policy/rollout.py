"""The life of policy bundles as data: loaded, shadowed, staged, promoted, rolled back. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from parley.policy.errors import RolloutInvalid
from parley.terms.documents import Document
from parley.terms.lists import ShortText
from parley.terms.values import Count, Hash32, keccak

PPM = 1_000_000
StepKind = Literal["load", "shadow", "stage", "promote", "roll-back"]


class RolloutStep(Document):
    """One signed step. `bundle` is what it is about; `share_ppm` the share of counterparties that a stage
    judges by the candidate; `number` its place in the gateway's log, so that no step can be played back
    later.
    """

    schema_: Literal["parley/rollout-step"] = Field(default="parley/rollout-step", alias="schema")
    step: StepKind
    bundle: Hash32
    share_ppm: Annotated[int, Field(ge=1, le=PPM)] | None = None
    reason: Annotated[ShortText, Field(min_length=1)]
    number: Count
    issued_at: Count

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.step == "stage") != (self.share_ppm is not None):
            raise ValueError("a stage, and nothing else, names the share of counterparties in ppm")
        return self


@dataclass(frozen=True, slots=True)
class Rollout:
    """What is in force and what is being tried. `share_ppm` 0 with a candidate is shadow evaluation."""

    known: frozenset[Hash32] = frozenset()
    in_force: Hash32 | None = None
    former: tuple[Hash32, ...] = ()
    candidate: Hash32 | None = None
    share_ppm: int = 0
    taken: int = 0

    @classmethod
    def fold(cls, steps: Iterable[RolloutStep]) -> Rollout:
        """The state after `steps`. Raises `RolloutInvalid` at the first that does not fit."""
        found = cls()
        for step in steps:
            found = found.after(step)
        return found

    def after(self, step: RolloutStep) -> Rollout:
        """The state after one more step. Raises `RolloutInvalid`.

        A bundle is loaded before anything else. Shadow and stage make it the candidate, in place of
        another; a stage may widen or narrow. Promote puts it in force at once; the first needs no trial.
        Roll back names the candidate, which is dropped, or what is in force, which gives way to what was
        before it.
        """
        if step.number != self.taken:
            raise RolloutInvalid("The step has another number", expected=self.taken, actual=step.number)
        counted = replace(self, taken=self.taken + 1)
        if step.step == "load":
            return replace(counted, known=self.known | {step.bundle})
        if step.bundle not in self.known:
            raise RolloutInvalid("The bundle was not loaded", bundle=step.bundle)
        if step.step == "roll-back":
            return counted._rolled_back(step.bundle)
        if step.bundle == self.in_force:
            raise RolloutInvalid("The bundle is in force already", bundle=step.bundle)
        if step.step == "promote":
            former = self.former if self.in_force is None else (*self.former, self.in_force)
            return replace(counted, in_force=step.bundle, former=former, candidate=None, share_ppm=0)
        return replace(counted, candidate=step.bundle, share_ppm=step.share_ppm or 0)

    def _rolled_back(self, bundle: Hash32) -> Rollout:
        if bundle == self.candidate:
            return replace(self, candidate=None, share_ppm=0)
        if bundle != self.in_force:
            raise RolloutInvalid("Neither in force nor on trial", bundle=bundle, in_force=self.in_force)
        if not self.former:
            raise RolloutInvalid("There is no bundle to go back to", bundle=bundle)
        return replace(self, in_force=self.former[-1], former=self.former[:-1], candidate=None, share_ppm=0)

    def judging(self, counterparty: str) -> Hash32 | None:
        """The bundle that decides for a counterparty; the same one for as long as the stage does not
        change.
        """
        if self.candidate is not None and place_of(self.candidate, counterparty) < self.share_ppm:
            return self.candidate
        return self.in_force

    def shadowing(self, counterparty: str) -> Hash32 | None:
        """The bundle that is evaluated beside it, for the record only."""
        return self.candidate if self.judging(counterparty) != self.candidate else None


def place_of(bundle: Hash32, counterparty: str) -> int:
    """Where a counterparty stands in a bundle's roll-out, 0 to 999 999: stable, and different for each
    bundle, so that not always the same ones go first. A wider stage keeps everyone whom a narrower one had.
    """
    drawn = keccak(bytes.fromhex(bundle[2:]) + bytes.fromhex(counterparty[2:]))
    return int.from_bytes(drawn, "big") % PPM
