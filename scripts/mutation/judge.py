"""The verdict on each mutant, and the file they are kept in, so as to go on later."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

from build import Bytecode, Compiler
from campaign import INVARIANTS, QUICK, THOROUGH, Copy
from operators import Mutant

#: The test contracts of each source's own functions, which most of its mutants fall to.
OWN = {
    "Escrow": "OpenRules Settle Deliver Silence CloseRejected Cancel Epoch Linked OpenBatch Views Halves",
    "EscrowActions": "Reject Dispute Rule Lapse Refund Split RevokeSplit",
    "Accounts": "Deposit DepositWithPermit Withdraw",
    "Amendments": "Amend AmendTokens",
    "Batches": "OpenBatch SettleBatch InstantBatch PatchBatch",
    "Consent": "OpenSignatures Epoch Withdraw Views Cancel",
    "Deals": "Settle Rule Exits Payouts Refund Instant Cancel",
    "Funding": "OpenFunding PermitFunding Permit2Funding",
    "Ledger": "Settle Instant Withdraw Payouts",
    "Mandates": "MandateOpen MandateActs RevokeMandate",
    "Opening": "OpenFunding OpenSignatures Instant",
    "AccountWord": "Settle Instant Rule Refund",
    "ActionHash": "Settle Reject Withdraw",
    "Clean": "Encoding OpenRules Settle",
    "DealHash": "DealVectors Encoding Linked OpenRules",
    "DealRules": "OpenRules Instant Linked Amend",
    "DealWord": "Settle Rule Refund Views",
    "MandateRules": "MandateOpen MandateActs",
    "Permit2Calls": "Permit2Funding",
    "SignatureCheck": "OpenSignatures Deposit",
    "TokenCalls": "OpenFunding PermitFunding Deposit Payouts TokenZoo",
}
#: By so many mutants near by, in the same file, is a mutant's killer guessed.
NEIGHBOURS = 4


class Results:
    """What is known by now, written after every mutant. A second look makes another verdict of `lives`."""

    def __init__(self, path: Path, sources: str) -> None:
        self.path, self.lock = path, Lock()
        kept = json.loads(path.read_text()) if path.exists() else {}
        self.known: dict[str, dict[str, object]] = (
            kept.get("results", {}) if kept.get("sources") == sources else {}
        )
        self.sources = sources

    def keep(self, mutant: Mutant, verdict: str, by: str, seconds: float) -> None:
        with self.lock:
            self.known[mutant.key] = {
                "verdict": verdict,
                "by": by,
                "file": mutant.file,
                "line": mutant.line,
                "seconds": round(seconds, 1),
            }
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps({"sources": self.sources, "results": self.known}, indent=1) + "\n")
            fresh.replace(self.path)
        print(f"{verdict:10} {mutant.key} {mutant.file}:{mutant.line} {mutant.operator} {by}", flush=True)

    def likely(self, mutant: Mutant) -> list[str]:
        """Test contracts of the function, and those that killed mutants near this one."""
        with self.lock:
            near = sorted(
                (abs(int(str(r["line"])) - mutant.line), str(r["by"]))
                for r in self.known.values()
                if r["file"] == mutant.file and r["verdict"] == "killed" and ".sol:" in str(r["by"])
            )
        killers = {by.split(":")[1].split(" ")[0] for _, by in near[:NEIGHBOURS]}
        return sorted(killers | {f"{name}Test" for name in OWN.get(Path(mutant.file).stem, "").split()})


class Judge:
    """Tests mutants in some copies at once."""

    def __init__(self, root: Path, place: Path, compiler: Compiler, results: Results, workers: int) -> None:
        self.root, self.place, self.compiler, self.results, self.workers = (
            root,
            place,
            compiler,
            results,
            workers,
        )
        self.copies: SimpleQueue[Copy] = SimpleQueue()

    def start(self, mutants: dict[int, Mutant]) -> None:
        """Builds, with every mutant switched off; all tests pass as it is, or there is no campaign."""
        first = Copy(self.place, self.compiler.environment)
        first.build(self.root)
        broken = first.failing()
        if broken:
            raise SystemExit(f"tests fail without any mutant: {', '.join(broken)}")
        self.switch, self.switched = self.compiler.with_all(mutants)
        spare = first.clone(self.place / "clone0")
        spare.put(self.switch.switched_to(0))
        self.dear = spare.failing()
        print(f"{len(self.switched)} mutants in one build; left to the second look: {', '.join(self.dear)}")
        self.first = first
        for index in range(self.workers):
            self.copies.put(first.clone(self.place / f"clone{index}"))

    def quickly(self, mutants: dict[int, Mutant], end: float) -> None:
        """First looks, of which none begins after `end` (of the monotonic clock)."""
        with ThreadPoolExecutor(self.workers) as pool:
            list(pool.map(lambda item: self._quick(item[0], item[1], end), mutants.items()))

    def thoroughly(self, mutants: Sequence[Mutant]) -> None:
        """A second look at what lives: built as deployed, with every test, more runs and the invariants."""
        with ThreadPoolExecutor(self.workers) as pool:
            list(pool.map(self._thorough, mutants))

    def _quick(self, number: int, mutant: Mutant, end: float) -> None:
        if time.monotonic() > end:
            return
        begun, copy = time.monotonic(), self.copies.get()
        try:
            code = self.switch.switched_to(number) if number in self.switched else self._alone(mutant)
            verdict, by = "invalid", ""
            if code is not None:
                copy.put(code)
                near = self.results.likely(mutant)
                by = copy.test(near, [INVARIANTS], self.dear, QUICK) if near else ""
                by = by or copy.test([], [INVARIANTS, *near], self.dear, QUICK)
                verdict = "killed" if by else "lives"
            self.results.keep(mutant, verdict, by, time.monotonic() - begun)
        finally:
            self.copies.put(copy)

    def _thorough(self, mutant: Mutant) -> None:
        begun, copy = time.monotonic(), self.copies.get()
        try:
            copy.restore(self.first)
            copy.change(mutant)
            verdict, by = "invalid", ""
            if copy.builds():
                verdict = "equivalent"
                if copy.code() != self.first.code():
                    by = copy.test([], [], [], THOROUGH)
                    verdict = "killed" if by else "survived"
            self.results.keep(mutant, verdict, by, time.monotonic() - begun)
        finally:
            self.copies.put(copy)

    def _alone(self, mutant: Mutant) -> Bytecode | None:
        source = (self.compiler.contracts / mutant.file).read_bytes()
        return self.compiler.bytecode({mutant.file: mutant.apply(source)})
