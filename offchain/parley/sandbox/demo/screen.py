"""The play on a terminal: progress as it goes, a question for the reviewer, tables at the end."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.prompt import Confirm
from rich.rule import Rule
from rich.table import Table
from rich.text import Text, TextType

from parley.sandbox.demo.board import Board, Moment
from parley.sandbox.demo.further import further
from parley.sandbox.demo.question import Question
from parley.sandbox.demo.result import Result
from parley.sandbox.demo.tables import panel, tables, times_line
from parley.sandbox.demo.words import hourly, print_whole, usd

_LOOK_SECONDS = 0.1


class _Question(Confirm):
    """A yes or a no that a signal can always break off.

    A signal that arrives in the few microseconds before a blocking read is noticed only when the next line
    has been typed. So nothing is read before there is something to read.
    """

    @classmethod
    def get_input(
        cls, console: Console, prompt: TextType, password: bool, stream: TextIO | None = None
    ) -> str:
        console.print(prompt, end="")
        if stream is None and sys.stdin.isatty():
            while not select.select([sys.stdin], [], [], _LOOK_SECONDS)[0]:
                pass
        return console.input(password=password, stream=stream)


class Screen:
    """Shows on `console`; with `ask` the person at the terminal is the reviewer. Use as a context manager:
    the cursor is back when it ends.

    On a terminal one line a negotiation stays at the bottom while the agents bargain; elsewhere only what
    matters is printed, line by line.
    """

    def __init__(
        self, *, ask: bool, console: Console | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._console = console or Console(highlight=False)
        self._clock = clock
        self._started = clock()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_panel()

    # ----------------------------------------------------------------- progress

    def act(self, title: str) -> None:
        self._end_panel()
        self._console.print(Rule(Text(title, "bold"), align="left"))

    def say(self, text: str) -> None:
        self._line(Text(text))

    def moment(self, moment: Moment) -> None:
        style = "yellow" if moment.trouble else ""
        self._line(Text(f"{moment.who:<11}", "cyan"), Text(moment.text, style))

    def board(self, board: Board) -> None:
        if not (self._console.is_terminal and board.talks):
            return
        shown = panel(list(board.talks.values()))
        if self._live is None:
            self._live = Live(shown, console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(shown, refresh=True)

    def _line(self, *parts: Text) -> None:
        """Columns behind the time: folded under themselves on a terminal, one whole line elsewhere."""
        time = Text(f"{self._clock() - self._started:6.1f} s", "dim")
        if not self._console.is_terminal:
            self._console.print(Text("  ").join((time, *parts)), soft_wrap=True)
            return
        grid = Table.grid(padding=(0, 2, 0, 0))
        for _ in parts:
            grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(time, *parts)
        self._console.print(grid)

    def _end_panel(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    # ----------------------------------------------------------------- approval

    def approve(self, question: Question) -> bool:
        if not self._ask:
            rules = ", ".join(rule for rule, _ in question.rules)
            self.moment(
                Moment(question.seller.name, f"approved (--approve): {usd(question.price)} USD, {rules}")
            )
            return True
        self._end_panel()
        self._console.print()
        self._console.print(_asked(question))
        granted = self._answer()
        self._console.print()
        word = "approved" if granted else "refused"
        self.moment(Moment(question.seller.name, f"{word} by the reviewer: {hourly(question.values)}"))
        return granted

    def _answer(self) -> bool:
        """Only a clear yes is a yes; no answer is a no."""
        try:
            return _Question.ask(
                "  [bold]Approve exactly these terms?[/] Enter refuses", console=self._console, default=False
            )
        except EOFError:
            return False

    # ------------------------------------------------------------------- result

    def show(self, result: Result, program: str) -> None:
        """The tables, and where to look further; `program` is how the reader starts `parley`."""
        self._end_panel()
        for table in tables(result):
            self._console.print()
            self._console.print(table)
        self._console.print()
        self._console.print(times_line(result))
        for line in further(result, program):
            print_whole(self._console, line)
        failed = sum(not check.ok for check in result.checks)
        verdict = "[bold green]Every check holds." if result.ok else f"[bold red]{failed} checks failed."
        self._console.print(verdict)


def _asked(question: Question) -> Table:
    grid = Table.grid(padding=(0, 2), pad_edge=True)
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    grid.add_row("", Text("A person is asked to approve", "bold yellow"))
    before = ""
    for label, text in question.rows():
        grid.add_row("" if label == before else label, Text(text))
        before = label
    return grid
