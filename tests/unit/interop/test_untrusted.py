"""Hostile files: a typed refusal each, quickly and without building what they would unfold to."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from foreign import put
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley.errors import ParleyError
from parley.interop import load, raw
from parley.interop.errors import (
    FormatUnknown,
    InteropError,
    NotSupported,
    NumberUnfit,
    SourceMalformed,
    SourceTooLarge,
    SourceUnreadable,
)
from parley.interop.numbers import number

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + at)}: &{chr(98 + at)} [{','.join(['*' + chr(97 + at)] * 9)}]\n" for at in range(12)
)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.yml", LAUGHS, SourceTooLarge),
        ("a.yml", "a: &a [*a]", SourceMalformed),
        ("a.yml", "a: *b", SourceMalformed),
        ("a.yml", "!!python/object/apply:os.system ['true']", FormatUnknown),
        ("a.yml", "a: 1\na: 2", SourceMalformed),
        ("a.yml", "? [1, 2]\n: 3", FormatUnknown),
        ("a.yml", "a: 1\n---\nb: 2", SourceMalformed),
        ("a.yml", "", SourceMalformed),
        ("a.yml", "[" * 10_000, InteropError),
        ("a.yml", "a: [1, 2", SourceMalformed),
        ("a.yml", b"\xff\xfe\x00", SourceMalformed),
        ("a.yml", "[" * 40 + "]" * 40, SourceTooLarge),
        ("a.json", "[" * 40 + "]" * 40, SourceTooLarge),
        ("a.json", "[" * 100_000, SourceMalformed),
        ("a.json", '{"a": 1, "a": 2}', SourceMalformed),
        ("a.json", "{", SourceMalformed),
        ("a.json", b"\xff", SourceMalformed),
        ("a.json", "[" + "1," * 400_000 + "1]", SourceTooLarge),
        ("a.json", b" " * (raw.MAX_BYTES + 1), SourceTooLarge),
        ("a.xml", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', SourceMalformed),
        ("a.xml", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', SourceMalformed),
        ("a.xml", "<a>" * 40 + "</a>" * 40, SourceTooLarge),
        ("a.xml", "<a>", SourceMalformed),
        ("a.xml", "", SourceMalformed),
        ("a.txt", "x", FormatUnknown),
    ],
)
def test_hostile_files(tmp_path: Path, name: str, content: str | bytes, error: type[InteropError]) -> None:
    with pytest.raises(error):
        load(put(tmp_path, name, content))


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable):
        load(tmp_path / "none.json")
    with pytest.raises(FormatUnknown):
        load(tmp_path)
    for at in range(65):
        put(tmp_path, f"{at}.json", "{}")
    with pytest.raises(SourceTooLarge):
        load(tmp_path)


@pytest.mark.parametrize(
    "text", ["nan", ".nan", "inf", "1e400", "0x10", "1_000", "--1", "", ".", "e5", "1" * 61, "\u0661"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(NumberUnfit):
        number(text, "here")


def test_an_alias_counts_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert raw.parse_yaml(b"a: &a [1, 2]\nb: *a\nc: *a") == {
        "a": ["1", "2"],
        "b": ["1", "2"],
        "c": ["1", "2"],
    }
    monkeypatch.setattr(raw, "MAX_ENTRIES", 12)
    with pytest.raises(SourceTooLarge):
        raw.parse_yaml(b"a: &a [1, 2, 3]\nb: *a\nc: *a\nd: *a")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)),
    suffix=st.sampled_from(["json", "yml", "xml"]),
)
def test_no_bytes_give_anything_but_a_typed_error(tmp_path: Path, content: bytes, suffix: str) -> None:
    with pytest.raises(ParleyError):
        load(put(tmp_path, f"any.{suffix}", content))


_tree = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(["a", "1", "name", "inf"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "issues",
                    "values",
                    "weights",
                    "name",
                    "issuesValues",
                    "domain",
                    "range",
                    "ufun",
                    "low",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(tree=st.fixed_dictionaries({"issues": _tree, "type": st.just("OutcomeSpace")}) | _tree)
def test_no_tree_gives_anything_but_a_domain_or_a_typed_error(tmp_path: Path, tree: object) -> None:
    # Every Domain has issues; whatever else comes out of this has to be a ParleyError.
    with suppress(ParleyError):
        assert load(put(tmp_path, "any.json", tree))[0].issues


def test_what_is_long_is_read_in_proportion(tmp_path: Path) -> None:
    values = [f"v{at}" for at in range(60_000)]
    utilities = {"DiscreteValueSetUtilities": {"valueUtilities": dict.fromkeys(values, 1)}}
    space = {
        "name": "",
        "domain": {"name": "", "issuesValues": {"a": {"values": values}}},
        "issueUtilities": {"a": utilities},
        "issueWeights": {"a": 1},
    }
    with pytest.raises(NotSupported):
        load(put(tmp_path, "long.json", {"LinearAdditiveUtilitySpace": space}))
    pairs = ",".join(f'"k{at}": 1' for at in range(60_000))
    with pytest.raises(SourceMalformed) as caught:
        load(put(tmp_path, "twice.json", "{" + pairs + ', "k59999": 2}'))
    assert caught.value.values["at"] == "k59999"
