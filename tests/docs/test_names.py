"""Every command, flag and file that README, docs or an error message name exists."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from parley.cli.app import app
from parley.gateway.settings import GatewaySettings

sys.path.insert(0, str(Path(__file__).parent))
from pages import PAGES, ROOT, blocks, inline_code

sys.path.insert(0, str(ROOT / "scripts" / "promises"))
from collect import missing_test

PACKAGE = ROOT / "offchain" / "parley"
_TOP = ("offchain/", "contracts/", "tests/", "docs/", "scripts/", ".ci/")
_COMMAND = re.compile(r"(?:(?<=^)|(?<=[`\s(|$]))(?:parley(?= [a-z-])|scripts/[a-z_.]+)(?:[ =][^`|;&>)\n]*)?")
_BARE = re.compile(r"\bscripts/[a-z_.]+|\bparley [a-z]+(?:-[a-z]+)*(?: [a-z]+)?(?: --[a-z-]+)*")
_FLAG = re.compile(r"--[a-z][a-z-]*")


def command_lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        yield from (found.strip() for found in _COMMAND.findall(line.partition(" #")[0]))


def from_pages() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in blocks(page):
            if block.language in ("sh", "bash"):
                yield from ((block.name, line) for line in command_lines(block.text))
        for code in inline_code(page):
            yield from ((str(page.relative_to(ROOT)), line) for line in command_lines(code))


def text_of(node: ast.expr) -> str | None:
    """The text of a string literal, with what an f-string fills in left as one word."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
    return None


def literals(module: Path) -> Iterator[tuple[str, bool]]:
    """String literals of a module, and whether each is the advice of an error."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "next_action":
            advice = text_of(node.value)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            named = isinstance(target, ast.Name) and target.id == "next_action"
            advice = text_of(node.value) if named and node.value is not None else None
        else:
            advice = None
            plain = text_of(node) if isinstance(node, ast.expr) else None
            if plain is not None:
                yield plain, False
        if advice is not None:
            yield advice, True


def from_messages() -> Iterator[tuple[str, str]]:
    for module in sorted(PACKAGE.rglob("*.py")):
        where = str(module.relative_to(ROOT))
        for text, advice in literals(module):
            for quoted in re.findall(r"`([^`\n]+)`", text):
                yield from ((where, line) for line in command_lines(quoted))
            if advice:
                bare = re.sub(r"`[^`]*`", "", text)
                yield from ((where, found) for found in _BARE.findall(bare))


def variables() -> Iterator[tuple[str, str]]:
    """Environment variables that a page or an error's advice names."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        yield from ((str(page.relative_to(ROOT)), name) for name in re.findall(r"\bPARLEY_[A-Z_]+\b", text))
    for module in sorted(PACKAGE.rglob("*.py")):
        for text, advice in literals(module):
            found = re.findall(r"\bPARLEY_[A-Z_]+\b", text) if advice else []
            yield from ((str(module.relative_to(ROOT)), name) for name in found)


COMMANDS = sorted({*from_pages(), *from_messages()})


def root_command() -> Any:
    return typer.main.get_command(app)


def wrong_parley_command(line: str) -> str | None:
    command = root_command()
    known = {"--help", "--install-completion", "--show-completion"}
    for word in shlex.split(line)[1:]:
        if word.startswith("--"):
            flag = word.partition("=")[0]
            known |= {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
            if flag not in known:
                return f"`{command.name}` has no flag {flag}"
        elif hasattr(command, "commands"):
            known |= {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
            inner = command.commands.get(word)
            if inner is None:
                return f"`{command.name}` has no command {word}"
            command = inner
    return None


@cache
def help_of(script: Path) -> str:
    return subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout


def wrong_script_command(line: str) -> str | None:
    script = ROOT / line.split()[0]
    if not script.exists():
        return f"there is no {script.relative_to(ROOT)}"
    missing = [flag for flag in _FLAG.findall(line) if flag not in help_of(script)]
    return f"{script.name} has no {missing}" if missing else None


@pytest.mark.parametrize(("where", "line"), COMMANDS, ids=[f"{where}: {line}" for where, line in COMMANDS])
def test_named_command_exists(where: str, line: str) -> None:
    wrong = wrong_parley_command(line) if line.startswith("parley ") else wrong_script_command(line)
    assert wrong is None, f"{where}: {line}: {wrong}"


@pytest.mark.parametrize(("where", "name"), sorted(set(variables())))
def test_named_variable_is_read(where: str, name: str) -> None:
    settings = {f"PARLEY_{field.upper()}" for field in GatewaySettings.model_fields}
    scripts = (ROOT / "scripts" / "setup").read_text() + (ROOT / "scripts" / "env.sh").read_text()
    options = "".join(path.read_text() for path in (PACKAGE / "cli").glob("*.py"))
    declared = name in settings or name in scripts or f'envvar="{name}"' in options
    assert declared, f"{where} names {name}"


def test_every_setting_of_the_gateway_is_explained() -> None:
    text = (ROOT / "docs" / "guides" / "operate.md").read_text()
    missing = [field for field in GatewaySettings.model_fields if f"PARLEY_{field.upper()}`" not in text]
    assert missing == []


def test_commands_are_found_at_all() -> None:
    assert any(line.startswith("scripts/demo") for _, line in COMMANDS)
    assert any(line.startswith("parley ") for _, line in COMMANDS)


def test_wrong_names_are_noticed() -> None:
    assert wrong_parley_command("parley nosuchcommand") is not None
    assert wrong_parley_command("parley verify bundle.json --nosuchflag") is not None
    assert wrong_script_command("scripts/nosuchscript") is not None
    assert wrong_script_command("scripts/check_promises --nosuchflag") is not None


@pytest.mark.parametrize("page", [*PAGES, ROOT / "docs" / "promises.md"], ids=lambda page: page.name)
def test_named_file_exists(page: Path) -> None:
    for code in inline_code(page):
        path = code.partition("::")[0].rstrip("/")
        if code.startswith(_TOP) and not re.search(r"[\s*<>{}…]|[A-Z]{3,}\b$", path):
            assert (ROOT / path).exists(), f"{page.name} names {path}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_test_exists(page: Path) -> None:
    wrong = [missing_test(ROOT, code) for code in inline_code(page) if re.match(r"\S+\.(py|sol)::\S+$", code)]
    assert [one for one in wrong if one] == []
