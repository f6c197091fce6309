"""Charts over days as plain shapes, which the page's template draws as SVG.

Each is drawn twice, for a wide and for a narrow screen, so that its labels are never shrunk. What a colour
says a pattern or a label says too, and the numbers stand in a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from backupkit.wording import percent

LEFT, RIGHT, TOP, BOTTOM = 46, 14, 24, 28
SIZES: Final = {"wide": (560, 230), "narrow": (340, 210)}
LABEL_ROOM: Final = {"wide": 52, "narrow": 58}
"""Width a day's label takes."""
CHARACTER: Final = 8
"""Width a figure takes at most."""


class Rect(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    style: str
    told: str


class Text(NamedTuple):
    x: float
    y: float
    anchor: str
    style: str
    text: str


class Dot(NamedTuple):
    x: float
    y: float
    told: str


@dataclass(frozen=True)
class Drawing:
    size: str
    width: int
    height: int
    grid: tuple[float, ...]
    rects: tuple[Rect, ...] = ()
    dots: tuple[Dot, ...] = ()
    path: str = ""
    texts: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Series:
    """`style` is a class of the page's style sheet; None is a day of which nothing is known."""

    name: str
    style: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """`data` has a row a day: its label, then a text a series; `says` is what to see in it, in words."""

    id: str
    title: str
    says: str
    drawings: tuple[Drawing, ...]
    legend: tuple[tuple[str, str], ...]
    head: tuple[str, ...]
    data: tuple[tuple[str, ...], ...]
    hrefs: tuple[str, ...] = ()


class _Frame:
    """Where a value of a day stands on a drawing."""

    def __init__(self, size: str, days: int, low: float, high: float) -> None:
        self.size = size
        self.width, self.height = SIZES[size]
        self.low, self.high = low, high
        self.step = (self.width - LEFT - RIGHT) / max(1, days)

    def x(self, day: int) -> float:
        return round(LEFT + self.step * (day + 0.5), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low or 1)
        return round(self.height - BOTTOM - share * (self.height - TOP - BOTTOM), 1)

    def scale(self, ticks: Sequence[tuple[float, str]]) -> Iterator[Text]:
        return (Text(LEFT - 8, self.y(value) + 4, "end", "axis", label) for value, label in ticks)

    def labels(self, days: Sequence[str]) -> Iterator[Text]:
        """The last day's, and of those before as many as there is room for."""
        every = max(1, math.ceil(LABEL_ROOM[self.size] / self.step))
        for at in range(len(days) - 1, -1, -every):
            label = f"{date.fromisoformat(days[at]):%d %b}"
            yield Text(self.x(at), self.height - 8, "middle", "axis", label)


def bars(ident: str, title: str, says: str, days: Sequence[str], series: Sequence[Series]) -> Chart:
    """Bars a day, one series on the other, the first at the bottom."""
    sums = [sum(one.values[at] or 0 for one in series) for at in range(len(days))]
    ticks = _ticks(max(sums, default=0))
    drawings = []
    for size in SIZES:
        frame = _Frame(size, len(days), 0, ticks[-1][0])
        rects = tuple(_stacked(frame, days, series))
        texts = (*frame.scale(ticks), *frame.labels(days), *_heights(frame, series, sums))
        grid = tuple(frame.y(value) for value, _ in ticks)
        drawings.append(Drawing(size, frame.width, frame.height, grid, rects, texts=texts))
    legend = tuple((one.style, one.name) for one in series)
    rows = tuple((day, *(_number(one.values[at]) for one in series)) for at, day in enumerate(days))
    return Chart(ident, title, says, tuple(drawings), legend, tuple(one.name for one in series), rows)


def _stacked(frame: _Frame, days: Sequence[str], series: Sequence[Series]) -> Iterator[Rect]:
    width = round(min(34.0, frame.step * 0.72), 1)
    for at, day in enumerate(days):
        below = 0.0
        for one in series:
            value = one.values[at] or 0
            top, foot = frame.y(below + value), frame.y(below)
            below += value
            if value:
                told = f"{day}: {_number(value)} {one.name}"
                yield Rect(frame.x(at) - width / 2, top, width, max(1.5, foot - top), one.style, told)


def _heights(frame: _Frame, series: Sequence[Series], sums: Sequence[float]) -> Iterator[Text]:
    """What a lone series' bars stand for; the last one's alone where there is no room for all."""
    known = [at for at, value in enumerate(series[0].values) if value is not None] if len(series) == 1 else []
    roomy = max((len(_short(sums[at])) for at in known), default=0) * CHARACTER < frame.step
    for at in known if roomy else known[-1:]:
        last = not roomy and at > len(sums) / 2
        x = frame.x(at) + (frame.step / 2 if last else 0)
        yield Text(x, frame.y(sums[at]) - 5, "end" if last else "middle", "value", _short(sums[at]))


def shares(ident: str, title: str, says: str, days: Sequence[str], line: Series) -> Chart:
    """A line of shares from 0 to 1, on a scale that begins where it is worth looking at."""
    known = [value for value in line.values if value is not None]
    low = _floor(min(known, default=0))
    ticks = [(low + (1 - low) * part, f"{100 * (low + (1 - low) * part):g} %") for part in (0, 0.5, 1)]
    drawings = []
    for size in SIZES:
        frame = _Frame(size, len(days), low, 1)
        texts = (*frame.scale(ticks), *frame.labels(days), *_ends(frame, line.values))
        dots = tuple(
            Dot(frame.x(at), frame.y(value), f"{days[at]}: {_share(value)}")
            for at, value in enumerate(line.values)
            if value is not None
        )
        grid = tuple(frame.y(value) for value, _ in ticks)
        path = _path(frame, line.values)
        drawings.append(Drawing(size, frame.width, frame.height, grid, (), dots, path, texts))
    rows = tuple((day, _share(line.values[at])) for at, day in enumerate(days))
    return Chart(ident, title, says, tuple(drawings), (), (line.name,), rows)


def _path(frame: _Frame, values: Sequence[float | None]) -> str:
    """A line that is broken where nothing is known."""
    told, pen = [], "M"
    for at, value in enumerate(values):
        if value is None:
            pen = "M"
        else:
            told.append(f"{pen}{frame.x(at)} {frame.y(value)}")
            pen = "L"
    return "".join(told)


def _ends(frame: _Frame, values: Sequence[float | None]) -> Iterator[Text]:
    """The newest value, and the lowest where it is another."""
    known = [(value, at) for at, value in enumerate(values) if value is not None]
    if not known:
        return
    newest, lowest = known[-1], min(known)
    for value, at in [newest] if lowest[0] == newest[0] else [newest, lowest]:
        anchor = "end" if at > 0.9 * len(values) else "start" if at < 0.1 * len(values) else "middle"
        room = frame.y(value) < frame.height - BOTTOM - 24
        below = room and (values[at - 1] or 0 if at else 0) > value
        x = frame.x(at) + {"end": 10, "start": -8, "middle": 0}[anchor]
        yield Text(x, frame.y(value) + (20 if below else -9), anchor, "value", _share(value))


def _floor(least: float) -> float:
    if least >= 0.98:
        return 0.96
    if least >= 0.92:
        return 0.9
    return max(0.0, math.floor(least * 5 - 0.2) / 5)


def _ticks(most: float) -> list[tuple[float, str]]:
    """Round numbers from 0 to what holds the most, and half way between."""
    if most <= 2:
        return [(0, "0"), (1, "1"), (2, "2")]
    size = 10 ** math.floor(math.log10(most))
    top = next(size * part for part in (1, 2, 4, 6, 8, 10) if size * part >= most)
    return [(value, _short(value)) for value in (0, top / 2, top)]


def _short(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= 10 * size or (value >= size and value % (size / 2) == 0):
            return f"{value / size:.3g}{unit}" if value < 100 * size else f"{value / size:.0f}{unit}"
    return f"{value:,.4g}" if value % 1 else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return "\u2013" if value is None else percent(value, 1)


def _number(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:,.0f}"
