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

PARTS = 10
"""Of the whole campaign: each of 50 kills over 20 negotiations with every strike once, from a seed of its
own, so that a part that fails can be repeated alone: `-k "part-3"`.
"""
KILLS, NEGOTIATIONS = 500 // PARTS, 200 // PARTS
FIRST_SEED = 20_300

parts = pytest.mark.parametrize(
    "seed", [pytest.param(FIRST_SEED + part, id=f"part-{part + 1}") for part in range(PARTS)]
)


@pytest.mark.timeout(900)
def test_six_kills_and_a_few_strikes_lose_nothing(anvil: LocalAnvil, tmp_path: Path) -> None:
    quick = (kill_with_a_wrong_clock, no_room, falsify_answers, reorganise)
    campaign(anvil, tmp_path, kills=5, offers=8, strikes=quick)


@pytest.mark.deep
@pytest.mark.timeout(3_600)
def test_fifty_kills_lose_nothing(anvil: LocalAnvil, tmp_path: Path) -> None:
    campaign(anvil, tmp_path, kills=50, offers=34, agents=20, negotiations=20)


@pytest.mark.timeout(900)
def test_kills_of_two_gateways_and_a_worker_on_postgresql_lose_nothing(
    anvil: LocalAnvil, tmp_path: Path, postgres: Any
) -> None:
    with postgres.database(empty=True) as database:
        campaign(anvil, tmp_path, kills=6, offers=8, database=database, processes=2, workers=1)


@pytest.mark.deep
@pytest.mark.timeout(3_600)
def test_fifty_kills_of_three_gateways_and_two_workers_on_postgresql_lose_nothing(
    anvil: LocalAnvil, tmp_path: Path, postgres: Any
) -> None:
    with postgres.database(empty=True) as database:
        campaign(
            anvil,
            tmp_path,
            kills=50,
            offers=34,
            agents=20,
            negotiations=20,
            database=database,
            processes=3,
            workers=2,
        )


@pytest.mark.deep
@pytest.mark.timeout(3_600)
@parts
def test_five_hundred_kills_and_every_strike_lose_nothing(
    anvil: LocalAnvil, tmp_path: Path, seed: int
) -> None:
    campaign(
        anvil,
        tmp_path,
        KILLS,
        offers=30,
        seed=seed,
        negotiations=NEGOTIATIONS,
        processes=3,
        workers=2,
        strikes=STRIKES,
    )


@pytest.mark.deep
@pytest.mark.timeout(3_600)
@parts
def test_five_hundred_kills_and_every_strike_on_postgresql_lose_nothing(
    anvil: LocalAnvil, tmp_path: Path, postgres: Any, seed: int
) -> None:
    with postgres.database(empty=True) as database:
        campaign(
            anvil,
            tmp_path,
            KILLS,
            offers=30,
            seed=seed,
            negotiations=NEGOTIATIONS,
            database=database,
            processes=3,
            workers=2,
            strikes=STRIKES,
            restart_database=postgres.restart,
        )


def test_every_strike_is_described() -> None:
    told = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
    for strike in (kill, *STRIKES):
        assert f"| `{strike.__name__}` | " in told
        assert strike.__doc__, strike
