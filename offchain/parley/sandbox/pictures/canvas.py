"""One way to draw: no display, one style, the same picture from the same data."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parley.sandbox.errors import FolderUnusable, PlotsMissing

COLOURS = ("#3366aa", "#cc5533", "#338855", "#885599", "#aa8822", "#337788", "#994455", "#667733")
GREY = "#888888"
_STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "parley",
}


@contextlib.contextmanager
def drawing(path: Path, *, columns: int = 1, width: float = 6.4, height: float = 4.4) -> Iterator[list[Any]]:
    """Axes side by side, to be drawn on inside the block; written to `path` (PNG) at its end.

    Raises `PlotsMissing` without the extra, `FolderUnusable` when the picture cannot be written.
    """
    try:
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlotsMissing(
            "Pictures need matplotlib, which is not installed", missing=str(error.name)
        ) from None
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width * columns, height), dpi=130, layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False)
        yield list(axes[0])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, metadata={"Software": "parley"})
        except OSError as error:
            raise FolderUnusable(
                "The picture cannot be written", path=str(path), reason=error.strerror
            ) from None


def share(ppm: int) -> float:
    """Parts per million as a number between 0 and 1, for an axis."""
    return ppm / 1_000_000
