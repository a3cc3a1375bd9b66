"""Writes the test vectors of `parley.terms` and `parley.evidence`, from fixed documents and seeds.

.venv/bin/python tests/vectors/make.py [--check]

With --check nothing is written; it exits 1 when a file differs. Others read the files without this script:
each is `{schema, version, cases: [{name, input, expected}]}` (docs/spec.md section 11).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import samples
from make_consent import consent

from parley.errors import ParleyError
from parley.evidence.merkle import TranscriptTree
from parley.terms.actions import ACTIONS, Action, receive_authorization_digest
from parley.terms.canonical import canonical_bytes, document_hash, parse_json
from parley.terms.deal import Deal, bundle_hash
from parley.terms.derivation import derive_deals
from parley.terms.domain import Domain
from parley.terms.eip712 import domain_separator
from parley.terms.message import Approval, Challenge, MessageReceipt, Performative, build_message
from parley.terms.opening import Opening
from parley.terms.payloads import Accept, Inform, Offer, Open, Payload, Reject
from parley.terms.statement import Statement
from parley.terms.terms import terms_of
from parley.terms.values import Address, Hash32, keccak

HERE = Path(__file__).parent
Case = dict[str, Any]


def case(name: str, given: Any, expected: Any) -> Case:
    return {"name": name, "input": given, "expected": expected}


def outcome(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except ParleyError as error:
        return {"error": error.code}


def canonical() -> list[Case]:
    nested = 16
    texts = [
        ("empty object", "{}"),
        ("keys are sorted", '{"b":1,"a":2,"aa":3,"A":4,"_":5,"1":6}'),
        ("white space goes", ' { "a" : [ 1 , 2 ,\n\t3 ] } '),
        ("escapes", '{"t":"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\\\/\\u007f\\u00e9\\u20ac"}'),
        ("beyond the basic plane", '{"t":"\\ud83d\\ude00 \U0001f600"}'),
        ("separators of other languages stay", '{"t":"\u2028\u2029"}'),
        ("literals", '{"t":true,"f":false,"n":null}'),
        ("largest integers", '{"a":9007199254740991,"b":-9007199254740991,"c":0}'),
        ("16 levels", "[" * nested + "]" * nested),
        ("17 levels", "[" * (nested + 1) + "]" * (nested + 1)),
        ("integer beyond 2^53", '{"a":9007199254740992}'),
        ("huge integer", '{"a":123456789012345678901234567890}'),
        ("float", '{"a":1.0}'),
        ("exponent", '{"a":1e2}'),
        ("minus zero", '{"a":-0}'),
        ("leading zero", '{"a":01}'),
        ("NaN", '{"a":NaN}'),
        ("duplicate key", '{"a":1,"a":1}'),
        ("duplicate key after unescaping", '{"a":1,"\\u0061":2}'),
        ("duplicate key deep inside", '{"x":[{"y":{"k":1,"k":2}}]}'),
        ("key outside ASCII", '{"\u00e9":1}'),
        ("lone surrogate", '{"a":"\\ud800"}'),
        ("byte order mark", "\ufeff{}"),
        ("trailing comma", '{"a":1,}'),
        ("trailing text", "{} {}"),
        ("empty", ""),
    ]

    def expected(text: str) -> Any:
        value = parse_json(text)
        return {"canonical": canonical_bytes(value).decode(), "hash": document_hash(value)}

    return [case(name, {"text": text}, outcome(lambda text=text: expected(text))) for name, text in texts]


def deal_case(name: str, deal: Deal, chain_id: int, escrow: Address) -> Case:
    return case(
        name,
        {"deal": deal.as_json(), "chain_id": chain_id, "escrow": escrow},
        {
            "document_hash": deal.hash(),
            "struct_hash": deal.struct_hash(),
            "deal_id": deal.deal_id(chain_id, escrow),
            "bundle_of_itself": bundle_hash((deal,)),
        },
    )


def deals() -> list[Case]:
    rng = Random(712)
    found = [deal_case(name, deal, samples.CHAIN_ID, samples.ESCROW) for name, deal in samples.edge_deals()]
    found += [
        deal_case(
            f"random {index}", samples.random_deal(rng), rng.choice((1, 10, 31_337, 2**53 - 1)), _address(rng)
        )
        for index in range(40)
    ]
    return found


def messages() -> list[Case]:
    rng = Random(713)
    found = [_signed_message(performative) for performative in (0, 1, 3, 4, 6)]
    for index in range(40):
        core = samples.random_core(rng)
        chain_id = rng.choice((1, 31_337, 2**53 - 1))
        found.append(
            case(
                f"random core {index}",
                {"type": "Message", "core": core.as_json(), "chain_id": chain_id},
                {"digest": core.hash(chain_id)},
            )
        )
    receipt = MessageReceipt(
        negotiation=_hash(rng), message=_hash(rng), received_at=samples.OPENED_AT, log_index=7
    )
    approval = Approval(
        negotiation=_hash(rng),
        terms_hash=_hash(rng),
        agent=samples.signer("alice").address,
        reviewer=samples.signer("reviewer").address,
        granted=True,
        reason=_hash(rng),
        decided_at=samples.OPENED_AT,
        expires_at=samples.OPENED_AT + 1_800,
    )
    challenge = Challenge(
        agent=samples.signer("alice").address,
        audience="https://gateway.example",
        nonce=_hash(rng),
        issued_at=samples.OPENED_AT,
        expires_at=samples.OPENED_AT + 300,
    )
    refused = approval.model_copy(update={"granted": False})
    statement = Statement(
        author=samples.signer("alice").address, document=_hash(rng), signed_at=samples.OPENED_AT
    )
    return [
        *found,
        _statement("receipt", receipt),
        _statement("approval", approval),
        _statement("refusal", refused),
        _statement("challenge", challenge),
        _statement("statement", statement),
    ]


def _statement(name: str, core: MessageReceipt | Approval | Challenge | Statement) -> Case:
    key = "gateway" if isinstance(core, MessageReceipt) else "alice"
    digest = core.digest(samples.CHAIN_ID)
    return case(
        name,
        {
            "type": core.struct.name,
            "core": core.as_json(),
            "chain_id": samples.CHAIN_ID,
            "private_key": samples.private_key(key),
        },
        {"digest": Hash32.of(digest), "signature": samples.signer(key).sign_digest(digest)},
    )


def _signed_message(number: int) -> Case:
    payloads: dict[int, Payload] = {
        0: Open(salt=samples.salt(0)),
        1: Offer(
            values={"rate": "2000000", "hours": 500, "payment": "half_half", "start_day": 3},
            expires_at=samples.OPENED_AT + 600,
            assumptions=("capacity as listed",),
            dependencies=(),
            final=False,
            salt=samples.salt(1),
        ),
        3: Accept(offer=Hash32("0x" + "0a" * 32), salt=samples.salt(3)),
        4: Reject(offer=Hash32("0x" + "0a" * 32), final=True, reason="too dear", salt=samples.salt(4)),
        6: Inform(answer="GPUs: 8 \u00d7 H100, \u2264 4 weeks \U0001f600", salt=samples.salt(6)),
    }
    payload = payloads[number]
    message = build_message(
        samples.signer("alice"),
        samples.CHAIN_ID,
        Hash32("0x" + "0d" * 32),
        number,
        Hash32("0x" + "0e" * 32),
        Performative(number),
        payload,
        samples.OPENED_AT,
    )
    return case(
        f"signed {Performative(number).wire}",
        {
            "type": "Message",
            "core": message.core.as_json(),
            "chain_id": samples.CHAIN_ID,
            "payload": payload.as_json(),
            "private_key": samples.private_key("alice"),
        },
        {
            "payload_hash": payload.hash(),
            "digest": message.core.hash(samples.CHAIN_ID),
            "signature": message.signature,
            "sender": message.core.sender,
        },
    )


def actions() -> list[Case]:
    later = [
        "parley/mandate-revocation"
    ]  # with a seed of their own, so that the older cases stay as they are
    found = [
        _action_case(f"{schema} {index}", samples.random_action(schema, rng), rng)
        for schemas, rng in ((sorted(ACTIONS.keys() - set(later)), Random(714)), (later, Random(717)))
        for schema in schemas
        for index in range(4)
    ]
    separator = domain_separator("Parley Dollar", "1", samples.CHAIN_ID, samples.TOKEN)
    deal = samples.agreement().deals[0]
    deal_id = deal.deal_id(samples.CHAIN_ID, samples.ESCROW)
    digest = receive_authorization_digest(
        separator, deal.buyer, samples.ESCROW, deal.buyer_lock, 0, deal.open_by + 1, deal_id
    )
    found.append(
        case(
            "EIP-3009 authorisation of a deal",
            {
                "token": samples.TOKEN,
                "token_name": "Parley Dollar",
                "token_version": "1",
                "chain_id": samples.CHAIN_ID,
                "authorization": {
                    "from": deal.buyer,
                    "to": samples.ESCROW,
                    "value": str(deal.buyer_lock),
                    "validAfter": "0",
                    "validBefore": str(deal.open_by + 1),
                    "nonce": deal_id,
                },
            },
            {"digest": Hash32.of(digest)},
        )
    )
    return found


def _action_case(name: str, action: Action, rng: Random) -> Case:
    chain_id, escrow = rng.choice((1, 31_337)), _address(rng)
    return case(
        name,
        {"action": action.as_json(), "chain_id": chain_id, "escrow": escrow},
        {
            "type_string": action.struct.type_string,
            "struct_hash": action.struct_hash(),
            "digest": Hash32.of(action.digest(chain_id, escrow)),
        },
    )


def periphery() -> list[Case]:
    rng = Random(716)
    found: list[Case] = []
    for kind in samples.PERIPHERY:
        for index in range(6):
            action = samples.random_periphery(kind, rng)
            chain_id, contract = rng.choice((1, 31_337)), _address(rng)
            found.append(
                case(
                    f"{kind.__name__} {index}",
                    {
                        "type": kind.__name__,
                        "action": action.as_json(),
                        "domain_name": kind.domain_name,
                        "chain_id": chain_id,
                        "contract": contract,
                    },
                    {
                        "type_string": action.struct.type_string,
                        "struct_hash": action.struct_hash(),
                        "digest": Hash32.of(action.digest(chain_id, contract)),
                    },
                )
            )
    return found


def merkle() -> list[Case]:
    rng = Random(715)
    found: list[Case] = []
    for size in (1, 2, 3, 4, 5, 7, 8, 9, 16, 33):
        hashes = [_hash(rng) for _ in range(size)]
        tree = TranscriptTree(hashes)
        found.append(
            case(
                f"{size} messages",
                {"hashes": hashes},
                {"root": tree.root, "proofs": [list(tree.proof(at)) for at in range(size)]},
            )
        )
    same = [Hash32("0x" + "11" * 32)] * 3
    tree = TranscriptTree(same)
    found.append(
        case(
            "equal hashes at different places",
            {"hashes": same},
            {"root": tree.root, "proofs": [list(tree.proof(at)) for at in range(3)]},
        )
    )
    return found


def derivation() -> list[Case]:
    plain = samples.lease_domain_json()
    rounding = samples.lease_settlement(
        price={"ceil_div": [{"mul": [{"issue": "rate"}, {"issue": "hours"}]}, 7]},
        cancel_by={"sub": [{"add": [{"var": "open_by"}, 3_600]}, {"min": [60, {"issue": "hours"}]}]},
        milestones=[
            {"amount": "0", "deliver_by": 1},
            {
                "amount": {"bps": [{"var": "price"}, 3_333]},
                "deliver_by": {"add": [{"var": "open_by"}, 86_400]},
                "when": {"eq": [{"issue": "payment"}, "half_half"]},
            },
            {"amount": {"rest": True}, "deliver_by": {"add": [{"var": "open_by"}, 900_000]}},
        ],
    )
    linked = samples.lease_settlement(price={"issue": "rate"})
    values: dict[str, int | str] = {"rate": 2_470_000, "hours": 700, "start_day": 2, "payment": "half_half"}
    cases = [
        ("lease, half and half", plain, values, None),
        ("lease, upfront", plain, {**values, "payment": "upfront"}, None),
        ("lease, on delivery, earliest open_by", plain, {**values, "payment": "on_delivery"}, 1),
        ("open_by too late", plain, values, 601),
        ("open_by not after the acceptance", plain, values, 0),
        ("rounding, when, zero and rest", samples.lease_domain_json(settlements=[rounding]), values, 60),
        (
            "the same with the entry left out",
            samples.lease_domain_json(settlements=[rounding]),
            {**values, "payment": "upfront"},
            60,
        ),
        (
            "two linked deals",
            samples.lease_domain_json(settlements=[plain["settlements"][0], linked]),
            values,
            60,
        ),
        ("terms only", samples.lease_domain_json(settlements=[]), values, 60),
        (
            "price beyond 128 bits",
            samples.lease_domain_json(
                settlements=[samples.lease_settlement(price={"mul": [{"issue": "rate"}, str(2**120)]})]
            ),
            values,
            60,
        ),
        (
            "negative result",
            samples.lease_domain_json(
                settlements=[
                    samples.lease_settlement(seller_bond={"sub": [{"issue": "hours"}, {"issue": "rate"}]})
                ]
            ),
            values,
            60,
        ),
        (
            "division by zero",
            samples.lease_domain_json(
                settlements=[
                    samples.lease_settlement(
                        relay_fee={"floor_div": [1, {"sub": [{"issue": "hours"}, {"issue": "hours"}]}]}
                    )
                ]
            ),
            values,
            60,
        ),
    ]
    return [_derivation_case(*given) for given in cases]


def _derivation_case(
    name: str, source: dict[str, Any], values: dict[str, int | str], after: int | None
) -> Case:
    domain = Domain.parse(source)
    opening = samples.opening_of(domain, {"buyer": "alice", "seller": "bob"}, "buyer")
    offer = samples.Conversation(domain, opening).offer(values, 4)
    root, length, accepted_at = Hash32.of(keccak(b"root")), 6, samples.OPENED_AT + 5
    open_by = None if after is None else accepted_at + after
    given: dict[str, Any] = {
        "domain": domain.as_json(),
        "opening": opening.as_json(),
        "offer": offer.as_json(),
        "transcript_root": root,
        "transcript_length": length,
        "accepted_at": accepted_at,
    }
    if open_by is not None:
        given["open_by"] = open_by

    def expected() -> Any:
        found = derive_deals(domain, opening, offer, root, length, accepted_at, open_by)
        return {**_ids(domain, opening, offer), "deals": [deal.as_json() for deal in found]}

    return case(name, given, outcome(expected))


def _ids(domain: Domain, opening: Opening, offer: Offer) -> dict[str, Any]:
    negotiation = opening.negotiation_id()
    return {
        "domain_hash": domain.hash(),
        "negotiation": negotiation,
        "terms_hash": terms_of(domain, negotiation, offer).hash(),
    }


def _hash(rng: Random) -> Hash32:
    return Hash32.of(rng.randbytes(32))


def _address(rng: Random) -> Address:
    return Address.of(rng.randbytes(20))


SUBJECTS: dict[str, Callable[[], list[Case]]] = {
    "canonical": canonical,
    "deals": deals,
    "messages": messages,
    "actions": actions,
    "periphery": periphery,
    "merkle": merkle,
    "derivation": derivation,
    "consent": consent,
}


def content(subject: str) -> str:
    """The text of one file."""
    document = {"schema": f"parley/vectors/{subject}", "version": 1, "cases": SUBJECTS[subject]()}
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the test vectors.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file differs")
    check = parser.parse_args().check
    wrong = 0
    for subject in SUBJECTS:
        path = HERE / f"{subject}.json"
        text = content(subject)
        if check:
            if not path.exists() or path.read_text() != text:
                sys.stderr.write(f"{path.name} differs\n")
                wrong = 1
        else:
            path.write_text(text)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
