"""Bars as SVG: where each lies. Made here, so a page needs no script; its numbers are in a table, too."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH = 640
HEIGHT = 220
LEFT, RIGHT, TOP, BOTTOM = 34, 34, 10, 24
GAP = 0.3
"""How much of a column stays empty."""

MOST_LABELS = 12


@dataclass(frozen=True)
class Series:
    """One number a column. Below zero it hangs from the line. `kind` is what the style sheet colors it by."""

    name: str
    kind: str
    values: Sequence[int]


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    kind: str
    tip: str


@dataclass(frozen=True)
class Label:
    x: float
    text: str


@dataclass(frozen=True)
class Plot:
    """`rows` are the same numbers in words: a label, then one of each series."""

    title: str
    series: Sequence[Series]
    bars: list[Bar]
    labels: list[Label]
    zero_y: float
    rows: list[list[str]]
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def is_empty(self) -> bool:
        return not self.bars


def stacked_bars(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    ticks: Sequence[str],
    show: Callable[[int], str],
) -> Plot:
    """What is above zero is piled up from the line, what is below hangs from it. `ticks` are short labels."""
    highest = max((_pile(series, column, above=True) for column in range(len(labels))), default=0)
    lowest = min((_pile(series, column, above=False) for column in range(len(labels))), default=0)
    scale = (HEIGHT - TOP - BOTTOM) / max(highest - lowest, 1)
    zero_y = TOP + highest * scale
    step = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    bars = [
        bar
        for column, label in enumerate(labels)
        for bar in _column(series, column, label, (LEFT + column * step, step, zero_y, scale), show)
    ]
    every = -(-len(labels) // MOST_LABELS) or 1
    return Plot(
        title=title,
        series=series,
        bars=bars,
        labels=[
            Label(round(LEFT + (column + 0.5) * step, 1), tick)
            for column, tick in enumerate(ticks)
            if column % every == 0
        ],
        zero_y=round(zero_y, 1),
        rows=[[label, *(show(one.values[column]) for one in series)] for column, label in enumerate(labels)],
    )


def _column(
    series: Sequence[Series],
    column: int,
    label: str,
    place: tuple[float, float, float, float],
    show: Callable[[int], str],
) -> list[Bar]:
    left, step, zero_y, scale = place
    above = below = zero_y
    bars = []
    for one in series:
        value = one.values[column]
        height = abs(value) * scale
        if value > 0:
            above -= height
            y = above
        else:
            y = below
            below += height
        if value:
            x, width = left + step * GAP / 2, step * (1 - GAP)
            tip = f"{label}, {one.name}: {show(value)}"
            bars.append(Bar(round(x, 1), round(y, 1), round(width, 1), round(height, 1), one.kind, tip))
    return bars


def _pile(series: Sequence[Series], column: int, *, above: bool) -> int:
    return sum(one.values[column] for one in series if (one.values[column] > 0) == above)
