"""The other end of the bridge: runs inside the environment of NegMAS and knows nothing of Parley.

One JSON object a line, in on stdin and out on stdout. Outcomes are lists of value numbers, one an issue.

- `{"op": "match", "scenario": S, "rounds": N, "players": [P, P], "seed": n}` plays one negotiation of NegMAS'
  own mechanism. A player is the name of one of its negotiators, or `"@"` for the caller, which is then asked
  by `{"turn": seat, "step": n, "offer": [...] | null}` and answers `{"offer": [...]}`, `{"accept": true}` or
  `{"end": true}`. The end is `{"result": {"agreement": [...] | null, "steps": n}}`.
- `{"op": "rate", "scenario": S, "rounds": N, "players": [P, P], "seconds": s}` plays the same
  negotiation over and over and gives `{"result": {"rounds": n, "seconds": s}}`, processor time
  of the mechanism's run alone.

`S` is `{"issues": [how many values, ...], "parties": [{"weights": [...], "tables": [[...], ...],
"reservation": r}, ...]}` with numbers in ppm.
"""

from __future__ import annotations

import json
import random
import sys
import time
import warnings
from typing import Any

warnings.filterwarnings("ignore")

import negmas.sao.negotiators as built_in  # type: ignore[import-not-found]  # noqa: E402
from negmas.gb.common import ResponseType  # type: ignore[import-not-found]  # noqa: E402
from negmas.outcomes import make_issue, make_os  # type: ignore[import-not-found]  # noqa: E402
from negmas.preferences import LinearAdditiveUtilityFunction  # type: ignore[import-not-found]  # noqa: E402
from negmas.sao import SAOMechanism, SAONegotiator, SAOResponse  # noqa: E402

PPM = 1_000_000
CALLER = "@"
_OUT = sys.stdout


def say(value: dict[str, Any]) -> None:
    _OUT.write(json.dumps(value, separators=(",", ":")) + "\n")
    _OUT.flush()


class Caller(SAONegotiator):  # type: ignore[misc]
    """A seat whose moves come over the bridge."""

    seat = 0

    def __call__(self, state: Any, dest: str | None = None) -> Any:
        offer = state.current_offer
        say({"turn": self.seat, "step": state.step, "offer": None if offer is None else _numbers(offer)})
        answer = json.loads(sys.stdin.readline())
        if "offer" in answer:
            return SAOResponse(ResponseType.REJECT_OFFER, tuple(f"v{at}" for at in answer["offer"]))
        if answer.get("accept"):
            return SAOResponse(ResponseType.ACCEPT_OFFER, offer)
        return SAOResponse(ResponseType.END_NEGOTIATION, None)

    def propose(self, state: Any, dest: str | None = None) -> Any:
        raise AssertionError("the mechanism asks for whole responses")

    def respond(self, state: Any, source: str | None = None) -> Any:
        raise AssertionError("the mechanism asks for whole responses")


def _numbers(offer: Any) -> list[int]:
    return [int(value[1:]) for value in offer]


class Scene:
    """A scenario in NegMAS' terms."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        issues = [
            make_issue([f"v{at}" for at in range(count)], f"i{n}")
            for n, count in enumerate(scenario["issues"])
        ]
        self.space = make_os(issues)
        self.parties = scenario["parties"]

    def utility(self, party: dict[str, Any]) -> Any:
        return LinearAdditiveUtilityFunction(
            values=[{f"v{at}": ppm / PPM for at, ppm in enumerate(table)} for table in party["tables"]],
            weights=[weight / PPM for weight in party["weights"]],
            outcome_space=self.space,
            reserved_value=party["reservation"] / PPM,
        )

    def mechanism(self, players: list[str], rounds: int) -> Any:
        mechanism = SAOMechanism(outcome_space=self.space, n_steps=rounds)
        for seat, (player, party) in enumerate(zip(players, self.parties, strict=True)):
            negotiator = Caller() if player == CALLER else getattr(built_in, player)()
            if player == CALLER:
                negotiator.seat = seat
            mechanism.add(negotiator, ufun=self.utility(party))
        return mechanism


def match(request: dict[str, Any]) -> dict[str, Any]:
    random.seed(request["seed"])
    sys.modules["numpy"].random.seed(request["seed"] % 2**32)
    mechanism = Scene(request["scenario"]).mechanism(request["players"], request["rounds"])
    mechanism.run()
    agreement = mechanism.agreement
    state = mechanism.state
    return {
        "agreement": None if agreement is None else _numbers(agreement),
        "steps": state.step,
        "error": state.error_details[-300:] if state.has_error else None,
    }


def rate(request: dict[str, Any]) -> dict[str, Any]:
    scene = Scene(request["scenario"])
    rounds, seconds = 0, 0.0
    while seconds < request["seconds"]:
        mechanism = scene.mechanism(request["players"], request["rounds"])
        began = time.process_time()
        mechanism.run()
        seconds += time.process_time() - began
        rounds += mechanism.current_step
    return {"rounds": rounds, "seconds": seconds}


def main() -> None:
    sys.stdout = sys.stderr  # whatever NegMAS prints stays off the bridge
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        say({"result": {"match": match, "rate": rate}[request["op"]](request)})


if __name__ == "__main__":
    main()
