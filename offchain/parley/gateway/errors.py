"""What the gateway refuses, each with its own code, HTTP status and way out."""

from __future__ import annotations

from parley.errors import ParleyError


class GatewayError(ParleyError):
    """Base of the gateway's own refusals."""

    code = "gateway"


class KeyExpired(GatewayError):
    """The gateway's keystore says that its key is to be used no longer."""

    code = "gateway.key-expired"
    status = 500
    next_action = (
        "Make a new key by parley keys new, name it in PARLEY_KEYSTORE, and tell the agents: receipts and"
        " webhook secrets change with the key."
    )


class BodyTooLarge(GatewayError):
    code = "gateway.body-too-large"
    status = 413
    next_action = "Send a smaller body; values.limit is the number of bytes accepted."


class BodyTooSlow(GatewayError):
    code = "gateway.body-too-slow"
    status = 408
    retryable = True
    next_action = "Send the whole body within the seconds in values; signed requests may be repeated."


class BodyInvalid(GatewayError):
    code = "gateway.body-invalid"
    status = 422
    next_action = "Correct the field named in values and send the request again."


class ParameterInvalid(GatewayError):
    code = "gateway.parameter-invalid"
    status = 422
    next_action = "Correct the query parameter or path named in values."


class NotAuthenticated(GatewayError):
    code = "gateway.not-authenticated"
    status = 401
    next_action = (
        "POST /v1/challenge, sign it, exchange it at POST /v1/session, and send the token as a bearer token."
    )


class SessionExpired(NotAuthenticated):
    code = "gateway.session-expired"


class ChallengeInvalid(GatewayError):
    code = "gateway.challenge-invalid"
    status = 401
    next_action = "Ask for a fresh challenge at POST /v1/challenge and sign exactly what comes back."


class IdentityRefused(GatewayError):
    """What a person or its provider brought is not an identity for this gateway."""

    code = "gateway.identity-refused"
    status = 401
    next_action = "Begin again at POST /v1/people/begin; if it persists, ask who runs the provider."


class ProviderUnavailable(GatewayError):
    """The provider of identities cannot be asked; keys sign in as ever."""

    code = "gateway.provider-unavailable"
    status = 503
    retryable = True
    next_action = "Try again; operators check PARLEY_OIDC_ISSUER and that the provider answers."


class PeopleUnsupported(GatewayError):
    code = "gateway.people-unsupported"
    status = 404
    next_action = "Sign in with a key: POST /v1/challenge."


class ScopeMissing(GatewayError):
    code = "gateway.scope-missing"
    status = 403
    next_action = "Open a session with the scope named in values."


class NotYours(GatewayError):
    """Reading or touching what belongs to others."""

    code = "gateway.not-yours"
    status = 403
    next_action = "Use a session of one of the parties."


class NotFound(GatewayError):
    """Also what a stranger is told, so that ids cannot be probed."""

    code = "gateway.not-found"
    status = 404
    next_action = "Check the id; only the parties of a negotiation or deal can see it."


class OpeningElsewhere(GatewayError):
    code = "gateway.opening-elsewhere"
    status = 422
    next_action = "Open the negotiation for the chain id and escrow that GET /ready names."


class ClockAhead(GatewayError):
    """A signed time lies in the gateway's future: it would bind every later message of the negotiation."""

    code = "gateway.clock-ahead"
    status = 422
    next_action = "Correct your clock and sign again with a sent_at that is not in the future."


class PolicyRefused(GatewayError):
    code = "gateway.policy-refused"
    status = 403
    next_action = "Change the values that the rules in values.findings name, then offer again."


class ApprovalNeeded(GatewayError):
    code = "gateway.approval-needed"
    status = 403
    next_action = (
        "Escalate with the terms hash in values.terms, wait for a reviewer's approve, then send again."
    )


class Stopped(GatewayError):
    """The kill switch covers this. `values` name the order, its scope and its reason."""

    code = "gateway.stopped"
    status = 403
    next_action = (
        "Wait until the operator lifts the order in values.order (GET /v1/controls), or withdraw. "
        "Deals that are open settle all the same."
    )


class ConsentMissing(GatewayError):
    """Data of this class is used by consent only. `values`: `subject`, `to`, `data_class`, `purpose`."""

    code = "gateway.consent-missing"
    status = 403
    next_action = "Post a signed consent of values.subject at POST /v1/consents, or withdraw."


class NotAnOperator(GatewayError):
    code = "gateway.not-an-operator"
    status = 403
    next_action = "Sign with a key that PARLEY_OPERATORS lists."


class NotAReviewer(GatewayError):
    code = "gateway.not-a-reviewer"
    status = 403
    next_action = "Use a session of a key that PARLEY_REVIEWERS or PARLEY_OPERATORS lists."


class GovernanceMoving(GatewayError):
    code = "gateway.governance-moving"
    status = 503
    retryable = True
    next_action = "Send the same message again: nothing was stored."


class TooManyRequests(GatewayError):
    """A rate is used up. `values`: `rate`, and `retry_after` in seconds."""

    code = "gateway.too-many-requests"
    status = 429
    retryable = True
    next_action = (
        "Wait values.retry_after seconds; post several messages in one request at POST /v1/messages:batch."
    )


class NotTried(GatewayError):
    code = "gateway.not-tried"
    status = 409
    retryable = True
    next_action = "Mend the first refused message of this negotiation, and send it and those after it again."


class WebhookTargetRefused(GatewayError):
    """A webhook's URL may not be called: not https, or an address that is not public."""

    code = "gateway.webhook-target-refused"
    status = 422
    next_action = "Give an https:// URL whose host has public addresses only."


class TooManyWebhooks(GatewayError):
    code = "gateway.too-many-webhooks"
    status = 409
    next_action = "Delete one of yours first: GET /v1/webhooks lists them."


class ListingInvalid(GatewayError):
    code = "gateway.listing-invalid"
    status = 422
    next_action = "Sign a listing that is in force now, with the domain that it names beside it."


class TooManyListings(GatewayError):
    code = "gateway.too-many-listings"
    status = 409
    next_action = "Withdraw one of yours first: GET /v1/listings?agent=… lists them."


class QuotesMismatch(GatewayError):
    """A request for quotes, its template, its answers and its negotiation do not belong together."""

    code = "gateway.quotes-mismatch"
    status = 422
    next_action = "Send what values name as expected."


class NobodyMatches(GatewayError):
    code = "gateway.nobody-matches"
    status = 409
    retryable = True
    next_action = "Ask for fewer capabilities or bidders, or again once more agents have registered."


class TooManyRequestsOpen(GatewayError):
    code = "gateway.too-many-requests-open"
    status = 409
    next_action = "Wait until answers to one of your requests are over."


class AnswerTooLate(GatewayError):
    code = "gateway.answer-too-late"
    status = 409
    next_action = "Answer the next request: this one is answered, or over."


class NotAgreed(GatewayError):
    code = "gateway.not-agreed"
    status = 409
    next_action = "Sign a deal only once the negotiation is ACCEPTED."


class SellerSignsFirst(GatewayError):
    code = "gateway.seller-signs-first"
    status = 409
    next_action = (
        "Wait for the seller's signature: whoever signs last holds the option, so the seller goes first."
    )


class AlreadySigned(GatewayError):
    code = "gateway.already-signed"
    status = 409
    next_action = (
        "Read the negotiation's deals: a different signature of yours is already on record for this deal."
    )


class DealMismatch(GatewayError):
    code = "gateway.deal-mismatch"
    status = 422
    next_action = "Derive the deal again from the domain, the opening, the accepted offer and the transcript."


class BundleApart(GatewayError):
    """Deals that open together are signed for one open-by time."""

    code = "gateway.bundle-apart"
    status = 409
    next_action = "Sign with the open-by time in values: the linked deals are signed for that one."


class StandingUnknown(GatewayError):
    """What an amendment replaces is not live on the chain, as far as this gateway has indexed it."""

    code = "gateway.standing-unknown"
    status = 409
    retryable = True
    next_action = "Read the deal that is amended: only a deal that is open or rejected can be amended."


class SettlementUnavailable(GatewayError):
    code = "gateway.settlement-unavailable"
    status = 503
    retryable = True
    next_action = "Negotiation goes on; try again when GET /ready says that the chain is reachable."


class StoreUnavailable(GatewayError):
    code = "gateway.store-unavailable"
    status = 503
    retryable = True
    next_action = "Send the same request again shortly; nothing was stored."


class SettingsInvalid(GatewayError):
    """The gateway cannot start with these settings."""

    code = "gateway.settings-invalid"
    status = 500
    next_action = "Correct the setting named in values and start again."


class KeyMissing(SettingsInvalid):
    code = "gateway.key-missing"
    next_action = (
        "Set PARLEY_KEY, or PARLEY_KEYSTORE and PARLEY_KEYSTORE_PASSPHRASE; keys are never arguments."
    )


class PortInUse(SettingsInvalid):
    code = "gateway.port-in-use"
    next_action = "Stop the other process or choose another PARLEY_PORT."
