"""What operators and reviewers do at a gateway: stop, lift, roll policies out, approve. All of it is
signed here, and sent over HTTP like everything else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import httpx

from parley.agents.calls import Call
from parley.agents.client import GatewayClient
from parley.agents.people import PersonIdentity
from parley.agents.signin import KeyIdentity
from parley.policy.controls import ControlOrder, Scope
from parley.policy.models import Bundle
from parley.policy.retention import RetentionOrder, RetentionSchedule
from parley.policy.review import ReviewRequest
from parley.policy.rollout import RolloutStep, StepKind
from parley.terms.documents import Document
from parley.terms.message import Approval
from parley.terms.signing import Signer
from parley.terms.statement import state
from parley.terms.values import Hash32, keccak

SCOPES = ("read", "govern")
Answer = Mapping[str, Any]


def _clock() -> int:
    return int(time.time())


class Operator:
    """One operator or reviewer at one gateway. `clock` gives unix seconds; `token` is a session that a person
    has already. Raises what `GatewayClient` raises.
    """

    def __init__(
        self,
        url: str,
        signer: Signer,
        chain_id: int,
        *,
        audience: str | None = None,
        scopes: Sequence[str] = SCOPES,
        clock: Callable[[], int] = _clock,
        transport: httpx.BaseTransport | None = None,
        token: str | None = None,
    ) -> None:
        self._signer = signer
        self._chain_id = self.chain_id = chain_id
        self._clock = clock
        identity = KeyIdentity(signer, chain_id, audience) if token is None else PersonIdentity()
        self.client = GatewayClient(url, identity, transport=transport, scopes=scopes, token=token)

    def close(self) -> None:
        self.client.close()

    # ------------------------------------------------------------ kill switch

    def controls(self) -> Answer:
        """What is stopped now, and the number of the next order."""
        return self._get("/v1/controls")

    def stop(self, scope: Scope, subjects: Sequence[str], reason: str) -> Answer:
        """Stops everything, an agent, a pair or a token from the next message on; the answer has the order's
        hash.
        """
        return self._order("stop", scope, subjects, reason, None)

    def lift(self, order: str, reason: str) -> Answer:
        """Lifts the stop with this hash. Raises `GatewayProblem` when nothing is stopped by it."""
        for stop in self.controls()["active"]:
            if stop["hash"] == order:
                given = stop["order"]
                return self._order("lift", given["scope"], given.get("subjects", ()), reason, Hash32(order))
        return self._order("lift", "all", (), reason, Hash32(order))

    def _order(
        self,
        action: Literal["stop", "lift"],
        scope: Scope,
        subjects: Sequence[str],
        reason: str,
        lifts: Hash32 | None,
    ) -> Answer:
        order = ControlOrder.from_json(
            {
                "schema": "parley/control-order",
                "version": 1,
                "action": action,
                "scope": scope,
                "subjects": sorted(subjects),
                "reason": reason,
                "number": self.controls()["number"],
                "issued_at": self._clock(),
                **({} if lifts is None else {"lifts": lifts}),
            }
        )
        return self._post("/v1/controls", {"order": order.as_json(), **self._signed(order)})

    def kpis(self, since: int, until: int, agent: str | None = None) -> Answer:
        """Key figures of a period (unix seconds): everybody's for an operator, else the caller's own."""
        named = {} if agent is None else {"agent": agent}
        found: Answer = self._get("/v1/kpis", since=since, until=until, **named)["kpis"]
        return found

    def anomalies(self) -> list[Answer]:
        """Thresholds that were crossed, oldest first. For operators."""
        found: list[Answer] = []
        after = -1
        while page := self._get("/v1/anomalies", after=after)["anomalies"]:
            found += page
            after = page[-1]["number"]
        return found

    # -------------------------------------------------------------- retention

    def retention(self) -> Answer:
        """The retention schedule in force, the holds, and the number of the next order."""
        return self._get("/v1/retention")

    def schedule(self, schedule: RetentionSchedule, reason: str) -> Answer:
        """Puts a retention schedule in force."""
        return self._retain("schedule", reason, schedule=schedule.as_json())

    def hold(self, reason: str, *, negotiation: str | None = None, agent: str | None = None) -> Answer:
        """Keeps a negotiation, or everything of an agent, whatever the schedule says."""
        return self._retain("hold", reason, negotiation=negotiation, agent=agent)

    def release(self, order: str, reason: str) -> Answer:
        """Releases the hold with this hash."""
        return self._retain("release", reason, releases=order)

    def due(self) -> list[Answer]:
        """What would be erased now. For operators."""
        found: list[Answer] = self._get("/v1/retention/due")["due"]
        return found

    def _retain(self, action: str, reason: str, **named: Any) -> Answer:
        order = RetentionOrder.from_json(
            {
                "schema": "parley/retention-order",
                "version": 1,
                "action": action,
                **{key: value for key, value in named.items() if value is not None},
                "reason": reason,
                "number": self.retention()["number"],
                "issued_at": self._clock(),
            }
        )
        return self._post("/v1/retention", {"order": order.as_json(), **self._signed(order)})

    # --------------------------------------------------------------- policies

    def policies(self) -> Answer:
        """What is in force, on trial and loaded, and the number of the next step."""
        return self._get("/v1/policies")

    def load(self, bundle: Bundle, reason: str) -> Answer:
        """Brings a bundle to the gateway; it decides nothing yet."""
        return self._step("load", bundle.hash(), reason, bundle=bundle)

    def shadow(self, bundle: str, reason: str) -> Answer:
        """Evaluates a loaded bundle beside what is in force, for the record only."""
        return self._step("shadow", bundle, reason)

    def stage(self, bundle: str, share_ppm: int, reason: str) -> Answer:
        """Lets a loaded bundle decide for a stable share of counterparties, in ppm."""
        return self._step("stage", bundle, reason, share_ppm=share_ppm)

    def promote(self, bundle: str, reason: str) -> Answer:
        """Puts a loaded bundle in force for everyone."""
        return self._step("promote", bundle, reason)

    def roll_back(self, bundle: str, reason: str) -> Answer:
        """Drops a candidate, or gives the bundle before it back its force."""
        return self._step("roll-back", bundle, reason)

    def bundle(self, bundle: str) -> Answer:
        """A loaded bundle, whole."""
        found: Answer = self._get(f"/v1/policies/{bundle}")["bundle"]
        return found

    def impact(self, bundle: str, limit: int = 1_000) -> Answer:
        """What a loaded bundle would have decided otherwise, over the newest `limit` decisions."""
        found: Answer = self._get(f"/v1/policies/{bundle}/impact", limit=limit)["impact"]
        return found

    def _step(
        self,
        kind: StepKind,
        bundle_hash: str,
        reason: str,
        *,
        share_ppm: int | None = None,
        bundle: Bundle | None = None,
    ) -> Answer:
        step = RolloutStep.from_json(
            {
                "schema": "parley/rollout-step",
                "version": 1,
                "step": kind,
                "bundle": bundle_hash,
                "reason": reason,
                "number": self.policies()["number"],
                "issued_at": self._clock(),
                **({} if share_ppm is None else {"share_ppm": share_ppm}),
            }
        )
        brought = {} if bundle is None else {"bundle": bundle.as_json()}
        return self._post("/v1/policies", {"step": step.as_json(), **self._signed(step), **brought})

    # -------------------------------------------------------------- approvals

    def approvals(self, status: str | None = "waiting") -> list[Answer]:
        """Requests of this status, oldest first; all of them for None."""
        found: list[Answer] = []
        after: int | None = 0
        while after is not None:
            page = self._get("/v1/approvals", after=after, **({} if status is None else {"status": status}))
            found += page["approvals"]
            after = page["next"]
        return found

    def approval(self, identity: str) -> Answer:
        """One request with its exact terms, the decision that asked for it, and what was decided."""
        found: Answer = self._get(f"/v1/approvals/{identity}")["approval"]
        return found

    def decide(self, identity: str, *, granted: bool, reason: str, seconds: int = 900) -> Answer:
        """Approves or refuses a request; an approval is good for `seconds`. The reason is signed by its
        hash.
        """
        request = ReviewRequest.from_json(self.approval(identity)["request"])
        now = self._clock()
        core = Approval(
            negotiation=request.negotiation,
            terms_hash=request.terms_hash,
            agent=request.agent,
            reviewer=self._signer.address,
            granted=granted,
            reason=Hash32.of(keccak(reason.encode())),
            decided_at=now,
            expires_at=now + seconds,
        )
        signature = self._signer.sign_digest(core.digest(self._chain_id))
        found: Answer = self._post("/v1/approvals", {"core": core.as_json(), "signature": signature})[
            "approval"
        ]
        return found

    def decisions(self, negotiation: str) -> list[Answer]:
        """Every decision recorded about a negotiation, in order."""
        found: list[Answer] = []
        after: int | None = -1
        while after is not None:
            page = self._get(f"/v1/negotiations/{negotiation}/decisions", after=after)
            found += page["decisions"]
            after = page["next"]
        return found

    # ---------------------------------------------------------------- reading

    def negotiation(self, negotiation: str) -> Answer:
        """Where a negotiation stands, with its documents. For its parties, reviewers and gateways."""
        return self._get(f"/v1/negotiations/{negotiation}")

    def messages(self, negotiation: str) -> list[Answer]:
        """Every message of a negotiation with its receipt, in order."""
        found: list[Answer] = []
        while page := self._get(f"/v1/negotiations/{negotiation}/messages", after=len(found) - 1)["messages"]:
            found += page
        return found

    # ------------------------------------------------------------------ calls

    def _signed(self, document: Document) -> Answer:
        return state(self._signer, document, self._chain_id, self._clock()).as_json()

    def _get(self, path: str, **params: str | int) -> Answer:
        return self.client.run(Call("GET", path, dict, params=params))

    def _post(self, path: str, body: Answer) -> Answer:
        return self.client.run(Call("POST", path, dict, body=body, repeatable=False))
