"""Where things are in the checkout, and what every step shares: stamps, the lock, commands with retries."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class SetupError(Exception):
    """What is missing or failed, in words for the person at the terminal."""


@dataclass(frozen=True)
class Layout:
    root: Path
    force: bool

    @classmethod
    def of_checkout(cls, *, force: bool) -> Layout:
        return cls(root=Path(__file__).resolve().parents[2], force=force)

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def tools(self) -> Path:
        return self.root / ".tools"

    @property
    def bin(self) -> Path:
        return self.tools / "bin"

    @property
    def contracts(self) -> Path:
        return self.root / "contracts"

    @property
    def requirements(self) -> Path:
        return self.root / "requirements.lock"

    def refuse_borrowed(self) -> None:
        """What is installed names this checkout's paths: through a link it would spoil another's folder."""
        for folder in (self.venv, self.tools, self.contracts / "node_modules"):
            if folder.is_symlink():
                raise SetupError(
                    f"{folder} is a link to {folder.resolve()}, which set-up would spoil.\n"
                    f"  Remove the link: setup makes a folder of its own."
                )

    def fresh(self, name: str, key: str) -> bool:
        """Whether the step `name` last succeeded with exactly these inputs."""
        stamp = self.tools / "stamps" / name
        return not self.force and stamp.is_file() and stamp.read_text() == key

    def stamp(self, name: str, key: str) -> None:
        stamp = self.tools / "stamps" / name
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(key)


def fingerprint(*parts: str | Path) -> str:
    """A hash over the strings, and the contents of the files, in this order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


@contextlib.contextmanager
def exclusive(layout: Layout) -> Iterator[None]:
    """One set-up at a time in a checkout. The lock dies with the process that holds it."""
    import fcntl

    layout.tools.mkdir(exist_ok=True)
    with (layout.tools / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("setup: waiting for another set-up of this checkout", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def network_environment(layout: Layout) -> None:
    """Lets the package managers trust the system's certificates, and gives them caches where HOME has none.

    Everything else the environment says about proxies and registries passes through as it is.
    """
    os.environ.setdefault("UV_SYSTEM_CERTS", "1")
    os.environ.setdefault("NODE_USE_SYSTEM_CA", "1")
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    os.environ.setdefault("npm_config_fetch_retries", "5")
    os.environ.setdefault("npm_config_update_notifier", "false")
    home = os.environ.get("HOME")
    if not home or not os.access(home, os.W_OK):
        for variable in ("UV_CACHE_DIR", "PIP_CACHE_DIR", "npm_config_cache"):
            os.environ.setdefault(variable, str(layout.tools / "cache" / variable.split("_")[0].lower()))
        # pip and npm look into HOME for configuration and complain when there is none.
        os.environ["HOME"] = str(layout.tools / "home")
        Path(os.environ["HOME"]).mkdir(parents=True, exist_ok=True)


def run(
    command: Sequence[str | Path],
    *,
    what: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    attempts: int = 1,
    seconds: float | None = None,
) -> str:
    """Runs the command and returns its stdout; after the last attempt says what failed and how."""
    for attempt in range(1, attempts + 1):
        with tempfile.TemporaryFile("w+") as errors:
            try:
                done = subprocess.run(
                    [str(word) for word in command],
                    cwd=cwd,
                    env={**os.environ, **(env or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    check=False,
                    timeout=seconds,
                )
            except subprocess.TimeoutExpired as error:
                raise SetupError(f"{what} did not end within {seconds} s") from error
            except OSError as error:
                raise SetupError(f"{what} could not start: {error}") from error
            errors.seek(0)
            complaint = errors.read()
        if done.returncode == 0:
            return done.stdout
        if attempt < attempts:
            print(f"setup: {what} failed, trying again ({attempt} of {attempts})", file=sys.stderr)
            time.sleep(2**attempt)
    tail = "\n".join(f"  {line[:300]}" for line in (complaint + done.stdout).strip().splitlines()[-25:])
    advice = "\n  Does this machine reach the registries, with its proxy settings?" if attempts > 1 else ""
    raise SetupError(f"{what} failed with exit status {done.returncode}:\n{tail}{advice}")
