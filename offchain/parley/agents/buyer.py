"""The reference buyer as a process, which ends when all its deals are over: `python -m parley.agents.buyer
CONFIG`.
"""

from __future__ import annotations

import sys

from parley.agents.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], "parley.agents.buyer", forever=False))
