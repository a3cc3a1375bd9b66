"""One match: the utility plane with what was possible, and how each side conceded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parley.sandbox.matches.match import Played
from parley.sandbox.pictures.canvas import COLOURS, GREY, drawing, share


def draw_match(played: Played, folder: Path, name: str = "match") -> list[Path]:
    """The utility plane of the first two roles and the concession curves of all, as PNG files.

    Raises `PlotsMissing` and `FolderUnusable`.
    """
    plane, curves = folder / f"{name}-plane.png", folder / f"{name}-concession.png"
    with drawing(plane) as (axes,):
        _plane(axes, played)
    with drawing(curves) as (axes,):
        _curves(axes, played)
    return [plane, curves]


def _plane(axes: Any, played: Played) -> None:
    """Front, Nash and Kalai points, reservations, the offers of each role, the agreement."""
    analysis = played.case.analysis
    first, second = analysis.roles[0], analysis.roles[1]
    front = [(share(s.gains[0] // 10**6), share(s.gains[1] // 10**6)) for s in analysis.front.spots]
    if len(analysis.roles) > 2:
        label, line = f"Pareto front of all {len(analysis.roles)}, seen by these two", "none"
    else:
        label, line = "Pareto front", "-"
    if front:
        axes.plot(
            *zip(*front, strict=True), linestyle=line, marker=".", markersize=4, color=GREY, label=label
        )
    hollow = False
    for at, role in enumerate(analysis.roles):
        made = [made.values for made in played.offers if made.role == role]
        if not made:
            continue
        colour = COLOURS[at % len(COLOURS)]
        offers = [played.utilities(values) for values in made]
        allowed = [played.allowed(values) for values in made]
        hollow = hollow or not all(allowed)
        axes.scatter(
            [share(each[first]) for each in offers],
            [share(each[second]) for each in offers],
            s=16,
            facecolors=[colour if each else "none" for each in allowed],
            edgecolors=colour,
            label=f"offers of {role} ({played.strategies[role].name})",
        )
    if hollow:
        axes.scatter(
            [], [], s=16, facecolors="none", edgecolors=GREY, label="hollow: breaks a party's hard rule"
        )
    for spot, mark, text in ((analysis.nash, "D", "Nash point"), (analysis.kalai, "^", "Kalai point")):
        if spot is not None:
            axes.scatter(
                share(spot.gains[0] // 10**6),
                share(spot.gains[1] // 10**6),
                marker=mark,
                s=60,
                facecolors="none",
                edgecolors="black",
                label=text,
                zorder=4,
            )
    least = [share(each // 10**6) for each in analysis.reservations]
    axes.axvline(least[0], color=GREY, linewidth=0.8, linestyle=":")
    axes.axhline(least[1], color=GREY, linewidth=0.8, linestyle=":", label="reservations")
    if played.result.agreed:
        reached = played.assessment.utilities
        axes.scatter(
            share(reached[first]), share(reached[second]), marker="*", s=170, color="#ddaa00",
            edgecolors="black", label="agreement", zorder=5,
        )  # fmt: skip
    axes.set(
        xlabel=f"utility of {first}", ylabel=f"utility of {second}", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03)
    )
    axes.set_title(_title(played), fontsize=10)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _curves(axes: Any, played: Played) -> None:
    """The utility of its own offers to each role, by message."""
    for at, role in enumerate(played.case.domain.roles):
        own = [
            (made.sequence, share(played.utilities(made.values)[role]))
            for made in played.offers
            if made.role == role
        ]
        if own:
            axes.step(
                *zip(*own, strict=True),
                where="post",
                marker=".",
                markersize=4,
                linewidth=1.2,
                color=COLOURS[at % len(COLOURS)],
                label=f"{role} ({played.strategies[role].name})",
            )
        axes.axhline(
            share(played.case.profiles[role].reservation_ppm),
            color=COLOURS[at % len(COLOURS)], linewidth=0.8, linestyle=":",
        )  # fmt: skip
    axes.set(xlabel="message", ylabel="utility of the own offer", ylim=(-0.03, 1.03))
    axes.set_title(f"Concessions; dotted: reservations. {_title(played)}", fontsize=10)
    axes.legend(fontsize=8)


def _title(played: Played) -> str:
    how = "agreed" if played.result.agreed else played.ended
    return f"{played.case.name}: {how} in round {played.rounds} of {played.case.domain.limits.max_rounds}"
