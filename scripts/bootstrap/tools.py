"""Forge, Anvil and the Solidity compiler under their names in .tools/bin."""

from __future__ import annotations

import json
import platform
import re
import shlex
import shutil
from pathlib import Path

import node_packages
from layout import Layout, SetupError, fingerprint, run

ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def install(layout: Layout) -> bool:
    node, _ = node_packages.locate(layout)
    version = solc_version(layout)
    native = _native_candidate(layout, version)
    key = fingerprint(
        str(layout.root),
        str(node),
        version,
        str(native),
        str(_platform()),
        layout.contracts / "package-lock.json",
    )
    solc = layout.bin / f"solc-v{version}"
    if (
        solc.exists()
        and all(_command(layout, name).exists() for name in ("forge", "anvil"))
        and layout.fresh("tools", key)
    ):
        return False
    layout.bin.mkdir(parents=True, exist_ok=True)
    for name in ("forge", "anvil"):
        _link(_binary(layout, name), _command(layout, name))
    if native is not None and _version_of(native) == version:
        _link(native, solc)
    else:
        _write_look_alike(layout, node, solc)
    found = _version_of(solc)
    if found != version:
        raise SetupError(f"the Solidity compiler answers version {found}, and {version} is pinned")
    for name in ("forge", "anvil"):
        run([_command(layout, name), "--version"], what=f"{name} --version")
    layout.stamp("tools", key)
    return True


def solc_version(layout: Layout) -> str:
    """The pinned compiler: contracts/package.json is its one source."""
    package = json.loads((layout.contracts / "package.json").read_text())
    return str(package["devDependencies"]["solc"])


def _command(layout: Layout, name: str) -> Path:
    return layout.bin / name


def _platform() -> str:
    return f"{platform.system().lower()}-{ARCHITECTURES.get(platform.machine().lower(), platform.machine())}"


def _binary(layout: Layout, name: str) -> Path:
    binary = layout.contracts / "node_modules" / "@foundry-rs" / f"{name}-{_platform()}" / "bin" / name
    if binary.exists():
        return binary
    # npm leaves packages of other platforms out, so that their absence means there is none for this one.
    own = shutil.which(name)
    if own is not None and Path(own).resolve() != _command(layout, name).resolve():
        return Path(own)
    raise SetupError(
        f"there is no packaged {name} for {_platform()}: install Foundry so that {name} is on PATH"
    )


def _native_candidate(layout: Layout, version: str) -> Path | None:
    """A compiler of that name on PATH; its version is looked at later.

    Those inside the checkout are its own look-alike, and a downloader that slither brings along.
    """
    for name in (f"solc-v{version}", f"solc-{version}", "solc"):
        found = shutil.which(name)
        if found is not None and not Path(found).absolute().is_relative_to(layout.root):
            return Path(found).absolute()
    return None


def _version_of(solc: Path) -> str | None:
    try:
        answer = run([solc, "--version"], what=f"{solc.name} --version", seconds=20)
    except SetupError:
        return None
    match = re.search(r"Version: (\d+\.\d+\.\d+)\+commit", answer)
    return match[1] if match else None


def _link(target: Path, link: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _write_look_alike(layout: Layout, node: Path, solc: Path) -> None:
    script = layout.contracts / "toolchain" / "solc.js"
    solc.unlink(missing_ok=True)
    solc.write_text(f'#!/bin/sh\nexec {shlex.quote(str(node))} {shlex.quote(str(script))} "$@"\n')
    solc.chmod(0o755)
