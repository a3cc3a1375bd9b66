"""Lets the tests here import their neighbours and the samples of the vectors."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "vectors")]
