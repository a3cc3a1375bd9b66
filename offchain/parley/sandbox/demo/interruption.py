"""Signals that end the demonstration: whatever was started is taken down first, however often they come."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal asked for the end; `number` says which."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Interruption:
    """While in its `with`, signals raise `Interrupted` in the main thread; after `shield()` they wait.

    One that waited is raised at the end. Outside the main thread, where signals cannot be caught, it does
    nothing.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._shielded = False
        self._waiting: int | None = None

    def shield(self) -> None:
        """From here on nothing is interrupted: what was started is being taken down."""
        self._shielded = True

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._waiting is not None and kind is None:
            raise Interrupted(self._waiting)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        if self._shielded:
            self._waiting = number
            return
        raise Interrupted(number)
