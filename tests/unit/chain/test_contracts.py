"""The contract modules against the shipped ABIs: selectors, tuples, events, and one method for every
function.
"""

from __future__ import annotations

import re

import pytest
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.tools import get_abi_strategy
from fake_chain import FakeChain, escrow_log
from hypothesis import given
from hypothesis import strategies as st

from parley.chain.abi import Function, Interface, interface
from parley.chain.artifacts import artifact
from parley.chain.errors import ArtifactMissing, NodeAnswerInvalid
from parley.chain.escrow import EscrowContract
from parley.chain.models import Log
from parley.terms.schema import DEAL
from parley.terms.values import keccak

HASH = "0x" + "11" * 32
PARTY = "0x" + "aa" * 20


def test_selectors_are_those_of_the_compiler() -> None:
    import json
    from importlib import resources

    for name in ("IEscrow", "AgentRegistry", "PaymentToken"):
        content = (resources.files("parley.chain") / "artifacts" / f"{name}.json").read_text()
        known = json.loads(content)["methodIdentifiers"]
        functions = interface(name).functions
        assert {signature: functions[signature].selector.hex() for signature in known} == known


def test_every_state_changing_function_has_a_method() -> None:
    changing = {
        entry["name"]
        for entry in artifact("IEscrow").abi
        if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"
    }
    changing.remove("useMandate")  # one half of the escrow calls it on the other; nobody else can
    snake = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in changing}
    assert {name for name in snake if not hasattr(EscrowContract, name)} == set()


def test_the_deal_tuple_is_the_typed_structs() -> None:
    entry = interface("IEscrow").function("dealIdOf")
    types = [part.split(" ")[0] for part in DEAL[len("Deal(") : DEAL.index(")")].split(",")]
    expected = ",".join("(uint128,uint40)[]" if kind == "Milestone[]" else kind for kind in types)
    assert entry.inputs == (f"({expected})",)


def test_events_decode_with_hex_and_names(escrow: EscrowContract) -> None:
    log = escrow_log("Disputed", dealId=HASH, party=PARTY, milestone=3, evidence="0x" + "22" * 32)
    found = escrow.decode(
        Log(FakeChain.ESCROW, tuple(log.topics), bytes.fromhex(log.data[2:]), 1, HASH, HASH, 0)
    )
    assert found is not None
    assert found.name == "Disputed"
    assert found.arguments == {"dealId": HASH, "party": PARTY, "milestone": 3, "evidence": "0x" + "22" * 32}


@pytest.mark.parametrize("spoil", ["topics", "data"])
def test_a_log_that_does_not_fit_its_event_is_refused(escrow: EscrowContract, spoil: str) -> None:
    log = escrow_log("Disputed", dealId=HASH, party=PARTY, milestone=3, evidence=HASH)
    topics = log.topics[:-1] if spoil == "topics" else log.topics
    data = b"\xff" * 31 if spoil == "data" else bytes.fromhex(log.data[2:])
    with pytest.raises(NodeAnswerInvalid):
        escrow.decode(Log(FakeChain.ESCROW, tuple(topics), data, 1, HASH, HASH, 0))


def test_events_of_a_later_version_are_passed_over(escrow: EscrowContract) -> None:
    topic = "0x" + keccak(b"Novelty(uint256)").hex()
    assert escrow.decode(Log(FakeChain.ESCROW, (topic,), b"\0" * 32, 1, HASH, HASH, 0)) is None
    assert escrow.decode(Log(FakeChain.ESCROW, (), b"", 1, HASH, HASH, 0)) is None


def test_a_view_that_answers_nonsense_is_refused(escrow: EscrowContract, chain: FakeChain) -> None:
    with pytest.raises(NodeAnswerInvalid):
        escrow.state_of(HASH)
    chain.after["eth_call"] = lambda _params, _answer: {"result": "0x" + "ff" * 224}
    with pytest.raises(NodeAnswerInvalid):
        escrow.state_of(HASH)


def test_an_artifact_that_does_not_ship_is_named() -> None:
    with pytest.raises(ArtifactMissing) as caught:
        artifact("Nowhere")
    assert caught.value.values == {"contract": "Nowhere"}


def test_overloads_are_told_apart_by_signature() -> None:
    found = Interface(artifact("AgentRegistry").abi)
    assert found.function("register(string)").selector != found.function("register()").selector
    data = found.function("register(string)").call("ipfs://x")
    assert decode(["string"], data[4:]) == ("ipfs://x",)


VIEWS = [interface("IEscrow").function(name) for name in ("stateOf", "accountOf", "recordOf", "epochOf")] + [
    interface("PaymentToken").function(name) for name in ("balanceOf", "decimals")
]


@given(st.sampled_from(VIEWS), st.binary(max_size=8 * 32), st.data())
def test_numbers_are_read_as_the_general_decoder_reads_them(
    function: Function, noise: bytes, data: st.DataObject
) -> None:
    strategy = get_abi_strategy(f"({','.join(function.outputs)})")
    values = data.draw(strategy)
    assert function.answer(encode(list(function.outputs), values)) == tuple(values)
    try:
        expected = decode(list(function.outputs), noise)
    except (DecodingError, OverflowError):
        with pytest.raises(NodeAnswerInvalid):
            function.answer(noise)
    else:
        assert function.answer(noise) == tuple(expected)


ASKED = [interface("IEscrow").function(name) for name in ("stateOf", "accountOf", "epochOf")]


@given(st.sampled_from(ASKED), st.data(), st.booleans())
def test_addresses_and_hashes_are_written_as_the_general_encoder_writes_them(
    function: Function, data: st.DataObject, whole: bool
) -> None:
    values = list(data.draw(get_abi_strategy(f"({','.join(function.inputs)})")))
    assert function.call(*values) == function.selector + encode(list(function.inputs), values)
    if not whole:
        values[-1] = data.draw(st.sampled_from(("", "0x", "0xzz", b"", b"\0" * 31, b"\0" * 33, None, 7)))
        try:
            expected = encode(list(function.inputs), values)
        except EncodingError:
            with pytest.raises(EncodingError):
                function.call(*values)
        else:
            assert function.call(*values) == function.selector + expected
    with pytest.raises(EncodingError):
        function.call(*values, values[-1])
