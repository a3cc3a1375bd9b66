"""The compiled contracts that ship with the package (`artifacts/NAME.json`): running needs no compiler."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import orjson

from parley.chain.errors import ArtifactMissing


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract: its ABI, creation code and runtime code."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    deployed_bytecode: bytes
    immutables: tuple[tuple[int, int], ...]
    """(start, length) of each place in the runtime code that the constructor fills in, bytes."""


@lru_cache(maxsize=32)
def artifact(name: str) -> Artifact:
    """The artifact of a contract or interface. Raises `ArtifactMissing`."""
    path = resources.files("parley.chain") / "artifacts" / f"{name}.json"
    try:
        found = orjson.loads(path.read_bytes())
        code, runtime = (bytes.fromhex(found[key][2:]) for key in ("bytecode", "deployedBytecode"))
        holes = tuple(
            (place["start"], place["length"])
            for places in found.get("immutableReferences", {}).values()
            for place in places
        )
        return Artifact(name, list(found["abi"]), code, runtime, holes)
    except FileNotFoundError:
        raise ArtifactMissing("A compiled contract is missing.", contract=name) from None
    except (ValueError, KeyError, TypeError):
        raise ArtifactMissing("A compiled contract cannot be read.", contract=name) from None
