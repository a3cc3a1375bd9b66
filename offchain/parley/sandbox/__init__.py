"""Throwaway markets on this machine, for experiments, tests and the demonstration; never with production
keys.
"""

from parley.sandbox.leases import simple_lease, simple_profile
from parley.sandbox.local import LocalMarket

__all__ = ["LocalMarket", "simple_lease", "simple_profile"]
