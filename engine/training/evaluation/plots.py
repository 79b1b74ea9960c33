"""Curves as inline SVG. Words and dots are HTML over it, so that they keep their size on a phone. No scripts, no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, isfinite, log10

from engine.training.evaluation.say import ENGLISH, Say

MOST_POINTS = 400  # of a line; more are averaged
TICKS = 4
HEIGHT = 100  # of the drawing's own units, like its width


@dataclass(frozen=True)
class Series:
    """points: x and y, in the order of x. errors: half the length of the bar at each point. look: a class of the style:
    faint, first or second."""

    name: str
    points: Sequence[tuple[float, float]]
    look: str = "first"
    errors: Sequence[float | None] = ()
    dots: bool = False


@dataclass(frozen=True)
class Mark:
    """A vertical line at x with a word."""

    x: float
    text: str


def plot(title: str, series: Sequence[Series], mark: Mark | None = None, say: Say = ENGLISH) -> str:
    """A figure; empty when there is nothing to draw."""
    series = [one for one in map(finite, series) if one.points]
    if not series:
        return ""
    frame = Frame.around(series)
    drawn = "".join(bars(one, frame) + line(one, frame) for one in series)
    if mark:
        x = frame.x(mark.x)
        drawn += f'<path class="mark" d="M{x:.2f} 0V{HEIGHT}"/>'
    grid = "".join(f'<path class="grid" d="M0 {frame.y(tick):.2f}H100"/>' for tick in frame.ticks)
    ends = say("step {first} to {last}", first=short(frame.left), last=short(frame.right))
    label = f"{title}, {ends}: " + "; ".join(summary(one, say) for one in series)
    dots = "".join(dot(one, frame) for one in series if one.dots or len(one.points) == 1)
    ys = "".join(f'<span style="top:{frame.y(tick):.2f}%">{short(tick)}</span>' for tick in frame.ticks)
    xs = "".join(f'<span style="left:{frame.x(x):.2f}%">{short(x)}</span>' for x in marks(frame.left, frame.right))
    word = ""
    if mark:
        side = "right" if frame.x(mark.x) < 60 else "left"
        word = f'<span class="word {side}" style="left:{frame.x(mark.x):.2f}%">{escape(mark.text)}</span>'
    keys = "".join(f'<span class="key"><i class="{one.look}"></i>{escape(one.name)}</span>' for one in series)
    return (
        f'<figure class="plot"><figcaption><b>{escape(title)}</b>{keys}</figcaption>'
        f'<div class="area"><div class="ys">{ys}</div>'
        f'<div class="canvas"><svg viewBox="0 0 100 {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">{grid}{drawn}</svg>{dots}{word}</div>'
        f'<div class="xs">{xs}</div></div></figure>'
    )


@dataclass(frozen=True)
class Frame:
    """What is seen: from left to right, from low to high, in the units of the data."""

    left: float
    right: float
    low: float
    high: float
    ticks: Sequence[float]

    @classmethod
    def around(cls, series: Sequence[Series]) -> "Frame":
        xs = [x for one in series for x, _ in one.points]
        ys = [end for one in series for end in reach(one)]
        ticks = round_ticks(min(ys), max(ys))
        return cls(min(xs), max(xs), min(*ys, ticks[0]), max(*ys, ticks[-1]), ticks)

    def x(self, value: float) -> float:
        return 50.0 if self.right == self.left else 100 * (value - self.left) / (self.right - self.left)

    def y(self, value: float) -> float:
        """Percent from above."""
        return 50.0 if self.high == self.low else HEIGHT * (self.high - value) / (self.high - self.low)


def finite(series: Series) -> Series:
    errors = list(series.errors) or [None] * len(series.points)
    kept = [(p, e) for p, e in zip(series.points, errors, strict=True) if all(map(isfinite, p))]
    if len(kept) > MOST_POINTS and not series.errors:
        return Series(series.name, averaged([p for p, _ in kept]), series.look, (), series.dots)
    return Series(series.name, [p for p, _ in kept], series.look, [e for _, e in kept], series.dots)


def averaged(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most MOST_POINTS, each the mean of its neighbours."""
    size = -(-len(points) // MOST_POINTS)
    chunks = [points[first : first + size] for first in range(0, len(points), size)]
    return [(sum(x for x, _ in chunk) / len(chunk), sum(y for _, y in chunk) / len(chunk)) for chunk in chunks]


def reach(series: Series) -> list[float]:
    errors = [error or 0.0 for error in series.errors] or [0.0] * len(series.points)
    return [y + sign * error for (_, y), error in zip(series.points, errors, strict=True) for sign in (-1, 1)]


def round_ticks(low: float, high: float) -> list[float]:
    """About TICKS round numbers from below `low` to above `high`."""
    if high <= low:
        return [low]
    raw = (high - low) / TICKS
    unit = 10 ** floor(log10(raw))
    step = next(unit * m for m in (1, 2, 2.5, 5, 10) if unit * m >= raw * 0.999)
    first = floor(low / step + 1e-9)
    ticks = [first * step]
    while ticks[-1] < high - step * 1e-9:
        ticks.append((first + len(ticks)) * step)
    return ticks


def marks(left: float, right: float) -> list[float]:
    """Both ends, and the whole number in the middle."""
    return sorted({left, float(round((left + right) / 2)), right}) if right - left > 1 else sorted({left, right})


def line(series: Series, frame: Frame) -> str:
    path = "L".join(f"{frame.x(x):.2f} {frame.y(y):.2f}" for x, y in series.points)
    return f'<path class="{series.look}" d="M{path}"/>'


def bars(series: Series, frame: Frame) -> str:
    drawn = [
        f"M{frame.x(x):.2f} {frame.y(y - error):.2f}V{frame.y(y + error):.2f}"
        for (x, y), error in zip(series.points, series.errors, strict=False)
        if error
    ]
    return f'<path class="{series.look} bar" d="{"".join(drawn)}"/>' if drawn else ""


def dot(series: Series, frame: Frame) -> str:
    return "".join(
        f'<i class="dot {series.look}" style="left:{frame.x(x):.2f}%;top:{frame.y(y):.2f}%"></i>'
        for x, y in series.points
    )


def summary(series: Series, say: Say) -> str:
    ends = {"first": short(series.points[0][1]), "last": short(series.points[-1][1])}
    return say("{name} from {first} to {last}", name=series.name, **ends)


def short(value: float) -> str:
    """At most four digits, or whole: 12,345; 0.125; 1e-05."""
    if value == 0:
        return "0"
    if 10_000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.4g}"
