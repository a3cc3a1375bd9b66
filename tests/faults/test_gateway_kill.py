"""kill -9 of gateways and workers at random moments of many concurrent negotiations.

After every kill the same process is started again on the same database. At the end every message that was
acknowledged is there, every negotiation has finished, replaying the store gives the state both sides have,
and no deal opened twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fleet import campaign

from parley.chain.anvil import LocalAnvil


@pytest.mark.timeout(300)
def test_six_kills_lose_nothing(anvil: LocalAnvil, tmp_path: Path) -> None:
    campaign(anvil, tmp_path, kills=6, offers=8, pairs_of_agents=8)


@pytest.mark.deep
@pytest.mark.timeout(1_800)
def test_fifty_kills_lose_nothing(anvil: LocalAnvil, tmp_path: Path) -> None:
    campaign(anvil, tmp_path, kills=50, offers=34)


@pytest.mark.timeout(300)
def test_kills_of_two_gateways_and_a_worker_on_postgresql_lose_nothing(
    anvil: LocalAnvil, tmp_path: Path, postgres: Any
) -> None:
    with postgres.database(empty=True) as database:
        campaign(anvil, tmp_path, 6, 8, pairs_of_agents=8, database=database, processes=2, workers=1)


@pytest.mark.deep
@pytest.mark.timeout(1_800)
def test_fifty_kills_of_three_gateways_and_two_workers_on_postgresql_lose_nothing(
    anvil: LocalAnvil, tmp_path: Path, postgres: Any
) -> None:
    with postgres.database(empty=True) as database:
        campaign(anvil, tmp_path, kills=50, offers=34, database=database, processes=3, workers=2)
