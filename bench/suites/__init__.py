"""The benchmarks. Each module here has a `BENCH`; nothing else has to know of it."""

from __future__ import annotations

import importlib
import pkgutil

from bench.model import Bench


def found() -> dict[str, Bench]:
    """All benchmarks by name, in the order of their names."""
    modules = (
        importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)
    )
    benches: list[Bench] = [module.BENCH for module in modules]
    return {bench.name: bench for bench in sorted(benches, key=lambda bench: bench.name)}
