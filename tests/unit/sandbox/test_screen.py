"""How it looks: in 80 columns and in 140, at a terminal and in a file; and how a person is asked."""

from __future__ import annotations

import io
import os
import pty
import signal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from parley.sandbox.demo.board import Board, Moment
from parley.sandbox.demo.interruption import Interrupted, Interruption
from parley.sandbox.demo.question import Question
from parley.sandbox.demo.result import Result
from parley.sandbox.demo.screen import Screen
from parley.sandbox.demo.words import brief, conditions, hourly, score, units, usd
from parley.scenarios.compute_lease import compute_lease


def shown(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def console_of(width: int, *, terminal: bool = False) -> Console:
    return Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, highlight=False
    )


@pytest.fixture
def question(make_terms: Any) -> Question:
    return Question(
        seller=compute_lease(12).seller("lambdalabs"),
        address="0x" + "44" * 20,
        terms_hash="0x" + "55" * 32,
        price=4_064_000_000,
        values=make_terms(),
        rules=(("approval-over-4000", "A deal over 4000.00 USD needs a human approval."),),
        reputation_ppm=600_000,
    )


@pytest.mark.parametrize("deals", [5, 13])
@pytest.mark.parametrize("width", [80, 140])
def test_tables_fit_and_nothing_is_cut(finished: Result, make_line: Any, width: int, deals: int) -> None:
    finished.lines += [make_line(number, "buyer", "lambdalabs") for number in range(6, deals + 1)]
    console = console_of(width)
    Screen(ask=False, console=console).show(finished, "parley")
    lines = shown(console)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    for row in finished.lines:
        name = f"{row.number} {row.seller}"
        assert sum(line.startswith(name) and row.outcome in line for line in lines) == 1
        assert any(hourly(row.terms) in line and usd(row.price) in line for line in lines)
    assert any(" ".join(line.split()).startswith("open 172 592 172 592 172 592 172 544") for line in lines)
    assert all(any(f"deal {number}" in line for line in lines) for number in range(1, deals + 1))
    assert any(line.startswith("hasty seller") and line.count(" 500.000001") == 2 for line in lines)
    assert "Every check holds." in lines


def test_the_verdict_counts_failures(finished: Result) -> None:
    finished.check("something", False, "is wrong")
    console = console_of(80)
    Screen(ask=False, console=console).show(finished, "parley")
    assert "1 checks failed." in shown(console)
    assert any(line.startswith("FAILED") for line in shown(console))


def test_what_to_do_next_is_never_folded(finished: Result, tmp_path: Path) -> None:
    finished.kept = tmp_path / ("a long name " * 12)
    finished.tampered = finished.kept / "bundles" / "1.tampered.json"
    console = console_of(80)
    Screen(ask=False, console=console).show(finished, "parley")
    command = f"  parley verify '{finished.tampered}'"
    assert command in shown(console)


def test_in_a_file_an_event_is_one_whole_line(finished: Result) -> None:
    console = console_of(80)
    with Screen(ask=False, console=console, clock=lambda: 0.0) as screen:
        screen.act("A title")
        screen.say("x" * 200)
        screen.moment(Moment("crusoe", "y" * 200))
        screen.board(finished.board)
    title, said, moment = shown(console)
    assert title.startswith("A title ")
    assert said == "   0.0 s  " + "x" * 200
    assert moment == "   0.0 s  crusoe       " + "y" * 200


def test_at_a_terminal_lines_fold_under_themselves_and_the_panel_goes(finished: Result) -> None:
    console = console_of(80, terminal=True)
    with Screen(ask=False, console=console, clock=lambda: 0.0) as screen:
        screen.board(Board())
        assert shown(console) == []
        screen.board(finished.board)
        screen.moment(Moment("crusoe", "words " * 30))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "buyer bids" in text
    assert text.rstrip().endswith("\x1b[2K") or "\x1b[1A" in text, "the panel is taken away"
    assert "\x1b[?25h" in text, "the cursor is back"


def test_no_line_of_the_panel_is_wider_than_the_terminal(finished: Result) -> None:
    for talk in finished.board.talks.values():
        talk.stage = "needs approval"
    from parley.sandbox.demo.tables import panel

    console = console_of(80)
    console.print(panel(list(finished.board.talks.values())))
    assert max(map(len, shown(console))) <= 80
    assert not any("…" in line for line in shown(console))


@pytest.mark.parametrize(
    ("typed", "granted"),
    [(["y"], True), (["n"], False), ([""], False), (["yes please", "y"], True), (["perhaps", ""], False)],
)
def test_only_a_clear_yes_is_a_yes(
    monkeypatch: pytest.MonkeyPatch, question: Question, typed: list[str], granted: bool
) -> None:
    answers = iter(typed)
    monkeypatch.setattr("builtins.input", lambda: next(answers))
    console = console_of(80)
    assert Screen(ask=True, console=console).approve(question) is granted
    assert list(answers) == []
    text = "\n".join(shown(console))
    assert "Approve exactly these terms? Enter refuses" in text
    assert ("approved" if granted else "refused") + " by the reviewer" in text
    assert max(map(len, shown(console)[:-1])) <= 80


def test_the_end_of_the_input_refuses(monkeypatch: pytest.MonkeyPatch, question: Question) -> None:
    def closed() -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", closed)
    assert Screen(ask=True, console=console_of(80)).approve(question) is False


def test_with_approve_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, question: Question) -> None:
    def asked() -> str:
        pytest.fail("nobody should be asked")

    monkeypatch.setattr("builtins.input", asked)
    console = console_of(80)
    assert Screen(ask=False, console=console).approve(question) is True
    assert "approved (--approve): 4 064.00 USD, approval-over-4000" in shown(console)[0]


@pytest.mark.parametrize(
    ("amount", "short", "whole"),
    [
        (0, "0.00", "0.000000"),
        (1, "0.000001", "0.000001"),
        (10_000, "0.01", "0.010000"),
        (-67_500_000, "-67.50", "-67.500000"),
        (-1, "-0.000001", "-0.000001"),
        (14_000_000_000, "14 000.00", "14 000.000000"),
        (1_234_567_890_123, "1 234 567.890123", "1 234 567.890123"),
    ],
)
def test_amounts_are_exact(amount: int, short: str, whole: str) -> None:
    assert usd(amount) == short
    assert units(amount) == whole


def test_terms_in_words(make_terms: Any) -> None:
    assert hourly(make_terms()) == "1600 h A100-80GB at 2.54"
    assert brief(make_terms()) == "1600 h A100-80GB 2.54"
    assert conditions(make_terms()) == "day 14, community, on delivery"
    assert score(600_000) == "0.6000"


def test_nothing_is_read_before_there_is_something_to_read(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal just before a blocking read would wait for a line to be typed: so the reviewer's terminal is
    only looked at, and a signal meanwhile breaks off.
    """
    ours, terminal = pty.openpty()
    looks = 0

    def looked(*_: object) -> tuple[list[int], list[int], list[int]]:
        nonlocal looks
        looks += 1
        os.kill(os.getpid(), signal.SIGINT)
        return [], [], []

    with os.fdopen(terminal, encoding="utf-8") as typed:
        monkeypatch.setattr("sys.stdin", typed)
        monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("nothing was typed yet"))
        monkeypatch.setattr("select.select", looked)
        with Interruption(), pytest.raises(Interrupted):
            Screen(ask=True, console=console_of(80)).approve(question)
    os.close(ours)
    assert looks == 1
