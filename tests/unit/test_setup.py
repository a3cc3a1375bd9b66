"""What set-up refuses to touch."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_folders_of_another_checkout_are_left_alone(tmp_path: Path) -> None:
    """Links instead of the folders: installing through them would re-point what another checkout runs on."""
    owner, borrower = tmp_path / "owner", tmp_path / "borrower"
    (owner / ".venv").mkdir(parents=True)
    shutil.copytree(ROOT / "scripts" / "bootstrap", borrower / "scripts" / "bootstrap")
    (borrower / ".venv").symlink_to(owner / ".venv")
    done = subprocess.run(
        [sys.executable, "-I", borrower / "scripts" / "bootstrap"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"{borrower / '.venv'} is a link to {owner / '.venv'}" in done.stderr
    assert list((owner / ".venv").iterdir()) == []
