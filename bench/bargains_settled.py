"""Whole deals as two agents make them over HTTP: talk, agree, sign, wait for the escrow, accept, be paid."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from bench.talks import CHAIN, offer, salt
from parley.agents.calls import decode_taken
from parley.agents.errors import GatewayProblem
from parley.agents.together import Together
from parley.agents.views import Taken
from parley.errors import ParleyError
from parley.evidence.merkle import transcript_root
from parley.terms.actions import Receipt
from parley.terms.deal import Deal
from parley.terms.derivation import derive_deals
from parley.terms.domain import Domain
from parley.terms.message import Challenge, Message, Performative, build_message
from parley.terms.opening import Opening, Party
from parley.terms.payloads import Accept, Offer, Open, Payload
from parley.terms.signing import LocalSigner, account_signature
from parley.terms.values import Address, Hash32, keccak

OFFERS = 8
"""With the opening before and the acceptance after them a negotiation has ten messages."""
PATIENCE = 120
OPENED, SETTLED = "chain.Opened", "chain.Settled"


class DealFailed(ParleyError):
    """A measured deal did not come to its end."""

    code = "bench.deal-failed"
    next_action = "read the answer; the benchmark or the gateway changed"


@dataclass
class Side:
    """An agent with its session, and what it has heard from the chain so far."""

    signer: LocalSigner
    http: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)
    heard: dict[tuple[str, str], asyncio.Future[None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.together = Together(self._post_messages)

    async def _post_messages(self, messages: Sequence[Message]) -> Sequence[Taken | GatewayProblem]:
        answer = await self.post("/v1/messages:batch", {"messages": [message.wire() for message in messages]})
        return decode_taken(answer)

    async def say(self, message: Message, *, singly: bool) -> None:
        """Posts a message, together with what this agent says elsewhere at the same time or alone."""
        if not singly:
            await self.together.post_message(message)
            return
        await self.post(f"/v1/negotiations/{message.core.negotiation}/messages", message.wire())

    async def sign_in(self) -> None:
        asked = await self.post("/v1/challenge", {"agent": self.signer.address})
        challenge = asked["challenge"]
        signature = self.signer.sign_digest(Challenge.parse(challenge).digest(CHAIN))
        session = await self.post("/v1/session", {"challenge": challenge, "signature": signature})
        self.headers = {"Authorization": f"Bearer {session['token']}", "Content-Type": "application/json"}

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self.http.post(path, data=orjson.dumps(body), headers=self.headers) as answer:
            content = await answer.read()
        if answer.status >= 300:
            raise DealFailed("The gateway refused a step of a deal.", path=path, answer=content[:400])
        found: dict[str, Any] = orjson.loads(content)
        return found

    def told(self, kind: str, deal_id: str) -> asyncio.Future[None]:
        """Done once the gateway has told of this event of the deal."""
        return self.heard.setdefault((kind, deal_id), asyncio.get_running_loop().create_future())

    async def listen(self) -> None:
        """Follows the gateway's events for as long as it runs."""
        kind, forever = b"", aiohttp.ClientTimeout(total=None)
        async with self.http.get("/v1/events", headers=self.headers, timeout=forever) as stream:
            async for line in stream.content:
                name, _, value = line.rstrip(b"\n").partition(b": ")
                if name == b"event":
                    kind = value
                elif name == b"data" and kind in (OPENED.encode(), SETTLED.encode()):
                    done = self.told(kind.decode(), orjson.loads(value)["subject"])
                    if not done.done():
                        done.set_result(None)


@dataclass
class Bargain:
    """One deal between two sides. Its steps are called in this order: `talk`, `sign`, `settle`."""

    buyer: Side
    seller: Side
    domain: Domain
    escrow: Address
    gateway: Address
    number: int
    singly: bool = False
    messages: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        now = int(time.time())
        self.opening = Opening(
            domain=self.domain.hash(),
            parties=(
                Party(role="buyer", address=self.buyer.signer.address, epoch=0),
                Party(role="seller", address=self.seller.signer.address, epoch=0),
            ),
            first="buyer",
            initiator=self.buyer.signer.address,
            opened_at=now,
            deadline=now + self.domain.limits.deadline_seconds,
            chain_id=CHAIN,
            escrow=self.escrow,
            gateways=(self.gateway,),
            reviewers=(),
            nonce=Hash32.of(keccak(b"bargain %d %d" % (self.number, now))),
        )

    def _say(self, side: Side, performative: Performative, payload: Payload) -> Message:
        held = self.messages
        negotiation = self.opening.negotiation_id()
        previous = held[-1].message_hash(CHAIN) if held else negotiation
        # Nobody's clock goes back in a negotiation.
        at = max(int(time.time()), held[-1].core.sent_at) if held else self.opening.opened_at
        held.append(
            build_message(side.signer, CHAIN, negotiation, len(held), previous, performative, payload, at)
        )
        return held[-1]

    async def talk(self) -> None:
        """Ten messages, each posted by its sender before the other answers."""
        first = self._say(self.buyer, Performative.OPEN, Open(salt=salt(self.number)))
        body = {"domain": self.domain.as_json(), "opening": self.opening.as_json(), "message": first.wire()}
        await self.buyer.post("/v1/negotiations", body)
        for index in range(OFFERS):
            side = self.seller if index % 2 else self.buyer
            kind = Performative.COUNTER if index else Performative.PROPOSE
            message = self._say(side, kind, offer(index, self.opening.deadline))
            await side.say(message, singly=self.singly)
        accepted = Accept(offer=self.messages[-1].message_hash(CHAIN), salt=salt(self.number))
        message = self._say(self.buyer, Performative.ACCEPT, accepted)
        await self.buyer.say(message, singly=self.singly)

    def deal(self) -> Deal:
        """What both sign; each side derives it from its own copy of the messages."""
        agreed, last = self.messages[-2].payload, self.messages[-1].core
        if not isinstance(agreed, Offer):
            raise DealFailed("The last message but one is no offer.", sequence=len(self.messages) - 2)
        hashes = [message.message_hash(CHAIN) for message in self.messages]
        root = transcript_root(hashes)
        return derive_deals(self.domain, self.opening, agreed, root, len(hashes), last.sent_at)[0]

    async def sign(self) -> str:
        """Both signatures; the deal's id, once the gateway has taken it in to be opened."""
        deal_id = ""
        for side in (self.seller, self.buyer):
            deal = self.deal()
            deal_id = deal.deal_id(CHAIN, self.escrow)
            signature = account_signature(side.signer.sign_digest(bytes.fromhex(deal_id[2:])))
            negotiation = self.opening.negotiation_id()
            body = {"negotiation": negotiation, "open_by": deal.open_by, "signature": signature}
            await side.post("/v1/deals", body)
        return deal_id

    async def opened(self, deal_id: str) -> None:
        """Waits for the escrow."""
        await asyncio.wait_for(self.buyer.told(OPENED, deal_id), PATIENCE)

    async def settle(self, deal_id: str) -> None:
        """The buyer's receipt, and the money at the seller."""
        receipt = Receipt(
            deal_id=Hash32(deal_id),
            milestone=0,
            deliverable=Hash32.of(keccak(b"goods")),
            fee=0,
            valid_until=int(time.time()) + 3_600,
        )
        signature = account_signature(self.buyer.signer.sign_digest(receipt.digest(CHAIN, self.escrow)))
        body = {"action": receipt.as_json(), "signature": signature}
        await self.buyer.post(f"/v1/deals/{deal_id}/receipt", body)
        await asyncio.wait_for(self.buyer.told(SETTLED, deal_id), PATIENCE)

    async def whole(self) -> None:
        """From the first message to the seller's money."""
        await self.talk()
        deal_id = await self.sign()
        await self.opened(deal_id)
        await self.settle(deal_id)


async def all_at_once(bargains: Sequence[Bargain], together: int) -> None:
    """Each deal from beginning to end, `together` of them under way at any time."""
    places = asyncio.Semaphore(together)

    async def one(bargain: Bargain) -> None:
        async with places:
            await bargain.whole()

    await asyncio.gather(*(one(bargain) for bargain in bargains))
