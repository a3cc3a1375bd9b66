"""A market over time: agreement, prices, welfare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parley.sandbox.markets.market import Market
from parley.sandbox.markets.report import epoch_report
from parley.sandbox.pictures.canvas import COLOURS, GREY, drawing, share


def draw_market(market: Market, folder: Path, name: str = "market") -> list[Path]:
    """Three curves over epochs, as one PNG file. Raises `PlotsMissing` and `FolderUnusable`."""
    rows = [epoch_report(epoch) for epoch in market.epochs]
    path = folder / f"{name}.png"
    with drawing(path, columns=3, width=4.2, height=3.4) as (agreement, prices, welfare):
        _shares(agreement, rows)
        _prices(prices, rows)
        _welfare(welfare, rows)
        for axes in (agreement, prices, welfare):
            axes.set(xlabel="epoch")
            if market.rules.change_at is not None:
                axes.axvline(market.rules.change_at, color=GREY, linewidth=1, linestyle="--")
    return [path]


def _shares(axes: Any, rows: list[dict[str, Any]]) -> None:
    epochs = [row["epoch"] for row in rows]
    for key, label, colour in (
        ("agreement_ppm", "negotiations that agreed", COLOURS[2]),
        ("efficiency_ppm", "surplus of the best matching", COLOURS[3]),
    ):
        axes.plot(
            epochs, [share(row[key]) for row in rows], marker="o", markersize=3, color=colour, label=label
        )
    axes.set(ylim=(0, 1.03), title="Shares reached")
    axes.legend(fontsize=7, loc="lower right")


def _prices(axes: Any, rows: list[dict[str, Any]]) -> None:
    known = [row for row in rows if row["mean_price"] is not None]
    epochs = [row["epoch"] for row in known]
    low, mean, high = (
        [int(row[key]) / 1_000_000 for row in known] for key in ("low_price", "mean_price", "high_price")
    )
    axes.fill_between(epochs, low, high, color=COLOURS[0], alpha=0.2, label="middle half")
    axes.plot(epochs, mean, marker="o", markersize=3, color=COLOURS[0], label="mean")
    axes.set(ylim=(0, None), title="Agreed price")
    axes.legend(fontsize=7, loc="lower right")


def _welfare(axes: Any, rows: list[dict[str, Any]]) -> None:
    epochs = [row["epoch"] for row in rows]
    axes.plot(epochs, [share(row["welfare_ppm"]) for row in rows], marker="o", markersize=3, color=COLOURS[1])
    axes.set(ylim=(0, None), title="Utility of both, by agreement")
