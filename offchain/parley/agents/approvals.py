"""How an agent gets a person's word: a request with the exact terms goes out, a signed decision comes back,
or not yet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from parley.agents.errors import AnswerInvalid
from parley.errors import ParleyError
from parley.policy.approvals import APPROVAL_SECONDS
from parley.terms.message import Approval, SignedApproval
from parley.terms.signing import Signer
from parley.terms.values import Address, Hash32, keccak


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What a reviewer is shown. `price` is base units, `terms` the exact terms document, `findings` the
    rules that ask.
    """

    negotiation: Hash32
    terms_hash: Hash32
    agent: Address
    counterparty: Address
    price: int
    terms: Mapping[str, Any]
    findings: tuple[Mapping[str, Any], ...]
    asked_at: int

    def as_json(self) -> dict[str, Any]:
        return {
            "negotiation": self.negotiation,
            "terms_hash": self.terms_hash,
            "agent": self.agent,
            "counterparty": self.counterparty,
            "price": str(self.price),
            "terms": dict(self.terms),
            "findings": [dict(finding) for finding in self.findings],
            "asked_at": self.asked_at,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> ApprovalRequest:
        """What `as_json` wrote. Raises AnswerInvalid for anything else."""
        try:
            return cls(
                negotiation=Hash32(found["negotiation"]),
                terms_hash=Hash32(found["terms_hash"]),
                agent=Address(found["agent"]),
                counterparty=Address(found["counterparty"]),
                price=int(found["price"]),
                terms=dict(found["terms"]),
                findings=tuple(dict(finding) for finding in found["findings"]),
                asked_at=int(found["asked_at"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise AnswerInvalid("this is no request for an approval", problem=type(error).__name__) from error


class ApprovalDesk(Protocol):
    """Where approvals come from. `ask` may be called again and again for the same terms."""

    def ask(self, request: ApprovalRequest) -> SignedApproval | None:
        """The reviewer's signed decision, granted or refused; None while there is none."""


class Reviewer:
    """A reviewer's key that decides by a function: a terminal prompt, a rule, or yes to everything for a
    demonstration.

    Each terms hash is put to `decide` once; the answer stands until it expires (`seconds`).
    """

    def __init__(
        self,
        signer: Signer,
        chain_id: int,
        decide: Callable[[ApprovalRequest], bool],
        clock: Callable[[], int],
        seconds: int = APPROVAL_SECONDS,
    ) -> None:
        self._signer = signer
        self._chain_id = chain_id
        self._decide = decide
        self._clock = clock
        self._seconds = seconds
        self._decided: dict[tuple[str, str], SignedApproval] = {}

    @property
    def address(self) -> Address:
        return self._signer.address

    def ask(self, request: ApprovalRequest) -> SignedApproval | None:
        key = (request.negotiation, request.terms_hash)
        found = self._decided.get(key)
        if found is None or self._clock() > found.core.expires_at:
            found = self._decided[key] = self.sign(request, self._decide(request))
        return found

    def sign(self, request: ApprovalRequest, granted: bool) -> SignedApproval:
        """This reviewer's decision on exactly these terms, from now for as long as it holds."""
        now = self._clock()
        core = Approval(
            negotiation=request.negotiation,
            terms_hash=request.terms_hash,
            agent=request.agent,
            reviewer=self._signer.address,
            granted=granted,
            reason=Hash32.of(keccak(b"granted" if granted else b"refused")),
            decided_at=now,
            expires_at=now + self._seconds,
        )
        return SignedApproval(core=core, signature=self._signer.sign_digest(core.digest(self._chain_id)))


class ApprovalFolder:
    """A folder between two processes: requests are written there, and whoever reviews puts the signed
    decision beside.

    `TERMS.request.json` is the request, `TERMS.approval.json` the `{core, signature}` that answers it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def ask(self, request: ApprovalRequest) -> SignedApproval | None:
        name = request.terms_hash[2:]
        asked = self._folder / f"{name}.request.json"
        if not asked.exists():
            _write(asked, request.as_json())
        answer = self._folder / f"{name}.approval.json"
        try:
            return SignedApproval.parse(answer.read_bytes())
        except (FileNotFoundError, ParleyError):
            return None  # not decided, or being written

    def requests(self) -> list[Mapping[str, Any]]:
        """Requests without a decision, oldest first."""
        found = sorted(
            self._folder.glob("*.request.json"), key=lambda path: (path.stat().st_mtime_ns, path.name)
        )
        return [
            json.loads(asked.read_text())
            for asked in found
            if not asked.with_name(asked.name.replace(".request.", ".approval.")).exists()
        ]

    def decide(self, approval: SignedApproval) -> None:
        """Puts a decision down for the agent to find."""
        _write(self._folder / f"{approval.core.terms_hash[2:]}.approval.json", approval.as_json())


def _write(path: Path, body: Mapping[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(body))
    draft.replace(path)
