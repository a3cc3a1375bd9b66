"""Whoever watches the play."""

from __future__ import annotations

from typing import Protocol

from parley.sandbox.demo.board import Board, Moment
from parley.sandbox.demo.question import Question


class Watcher(Protocol):
    """Shows the play as it goes on, and asks a person where one is needed."""

    def act(self, title: str) -> None:
        """A new part of the play begins."""

    def say(self, text: str) -> None:
        """Something worth a line."""

    def moment(self, moment: Moment) -> None:
        """Something happened in a negotiation or to an agent."""

    def board(self, board: Board) -> None:
        """Where the negotiations stand now."""

    def approve(self, question: Question) -> bool:
        """What the reviewer decides about exactly these terms. May take as long as a person takes."""


class Silent:
    """Shows nothing and approves everything: for machines."""

    def act(self, title: str) -> None:
        """Nothing is shown."""

    def say(self, text: str) -> None:
        """Nothing is shown."""

    def moment(self, moment: Moment) -> None:
        """Nothing is shown."""

    def board(self, board: Board) -> None:
        """Nothing is shown."""

    def approve(self, question: Question) -> bool:
        return True
