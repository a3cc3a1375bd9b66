"""A tournament: how well each strategy did, and against whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parley.sandbox.matches.standings import Row, standings
from parley.sandbox.matches.tournament import Outcome
from parley.sandbox.pictures.canvas import COLOURS, drawing, share


def draw_standings(outcomes: Sequence[Outcome], folder: Path) -> list[Path]:
    """Bars with intervals, and a table of pairs, as PNG files. Raises `PlotsMissing` and `FolderUnusable`."""
    rows = standings(outcomes)
    bars, pairs = folder / "standings.png", folder / "pairs.png"
    with drawing(bars, columns=2, width=4.8, height=0.9 + 0.38 * len(rows)) as (left, right):
        _bars(left, rows)
        _agreement(right, rows)
    size = 2.2 + 0.75 * len(rows)
    with drawing(pairs, width=size + 1.2, height=size) as (axes,):
        _pairs(axes, outcomes, [row.label for row in rows])
    return [bars, pairs]


def _bars(axes: Any, rows: Sequence[Row]) -> None:
    places = range(len(rows))[::-1]
    means = [share(row.utility.mean) for row in rows]
    low = [m - share(row.utility.low or row.utility.mean) for m, row in zip(means, rows, strict=True)]
    high = [share(row.utility.high or row.utility.mean) - m for m, row in zip(means, rows, strict=True)]
    axes.barh(places, means, color=COLOURS[0], height=0.6)
    axes.errorbar(means, places, xerr=[low, high], fmt="none", ecolor="black", elinewidth=1, capsize=3)
    axes.set_yticks(list(places), [row.label for row in rows])
    axes.set(xlabel="mean utility, 95 % interval over domains", xlim=(0, 1))


def _agreement(axes: Any, rows: Sequence[Row]) -> None:
    places = range(len(rows))[::-1]
    axes.barh(places, [share(row.agreement.mean) for row in rows], color=COLOURS[2], height=0.6)
    axes.set_yticks(list(places), [""] * len(rows))
    axes.set(xlabel="share of matches agreed", xlim=(0, 1))


def _pairs(axes: Any, outcomes: Sequence[Outcome], labels: list[str]) -> None:
    place = {label: at for at, label in enumerate(labels)}
    sums: dict[tuple[int, int], list[int]] = {}
    for outcome in outcomes:
        sums.setdefault((place[outcome.entry], place[outcome.other]), []).append(outcome.own)
    grid = [[0.0] * len(labels) for _ in labels]
    for (row, column), values in sums.items():
        grid[row][column] = share(sum(values) // len(values))
    axes.imshow(grid, cmap="YlGnBu", vmin=0, vmax=1)
    axes.grid(visible=False)
    for row, line in enumerate(grid):
        for column, value in enumerate(line):
            colour = "white" if value > 0.55 else "black"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="against", title="Mean utility of the row")
