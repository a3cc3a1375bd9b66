"""Asks an implementation that shares no code with Parley: ethers and OpenZeppelin's merkle-tree, in Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def ask(**jobs: list[Any]) -> dict[str, list[Any]]:
    """One run of third.mjs: for each job its list of answers. Integers in typed data travel as strings."""
    path = os.pathsep.join(
        (str(ROOT / ".tools" / "bin"), str(ROOT / ".venv" / "bin"), os.environ.get("PATH", ""))
    )
    node = shutil.which("node", path=path)
    assert node is not None, "Node is missing: run scripts/setup"
    done = subprocess.run(
        [node, str(HERE / "third.mjs")],
        input=json.dumps(jobs).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, list[Any]] = json.loads(done.stdout)
    return answer


def typed(data: dict[str, Any]) -> dict[str, Any]:
    """Typed data as JavaScript can read it exactly."""
    return {**data, "domain": _plain(data["domain"]), "message": _plain(data["message"])}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value
