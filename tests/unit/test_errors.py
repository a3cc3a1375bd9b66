"""The one exception hierarchy: every member says what it is, what to do next, and whether to try again."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator

import pytest

import parley
from parley.errors import ParleyError

_CODE = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")


def modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(parley.__path__, "parley."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            yield module.name


def family(base: type[ParleyError]) -> Iterator[type[ParleyError]]:
    for member in base.__subclasses__():
        yield member
        yield from family(member)


def errors() -> list[type[ParleyError]]:
    for name in modules():
        importlib.import_module(name)
    members = {member for member in family(ParleyError) if member.__module__.startswith("parley.")}
    return sorted(members, key=lambda member: (member.__module__, member.__qualname__))


ERRORS = errors()


def is_base(error: type[ParleyError]) -> bool:
    """A family's base, or one whose constructor is told the advice, as the client is by the gateway."""
    return bool(error.__subclasses__()) or error.__init__ is not ParleyError.__init__


def made(error: type[ParleyError]) -> ParleyError:
    """An instance without running a constructor that may want arguments of its own."""
    instance = error.__new__(error)
    ParleyError.__init__(instance, "a message", amount=1)
    return instance


def test_every_room_has_errors_of_its_own() -> None:
    assert {error.__module__.split(".")[1] for error in ERRORS} >= {
        "terms",
        "policy",
        "negotiation",
        "evidence",
        "store",
        "chain",
        "settlement",
        "gateway",
        "agents",
    }


def test_codes_are_unique() -> None:
    counted = Counter(error.code for error in [ParleyError, *ERRORS])
    doubled = [(error.code, error.__qualname__) for error in ERRORS if counted[error.code] > 1]
    assert doubled == []


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.__module__}.{error.__name__}")
def test_error_says_what_it_is_and_what_to_do(error: type[ParleyError]) -> None:
    assert _CODE.fullmatch(error.code), error.code
    assert isinstance(error.retryable, bool)
    assert 400 <= error.status <= 599
    instance = made(error)
    assert isinstance(instance.next_action, str)
    assert instance.next_action.strip()
    if not is_base(error):
        assert instance.next_action != ParleyError.next_action, "inherits the advice of the base class"
    problem = instance.as_problem()
    assert problem["code"] == error.code
    assert problem["values"]["amount"] == 1
    json.dumps(problem)
