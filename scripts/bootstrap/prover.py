"""Halmos, in an environment of its own: its pins collide with those of Ape."""

from __future__ import annotations

import shutil

import python_env
from layout import Layout, fingerprint, run

HALMOS = "halmos==0.3.3"


def install(layout: Layout) -> bool:
    home = layout.tools / "halmos"
    key = fingerprint(str(layout.root), HALMOS, python_env.BASE_PYTHON)
    if (home / "bin" / "halmos").exists() and layout.fresh("halmos", key):
        return False
    shutil.rmtree(home, ignore_errors=True)
    run([python_env.BASE_PYTHON, "-m", "venv", home], what="making the environment of halmos")
    run(
        [*python_env.installer(layout, home / "bin" / "python"), HALMOS],
        what=f"installing {HALMOS}",
        attempts=3,
    )
    layout.stamp("halmos", key)
    return True
