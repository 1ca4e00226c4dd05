"""Chooses where the axes of a chart begin, end and carry their labels, and how their figures are written."""

import math
from collections.abc import Sequence

from cards import moments

MINUTE, HOUR, DAY = 60, 3_600, 86_400
STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * DAY for days in (1, 2, 7, 14, 30, 91, 182, 365)),
)
"""Distances between labels of time that a person can read, seconds."""

HIGH_UP = 0.7
"""A series that never falls below this share of its highest value is drawn without the empty room down to zero."""
LEAST_REACH = 0.1
"""But the axis reaches over this share of it, so that mere noise does not look like mountains."""
THOUSANDS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
SHORTENED = 1e4
EXACT = frozenset({"%", "s", "ms", "B", "kB", "MB", "GB", "TB"})
"""Units before which no thousands are shortened."""


def value_ticks(values: Sequence[float], zero: bool = True) -> tuple[float, ...]:
    """Round numbers an even step apart that hold all these values; zero among them unless that is not wanted, or
    could as well be left out. None where no number can say it."""
    low, high = min(values), max(values)
    if zero or not 0 < HIGH_UP * high < low:
        low, high = min(low, 0.0), max(high, 0.0)
    else:
        low = min(low, high - LEAST_REACH * high)
    spread = high - low
    if not math.isfinite(spread):
        return ()
    step = _round_up(spread / 4) if spread > 0 else 1.0
    first = math.floor(low / step)
    last = max(math.ceil(high / step), first + 1)
    ticks = tuple(number * step for number in range(first, last + 1))
    return ticks if math.isfinite(ticks[0]) and math.isfinite(ticks[-1]) else ()


def tick_labels(ticks: Sequence[float], unit: str) -> list[str]:
    """These round numbers as they stand on an axis: alike in their digits, the unit behind each."""
    largest = max(abs(tick) for tick in ticks)
    divisor, prefix = _shortening(largest, unit)
    step = (ticks[-1] - ticks[0]) / max(len(ticks) - 1, 1) / divisor
    if largest / divisor >= 1e15 or (0 < step < 1e-6):
        return [_with_unit(f"{tick:.3g}", "", unit) for tick in ticks]
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return [_with_unit(f"{tick / divisor + 0.0:,.{digits}f}", prefix if tick else "", unit) for tick in ticks]


def figure(value: float, unit: str) -> str:
    """One value with its unit, with three digits that matter."""
    divisor, prefix = _shortening(abs(value), unit)
    small = value / divisor
    if abs(small) >= 1e15 or 0 < abs(small) < 1e-3:
        return _with_unit(f"{value:.3g}", "", unit)
    digits = 0 if abs(small) >= 100 else 1 if abs(small) >= 10 else 2 if abs(small) >= 1 else 3
    said = f"{small:,.{digits}f}"
    return _with_unit(said.rstrip("0").rstrip(".") if "." in said else said, prefix, unit)


def shortened(largest: float, unit: str) -> tuple[float, str]:
    """What to divide an axis by whose largest value is this, and the unit it then has."""
    divisor, prefix = _shortening(largest, unit)
    return divisor, _with_unit("", prefix, unit).strip()


def time_labels(start: float, end: float, most: int, zone: str = "UTC") -> list[tuple[float, str]]:
    """At most about `most` moments between these two, unix seconds, that are round on a clock there, each with what
    that clock shows."""
    span, ahead = end - start, moments.ahead(start, zone)
    step = next((float(step) for step in STEPS if span / step <= most), span / max(most, 1))
    first = math.ceil((start + ahead) / step)
    form = _form(step, span)
    round_ones = [number * step - ahead for number in range(first, math.floor((end + ahead) / step) + 1)]
    return [(at, moments.axis(at, form, zone)) for at in round_ones]


def clock(at: float, span: float, zone: str = "UTC") -> str:
    """A moment as exactly as it is wanted on a chart over `span` seconds; "?" where no calendar has it."""
    form = "%H:%M:%S" if span < DAY else "%m-%d %H:%M" if span < 300 * DAY else "%Y-%m-%d"
    try:
        return moments.axis(at, form, zone)
    except (OverflowError, OSError, ValueError):
        return "?"


def _form(step: float, span: float) -> str:
    if step >= DAY:
        return "%Y-%m-%d"
    if span >= DAY:
        return "%m-%d %H:%M"
    return "%H:%M" if step >= MINUTE else "%H:%M:%S"


def _round_up(size: float) -> float:
    """The next step of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(size)) if size > 1e-300 else 1e-300
    return next((factor * power for factor in (1.0, 2.0, 5.0) if factor * power >= size), 10.0 * power)


def _shortening(largest: float, unit: str) -> tuple[float, str]:
    if largest < SHORTENED or unit in EXACT:
        return 1.0, ""
    return next(((size, name) for size, name in THOUSANDS if largest >= size), (1.0, ""))


def _with_unit(number: str, prefix: str, unit: str) -> str:
    if unit.startswith("/"):
        return f"{number}{prefix}{unit}"
    return f"{number}{prefix} {unit}".rstrip()
