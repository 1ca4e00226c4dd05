"""Chooses where the axes of a chart begin, end and carry their labels."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3_600, 86_400
STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * DAY for days in (1, 2, 7, 14, 30, 91, 182, 365)),
)
"""Distances between labels of time that a person can read, seconds."""


def value_ticks(values: Sequence[float]) -> tuple[float, ...]:
    """Round numbers an even step apart that hold all these values, zero among them; none where no number can say it."""
    low, high = min(*values, 0.0), max(*values, 0.0)
    spread = high - low
    if not math.isfinite(spread):
        return ()
    step = _round_up(spread / 4) if spread > 0 else 1.0
    first = math.floor(low / step)
    last = max(math.ceil(high / step), first + 1)
    ticks = tuple(number * step for number in range(first, last + 1))
    return ticks if math.isfinite(ticks[0]) and math.isfinite(ticks[-1]) else ()


def time_labels(start: float, end: float, most: int) -> list[tuple[float, str]]:
    """At most about `most` round moments between these two, unix seconds, each with its name in UTC."""
    span = end - start
    step = next((float(step) for step in STEPS if span / step <= most), span / max(most, 1))
    first = math.ceil(start / step)
    moments = [number * step for number in range(first, math.floor(end / step) + 1)]
    form = _form(step, span)
    return [(at, datetime.fromtimestamp(at, UTC).strftime(form)) for at in moments]


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
