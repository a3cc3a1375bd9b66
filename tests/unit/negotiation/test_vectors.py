"""The published vectors of the state machine, and that the script still writes them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from parley.errors import ParleyError
from parley.evidence.merkle import transcript_root
from parley.negotiation.machine import admit, initial, replay
from parley.terms.derivation import Amended, derive_deals
from parley.terms.domain import Domain
from parley.terms.message import Message
from parley.terms.opening import Opening

VECTORS = Path(__file__).parents[2] / "vectors"


@pytest.mark.parametrize(
    ("subject", "refusals"),
    [("state-machine", 13), ("sealed-bid", 7), ("mediated", 5), ("alternating-options", 2)],
)
def test_the_machine_gives_the_published_states(subject: str, refusals: int) -> None:
    document = json.loads((VECTORS / f"{subject}.json").read_text())
    assert (document["schema"], document["version"]) == (f"parley/vectors/{subject}", 1)
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
    assert len(codes) >= refusals


@pytest.mark.parametrize("subject", ["sealed-bid", "mediated", "alternating-options"])
def test_the_agreements_derive_the_published_deals(subject: str) -> None:
    agreed = 0
    for case in json.loads((VECTORS / f"{subject}.json").read_text())["cases"]:
        if "deals" not in case["expected"]:
            continue
        domain, opening = Domain.parse(case["input"]["domain"]), Opening.parse(case["input"]["opening"])
        kept = []
        for wire, outcome in zip(case["input"]["messages"], case["expected"]["outcomes"], strict=True):
            if "refused" not in outcome:
                kept.append(Message.parse(wire))
        state = replay(domain, opening, kept, opening.chain_id)
        assert state.offer is not None
        deals = derive_deals(
            domain,
            opening,
            state.offer.offer,
            transcript_root([message.message_hash(opening.chain_id) for message in kept]),
            len(kept),
            state.last_sent_at,
            amended=None if opening.amends is None else Amended(milestone=1, locked=440),
        )
        assert [deal.as_json() for deal in deals] == case["expected"]["deals"], case["name"]
        agreed += 1
    assert agreed


@pytest.mark.parametrize("script", ["make_negotiation.py", "make_protocols.py"])
def test_the_files_are_what_the_code_makes_today(script: str) -> None:
    done = subprocess.run(
        [sys.executable, str(VECTORS / script), "--check"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
