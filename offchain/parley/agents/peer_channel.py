"""The calling side of two agents that negotiate directly."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from parley.agents.calls import Call, Held, decode_messages
from parley.agents.channel import DealOffer
from parley.agents.errors import AnswerInvalid
from parley.agents.peer_host import offer_of
from parley.agents.transport import (
    ATTEMPTS,
    FIRST_WAIT,
    LONGEST_WAIT,
    understand,
    unreachable,
    worth_repeating,
)
from parley.agents.views import Receipt
from parley.agents.wallet import Wallet
from parley.terms.domain import Domain
from parley.terms.message import Message
from parley.terms.opening import Opening

T = TypeVar("T")


class PeerChannel:
    """Talks to the PeerHost at `url`. `wait` is how many seconds a fetch may stay open for news."""

    def __init__(
        self,
        url: str,
        wallet: Wallet,
        *,
        wait: int = 0,
        timeout: float = 30.0,
        attempts: int = ATTEMPTS,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self.wallet = wallet
        self.wait = wait
        self._attempts = attempts
        self._sleep = sleep
        self._http = httpx.Client(base_url=self.url, timeout=timeout, transport=transport)

    def close(self) -> None:
        self._http.close()

    def open(self, domain: Domain, opening: Opening, message: Message) -> Receipt | None:
        body = {"domain": domain.as_json(), "opening": opening.as_json(), "message": message.wire()}
        self._run(Call("POST", "/v1/negotiations", dict, body))
        return None

    def send(self, message: Message) -> Receipt | None:
        self._run(Call("POST", f"/v1/negotiations/{message.core.negotiation}/messages", dict, message.wire()))
        return None

    def fetch(self, negotiation: str, after: int) -> Sequence[Held]:
        path = f"/v1/negotiations/{negotiation}/messages"
        return self._run(Call("GET", path, decode_messages, params={"after": after, "wait": self.wait}))

    def documents(self, negotiation: str) -> tuple[Domain, Opening]:
        """A caller opened the negotiation itself: its journal has the documents."""
        found = self.wallet.journal.documents(negotiation)
        if found is None:
            raise AnswerInvalid("this agent opened no such negotiation", negotiation=negotiation)
        return found

    def seller_signed(self, negotiation: str) -> Mapping[int, DealOffer]:
        """What the seller has signed, by index of the settlement."""
        body = self._run(Call("GET", f"/v1/negotiations/{negotiation}/signatures", dict))
        offers = [offer_of(item) for item in body.get("signatures", ())]
        return {offer.index: offer for offer in offers}

    def hand_in(self, negotiation: str, offer: DealOffer) -> None:
        """Gives the buyer's half to the seller, so that it too can open and follow the deal."""
        body: dict[str, Any] = {"index": offer.index, "open_by": offer.open_by, "signature": offer.signature}
        if offer.authorization is not None:
            body["authorization"] = offer.authorization
        self._run(Call("POST", f"/v1/negotiations/{negotiation}/signatures", dict, body))

    def _run(self, call: Call[T]) -> T:
        retrying = Retrying(
            retry=retry_if_exception(worth_repeating),
            stop=stop_after_attempt(self._attempts),
            wait=wait_exponential_jitter(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
            sleep=self._sleep,
            reraise=True,
        )
        found: T = retrying(self._once, call)
        return found

    def _once(self, call: Call[T]) -> T:
        headers = {"Authorization": self.wallet.prove(self.url)}
        try:
            response = self._http.request(
                call.method, call.path, json=call.body, params=dict(call.params), headers=headers
            )
        except httpx.HTTPError as error:
            raise unreachable(error, self.url) from error
        return understand(call, response)
