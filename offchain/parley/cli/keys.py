"""`parley keys`: keystore files for agents, gateways and reviewers. A key is never shown or an argument."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import typer

from parley.errors import ParleyError

PASSPHRASE_VARIABLE = "PARLEY_KEYSTORE_PASSPHRASE"  # noqa: S105 - a variable's name

app = typer.Typer(help="Keystore files (version 3) for agents, gateways and reviewers.", no_args_is_help=True)


class KeystoreExists(ParleyError):
    """A keystore is never overwritten: the old key may hold money."""

    code = "keystore_exists"
    next_action = "Choose another path, or move the file away if you are sure that its key is not needed."


@app.command("new")
def new(path: Path = typer.Argument(..., help="Keystore file to create.")) -> None:
    """Makes a key and writes it, encrypted, to a new keystore file; prints its address.

    The passphrase comes from PARLEY_KEYSTORE_PASSPHRASE or a prompt.
    """
    from parley.terms.signing import LocalSigner, keystore

    passphrase = _passphrase(confirm=True)
    key = secrets.token_bytes(32)
    address = LocalSigner(key).address
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeystoreExists("there is a file already", path=str(path)) from None
    except OSError as error:
        raise ParleyError("the keystore cannot be written", path=str(path), reason=error.strerror) from None
    with os.fdopen(descriptor, "w") as file:
        json.dump(keystore(key, passphrase), file)
    typer.echo(address)


@app.command("address")
def address(path: Path = typer.Argument(..., help="Keystore file.")) -> None:
    """Prints the address of a keystore; proves that the passphrase opens it."""
    from parley.terms.signing import load_keystore

    typer.echo(load_keystore(path, _passphrase(confirm=False)).address)


def _passphrase(*, confirm: bool) -> str:
    found = os.environ.get(PASSPHRASE_VARIABLE)
    if found:
        return found
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))
