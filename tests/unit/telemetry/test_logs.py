"""Logs that people and machines read, with every canary cut out."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from parley.errors import ParleyError
from parley.telemetry.logs import CUT, configure

KEY = "0x" + "c0ffee" * 10 + "abcd"
PASSPHRASE = 'correct "horse" battery'
TOKEN = "Zt0-canary_token-canary_token-canary_token1"
WEBHOOK = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def shout() -> None:
    log = logging.getLogger("parley.test")
    log.info("the key is %s", KEY)
    log.info("or %s", KEY.removeprefix("0x").upper())
    log.info("pass %s", PASSPHRASE)
    log.info("header Authorization: Bearer %s", TOKEN)
    log.info("secret %s at https://user:hunter22@example.test/x", WEBHOOK)
    log.warning("extra", extra={"negotiation": "0xab", "key": KEY, "profile": {"reservation": 7}})
    try:
        try:
            raise ValueError(f"profile {{'reservation': 'canary-{KEY}'}}")
        except ValueError as error:
            raise ParleyError("refused") from error
    except ParleyError:
        log.exception("it failed")


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_canary_is_logged(out: io.StringIO, form: Any) -> None:
    configure(form, secrets=(KEY, PASSPHRASE), out=out)
    shout()
    told = out.getvalue()
    for canary in (KEY[2:], KEY[2:].upper(), "horse", TOKEN, WEBHOOK, "hunter22", "reservation"):
        assert canary not in told
    assert told.count(CUT) >= 6
    assert "builtins.ValueError" in told
    assert "in shout" in told


def test_json_lines_are_objects_with_what_is_needed_to_find_a_thing(out: io.StringIO) -> None:
    configure("json", out=out)
    shout()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {"at", "level", "logger", "message"} <= lines[0].keys()
    assert lines[5]["negotiation"] == "0xab"
    assert (lines[6]["code"], lines[6]["error"][0]) == ("parley", "parley.errors.ParleyError parley")


def test_levels(out: io.StringIO) -> None:
    configure("text", "ERROR", out=out)
    shout()
    assert len([line for line in out.getvalue().splitlines() if line.startswith("2")]) == 1
