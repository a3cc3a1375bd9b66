"""Signatures, looked at before anything is kept or sent: an account's own, an agent's under a mandate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from parley.chain.escrow import EscrowContract
from parley.chain.reader import OnChainReader
from parley.settlement.errors import MandateUncovered, SignatureMissing, SignatureRefused
from parley.terms.deal import Deal
from parley.terms.errors import SignatureInvalid
from parley.terms.mandates import MANDATE_KIND, Act, Role, mandate_signature_parts, uncovered
from parley.terms.signing import recover
from parley.terms.values import Address, Signature

_KIND_ACCOUNT: Final = 0
_KIND_AGENT: Final = int(MANDATE_KIND, 16)
_MAX_BLOB: Final = 8192


@dataclass(frozen=True, slots=True)
class Use:
    """What a signature is for: `act` is what a mandate must allow on `deal`, the side that `signer` is on."""

    deal: Deal
    act: Act


def compact(body: bytes) -> Signature | None:
    """The 65-byte form of an ECDSA signature of 65 or 64 (ERC-2098) bytes; None for anything else."""
    if len(body) == 65:
        return Signature.of(body)
    if len(body) == 64:
        s = int.from_bytes(body[32:], "big")
        v = 27 + (s >> 255)
        return Signature.of(body[:32] + (s & (2**255 - 1)).to_bytes(32, "big") + bytes((v,)))
    return None


class Checks:
    """Looks at signatures with a kind byte. Raises the node's errors where a question needs it."""

    def __init__(self, escrow: EscrowContract) -> None:
        self._escrow = escrow
        self._chain_id = escrow.node.chain_id()
        self._reader = OnChainReader(escrow.node, escrow.address)

    def signature(
        self, signer: str, digest: bytes, signature: str, what: str, use: Use | None = None
    ) -> None:
        """A signature by an account's key (checked here), by its contract (asked of the node), or, where
        `use` says for what, by an agent under its mandate. Of a mandate all is checked but budget, epoch and
        revocation, which the simulation of the call finds.

        Raises `SignatureMissing`, `SignatureRefused`, `MandateUncovered`, the node's errors.
        """
        raw = _raw(signature, what)
        if raw[0] == _KIND_ACCOUNT:
            self._account(signer, digest, raw[1:], what)
        elif raw[0] == _KIND_AGENT and use is not None:
            self._agent(signer, digest, signature, what, use)
        else:
            raise SignatureRefused(
                "The signature's kind byte is unknown.", what=what, problem=f"kind {raw[0]}"
            )

    def account_accepts(self, signer: str, digest: bytes, body: bytes) -> bool:
        """Whether the account's own contract takes `body` as its signature (ERC-1271)."""
        return self._reader.is_valid_signature(Address(signer), digest, body)

    def _account(self, signer: str, digest: bytes, body: bytes, what: str) -> None:
        found = compact(body)
        if found is not None:
            try:
                recovered = recover(digest, found)
            except SignatureInvalid as error:
                problem = str(error.values.get("problem", error.message))
            else:
                if recovered == signer:
                    return
                problem = f"it recovers to {recovered}"
        else:
            problem = f"it has {len(body)} bytes"
        if self.account_accepts(signer, digest, body):
            return
        raise SignatureRefused(
            "The signature is not by the account that must sign.", what=what, signer=signer, problem=problem
        )

    def _agent(self, signer: str, digest: bytes, signature: str, what: str, use: Use) -> None:
        try:
            mandate, of_principal, of_agent = mandate_signature_parts(signature)
        except SignatureInvalid as error:
            raise SignatureRefused(
                "The bytes are no signature under a mandate.", what=what, problem=error.message
            ) from None
        role = Role.BUY if signer == use.deal.buyer else Role.SELL
        now = self._escrow.node.latest().timestamp
        problems = uncovered(mandate, use.deal, use.act, now)
        if mandate.role != role:
            problems = tuple(dict.fromkeys(("MandateRole", *problems)))
        if problems:
            raise MandateUncovered(
                "The agent's mandate does not cover this.",
                what=what,
                principal=mandate.principal,
                agent=mandate.agent,
                problems=list(problems),
            )
        granted = mandate.digest(self._chain_id, Address(self._escrow.address))
        for account, signed, given, of in (
            (mandate.principal, granted, of_principal, "the mandate"),
            (mandate.agent, digest, of_agent, "the agent"),
        ):
            raw = _raw(given, f"{what}: {of}")
            if raw[0] != _KIND_ACCOUNT:
                raise SignatureRefused(
                    "A mandate and its use are signed by accounts.", what=what, problem=f"kind {raw[0]}"
                )
            self._account(account, signed, raw[1:], f"{what}: {of}")


def _raw(signature: str, what: str) -> bytes:
    """The bytes of a signature, the kind byte first."""
    try:
        raw = bytes.fromhex(signature.removeprefix("0x")) if signature.startswith("0x") else None
    except (ValueError, AttributeError):
        raw = None
    if raw is None or len(raw) > _MAX_BLOB:
        raise SignatureRefused("The signature is not hex, or too long.", what=what, problem="hex")
    if not raw:
        raise SignatureMissing("A signature is missing.", what=what)
    return raw
