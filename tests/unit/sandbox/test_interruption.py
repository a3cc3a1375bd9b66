"""Signals raise while the play goes on, and wait while it is taken down."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from parley.sandbox.demo.interruption import SIGNALS, Interrupted, Interruption


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_raises_and_the_handlers_come_back(number: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as raised, Interruption():
        os.kill(os.getpid(), number)
    assert raised.value.number == number
    assert signal.getsignal(number) == before


def test_a_shielded_cleanup_is_finished_first() -> None:
    done: list[str] = []

    def clean_up_under_signals() -> None:
        with Interruption() as interruption:
            interruption.shield()
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            done.append("cleaned up")

    with pytest.raises(Interrupted) as raised:
        clean_up_under_signals()
    assert done == ["cleaned up"]
    assert raised.value.number in (signal.SIGINT, signal.SIGTERM)


def test_an_error_is_not_hidden_by_a_signal_that_waited() -> None:
    def fail_under_signals() -> None:
        with Interruption() as interruption:
            interruption.shield()
            os.kill(os.getpid(), signal.SIGTERM)
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - raised above, with nothing to match
        fail_under_signals()


def test_another_thread_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def work() -> None:
        with Interruption():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
