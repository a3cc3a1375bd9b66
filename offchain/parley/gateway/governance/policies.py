"""The policies of a gateway: bundles signed by operators, taken through shadow and stages into force."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from parley.gateway.errors import NotAnOperator
from parley.gateway.governance.folded import Folded
from parley.policy.errors import BundleInvalid, RolloutInvalid
from parley.policy.models import Bundle
from parley.policy.rollout import Rollout, RolloutStep
from parley.policy.service import PolicyEngine
from parley.store.models import NewEvent, StoredEvent
from parley.store.service import EventStore
from parley.terms.statement import SignedStatement
from parley.terms.values import Address, Hash32

STREAM = "policies"
STEP = "rollout-step"


@dataclass(frozen=True, slots=True)
class Policies:
    """The roll-out with the bundles it names."""

    rollout: Rollout = field(default_factory=Rollout)
    bundles: dict[Hash32, Bundle] = field(default_factory=dict)


class PolicyRegister:
    """`standing` is the bundle of the settings, if any: it is evaluated beside whatever is in force, so that
    nothing that is rolled out can loosen it.
    """

    def __init__(
        self,
        store: EventStore,
        standing: Bundle | None,
        *,
        chain_id: int,
        operators: Collection[Address],
        clock: Callable[[], int],
    ) -> None:
        self._chain_id = chain_id
        self._operators = frozenset(operators)
        self._clock = clock
        self.standing = None if standing is None else PolicyEngine(standing)
        self.folded: Folded[Policies] = Folded(store, STREAM, Policies(), _after)
        self._engines: dict[Hash32, PolicyEngine] = {}
        self._lock = threading.Lock()

    def take(self, step: RolloutStep, statement: SignedStatement, bundle: Bundle | None) -> Policies:
        """One more step, with the bundle itself when it is loaded. A bundle that does not compile is
        refused here.

        Raises `NotAnOperator`, the errors of the statement, `BundleInvalid`, `RolloutInvalid`. Blocks.
        """
        author = statement.core.author
        if author not in self._operators:
            raise NotAnOperator("only an operator of this gateway rolls out policies", author=author)
        statement.verify(step, self._chain_id)
        if (step.step == "load") != (bundle is not None):
            raise BundleInvalid("A load, and nothing else, brings the bundle", step=step.step)
        if bundle is not None:
            if bundle.hash() != step.bundle:
                raise BundleInvalid(
                    "The step names another bundle", expected=step.bundle, actual=bundle.hash()
                )
            PolicyEngine(bundle)

        def decide(state: Policies) -> NewEvent:
            state.rollout.after(step)
            data = {"step": step.as_json(), **statement.as_json()}
            if bundle is not None:
                data["bundle"] = bundle.as_json()
            return NewEvent(STEP, data)

        return self.folded.append(decide)

    def engines_for(self, counterparty: str) -> tuple[list[PolicyEngine], PolicyEngine | None]:
        """The engines that decide for a counterparty, and the one that only watches."""
        state = self.folded.current()[0]
        judging, shadowing = state.rollout.judging(counterparty), state.rollout.shadowing(counterparty)
        deciding = [] if self.standing is None else [self.standing]
        if judging is not None:
            deciding.append(self._engine(state, judging))
        return deciding, None if shadowing is None else self._engine(state, shadowing)

    def bundle(self, bundle_hash: str) -> Bundle:
        """A bundle that was loaded. Raises `RolloutInvalid`."""
        found = self.folded.current()[0].bundles.get(Hash32(bundle_hash))
        if found is None:
            raise RolloutInvalid("The bundle was not loaded", bundle=bundle_hash)
        return found

    @property
    def in_force(self) -> Hash32 | None:
        """The bundle in force; that of the settings where none was promoted."""
        promoted = self.folded.current()[0].rollout.in_force
        return promoted or (None if self.standing is None else self.standing.hash)

    def _engine(self, state: Policies, bundle: Hash32) -> PolicyEngine:
        with self._lock:
            found = self._engines.get(bundle)
            if found is None:
                found = self._engines[bundle] = PolicyEngine(state.bundles[bundle])
            return found


def _after(state: Policies, event: StoredEvent) -> Policies:
    step = RolloutStep.parse(event.data["step"])
    bundles = state.bundles
    if "bundle" in event.data:
        bundles = {**bundles, step.bundle: Bundle.parse(event.data["bundle"])}
    return Policies(state.rollout.after(step), bundles)
