"""`parley keys`: keystore files for agents, gateways and reviewers. A key is never shown or an argument."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
import time
from pathlib import Path

import typer

from parley.cli.errors import KeystoreExists, KeystoreUnwritable, PassphraseMissing

PASSPHRASE_VARIABLE = "PARLEY_KEYSTORE_PASSPHRASE"  # noqa: S105 - a variable's name

app = typer.Typer(help="Keystore files (version 3) for agents, gateways and reviewers.", no_args_is_help=True)


@app.command("new")
def new(
    path: Path = typer.Argument(..., help="Keystore file to create."),
    days: int | None = typer.Option(
        None, "--days", min=1, max=36_500, help="A gateway refuses to start with the key after so many."
    ),
) -> None:
    """Makes a key and writes it, encrypted, to a new keystore file; prints its address.

    The passphrase comes from PARLEY_KEYSTORE_PASSPHRASE or a prompt. No file is ever overwritten.
    """
    from parley.terms.signing import LocalSigner, keystore

    try:
        if path.exists():
            raise _exists(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    passphrase = _passphrase(confirm=True)
    key = secrets.token_bytes(32)
    expires_at = None if days is None else int(time.time()) + days * 86_400
    _write_new(path, json.dumps(keystore(key, passphrase, expires_at)))
    typer.echo(LocalSigner(key).address)


@app.command("address")
def address(path: Path = typer.Argument(..., help="Keystore file.")) -> None:
    """Prints the address of a keystore; proves that the passphrase opens it."""
    from parley.terms.signing import load_keystore

    typer.echo(load_keystore(path, _passphrase(confirm=False)).address)


def _write_new(path: Path, content: str) -> None:
    """Creates a file that only its owner can read, wholly or not at all."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        with contextlib.suppress(OSError):
            path.unlink()
        if isinstance(error, OSError):
            raise _unwritable(path, error) from None
        raise


def _exists(path: Path) -> KeystoreExists:
    return KeystoreExists("There is a file already.", path=str(path))


def _unwritable(path: Path, error: OSError) -> KeystoreUnwritable:
    return KeystoreUnwritable("The keystore cannot be written.", path=str(path), reason=error.strerror)


def _passphrase(*, confirm: bool) -> str:
    found = os.environ.get(PASSPHRASE_VARIABLE)
    if found:
        return found
    if not sys.stdin.isatty():
        raise PassphraseMissing("There is no passphrase.", setting=PASSPHRASE_VARIABLE)
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))
