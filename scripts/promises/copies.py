"""Throw-away copies of the checkout, so that a break never touches the real tree."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

# What contracts import must lie inside their own folder; the other packages are borrowed by a link.
_SOLIDITY_PACKAGES = ("@openzeppelin", "solady")
# A warm compiler cache makes a broken contract rebuild only itself.
_CACHES = ("contracts/out", "contracts/cache")


def copy_tree(root: Path, target: Path) -> None:
    """Copies what git tracks, or would track, as it stands now; borrows environment and tools."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source = root / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    for name in (".venv", ".tools"):
        (target / name).symlink_to(root / name)
    packages = Path("contracts/node_modules")
    (target / packages).mkdir(parents=True)
    for package in sorted((root / packages).glob("*")):
        if package.name in _SOLIDITY_PACKAGES:
            shutil.copytree(package, target / packages / package.name)
        else:
            (target / packages / package.name).symlink_to(package)
    for name in _CACHES:
        if (root / name).is_dir():
            shutil.copytree(root / name, target / name)


def environment_of(target: Path) -> dict[str, str]:
    """The caller's environment with the copy's package before the installed one."""
    return {
        **os.environ,
        "PARLEY_ROOT": str(target),
        "PYTHONPATH": str(target / "offchain"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": os.pathsep.join(
            [str(target / ".tools/bin"), str(target / ".venv/bin"), os.environ.get("PATH", "")]
        ),
    }
