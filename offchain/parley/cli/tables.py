"""Plain aligned tables for a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under headers; columns that hold only numbers and signs are set right."""
    columns = list(zip(*([list(headers), *map(list, rows)]), strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    right = [all(_numeric(cell) for cell in column[1:]) for column in columns]
    lines = []
    for cells in (headers, *rows):
        shown = [
            cell.rjust(width) if numbers else cell.ljust(width)
            for cell, width, numbers in zip(cells, widths, right, strict=True)
        ]
        lines.append("  ".join(shown).rstrip())
    return "\n".join(lines)


def _numeric(cell: str) -> bool:
    return all(character in "0123456789.,+- %[]/" for character in cell)


def share(ppm: int | None) -> str:
    """A share in ppm as a decimal with four places, floored; a dash for none."""
    if ppm is None:
        return "-"
    sign = "-" if ppm < 0 else ""
    return f"{sign}{abs(ppm) // 1_000_000}.{abs(ppm) % 1_000_000 // 100:04d}"
