"""Vectors of consent in other forms than a key's signature over the deal: payments through Permit2 with the
deal as their witness, and the bytes that carry a mandate.
"""

from __future__ import annotations

from random import Random
from typing import Any

import samples

from parley.terms.actions import Mandate
from parley.terms.deal import Deal
from parley.terms.funding import PERMIT_WITNESS_TRANSFER_FROM, permit2_digest
from parley.terms.mandates import mandate_signature
from parley.terms.signing import account_signature
from parley.terms.values import Address, Hash32


def consent() -> list[dict[str, Any]]:
    rng = Random(716)
    deals = [("an agreed deal", samples.agreement().deals[0])]
    deals += [(f"deal {index}", samples.random_deal(rng)) for index in range(12)]
    found = [_payment(f"Permit2 payment of {name}", deal, rng) for name, deal in deals]
    for index in range(6):
        mandate = samples.random_action("parley/mandate", rng)
        assert isinstance(mandate, Mandate)
        found.append(_carried(f"mandate signature {index}", mandate, rng))
    return found


def _payment(name: str, deal: Deal, rng: Random) -> dict[str, Any]:
    chain_id, escrow = rng.choice((1, 31_337)), Address.of(rng.randbytes(20))
    permitted, nonce = deal.buyer_lock + deal.relay_fee, rng.getrandbits(256)
    digest = permit2_digest(deal, chain_id, escrow, permitted, nonce)
    return {
        "name": name,
        "input": {
            "deal": deal.as_json(),
            "chain_id": chain_id,
            "escrow": escrow,
            "permitted": str(permitted),
            "nonce": str(nonce),
        },
        "expected": {
            "type_string": PERMIT_WITNESS_TRANSFER_FROM.type_string,
            "digest": Hash32.of(digest),
        },
    }


def _carried(name: str, mandate: Mandate, rng: Random) -> dict[str, Any]:
    signed = account_signature(samples.signer("alice").sign_digest(rng.randbytes(32)))
    by_agent = rng.choice(("0x", account_signature(samples.signer("bob").sign_digest(rng.randbytes(32)))))
    by_principal = rng.choice(("0x", signed, "0x00" + rng.randbytes(300).hex()))
    return {
        "name": name,
        "input": {"mandate": mandate.as_json(), "of_principal": by_principal, "of_agent": by_agent},
        "expected": {"signature": mandate_signature(mandate, by_principal, by_agent)},
    }
