"""docs/promises.md names only what exists, and the scripts that say so can tell a proof from a claim."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "promises"

ALL_IDS = [
    f"{letter}{number}"
    for letter, last in (("N", 13), ("G", 12), ("E", 7), ("S", 13), ("P", 11), ("C", 10))
    for number in range(1, last + 1)
]

CODE = "def cap(value: int) -> int:\n    return min(value, 10)\n"
TEST = "from capped import cap\n\n\ndef test_cap() -> None:\n    assert cap(11) == 10\n"


def run(command: str, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            str(SCRIPT),
            command,
            "--root",
            str(root),
            *(["--timeout", "60"] if command == "break" else []),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository in miniature: one function, its test, and a page that promises it."""
    for name, text in {"offchain/capped.py": CODE, "tests/test_cap.py": TEST}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def write_page(
    root: Path,
    *,
    identifier: str = "N1",
    test: str = "tests/test_cap.py::test_cap",
    old: str = "min(value, 10)",
    new: str = "value",
    not_built: list[str] | None = None,
) -> None:
    rest = [one for one in ALL_IDS if one != identifier] if not_built is None else not_built
    (root / "docs").mkdir(exist_ok=True)
    (root / "docs" / "promises.md").write_text(
        f"# Promises\n\n### {identifier} · A cap\n\nNothing above ten.\n\n```toml\n"
        f"tests = ['{test}']\n\n[[break]]\nfile = 'offchain/capped.py'\n"
        f"old = '{old}'\nnew = '{new}'\ntest = '{test}'\n```\n\n"
        f"## Not built\n\n```toml\nnot_built = {rest}\n```\n"
    )


def test_page_of_this_project_is_true() -> None:
    done = run("check", ROOT)
    assert done.returncode == 0, done.stderr


def test_break_that_fails_its_test_proves_it(checkout: Path) -> None:
    write_page(checkout)
    done = run("break", checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 breaks" in done.stdout
    assert (checkout / "offchain/capped.py").read_text() == CODE, "the real tree was touched"


def test_break_that_changes_nothing_is_reported(checkout: Path) -> None:
    write_page(checkout, new="min(value, 5 + 5)")
    done = run("break", checkout)
    assert done.returncode == 1
    assert "the test still passes" in done.stdout


def test_break_that_only_stops_the_test_from_loading_is_reported(checkout: Path) -> None:
    write_page(checkout, old="def cap(", new="def lid(")
    done = run("break", checkout)
    assert done.returncode == 1
    assert "the test did not run" in done.stdout


def test_test_that_fails_before_any_break_is_reported(checkout: Path) -> None:
    write_page(checkout)
    (checkout / "tests/test_cap.py").write_text(TEST.replace("== 10", "== 11"))
    done = run("break", checkout)
    assert done.returncode == 1
    assert "fails already" in done.stderr


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"test": "tests/test_cap.py::test_lid"}, "has no test test_lid"),
        ({"test": "tests/test_lid.py::test_cap"}, "there is no file tests/test_lid.py"),
        ({"old": "max(value, 10)"}, "0 times, not once"),
        ({"old": "value"}, "2 times, not once"),
        ({"identifier": "N99"}, "no promise has this id"),
        ({"not_built": [one for one in ALL_IDS if one not in ("N1", "C7")]}, "C7: neither built nor listed"),
        ({"not_built": ALL_IDS}, "N1: named 2 times"),
    ],
)
def test_page_that_is_not_true_is_refused(checkout: Path, change: dict[str, object], complaint: str) -> None:
    write_page(checkout, **change)  # type: ignore[arg-type]
    done = run("check", checkout)
    assert done.returncode == 1
    assert complaint in done.stderr


def test_section_without_a_break_is_refused(checkout: Path) -> None:
    write_page(checkout)
    page = checkout / "docs" / "promises.md"
    text = page.read_text()
    page.write_text(text[: text.index("[[break]]")] + text[text.index("```\n\n## Not") :])
    done = run("check", checkout)
    assert done.returncode == 1
    assert "at least one [[break]]" in done.stderr
