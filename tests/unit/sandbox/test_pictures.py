"""Pictures: of the right kind, showing something, the same twice; and a clear word without the extra."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from parley.negotiation.strategies import make_strategy
from parley.sandbox.errors import FolderUnusable, PlotsMissing
from parley.sandbox.leases import simple_lease, simple_profile
from parley.sandbox.matches.case import Case, case_of
from parley.sandbox.matches.match import play
from parley.sandbox.matches.tournament import Entry, pairings, run
from parley.sandbox.pictures.match import draw_match
from parley.sandbox.pictures.tournament import draw_standings
from parley.terms.values import ZERO_ADDRESS


def lease(reservation_ppm: int = 300_000) -> Case:
    domain = simple_lease(ZERO_ADDRESS)
    return case_of("lease", domain, [simple_profile(domain, role, reservation_ppm) for role in domain.roles])


def shows_something(path: Path) -> bool:
    """Whether the picture has more than its background: at least 1 % of other pixels, in several colours."""
    from matplotlib.image import imread

    pixels = imread(path)[:, :, :3]
    coloured = (pixels < 0.99).any(axis=2)
    kinds = {tuple(pixel) for pixel in pixels[coloured].round(1).tolist()}
    return bool(coloured.mean() > 0.01) and len(kinds) > 4


def test_a_match_and_a_tournament_are_drawn(tmp_path: Path) -> None:
    played = play(lease(), [make_strategy("boulware"), make_strategy("conceder")])
    drawn = draw_match(played, tmp_path / "new")
    entries = [Entry(name, make_strategy(name)) for name in ("linear", "conceder")]
    drawn += draw_standings(run(list(pairings([lease()], entries, [5], [0]))), tmp_path)
    assert len(drawn) == 4
    for path in drawn:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert shows_something(path)
    again = draw_match(played, tmp_path / "again")
    assert again[0].read_bytes() == drawn[0].read_bytes()


def test_a_match_without_agreement_or_nash_point_is_drawn(tmp_path: Path) -> None:
    played = play(lease(990_000), [make_strategy("boulware"), make_strategy("linear")])
    assert all(shows_something(path) for path in draw_match(played, tmp_path))


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    played = play(lease(), [make_strategy("boulware"), make_strategy("conceder")])
    with pytest.raises(PlotsMissing) as caught:
        draw_match(played, tmp_path)
    assert "parley-market[plots]" in caught.value.next_action


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    played = play(lease(), [make_strategy("boulware"), make_strategy("conceder")])
    with pytest.raises(FolderUnusable):
        draw_match(played, tmp_path / "file")
