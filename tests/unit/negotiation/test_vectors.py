"""The published vectors of the state machine, and that the script still writes them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from parley.errors import ParleyError
from parley.negotiation.machine import admit, initial, replay
from parley.terms.domain import Domain
from parley.terms.message import Message
from parley.terms.opening import Opening

VECTORS = Path(__file__).parents[2] / "vectors"


def test_the_state_machine_gives_the_published_states() -> None:
    document = json.loads((VECTORS / "state-machine.json").read_text())
    assert (document["schema"], document["version"]) == ("parley/vectors/state-machine", 1)
    codes = set()
    for case in document["cases"]:
        domain, opening = Domain.parse(case["input"]["domain"]), Opening.parse(case["input"]["opening"])
        chain = opening.chain_id
        state = initial(domain, opening)
        assert state.negotiation == case["expected"]["negotiation"]
        admitted = []
        for wire, expected in zip(case["input"]["messages"], case["expected"]["outcomes"], strict=True):
            message = Message.parse(wire)
            if "refused" in expected:
                with pytest.raises(ParleyError) as caught:
                    admit(state, message, domain, opening, chain)
                assert caught.value.code == expected["refused"], case["name"]
                codes.add(caught.value.code)
                continue
            step = admit(state, message, domain, opening, chain)
            if step.state is not state:
                admitted.append(message)
            state = step.state
            assert expected == {"status": state.status.value, "state": state.hash()}, case["name"]
        assert state.document() == case["expected"]["final"]
        assert replay(domain, opening, admitted, chain).canonical() == state.canonical()
    assert len(codes) > 12


def test_the_files_are_what_the_code_makes_today() -> None:
    done = subprocess.run(
        [sys.executable, str(VECTORS / "make_negotiation.py"), "--check"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
