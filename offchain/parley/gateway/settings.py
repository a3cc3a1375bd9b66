"""Settings of a gateway, from keyword arguments or `PARLEY_*` environment variables. Secrets never show in
a repr.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ADDRESS_PATTERN = r"^0x[0-9a-f]{40}$"


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
    escrow: str = Field(pattern=ADDRESS_PATTERN)
    registry: str | None = Field(default=None, pattern=ADDRESS_PATTERN)
    start_block: int = Field(default=0, ge=0)
    confirmations: int = Field(default=0, ge=0)

    local_chain: bool = False  # a throwaway Anvil: an extra block clears it when its automining stalls

    key: SecretStr | None = None
    keystore: Path | None = None
    keystore_passphrase: SecretStr | None = None

    policy: Path | None = None  # a parley/policy document: the organisation's guardrails

    challenge_seconds: int = Field(default=120, ge=5, le=3_600)
    session_seconds: int = Field(default=3_600, ge=60, le=86_400)
    clock_skew_seconds: int = Field(default=30, ge=0, le=3_600)
    max_body_bytes: int = Field(default=262_144, ge=1_024, le=16_777_216)
    page_limit: int = Field(default=100, ge=1, le=1_000)
    live_cache: int = Field(default=4_096, ge=1)  # negotiations whose state stays in memory
    worker_seconds: float = Field(default=0.25, gt=0)
    shutdown_seconds: int = Field(default=5, ge=1)

    @property
    def public_audience(self) -> str:
        """The `audience` of challenges: the URL under which agents know this gateway."""
        return self.audience or f"http://{self.host}:{self.port}"
