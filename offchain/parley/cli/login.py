"""`parley login`: a person's session at a gateway, by the provider of identities that the gateway trusts."""

from __future__ import annotations

from pathlib import Path

import typer


def login(
    out: Path = typer.Option(
        ..., "--out", envvar="PARLEY_SESSION", help="A file for the session's token, for your eyes only."
    ),
    url: str = typer.Option("http://127.0.0.1:8080", "--url", envvar="PARLEY_URL", help="The gateway."),
    browser: bool = typer.Option(True, help="Open a browser; otherwise the URL to open is printed."),
    seconds: int = typer.Option(300, "--wait", min=5, max=600, help="How long to wait for you."),
) -> None:
    """Signs a person in by OpenID Connect (code flow with PKCE) and keeps the short session in a file.

    With PARLEY_SESSION naming that file, `parley kpis`, `govern status`, `govern alarms`, `policy show` and
    `approvals list` need no key. What is ordered or approved is signed by a key all the same.
    """
    from parley.agents.people import sign_in
    from parley.cli.output import print_json

    def show(address: str) -> None:
        typer.echo(f"Sign in at {address}", err=True)
        if browser:
            typer.launch(address)

    found = sign_in(url, show, seconds=seconds)
    write_private(out, str(found["token"]))
    print_json({"person": found["person"], "roles": found["roles"], "expires_at": found["expires_at"]})


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner reads. Raises FileUnusable."""
    import os

    from parley.cli.errors import FileUnusable

    try:
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
    except OSError as error:
        raise FileUnusable(f"{path} cannot be written: {error.strerror}", path=str(path)) from None
