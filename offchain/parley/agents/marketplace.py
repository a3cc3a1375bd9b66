"""Before a negotiation, from an agent's side: listings, requests for quotes and answers, all signed here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from parley.agents.calls import Call
from parley.agents.client import GatewayClient
from parley.agents.errors import AnswerInvalid
from parley.terms.documents import Document
from parley.terms.domain import Domain
from parley.terms.quotes import Listing, QuoteAnswer, QuoteRequest, check_author, domain_of
from parley.terms.signing import Signer
from parley.terms.statement import SignedStatement, state
from parley.terms.values import Address, Hash32

Shown = Mapping[str, Any]


class Marketplace:
    """What the key `signer` publishes and finds at the gateway behind `client`; times in unix seconds."""

    def __init__(
        self, client: GatewayClient, signer: Signer, chain_id: int, clock: Callable[[], int]
    ) -> None:
        self._client = client
        self._signer = signer
        self._chain_id = chain_id
        self._clock = clock

    # --------------------------------------------------------------- listings

    def publish(
        self,
        side: Literal["sell", "buy"],
        title: str,
        capabilities: Sequence[str],
        seconds: int,
        domain: Domain | None = None,
    ) -> Hash32:
        """Lists what this agent sells or looks for; the listing's hash."""
        now = self._clock()
        listing = Listing(
            agent=self._signer.address,
            side=side,
            title=title,
            capabilities=tuple(capabilities),
            domain=None if domain is None else domain.hash(),
            issued_at=now,
            expires_at=now + seconds,
        )
        brought = {} if domain is None else {"domain": domain.as_json()}
        self._post("/v1/listings", {"listing": listing.as_json(), **self._signed(listing), **brought})
        return listing.hash()

    def withdraw(self, listing: str) -> None:
        """Takes an own listing back."""
        self._client.run(Call("DELETE", f"/v1/listings/{listing}", dict))

    def listings(
        self, capability: str | None = None, side: Literal["sell", "buy"] | None = None
    ) -> list[Shown]:
        """Listings in force whose agents' signatures hold, oldest first. Raises AnswerInvalid for a listing
        that its agent did not sign.
        """
        found: list[Shown] = []
        after: int | None = -1
        filters = {"capability": capability, "side": side}
        while after is not None:
            params: dict[str, str | int] = {key: value for key, value in filters.items() if value is not None}
            page = self._client.run(Call("GET", "/v1/listings", dict, params={**params, "after": after}))
            found += page["listings"]
            after = page["next"]
        for shown in found:
            listing = Listing.from_json(shown["listing"])
            self._check(listing, shown, listing.agent)
        return found

    # ----------------------------------------------------------------- quotes

    def ask(
        self,
        template: Domain,
        capabilities: Sequence[str],
        seconds: int,
        *,
        min_bidders: int = 1,
        max_bidders: int = 15,
    ) -> Hash32:
        """Asks every agent with these capabilities for quotes on a sealed-bid template; the request's id."""
        now = self._clock()
        request = QuoteRequest(
            requester=self._signer.address,
            domain=template.hash(),
            capabilities=tuple(capabilities),
            min_bidders=min_bidders,
            max_bidders=max_bidders,
            issued_at=now,
            answer_by=now + seconds,
            nonce=Hash32.of(secrets.token_bytes(32)),
        )
        body = {"rfq": request.as_json(), **self._signed(request), "domain": template.as_json()}
        self._post("/v1/rfqs", body)
        return request.hash()

    def asked(self) -> list[Shown]:
        """Requests that this agent made or was asked by, newest first."""
        found: list[Shown] = []
        before: int | None = -1
        while before is not None:
            page = self._client.run(Call("GET", "/v1/rfqs", dict, params={"before": before}))
            found += page["rfqs"]
            before = page["next"]
        return found

    def request(self, rfq: str) -> tuple[QuoteRequest, Domain, Hash32 | None]:
        """A request with its template and, once it led to one, its negotiation. Raises AnswerInvalid where
        the requester did not sign it, or template or id are others.
        """
        shown = self._client.run(Call("GET", f"/v1/rfqs/{rfq}", dict))["rfq"]
        request, template = QuoteRequest.from_json(shown["rfq"]), Domain.from_json(shown["domain"])
        self._check(request, shown, request.requester)
        if request.hash() != rfq or template.hash() != request.domain:
            raise AnswerInvalid("the gateway shows another request", rfq=rfq)
        negotiation = shown["negotiation"]
        return request, template, None if negotiation is None else Hash32(negotiation)

    def answer(self, rfq: Hash32, *, interested: bool, reason: str = "") -> None:
        """Says whether this agent wants to bid. No price: that is sealed in the negotiation."""
        answer = QuoteAnswer(
            rfq=rfq,
            agent=self._signer.address,
            interested=interested,
            reason=reason,
            issued_at=self._clock(),
        )
        self._post(f"/v1/rfqs/{rfq}/answers", {"answer": answer.as_json(), **self._signed(answer)})

    def bidders(self, rfq: str) -> list[Address]:
        """Who wants to bid, in the order of their answers, signatures checked. For the requester."""
        found = []
        for shown in self._client.run(Call("GET", f"/v1/rfqs/{rfq}/answers", dict))["answers"]:
            answer = QuoteAnswer.from_json(shown["answer"])
            self._check(answer, shown, answer.agent)
            if answer.interested and answer.rfq == rfq:
                found.append(answer.agent)
        return found

    def places(self, rfq: str) -> tuple[Domain, dict[str, Address]]:
        """The domain of the negotiation that follows, and who takes which role in it: the first that
        answered, at most as many as the request says. Raises `QuoteRequestInvalid` for too few.
        """
        request, template, _ = self.request(rfq)
        chosen = self.bidders(rfq)[: request.max_bidders]
        domain = domain_of(template, len(chosen) if len(chosen) >= request.min_bidders else 0)
        others = [role for role in domain.roles if role != domain.roles[0]]
        return domain, dict(zip(others, chosen, strict=True))

    def tie(self, rfq: str, negotiation: str) -> None:
        """Ties the request to the negotiation that was opened with those places."""
        self._post(f"/v1/rfqs/{rfq}/opening", {"negotiation": negotiation})

    # ------------------------------------------------------------------ calls

    def _signed(self, document: Document) -> Shown:
        return state(self._signer, document, self._chain_id, self._clock()).as_json()

    def _check(self, document: Document, shown: Shown, author: Address) -> None:
        signed = SignedStatement.from_json({name: shown[name] for name in ("statement", "signature")})
        check_author(document, signed, author, self._chain_id)

    def _post(self, path: str, body: Shown) -> Shown:
        return self._client.run(Call("POST", path, dict, body=body))
