"""Scores folded from chain events, by anyone, to the same number."""

from parley.reputation.fold import Fold, fold, score_ppm, verdict, weight, weights
from parley.reputation.models import (
    Closed,
    ClosedDeal,
    Event,
    Lapsed,
    Opened,
    Outcome,
    Ruled,
    Settled,
    Verdict,
)

__all__ = [
    "Closed",
    "ClosedDeal",
    "Event",
    "Fold",
    "Lapsed",
    "Opened",
    "Outcome",
    "Ruled",
    "Settled",
    "Verdict",
    "fold",
    "score_ppm",
    "verdict",
    "weight",
    "weights",
]
