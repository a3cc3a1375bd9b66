"""The bridge to a NegMAS process: made on demand in `.tools/negmas`, spoken to in JSON lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from parley.errors import ParleyError

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".tools" / "negmas"
NEGMAS = "negmas==0.16.0"
PEER = Path(__file__).with_name("peer.py")

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class PeerFailed(ParleyError):
    """NegMAS could not be installed, or its process ended before it answered."""

    code = "bench.peer-failed"
    next_action = "read what it said; it is installed from the package registry into .tools/negmas"


def python() -> Path:
    """The Python of the environment of NegMAS, which is made when it is not there. Raises `PeerFailed`."""
    stamp = HOME / "installed"
    interpreter = HOME / "bin" / "python"
    if interpreter.exists() and stamp.is_file() and stamp.read_text() == NEGMAS:
        return interpreter
    print(f"bench: installing {NEGMAS} into {HOME.relative_to(ROOT)} …", file=sys.stderr, flush=True)
    shutil.rmtree(HOME, ignore_errors=True)
    _run([sys.executable, "-m", "venv", "--without-pip", str(HOME)])
    own = ROOT / ".tools" / "uv" / "bin" / "uv"
    uv = shutil.which("uv") or (str(own) if own.exists() else None)
    pip = [uv, "pip", "install", "-q", "--python", str(interpreter)]
    if uv is None:
        _run([str(interpreter), "-m", "ensurepip"])
        pip = [str(interpreter), "-m", "pip", "install", "-q"]
    _run([*(word for word in pip if word is not None), NEGMAS])
    stamp.write_text(NEGMAS)
    return interpreter


def _run(command: list[str]) -> None:
    environment = {"UV_SYSTEM_CERTS": "1", **os.environ}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerFailed("NegMAS could not be installed", command=command[0], said=done.stderr[-800:])


class Peer:
    """A running NegMAS process. One request at a time; close it, or use it as a context."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(python()), "-I", "-X", "utf8", str(PEER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(HOME), "PYTHONHASHSEED": "0"},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def match(
        self,
        scenario: Mapping[str, Any],
        players: Sequence[str],
        rounds: int,
        seed: int,
        answers: Mapping[int, Answer] | None = None,
    ) -> dict[str, Any]:
        """Plays one negotiation; `answers` by seat for players named `@`."""
        self._say({"op": "match", "scenario": scenario, "players": players, "rounds": rounds, "seed": seed})
        while True:
            heard = self._hear()
            if "result" in heard:
                result: dict[str, Any] = heard["result"]
                return result
            self._say((answers or {})[heard["turn"]](heard))

    def rate(
        self, scenario: Mapping[str, Any], players: Sequence[str], rounds: int, seconds: float
    ) -> dict[str, Any]:
        """Rounds played and the processor time they took."""
        self._say(
            {"op": "rate", "scenario": scenario, "players": players, "rounds": rounds, "seconds": seconds}
        )
        result: dict[str, Any] = self._hear()["result"]
        return result

    def _say(self, value: Mapping[str, Any]) -> None:
        try:
            print(json.dumps(value), file=self._process.stdin, flush=True)
        except OSError as error:
            raise PeerFailed("The NegMAS process is gone", said=str(error)) from error

    def _hear(self) -> dict[str, Any]:
        line = next(iter(self._process.stdout or ()), "")
        if not line:
            raise PeerFailed("The NegMAS process ended", status=self._process.poll())
        heard: dict[str, Any] = json.loads(line)
        return heard
