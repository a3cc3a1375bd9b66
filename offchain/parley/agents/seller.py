"""The reference seller as a process, which serves whoever comes: `python -m parley.agents.seller CONFIG`."""

from __future__ import annotations

import sys

from parley.agents.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], "parley.agents.seller", forever=True))
