"""Agents: the typed client, the guarded wallet, sessions that survive crashes, and agents that run by
themselves.

They reach a gateway over HTTP, or another agent directly, and never by import.
"""

from parley.agents.agent import Agent, Talk
from parley.agents.async_client import AsyncGatewayClient
from parley.agents.client import GatewayClient
from parley.agents.conduct import Conduct, Deliverable, Plan, Report
from parley.agents.direct import DirectSettlement
from parley.agents.gatekeeper import Guard
from parley.agents.knowledge import StaticKnowledge
from parley.agents.peer_channel import PeerChannel
from parley.agents.peer_host import PeerHost
from parley.agents.runner import AgentRunner
from parley.agents.session import NegotiationSession
from parley.agents.signin import KeyIdentity
from parley.agents.wallet import TokenName, Wallet

__all__ = [
    "Agent",
    "AgentRunner",
    "AsyncGatewayClient",
    "Conduct",
    "Deliverable",
    "DirectSettlement",
    "GatewayClient",
    "Guard",
    "KeyIdentity",
    "NegotiationSession",
    "PeerChannel",
    "PeerHost",
    "Plan",
    "Report",
    "StaticKnowledge",
    "Talk",
    "TokenName",
    "Wallet",
]
