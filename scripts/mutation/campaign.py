"""A copy of the contracts, on which forge runs tests that are built once on bytecode put in their way."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from build import Bytecode
from operators import Mutant

#: Tests that do not touch the escrow, are for another tool, or measure gas, which most mutants change.
ELSEWHERE = ("symbolic", "registry", "token", "evidence", "tabs/*.t.sol", "escrow/Gas*.t.sol")
QUICK = {"FOUNDRY_FUZZ_RUNS": "16"}
THOROUGH = {
    "FOUNDRY_FUZZ_RUNS": "64",
    "FOUNDRY_INVARIANT_RUNS": "4",
    "FOUNDRY_INVARIANT_DEPTH": "64",
}
INVARIANTS = ".*Invariants?(Test)?"
#: Longer than any honest run: a mutant that loops runs out of gas in the end, or out of this.
SECONDS = 240.0


class Copy:
    """The contracts and their tests in a folder of their own."""

    def __init__(self, place: Path, environment: Mapping[str, str]) -> None:
        self.contracts = place / "contracts"
        self.contracts.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **environment,
            "FOUNDRY_OUT": "out",
            "FOUNDRY_CACHE_PATH": "cache",
            "FORGE_SNAPSHOT_CHECK": "false",
        }

    def build(self, root: Path) -> None:
        """Takes over the sources as they are, and builds what changed."""
        for name in ("src", "test"):
            shutil.rmtree(self.contracts / name, ignore_errors=True)
            shutil.copytree(root / "contracts" / name, self.contracts / name)
        for pattern in ELSEWHERE:
            for path in (self.contracts / "test").glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copy2(root / "contracts/foundry.toml", self.contracts / "foundry.toml")
        # Anew each time: the one before may lead to where the packages were.
        packages = self.contracts / "node_modules"
        packages.unlink(missing_ok=True)
        packages.symlink_to((root / "contracts/node_modules").resolve())
        vectors = self.contracts.parent / "tests/vectors"
        shutil.rmtree(vectors, ignore_errors=True)
        shutil.copytree(root / "tests/vectors", vectors)
        code, output = self.forge(["build"], {}, 3600.0)
        if code:
            raise SystemExit(f"the contracts do not build\n{output[-3000:]}")

    def clone(self, place: Path) -> Copy:
        """The same, built, elsewhere: two runs of forge in one folder would disturb each other."""
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(
            self.contracts.parent, place, symlinks=True, ignore=shutil.ignore_patterns("answers", "clone*")
        )
        return Copy(place, self.environment)

    def restore(self, other: Copy) -> None:
        """What that copy has built, instead of what was put or built here."""
        for name in ("src", "out", "cache"):
            shutil.rmtree(self.contracts / name)
            shutil.copytree(other.contracts / name, self.contracts / name)

    def change(self, mutant: Mutant) -> None:
        path = self.contracts / mutant.file
        path.write_bytes(mutant.apply(path.read_bytes()))

    def builds(self) -> bool:
        return self.forge(["build"], {}, 3600.0)[0] == 0

    def code(self) -> Bytecode:
        names = Bytecode.CONTRACTS
        return Bytecode({n: json.loads(self._artifact(n).read_text())["bytecode"]["object"] for n in names})

    def put(self, code: Bytecode) -> None:
        for name, creation in code.creation.items():
            artifact = self._artifact(name)
            content = json.loads(artifact.read_text())
            content["bytecode"]["object"] = creation
            artifact.write_text(json.dumps(content))

    def test(
        self, only: Sequence[str], never: Sequence[str], without: Sequence[str], depth: Mapping[str, str]
    ) -> str:
        """The first test that fails, of the test contracts `only` (all, where none is named) but `never`.

        Nothing, if none does. `without` names tests to leave out.
        """
        arguments = ["test", "-j", "1", "--fail-fast", "--code-size-limit", "1000000"]
        arguments += ["--match-contract", either(only)] if only else []
        arguments += ["--no-match-contract", either(never)] if never else []
        arguments += ["--no-match-test", either(without)] if without else []
        code, output = self.forge(arguments, depth, SECONDS)
        return "" if code == 0 else killer(output) if code != 124 else "time-out"

    def failing(self) -> list[str]:
        """Names of all tests that fail."""
        _, output = self.forge(["test", "-j", "1", "--code-size-limit", "1000000"], QUICK, 3600.0)
        if "Suite result" not in output:
            raise SystemExit(f"the tests do not run\n{output[-3000:]}")
        return sorted(set(re.findall(r"^\[FAIL.*\] (\w+)\(", output, re.MULTILINE)))

    def forge(self, arguments: Sequence[str], extra: Mapping[str, str], seconds: float) -> tuple[int, str]:
        try:
            done = subprocess.run(
                ["forge", *arguments],
                cwd=self.contracts,
                env={**self.environment, **extra},
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 124, ""
        return done.returncode, done.stdout + done.stderr

    def _artifact(self, name: str) -> Path:
        return self.contracts / "out" / f"{name}.sol" / f"{name}.json"


def either(names: Sequence[str]) -> str:
    return f"^({'|'.join(names)})\\b"


def killer(output: str) -> str:
    """The first failing test in forge's output, as `path:Contract test`."""
    suite = ""
    for line in output.splitlines():
        if line.startswith(("Ran ", "Encountered ")) and ".sol:" in line:
            suite = line.split(" for " if line.startswith("Ran ") else " in ", 1)[1]
        if line.startswith("[FAIL"):
            test = re.search(r"\] (\w+)\(", line)
            return f"{suite} {test[1] if test else 'setUp'}"
    raise SystemExit(f"forge failed, but no test did\n{output[-3000:]}")
