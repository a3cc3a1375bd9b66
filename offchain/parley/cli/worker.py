"""`parley worker`: what a gateway does unasked, in a process of its own."""

from __future__ import annotations


def worker() -> None:
    """Settles, indexes, delivers webhooks and ends what ran out of time, until interrupted.

    Takes the settings and the key of the gateways, which are started with PARLEY_WORK=apart. Any number may
    run; one at a time settles, and another takes over when it is gone.
    """
    from parley.cli.serve import prepared
    from parley.gateway.working import run

    run(prepared())
