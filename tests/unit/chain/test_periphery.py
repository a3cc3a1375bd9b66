"""The modules of tabs, evidence, panels and the lens against the shipped ABIs, without a chain."""

from __future__ import annotations

import json
import re
from importlib import resources

import pytest
from eth_abi.abi import decode, encode
from fake_chain import FakeChain

from parley.chain.abi import interface
from parley.chain.artifacts import artifact
from parley.chain.errors import NodeAnswerInvalid
from parley.chain.evidence_contract import EvidenceContract, message_as_abi
from parley.chain.lens import LensContract, Move, _moves, _verdict
from parley.chain.models import Log
from parley.chain.node import NodeClient
from parley.chain.panel import PanelContract, SignedVote
from parley.chain.tabs import TabsContract, TabStatus, short_form
from parley.terms.message_core import MessageCore
from parley.terms.panel import Vote
from parley.terms.performative import Performative
from parley.terms.tabs import Tab
from parley.terms.values import ZERO_ADDRESS, Address, Hash32

PLACE = "0x" + "7a" * 20
HASH = Hash32("0x" + "11" * 32)
MODULES = {
    "Tabs": TabsContract,
    "Evidence": EvidenceContract,
    "PanelArbiter": PanelContract,
    "Lens": LensContract,
}
# Calls of a contract to itself.
INNER = {"redeem_item", "undone"}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("name", MODULES)
def test_selectors_are_those_of_the_compiler(name: str) -> None:
    content = (resources.files("parley.chain") / "artifacts" / f"{name}.json").read_text()
    known = json.loads(content)["methodIdentifiers"]
    functions = interface(name).functions
    assert {signature: functions[signature].selector.hex() for signature in known} == known


@pytest.mark.parametrize("name", [name for name in MODULES if name != "Lens"])
def test_every_function_has_a_method(name: str) -> None:
    functions = {snake(entry["name"]) for entry in artifact(name).abi if entry["type"] == "function"}
    missing = {found for found in functions - INNER if not hasattr(MODULES[name], found)}
    assert missing <= {"eip712domain"}, missing


def test_the_moves_are_the_contracts_actions() -> None:
    source = (resources.files("parley.chain") / "artifacts" / "ILens.json").read_text()
    names = {
        entry["name"] for entry in json.loads(source)["abi"] if entry.get("name", "").startswith("can")
    } - {"can", "canSplit", "canOpen", "canAmend"}
    assert {snake(name.removeprefix("can")).upper() for name in names} == {
        move.name for move in Move if move is not Move.OPEN
    }
    assert _moves(0) == frozenset()
    assert _moves(1 << Move.RULE | 1) == {Move.RULE, Move.OPEN}
    assert _moves(2**12 - 1) == set(Move)


def tab() -> Tab:
    return Tab(
        buyer=Address("0x" + "aa" * 20),
        seller=Address("0x" + "bb" * 20),
        token=Address("0x" + "cc" * 20),
        expires_at=1,
        close_window=2,
        payout=3,
        exit_fee=4,
        nonce=5,
    )


def test_a_redemption_carries_the_short_form(node: NodeClient) -> None:
    for v in (27, 28):
        signature = "0x" + "21" * 32 + "43" * 32 + f"{v:02x}"
        r, vs = short_form(signature)
        assert r == b"\x21" * 32
        assert vs[0] == (0x43 if v == 27 else 0xC3)
        assert vs[1:] == b"\x43" * 31
        call = TabsContract(node, PLACE).redeem(tab(), 77, signature)
        assert call.to == PLACE
        found = decode(["(address,address,address,uint256)", "uint128", "bytes32", "bytes32"], call.data[4:])
        assert found == (tab().as_abi(), 77, r, vs)


def test_the_words_of_a_tab_are_read(node: NodeClient, chain: FakeChain) -> None:
    chain.after["eth_call"] = lambda _params, _answer: {
        "result": "0x" + encode(["uint8", "uint40", "uint104", "uint104"], [2, 9, 10, 11]).hex()
    }
    state = TabsContract(node, PLACE).state_of(tab())
    assert state.status is TabStatus.CLOSING
    assert (state.closes_at, state.redeemed, state.deposit) == (9, 10, 11)
    chain.after["eth_call"] = lambda _params, _answer: {"result": "0x01"}
    with pytest.raises(NodeAnswerInvalid):
        TabsContract(node, PLACE).state_of(tab())


def test_votes_are_handed_in_by_ascending_member(node: NodeClient) -> None:
    entry = interface("PanelArbiter").function("rule")
    votes = [
        SignedVote(
            Vote(
                member=Address("0x" + digits * 20),
                deal_id=HASH,
                milestone=0,
                seller_bps=1,
                rationale=HASH,
                fee=0,
                valid_until=9,
            ),
            "0x00",
        )
        for digits in ("ff", "01", "a0")
    ]
    ordered = sorted(votes, key=lambda signed: signed.vote.member)
    assert [signed.as_abi()[0][:4] for signed in ordered] == ["0x01", "0xa0", "0xff"]
    assert entry.inputs[-1] == "(address,uint16,bytes32,uint128,uint40,bytes)[]"
    assert encode([entry.inputs[-1]], [[signed.as_abi() for signed in ordered]])
    assert PanelContract(node, PLACE).share(PLACE).function == "share"


def test_the_core_of_a_message_is_the_struct_of_the_contract() -> None:
    entry = interface("Evidence").function("messageHashOf")
    core = MessageCore(
        negotiation=HASH,
        sequence=3,
        previous=HASH,
        sender=Address(ZERO_ADDRESS),
        performative=Performative.ACCEPT,
        payload=HASH,
        sent_at=1,
        expires_at=0,
    )
    words = [kind for _, kind in core.struct.fields]
    assert entry.inputs == (f"({','.join(words)})",)
    assert len(encode(list(entry.inputs), [message_as_abi(core)])) == 32 * 8


def test_a_verdict_becomes_the_named_error() -> None:
    assert _verdict(("0x00000000", "0x")) is None
    named = _verdict(("0x" + "00" * 3 + "01", "0x"))
    assert named is not None
    assert named.code == "contract.unknown"
    silent = _verdict(("0xffffffff", "0x"))
    assert silent is not None
    assert silent.code == "contract.silent"


def test_events_decode_with_their_tuples(node: NodeClient) -> None:
    event = next(found for found in interface("Evidence").events.values() if found.name == "MessageProved")
    core = (b"\1" * 32, 4, b"\2" * 32, ZERO_ADDRESS, 3, b"\3" * 32, 5, 0)
    body = encode([event.types[-1]], [core])
    topics = (event.topic, HASH, HASH, "0x" + "00" * 32)
    found = EvidenceContract(node, PLACE).decode(Log(PLACE, topics, body, 1, HASH, HASH, 0))
    assert found is not None
    assert found.arguments["message"][1] == 4
    assert found.arguments["message"][2] == "0x" + "02" * 32
    assert TabsContract(node, PLACE).decode(Log(PLACE, (HASH,), b"", 1, HASH, HASH, 0)) is None
