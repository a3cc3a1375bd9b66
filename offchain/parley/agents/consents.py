"""An agent's own consents at a gateway: given, revoked and exported with its signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parley.agents.calls import Call
from parley.agents.client import GatewayClient
from parley.policy.consent import Consent, Purpose, SignedConsent
from parley.policy.retention import DataClass
from parley.terms.signing import Signer
from parley.terms.statement import state
from parley.terms.values import Address, Hash32


class OwnConsents:
    """Consents of the key `signer` at the gateway behind `client`; times in unix seconds."""

    def __init__(
        self, client: GatewayClient, signer: Signer, chain_id: int, clock: Callable[[], int]
    ) -> None:
        self._client = client
        self._signer = signer
        self._chain_id = chain_id
        self._clock = clock

    def grant(
        self,
        data_class: DataClass,
        seconds: int,
        reason: str,
        *,
        purpose: Purpose = "negotiation",
        to: Address | None = None,
    ) -> Hash32:
        """Lets data of a class be used, by `to` or by every party this key deals with; the grant's hash."""
        now = self._clock()
        return self._send(
            Consent(
                action="grant",
                subject=self._signer.address,
                data_class=data_class,
                purpose=purpose,
                to=to,
                expires_at=now + seconds,
                reason=reason,
                issued_at=now,
            )
        )

    def revoke(self, grant: Hash32, reason: str) -> Hash32:
        """Ends a grant from the next message on; the revocation's hash."""
        return self._send(
            Consent(
                action="revoke",
                subject=self._signer.address,
                revokes=grant,
                reason=reason,
                issued_at=self._clock(),
            )
        )

    def export(self) -> list[Mapping[str, Any]]:
        """Every record with its signature, oldest first."""
        found: list[Mapping[str, Any]] = []
        after: int | None = -1
        while after is not None:
            page = self._client.run(Call("GET", "/v1/consents", dict, params={"after": after}))
            found += page["consents"]
            after = page["next"]
        return found

    def _send(self, consent: Consent) -> Hash32:
        signed = state(self._signer, consent, self._chain_id, consent.issued_at)
        body = SignedConsent(consent=consent, statement=signed.core, signature=signed.signature)
        answer = self._client.run(Call("POST", "/v1/consents", dict, body=body.as_json(), repeatable=False))
        return Hash32(answer["hash"])
