"""The Python environment: .venv with the packages of requirements.lock, and Parley itself editable."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from layout import Layout, SetupError, fingerprint, run

# Below this, uv cannot read the system's certificate store.
UV_REQUIREMENT = "uv>=0.9,<1"

# Where .venv itself is on PATH, this is the Python it was made of.
BASE_PYTHON = getattr(sys, "_base_executable", None) or sys.executable


def install(layout: Layout) -> bool:
    key = fingerprint(
        str(layout.root), sys.base_prefix, sys.version, layout.requirements, layout.root / "pyproject.toml"
    )
    if layout.python.exists() and layout.fresh("python", key):
        return False
    _environment(layout)
    # The lock file is complete, so nothing is resolved here: every machine gets the same set.
    install_command = installer(layout, layout.python)
    run(
        [*install_command, "--no-deps", "-r", layout.requirements],
        what="installing the Python packages",
        attempts=3,
    )
    run(
        [*install_command, "--no-deps", "-e", layout.root],
        what="installing parley itself",
        attempts=3,
    )
    layout.stamp("python", key)
    return True


def _environment(layout: Layout) -> None:
    """Makes .venv, unless one of this very Python is there already."""
    if layout.python.exists():
        try:
            version = run(
                [layout.python, "-c", "import sys; print(sys.version, end='')"], what="the present .venv"
            )
        except SetupError:
            version = ""
        if version == sys.version and not layout.force:
            return
    uv = shutil.which("uv")
    if _can_make_environments():
        run([BASE_PYTHON, "-m", "venv", "--clear", layout.venv], what="making .venv")
    elif uv:
        run(
            [uv, "venv", "--clear", "--seed", "--python", BASE_PYTHON, layout.venv],
            what="making .venv",
            attempts=3,
        )
    else:
        raise SetupError(
            f"{BASE_PYTHON} cannot make environments: its ensurepip or venv module is missing (on Debian and "
            "Ubuntu python3-venv brings it). Install that, or uv, or name another Python in PARLEY_PYTHON."
        )


def _can_make_environments() -> bool:
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def installer(layout: Layout, python: Path) -> list[str | Path]:
    """uv from PATH, else uv installed into a folder of its own, else plain pip."""
    uv: str | Path | None = shutil.which("uv")
    if uv is None:
        own = layout.tools / "uv"
        uv = own / "bin" / "uv"
        if not uv.exists():
            try:
                run(
                    [layout.python, "-m", "pip", "install", "-q", "--target", own, UV_REQUIREMENT],
                    what="installing uv",
                )
            except SetupError as error:
                print(f"setup: going on with pip, since {error}", file=sys.stderr)
                shutil.rmtree(own, ignore_errors=True)
                return [python, "-m", "pip", "install", "-q"]
    return [uv, "pip", "install", "-q", "--python", python]


def add(layout: Layout, requirement: str, target: Path) -> None:
    """Installs one requirement with what it needs into a folder apart from .venv."""
    run(
        [*installer(layout, layout.python), "--target", target, requirement],
        what=f"installing {requirement}",
        attempts=3,
    )
