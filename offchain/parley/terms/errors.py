"""What can be wrong with a document, a value, a signature or a deal."""

from __future__ import annotations

from typing import Any

from parley.errors import ParleyError


class TermsError(ParleyError):
    """Base of every error of `parley.terms`."""

    code = "terms"
    status = 422


class DocumentInvalid(TermsError):
    """A document breaks its schema. `values`: `document`, `field`, `problem`."""

    code = "terms.document-invalid"
    next_action = "Correct the named field as docs/spec.md section 4 says and send the document again."


class JsonInvalid(DocumentInvalid):
    """Bytes outside the JSON profile of docs/spec.md section 1: refused before anything is hashed."""

    code = "terms.json-invalid"
    next_action = (
        "Send JSON in the strict profile: no floats, exponents or duplicate keys; big numbers as strings."
    )


class DocumentTooLarge(JsonInvalid):
    """More bytes than the kind of document may have. `values`: `size`, `limit` (bytes)."""

    code = "terms.document-too-large"
    next_action = "Shorten the texts of the document, or split it."
    status = 413


class SchemaVersionUnknown(DocumentInvalid):
    """A version of a schema that is not read here. `values`: `document`, `version`, `readable`."""

    code = "terms.schema-version-unknown"
    next_action = "Send one of the readable versions, or update this program."


class ProfileInvalid(TermsError):
    """A profile that does not fit its domain. `values`: `field`, and what was expected."""

    code = "terms.profile-invalid"
    next_action = "Write a profile for exactly this domain; the named field is the first that does not fit."


class ValueMalformed(TermsError, ValueError):
    """A hex value, amount or integer that is not in its one accepted form. `values`: `kind`, `value`."""

    code = "terms.value-malformed"
    next_action = (
        "Write hex in lower case with its full length, and amounts as decimal strings without leading zeros."
    )


class EncodingInvalid(TermsError):
    """A value does not fit its EIP-712 type, or a field is missing or unknown. `values`: `type`, `field`,
    `problem`.
    """

    code = "terms.encoding-invalid"
    next_action = "Give every field of the type, each in its range."


class IssueValuesInvalid(TermsError):
    """The values of an offer do not suit the domain. `values`: `issue`, `value`."""

    code = "terms.issue-values-invalid"
    next_action = "Give one value for every issue of the domain, each from its range or list."


class DomainInvalid(DocumentInvalid):
    """A domain contradicts itself. `values`: `field`, `problem`."""

    code = "terms.domain-invalid"


class OpeningInvalid(DocumentInvalid):
    """An opening does not suit its domain, or contradicts itself. `values`: `field`, `problem`."""

    code = "terms.opening-invalid"


class ExpressionInvalid(DocumentInvalid):
    """A settlement expression is malformed or names what does not exist. `values`: `problem`, `at`."""

    code = "terms.expression-invalid"


class EvaluationFailed(TermsError):
    """A settlement expression has no admissible value for these terms. `values`: `problem`, `field`."""

    code = "terms.evaluation-failed"
    next_action = "Choose other values for the issues, or correct the settlement of the domain."


class DerivationFailed(TermsError):
    """The accepted terms give no deal that fits the escrow's types. `values`: `field`, `problem`."""

    code = "terms.derivation-failed"
    next_action = "Choose other values for the issues, or correct the settlement of the domain."


class DealInvalid(TermsError):
    """The escrow would refuse to open the deal. `error` is the name of the contract's error, `values` its
    arguments.
    """

    code = "terms.deal-invalid"
    next_action = "Do not sign this deal; negotiate values or a settlement that the escrow accepts."

    def __init__(self, error: str, message: str, **values: Any) -> None:
        super().__init__(message, error=error, **values)
        self.error = error


class StatementMismatch(TermsError):
    """A statement names another document than the one that came with it. `values`: `expected`, `actual`."""

    code = "terms.statement-mismatch"
    next_action = "Hash the document as it was sent, in its canonical form, and sign that hash."


class SignatureInvalid(TermsError):
    """A signature is malformed, has a high s, or is by somebody else. `values`: `expected`, `recovered` or
    `problem`.
    """

    code = "terms.signature-invalid"
    next_action = (
        "Sign the digest again with the key of the named account (65 bytes r, s, v; low s; v 27 or 28)."
    )
    status = 401


class PayloadMismatch(TermsError):
    """The payload is not the one that was signed. `values`: `signed`, `actual` (hashes)."""

    code = "terms.payload-mismatch"
    next_action = "Send the payload whose document hash stands in the signed core."


class KeyUnusable(TermsError):
    """A private key or keystore cannot be used. Values never hold key material."""

    code = "terms.key-unusable"
    next_action = "Check the keystore file and the passphrase."


class CardInvalid(TermsError):
    """A key card that does not give a key of its agent now."""

    code = "terms.card-invalid"
    status = 422
    next_action = "Ask the agent for a card that it signed itself and that has not expired."


class QuoteRequestInvalid(TermsError):
    """A request for quotes that nobody could bid on. `values` say why."""

    code = "terms.quote-request-invalid"
    status = 422
    next_action = "Give a sealed-bid domain that works with every number of bidders from min to max."
