"""What can be wrong with a transcript or a bundle."""

from __future__ import annotations

from parley.errors import ParleyError


class EvidenceError(ParleyError):
    """Base of every error of `parley.evidence`."""

    code = "evidence"
    status = 422


class TranscriptBroken(EvidenceError):
    """A message does not follow the one before it. `values`: `sequence`, `expected`, `actual`."""

    code = "evidence.transcript-broken"
    next_action = "Give the messages of one negotiation in order, from message 0, with none left out."


class ProofImpossible(EvidenceError):
    """No tree over nothing, and no proof for a message outside it. `values`: `sequence`, `length`."""

    code = "evidence.proof-impossible"
    next_action = "Ask for a sequence below the transcript's length."


class DisclosureInvalid(EvidenceError):
    """A plaintext that is not what a message was sealed over. `values`: `sequence`."""

    code = "evidence.disclosure-invalid"
    next_action = "Disclose the payload whose document hash stands in the sealed one, unchanged."


class BundleIncomplete(EvidenceError):
    """A bundle cannot be exported from what was given. `values` name what is missing."""

    code = "evidence.bundle-incomplete"
    next_action = "Export from all messages up to the last acceptance, with the deals as they were signed."
