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
from strikes import STRIKES, falsify_answers, kill, kill_with_a_wrong_clock, no_room, reorganise

from parley.chain.anvil import LocalAnvil


@pytest.mark.timeout(900)
def test_six_kills_and_a_few_strikes_lose_nothing(anvil: LocalAnvil, tmp_path: Path) -> None:
    quick = (kill_with_a_wrong_clock, no_room, falsify_answers, reorganise)
    campaign(anvil, tmp_path, kills=5, offers=8, pairs_of_agents=8, strikes=quick)


@pytest.mark.deep
@pytest.mark.timeout(1_800)
def test_fifty_kills_lose_nothing(anvil: LocalAnvil, tmp_path: Path) -> None:
    campaign(anvil, tmp_path, kills=50, offers=34)


@pytest.mark.timeout(900)
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


@pytest.mark.deep
@pytest.mark.timeout(7_200)
def test_five_hundred_kills_and_every_strike_lose_nothing(anvil: LocalAnvil, tmp_path: Path) -> None:
    campaign(
        anvil,
        tmp_path,
        kills=500,
        offers=12,
        negotiations_each=10,
        processes=3,
        workers=2,
        strikes=STRIKES * 4,
    )


@pytest.mark.deep
@pytest.mark.timeout(7_200)
def test_five_hundred_kills_and_every_strike_on_postgresql_lose_nothing(
    anvil: LocalAnvil, tmp_path: Path, postgres: Any
) -> None:
    with postgres.database(empty=True) as database:
        campaign(
            anvil,
            tmp_path,
            kills=500,
            offers=12,
            negotiations_each=10,
            database=database,
            processes=3,
            workers=2,
            strikes=STRIKES * 4,
            restart_database=postgres.restart,
        )


def test_every_strike_is_described() -> None:
    told = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
    for strike in (kill, *STRIKES):
        assert f"| `{strike.__name__}` | " in told
        assert strike.__doc__, strike
