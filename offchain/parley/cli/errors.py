"""What the command line itself refuses."""

from __future__ import annotations

from parley.errors import ParleyError


class CommandError(ParleyError):
    """Base of the command line's own errors."""

    code = "cli"


class UrlInvalid(CommandError):
    """An option wants the URL of a node and got something else."""

    code = "cli.url-invalid"
    next_action = "Give an http:// or https:// URL with a host, such as http://127.0.0.1:8545."


class FileUnusable(CommandError):
    """A file that a command was given cannot be read."""

    code = "cli.file-unusable"
    next_action = "Check the path, and that you may read the file."


class FileTooLarge(CommandError):
    """A file is larger than anything that a command can be meant to read."""

    code = "cli.file-too-large"
    status = 413
    next_action = "Check that it is the right file: an evidence bundle of 10 000 messages is far smaller."


class KeystoreExists(CommandError):
    """A keystore is never overwritten: the old key may hold money."""

    code = "cli.keystore-exists"
    status = 409
    next_action = "Choose another path, or move the file away if you are sure that its key is not needed."


class KeystoreUnwritable(CommandError):
    """A keystore cannot be written; nothing is left of it."""

    code = "cli.keystore-unwritable"
    next_action = "Choose a path in a folder that exists, where you may write and there is room."


class PassphraseMissing(CommandError):
    """There is nobody to ask for a passphrase."""

    code = "cli.passphrase-missing"
    next_action = "Set PARLEY_KEYSTORE_PASSPHRASE, or run the command in a terminal to be asked."


class AgentKeyMissing(CommandError):
    """An agent was started without a key."""

    code = "cli.agent-key-missing"
    next_action = (
        "Set PARLEY_KEY, or PARLEY_KEYSTORE and PARLEY_KEYSTORE_PASSPHRASE; keys are never arguments."
    )


class FolderEmpty(CommandError):
    """A folder without a single domain and its profiles. `values`: `path`."""

    code = "cli.folder-empty"
    status = 422
    next_action = "Name a folder of domains: each a folder of its own with one domain and its profiles."


class CountMismatch(CommandError):
    """Options that belong together were given in different numbers."""

    code = "cli.count-mismatch"
    next_action = "Repeat --strategy once for each --profile, in the same order."


class GatewayNotReady(CommandError):
    """What answers at the URL is not a gateway."""

    code = "cli.gateway-not-ready"
    retryable = True
    next_action = "Check --url or PARLEY_URL: GET /ready has to name chain and audience."


class ScopeUnclear(CommandError):
    """A stop names no scope, or several."""

    code = "cli.scope-unclear"
    next_action = "Give one scope; for several, give one order each."


class OptionMissing(CommandError):
    """An option needs another one. `values`: `option`."""

    code = "cli.option-missing"
    next_action = "Give the named option too."


class FolderUnwritable(CommandError):
    """A folder for documents exists already, or cannot be written. `values`: `path`, `reason`."""

    code = "cli.folder-unwritable"
    next_action = "Name a folder that does not exist yet, where you may write."
