from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest
import samples

from parley.terms.errors import KeyUnusable, SignatureInvalid
from parley.terms.signing import (
    LocalSigner,
    account_signature,
    check_signature,
    keystore,
    load_keystore,
    recover,
)
from parley.terms.values import Signature, keccak

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
DIGEST = keccak(b"digest")
ALICE = samples.signer("alice")
SIGNED = ALICE.sign_digest(DIGEST)


def _changed(r: int | None = None, s: int | None = None, v: int | None = None) -> Signature:
    raw = SIGNED.raw
    found = (
        raw[:32] if r is None else r.to_bytes(32, "big"),
        raw[32:64] if s is None else s.to_bytes(32, "big"),
        raw[64:] if v is None else bytes((v,)),
    )
    return Signature.of(b"".join(found))


def test_a_signature_recovers_to_its_signer() -> None:
    assert recover(DIGEST, SIGNED) == ALICE.address
    check_signature(DIGEST, SIGNED, ALICE.address)
    assert ALICE.sign_digest(DIGEST) == SIGNED  # deterministic


def test_a_known_key_has_its_known_address() -> None:
    key = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    assert LocalSigner(key).address == "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"


def test_the_high_s_twin_is_refused() -> None:
    s = int.from_bytes(SIGNED.raw[32:64], "big")
    twin = _changed(s=ORDER - s, v=55 - SIGNED.raw[64])
    with pytest.raises(SignatureInvalid, match="upper half"):
        recover(DIGEST, twin)


@pytest.mark.parametrize("v", [0, 1, 2, 26, 29, 255])
def test_only_v_27_and_28(v: int) -> None:
    with pytest.raises(SignatureInvalid, match="v must be"):
        recover(DIGEST, _changed(v=v))


@pytest.mark.parametrize(
    "signature", [_changed(r=0), _changed(s=0), _changed(r=ORDER), _changed(r=2**256 - 1), _changed(r=5)]
)
def test_numbers_off_the_curve_are_refused(signature: Signature) -> None:
    with pytest.raises(SignatureInvalid, match="no account"):
        recover(DIGEST, signature)


@pytest.mark.parametrize(
    "text", ["", "0x", "0xzz", SIGNED[:-2], SIGNED + "00", "1x" + SIGNED[2:], SIGNED[:-3] + " " + SIGNED[-2:]]
)
def test_other_shapes_are_refused(text: str) -> None:
    with pytest.raises(SignatureInvalid):
        recover(DIGEST, text)  # type: ignore[arg-type]


def test_another_signer_is_named() -> None:
    with pytest.raises(SignatureInvalid) as caught:
        check_signature(DIGEST, SIGNED, samples.signer("bob").address)
    assert caught.value.values == {"expected": samples.signer("bob").address, "recovered": ALICE.address}


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(32), b"\xff" * 32, bytes(33), "00" * 32])
def test_unusable_keys(key: bytes) -> None:
    with pytest.raises(KeyUnusable):
        LocalSigner(key)


def test_a_key_does_not_show_itself() -> None:
    secret = b"\x5e" * 32
    signer = LocalSigner(secret)
    assert secret.hex() not in repr(signer) + str(signer) + f"{signer!r}{signer}"
    with pytest.raises(TypeError):
        pickle.dumps(signer)
    with pytest.raises(TypeError):
        copy.deepcopy(signer)


def test_a_digest_has_32_bytes() -> None:
    with pytest.raises(SignatureInvalid):
        ALICE.sign_digest(b"short")


def test_the_escrow_s_form_has_a_kind_byte() -> None:
    assert account_signature(SIGNED) == "0x00" + SIGNED[2:]


def test_keystores(tmp_path: Path) -> None:
    secret = b"\x5e" * 32
    path = tmp_path / "key.json"
    path.write_text(json.dumps(keystore(secret, "pass phrase")))
    assert load_keystore(path, "pass phrase").address == LocalSigner(secret).address
    with pytest.raises(KeyUnusable) as caught:
        load_keystore(path, "wr0ng-secret")
    assert "wr0ng-secret" not in str(caught.value)
    for content in ("", "{}", "[]", '{"version": 3}'):
        path.write_text(content)
        with pytest.raises(KeyUnusable):
            load_keystore(path, "x")
    with pytest.raises(KeyUnusable):
        load_keystore(tmp_path / "none", "x")
    with pytest.raises(KeyUnusable):
        load_keystore(tmp_path, "x")
