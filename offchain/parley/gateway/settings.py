"""Settings of a gateway, from keyword arguments or `PARLEY_*` environment variables. Secrets never show in
a repr.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import limits
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from parley.chain.deployments import load
from parley.errors import ParleyError

ADDRESS_PATTERN = r"^0x[0-9a-f]{40}$"
Addresses = Annotated[tuple[str, ...], NoDecode]
Texts = Annotated[tuple[str, ...], NoDecode]


class GatewaySettings(BaseSettings):
    """Where the gateway keeps its data, which chain it settles on and how much it lets in.

    Times are seconds, sizes bytes. Without `rpc_url` the gateway carries negotiations but settles nothing.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", frozen=True, extra="ignore")

    database: str = "sqlite:///parley.sqlite"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    audience: str = ""  # what challenges name; by default http://host:port

    chain_id: int = Field(default=31_337, ge=1)
    rpc_url: str | None = None
    deployments: Path | None = None  # a parley/deployments file, for what is not named here
    escrow: str = Field(default="", pattern=ADDRESS_PATTERN + "|^$")
    registry: str | None = Field(default=None, pattern=ADDRESS_PATTERN)
    evidence: str | None = Field(default=None, pattern=ADDRESS_PATTERN)  # the contract for arbiters' evidence
    start_block: int = Field(default=0, ge=0)
    confirmations: int = Field(default=0, ge=0)
    confirmations_by_value: str = ""  # more for dear deals: VALUE:BLOCKS or TOKEN/VALUE:BLOCKS, with commas
    witnesses: Texts = ()  # URLs of further nodes that are asked whether they see the same chain
    witness_quorum: int = Field(default=1, ge=1)  # nodes that must agree on a block

    local_chain: bool = False  # a throwaway Anvil: an extra block clears it when its automining stalls

    key: SecretStr | None = None
    keystore: Path | None = None
    keystore_passphrase: SecretStr | None = None

    oidc_issuer: str | None = None  # a provider of identities, by which people sign in
    oidc_client_id: str = "parley"
    oidc_client_secret: SecretStr | None = None
    oidc_audience: str | None = None  # the client's id unless given
    oidc_roles_claim: str = "roles"  # dots go into objects
    oidc_operator_role: str = "parley-operator"
    oidc_reviewer_role: str = "parley-reviewer"
    oidc_redirects: Texts = ()  # where people may be sent back to, besides loopback addresses
    oidc_session_seconds: int = Field(default=900, ge=60, le=3_600)
    relayer_keys: SecretStr | None = None  # keys that send transactions, each a line of its own; else `key`
    gas_per_deal: int | None = Field(default=None, ge=0)  # most wei to spend on one deal; None: no limit
    gas_per_day: int | None = Field(default=None, ge=0)  # most wei to spend on one day (UTC)
    max_fee_per_gas: int = Field(default=500 * 10**9, ge=1)  # wei
    batch_items: int = Field(default=50, ge=1, le=200)  # most calls in one transaction
    batch_gas: int = Field(default=10_000_000, ge=1)  # about the most gas of one transaction
    batch_seconds: int = Field(default=0, ge=0, le=3_600)  # how long the first call waits for others

    policy: Path | None = None  # a parley/policy document: guardrails that no roll-out can loosen
    tripwires: Path | None = None  # a parley/tripwires document: thresholds that raise alarms or stop
    operators: Addresses = ()  # addresses that stop, lift and roll out policies
    reviewers: Addresses = ()  # addresses that decide what the policies escalate
    consent_classes: Annotated[tuple[str, ...], NoDecode] = ("personal",)  # data shared by consent only
    rfq_invited: int = Field(default=200, ge=1, le=10_000)  # agents that one request for quotes reaches
    market_seconds: int = Field(default=86_400, ge=60, le=31_536_000)  # window of the facts market.*
    review_seconds: int = Field(default=1_800, ge=60, le=604_800)  # unanswered, it is refused then

    challenge_seconds: int = Field(default=120, ge=5, le=3_600)
    session_seconds: int = Field(default=3_600, ge=60, le=86_400)
    clock_skew_seconds: int = Field(default=30, ge=0, le=3_600)
    max_body_bytes: int = Field(default=262_144, ge=1_024, le=16_777_216)
    max_batch_bytes: int = Field(default=4_194_304, ge=1_024, le=67_108_864)
    agent_rate: str = "12000/minute"  # messages and requests of one agent, a batch counted by its messages
    address_rate: str = "24000/minute"  # requests of one network address
    door_rate: str = "1200/minute"  # challenges and sign-ins of one network address
    head_seconds: float = Field(default=10.0, gt=0)  # for a request's head to arrive
    body_seconds: float = Field(default=30.0, gt=0)  # for its body
    address_connections: int = Field(default=512, ge=1)  # of one network address at once
    local_webhooks: bool = False  # lets webhooks go to http:// and to any address: for tests
    trusted_proxies: str = ""  # addresses whose X-Forwarded-For names the caller, with commas between them
    page_limit: int = Field(default=100, ge=1, le=1_000)
    live_cache: int = Field(default=4_096, ge=1)  # negotiations whose state stays in memory
    work: Literal["inside", "apart"] = "inside"  # apart: parley worker settles and delivers
    worker_seconds: float = Field(default=0.25, gt=0)
    shutdown_seconds: int = Field(default=5, ge=1)

    log_format: Literal["text", "json"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    metrics_host: str = "127.0.0.1"  # a listener of its own, for operators
    metrics_port: int | None = Field(default=None, ge=1, le=65_535)
    traces: str = "off"  # or file:PATH, or otlp
    traces_share: float = Field(default=1.0, ge=0, le=1)  # of all negotiations
    target_agreement_seconds: int = Field(default=7_200, ge=1)  # median time to agreement
    target_discount_ppm: int = Field(default=100_000, ge=0)  # median, against the seller's first price
    target_dispute_ppm: int = Field(default=10_000, ge=0)  # of the deals opened

    @field_validator("consent_classes")
    @classmethod
    def _classes(cls, found: tuple[str, ...]) -> tuple[str, ...]:
        for name in found:
            if name not in ("public", "internal", "personal"):
                raise ValueError(f"not a class of data (public, internal, personal): {name[:60]}")
        return found

    @field_validator(
        "operators", "reviewers", "consent_classes", "oidc_redirects", "witnesses", mode="before"
    )
    @classmethod
    def _listed(cls, given: object) -> object:
        """From the environment: a list with commas or spaces between its items."""
        return tuple(given.replace(",", " ").split()) if isinstance(given, str) else given

    @model_validator(mode="before")
    @classmethod
    def _deployed(cls, given: Any) -> Any:
        """What is not named comes from the deployments file: the given one, or the one that ships."""
        path, chain_id = given.get("deployments"), str(given.get("chain_id", 31_337))
        if given.get("escrow") or not chain_id.isdecimal():
            return given
        try:
            found = load(None if path is None else Path(path)).on(int(chain_id))
        except ParleyError as error:
            raise ValueError(
                f"no escrow is named, and no deployment on chain {chain_id} is known: {error.message}"
            ) from None
        others = {"registry": found.registry, "evidence": found.evidence, "start_block": found.block}
        return {**others, **given, "escrow": found.escrow}

    @field_validator("agent_rate", "address_rate", "door_rate")
    @classmethod
    def _rate(cls, found: str) -> str:
        try:
            limits.parse(found)
        except ValueError:
            raise ValueError(f"not a rate such as 100/second or 6000/minute: {found[:60]}") from None
        return found

    @field_validator("operators", "reviewers")
    @classmethod
    def _addresses(cls, found: tuple[str, ...]) -> tuple[str, ...]:
        for address in found:
            if not re.fullmatch(ADDRESS_PATTERN, address):
                raise ValueError(f"not a lower-case address: {address[:60]}")
        return found

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be logged."""
        held = (self.key, self.keystore_passphrase, self.oidc_client_secret)
        return tuple(secret.get_secret_value() for secret in held if secret is not None)

    @property
    def public_audience(self) -> str:
        """The `audience` of challenges: the URL under which agents know this gateway."""
        return self.audience or f"http://{self.host}:{self.port}"
