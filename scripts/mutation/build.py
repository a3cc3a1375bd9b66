"""The escrow's bytecode without the optimizer, with one mutant or with many behind a switch (schemata.py)."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from operators import Mutant
from report import fingerprint
from schemata import SWITCH, blamed, switched


@dataclass(frozen=True)
class Bytecode:
    """Creation code of the escrow's two halves, in hex."""

    CONTRACTS: ClassVar[tuple[str, str]] = ("Escrow", "EscrowActions")
    creation: dict[str, str]

    def switched_to(self, number: int) -> Bytecode:
        return Bytecode(
            {name: code.replace(SWITCH, f"{number:016x}") for name, code in self.creation.items()}
        )


class Compiler:
    """Compiles the escrow with some of its sources replaced."""

    def __init__(self, contracts: Path, place: Path, solc: Path) -> None:
        self.contracts = contracts
        self.sources = sorted(str(path.relative_to(contracts)) for path in contracts.glob("src/**/*.sol"))
        (place / "answers").mkdir(parents=True, exist_ok=True)
        self.environment = {
            **os.environ,
            "FOUNDRY_SOLC": str(Path(__file__).parent / "cached-solc"),
            "MUTATION_SOLC": str(solc),
            "MUTATION_ANSWERS": str(place / "answers"),
        }

    def bytecode(self, changed: dict[str, bytes]) -> Bytecode | None:
        """None where these sources do not compile."""
        answer = self._ask(changed, "evm.bytecode.object")
        if errors(answer):
            return None
        made = answer["contracts"]
        names = Bytecode.CONTRACTS
        return Bytecode({n: "0x" + made[f"src/{n}.sol"][n]["evm"]["bytecode"]["object"] for n in names})

    def with_all(self, mutants: dict[int, Mutant]) -> tuple[Bytecode, set[int]]:
        """One bytecode with as many of these mutants as can be switched, and which."""
        there = {number: mutant for number, mutant in mutants.items() if mutant.form != "none"}
        while True:
            sources = {
                name: switched(
                    (self.contracts / name).read_bytes(),
                    [(number, mutant) for number, mutant in there.items() if mutant.file == name],
                )
                for name in sorted({mutant.file for mutant in mutants.values()})
            }
            complaints = errors(self._ask(sources, "abi"))
            if not complaints:
                code = self.bytecode(sources)
                if code is None:
                    raise SystemExit("too much for one build: run fewer mutants at a time, with --file")
                return code, set(there)
            refused: set[int] = set()
            for complaint in complaints:
                at = complaint.get("sourceLocation")
                if at and at["file"] in sources:
                    of_file = {n: m for n, m in there.items() if m.file == at["file"]}
                    guess = blamed(sources[at["file"]], at["start"], at["end"], of_file)
                    refused |= {guess} if guess is not None else set()
            if not refused:
                raise SystemExit("\n".join(complaint["formattedMessage"] for complaint in complaints))
            there = {number: mutant for number, mutant in there.items() if number not in refused}

    def _ask(self, changed: dict[str, bytes], output: str) -> dict[str, Any]:
        entries = [f"src/{name}.sol" for name in Bytecode.CONTRACTS]
        sources: dict[str, Any] = {name: {"urls": [name]} for name in entries}
        sources |= {name: {"content": content.decode()} for name, content in changed.items()}
        request = {
            "language": "Solidity",
            "sources": sources,
            "settings": {
                "evmVersion": "prague",
                "viaIR": True,
                "optimizer": {"enabled": False},
                "metadata": {"bytecodeHash": "none", "appendCBOR": False},
                "remappings": ["@openzeppelin/contracts/=node_modules/@openzeppelin/contracts/",
                               "solady/=node_modules/solady/src/"],
                "outputSelection": {entry: {"*": [output]} for entry in entries},
            },
        }  # fmt: skip
        packages = (self.contracts / "node_modules").resolve()
        flags = ["--standard-json", "--base-path", ".", "--allow-paths", f".,{packages}"]
        done = subprocess.run(
            [self.environment["FOUNDRY_SOLC"], *flags],
            cwd=self.contracts,
            # The question names sources, it does not quote them all: the answer is one for these only.
            env={**self.environment, "MUTATION_SOURCES": fingerprint(self.contracts, self.sources)},
            input=json.dumps(request).encode(),
            capture_output=True,
            check=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def errors(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [error for error in answer.get("errors", []) if error["severity"] == "error"]
