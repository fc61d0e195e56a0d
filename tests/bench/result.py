"""What a benchmark found: one judged figure beside its goal, and the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row of the table. `is_met` is None where there is only something to tell."""

    name: str
    value: float
    unit: str
    goal: str
    is_met: bool | None
    figures: Mapping[str, float]

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": _short(self.value),
            "unit": self.unit,
            "goal": self.goal,
            "met": self.is_met,
            "figures": {name: _short(figure) for name, figure in self.figures.items()},
        }


def table(results: Sequence[Result]) -> str:
    """Return the judged figures as a table for a terminal."""
    rows = [
        (one.name, f"{one.value:.4g} {one.unit}".strip(), one.goal, _verdict(one))
        for one in results
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)] if rows else []
    lines = []
    for row, one in zip(rows, results, strict=True):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
        lines += [f"    {name}: {figure:,.4g}" for name, figure in one.figures.items()]
    return "\n".join(lines)


def _verdict(one: Result) -> str:
    if one.is_met is None:
        return ""
    return "met" if one.is_met else "MISSED"


def _short(figure: float) -> float:
    return float(f"{figure:.5g}")
