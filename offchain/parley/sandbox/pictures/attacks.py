"""Adversaries: how often each got what it was after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from parley.sandbox.attacks.report import Attack
from parley.sandbox.pictures.canvas import COLOURS, drawing, share


def draw_attacks(attacks: Sequence[Attack], folder: Path, name: str = "adversaries") -> list[Path]:
    """Bars of the abuse rate, guarded ones in green, as one PNG file. Raises `PlotsMissing`,
    `FolderUnusable`.
    """
    path = folder / f"{name}.png"
    with drawing(path, width=7.5, height=1.2 + 0.34 * len(attacks)) as (axes,):
        places = list(range(len(attacks)))[::-1]
        rates = [share(attack.rate_ppm) for attack in attacks]
        guarded = [not attack.guardrail.startswith("none") for attack in attacks]
        colours = [COLOURS[2] if each else COLOURS[1] for each in guarded]
        axes.barh(places, rates, color=colours, height=0.65)
        for place, rate in zip(places, rates, strict=True):
            axes.text(rate + 0.01, place, f"{rate:.2f}", va="center", fontsize=8)
        axes.set_yticks(places, [attack.name for attack in attacks])
        axes.set(xlim=(0, 1.05), xlabel="share of negotiations that it gained from")
        axes.set_title("Green: with a guardrail; red: without", fontsize=10)
    return [path]
