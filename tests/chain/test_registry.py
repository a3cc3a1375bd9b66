"""The agent registry: identity as a token, a wallet that proves itself, tags to be found by."""

from __future__ import annotations

import ape

from parley.terms.values import ZERO_ADDRESS, keccak

URI = "https://agents.example/card.json"


def registered(market, owner):
    receipt = market.registry.register(URI, sender=owner.account)
    return int(receipt.events.filter(market.registry.Registered)[0].agentId)


def test_the_first_agent_has_the_id_zero(market):
    assert registered(market, market.seller) == 0
    assert registered(market, market.buyer) == 1
    assert market.registry.ownerOf(0) == market.seller.account
    assert market.registry.tokenURI(0) == URI
    assert market.registry.getAgentWallet(0) == market.seller.account


def test_metadata_belongs_to_the_owner(market):
    agent = registered(market, market.seller)
    market.registry.setMetadata(agent, "region", b"eu-west", sender=market.seller.account)
    assert market.registry.getMetadata(agent, "region") == b"eu-west"
    with ape.reverts(market.registry.NotAgentOperator):
        market.registry.setMetadata(agent, "region", b"moon", sender=market.stranger.account)
    with ape.reverts(market.registry.MetadataKeyReserved):
        market.registry.setMetadata(agent, "agentWallet", b"\x01" * 20, sender=market.seller.account)


def test_a_wallet_proves_that_it_agrees(market, wallet_proof):
    agent = registered(market, market.seller)
    deadline = market.now + 240
    proof = wallet_proof(agent, market.relayer, market.seller, deadline)
    with ape.reverts(market.registry.WalletProofInvalid):
        market.registry.setAgentWallet(
            agent, market.stranger.account, deadline, proof, sender=market.seller.account
        )
    market.registry.setAgentWallet(
        agent, market.relayer.account, deadline, proof, sender=market.seller.account
    )
    assert market.registry.getAgentWallet(agent) == market.relayer.account


def test_a_proof_lives_five_minutes(market, wallet_proof):
    agent = registered(market, market.seller)
    far = market.now + 1_000
    with ape.reverts(market.registry.WalletProofTooLong):
        market.registry.setAgentWallet(
            agent,
            market.relayer.account,
            far,
            wallet_proof(agent, market.relayer, market.seller, far),
            sender=market.seller.account,
        )
    soon = market.now + 200
    proof = wallet_proof(agent, market.relayer, market.seller, soon)
    market.wait_until(soon + 1)
    with ape.reverts(market.registry.WalletProofExpired):
        market.registry.setAgentWallet(
            agent, market.relayer.account, soon, proof, sender=market.seller.account
        )


def test_a_transfer_clears_the_wallet(market):
    agent = registered(market, market.seller)
    market.registry.transferFrom(
        market.seller.account, market.buyer.account, agent, sender=market.seller.account
    )
    assert market.registry.ownerOf(agent) == market.buyer.account
    assert market.registry.getAgentWallet(agent) == ZERO_ADDRESS
    with ape.reverts(market.registry.NotAgentOperator):
        market.registry.setAgentURI(agent, "x", sender=market.seller.account)


def test_agents_are_found_by_capability(market):
    """A tag is an indexed event; it holds while its revision is the agent's current one."""
    agent = registered(market, market.seller)
    first = market.registry.setCapabilities(agent, ["gpu-lease", "inference"], sender=market.seller.account)
    tags = first.events.filter(market.registry.CapabilityTagged)
    assert [bytes(tag.tagHash) for tag in tags] == [keccak(b"gpu-lease"), keccak(b"inference")]
    market.registry.setCapabilities(agent, ["inference"], sender=market.seller.account)
    assert market.registry.capabilitiesRevisionOf(agent) == 2 > tags[0].revision
    with ape.reverts(market.registry.TooManyCapabilities):
        market.registry.setCapabilities(agent, ["x"] * 33, sender=market.seller.account)
