"""Set-up of a checkout: Python environment, Node packages, Solidity tools, compiled contracts.

Runs on the standard library alone, because it is what installs everything else.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import contracts
import node_packages
import prover
import python_env
import tools
from layout import Layout, SetupError, exclusive, network_environment

Step = tuple[str, Callable[[Layout], bool]]
STEPS: tuple[Step, ...] = (
    ("Python packages", python_env.install),
    ("Node packages (Anvil, forge, solc, OpenZeppelin, Solady)", node_packages.install),
    ("Solidity tools", tools.install),
    ("contracts", contracts.build),
)

DESCRIPTION = """\
Makes everything the other scripts need, inside this checkout: .venv (Python packages), contracts/node_modules
(pinned Anvil, forge, solc and libraries), .tools/bin (the tools by name), and compiled contracts. Needs
Python 3.11 to 3.13 and git; where there is no Node, it comes as a Python wheel. Steps whose inputs did not
change are skipped.
"""


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/setup",
        description=DESCRIPTION,
        epilog="Environment: PARLEY_PYTHON names the Python to use.",
    )
    parser.add_argument("--force", action="store_true", help="run every step again")
    parser.add_argument("--no-contracts", action="store_true", help="do not compile the contracts")
    parser.add_argument("--prover", action="store_true", help="also install halmos, apart from the rest")
    parser.add_argument(
        "--quiet", action="store_true", help="say only what is done, and nothing where nothing is"
    )
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = parse(argv)
    layout = Layout.of_checkout(force=options.force)
    network_environment(layout)
    started = time.monotonic()
    steps = STEPS[:-1] if options.no_contracts else STEPS
    if options.prover:
        steps = (*steps, ("halmos", prover.install))
    try:
        layout.refuse_borrowed()
        with exclusive(layout):
            for name, step in steps:
                step_started = time.monotonic()
                if step(layout):
                    print(f"setup: {name}: done in {time.monotonic() - step_started:.1f} s", file=sys.stderr)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; run it again to go on", file=sys.stderr)
        return 130
    if not options.quiet:
        print(f"setup: ready in {time.monotonic() - started:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
