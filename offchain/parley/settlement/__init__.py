"""Joins store and chain: a signed deal in, a settled deal out."""

from parley.settlement.models import Accepted, DealView, NextAction, SubmittedDeal
from parley.settlement.service import Settlement
from parley.settlement.worker import SettlementWorker

__all__ = ["Accepted", "DealView", "NextAction", "Settlement", "SettlementWorker", "SubmittedDeal"]
