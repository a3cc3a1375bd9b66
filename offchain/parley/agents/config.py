"""An agent's configuration: a `parley/agent` document. Keys are never in it; they come from the
environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from parley.agents.errors import ConfigInvalid
from parley.connectors.facts import SourcedFact
from parley.connectors.spec import SourceSpec
from parley.negotiation.coordination import Need
from parley.negotiation.utility import Profile
from parley.policy.budget import Budget
from parley.policy.facts import Counterparty
from parley.policy.models import Bundle
from parley.terms.documents import Document, Part
from parley.terms.domain import Domain
from parley.terms.lists import JsonObject, Many, ShortText
from parley.terms.values import Address, Amount, Count


class TokenConfig(Part):
    """EIP-712 name and version of a token, needed to authorise payments in it."""

    name: ShortText
    version: ShortText


class TalkConfig(Part):
    """A domain that the agent negotiates on, what it wants there, and how. With `counterparty` it opens the
    negotiation itself; without, it waits for whoever comes.
    """

    domain: Domain
    profile: Profile
    strategy: ShortText
    params: JsonObject | None = None
    seed: Count = 0
    counterparty: Address | None = None


class BudgetConfig(Part):
    """`limit` base units over all deals, and the share of it that one counterparty may have."""

    limit: Amount
    per_counterparty_ppm: Annotated[int, Field(ge=0, le=1_000_000)] = 1_000_000

    def budget(self) -> Budget:
        return Budget(self.limit, self.per_counterparty_ppm)


class QuantityConfig(Part):
    """One quantity over all talks: what is needed, or what is there to sell. A buyer also says which issue
    prices a unit and the most it pays for one; `waves` is how often it goes round to cover its need.
    """

    issue: ShortText
    total: Count
    step: Annotated[int, Field(ge=1)] = 1
    least: Annotated[int, Field(ge=1)] = 1
    price_issue: ShortText | None = None
    ceiling: Amount | None = None
    waves: Annotated[int, Field(ge=1, le=100)] = 1

    def need(self) -> Need:
        return Need(self.issue, self.total, self.step, self.least)


class ConductConfig(Part):
    """What the agent does once a deal is open: whether a seller delivers and takes rejections to the
    arbiter, and whether a buyer is satisfied with what it gets.
    """

    deliver: bool = True
    accept: bool = True
    dispute: bool = False


class AgentConfig(Document):
    """One agent. `idle` is the milliseconds of silence after which it looks around; `approvals` a folder
    for requests to `reviewers`; `facts` are limits of the policy that come from `sources`; with
    `reputation` scores come from the gateway where `counterparties` give none; `sealed` seals what it
    offers to the other parties.
    """

    max_bytes: ClassVar[int] = 16 << 20
    max_depth: ClassVar[int] = 20  # whole documents lie inside

    schema_: Literal["parley/agent"] = Field(default="parley/agent", alias="schema")
    name: ShortText
    gateway: ShortText
    database: ShortText
    audience: ShortText | None = None
    capabilities: Many[ShortText] = ()
    description: ShortText = ""
    talks: Many[TalkConfig]
    tokens: Mapping[Address, TokenConfig] = {}
    counterparties: Many[Counterparty] = ()
    limits: Mapping[str, Count] = {}
    sources: Annotated[Many[SourceSpec], Field(max_length=64)] = ()
    facts: Annotated[Many[SourcedFact], Field(max_length=256)] = ()
    reputation: bool = True
    sealed: bool = False
    policy: Bundle | None = None
    budget: BudgetConfig | None = None
    quantity: QuantityConfig | None = None
    reviewers: Many[Address] = ()
    approvals: ShortText | None = None
    conduct: ConductConfig = ConductConfig()
    idle: Annotated[int, Field(ge=1, le=3_600_000)] = 1_000

    def check(self) -> None:
        """Raises ConfigInvalid for parts that contradict each other."""
        for number, talk in enumerate(self.talks):
            if talk.profile.domain != talk.domain.hash():
                raise ConfigInvalid("a profile is for another domain", field=f"talks.{number}.profile")
            if talk.profile.role not in talk.domain.roles:
                raise ConfigInvalid("the domain has no such role", field=f"talks.{number}.profile.role")
        if self.quantity is not None:
            self._check_quantity(self.quantity)
        known = {source.id for source in self.sources}
        if len(known) != len(self.sources):
            raise ConfigInvalid("two sources have one id", field="sources")
        for number, fact in enumerate(self.facts):
            if fact.source not in known or fact.name in self.limits:
                raise ConfigInvalid(
                    "a fact names a source, and no limit that is set", field=f"facts.{number}"
                )

    def _check_quantity(self, quantity: QuantityConfig) -> None:
        if (quantity.price_issue is None) != (quantity.ceiling is None):
            raise ConfigInvalid("price_issue and ceiling belong together", field="quantity")
        wanted = {name for name in (quantity.issue, quantity.price_issue) if name is not None}
        for number, talk in enumerate(self.talks):
            missing = wanted - {issue.name for issue in talk.domain.issues}
            if missing:
                raise ConfigInvalid(f"the domain has no issue {min(missing)}", field=f"talks.{number}.domain")


def parse_config(raw: bytes | str | Mapping[str, Any]) -> AgentConfig:
    """The configuration, checked. Raises `DocumentInvalid` with the offending field, or ConfigInvalid."""
    config = AgentConfig.parse(raw)
    config.check()
    return config
