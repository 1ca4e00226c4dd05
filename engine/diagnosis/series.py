"""Finds, for many series at once, whether they left their usual level, since when, and how far."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

UNUSUAL = 3.0
"""From here a shift counts: three spreads, or one whole floor, whichever is more."""
MOST_UNUSUAL = 1000.0
FEWEST_BEFORE = 3
WIDEST = 15
FOOT = 0.15
"""Share of a shift below which it has not begun."""


@dataclass(frozen=True)
class Floor:
    """How much a series must move before anybody should care, however calm it was.

    `absolute` is in the series' unit, `relative` a share of the level before; the larger one counts. `assumed` is the
    level before where nothing was measured then (a share of failures that has no samples is none); None: not judged.
    """

    absolute: float
    relative: float
    rises: bool = True
    falls: bool = False
    assumed: float | None = None


@dataclass(frozen=True)
class Series:
    """Finite points of one series, oldest first (`times` in unix seconds), and the floor it is judged by."""

    times: Floats
    values: Floats
    floor: Floor


@dataclass(frozen=True)
class Shift:
    """How one series moved.

    before: median of the points before the split (None: fewer than three) · after: where abnormal the extreme, in
    `direction`, of the rolling median over `width` points from the split on, else their median · now: median of the
    last `width` points · onset: unix seconds of the first point of the run that leads to the extreme.
    """

    before: float | None
    after: float | None
    now: float | None
    onset: float | None
    direction: Literal["up", "down"]
    unusual: float
    abnormal: bool
    back: bool
    width: int


def split_at(times: Floats, split: float) -> int:
    """How many points lie before the split."""
    return int(np.searchsorted(times, split, side="left"))


def rolling_median(values: Floats, width: int) -> Floats:
    """Median of every `width` neighbouring points along the last axis; the result is `width - 1` shorter."""
    windows = np.lib.stride_tricks.sliding_window_view(values, width, axis=-1)
    ranked = np.partition(windows, width // 2, axis=-1)
    return np.asarray(ranked[..., width // 2], dtype=np.float64)


def smoothing(points: int) -> int:
    """How many of `points` points one blip may not outvote: odd, about a sixth of them, 3 to 15."""
    if points < FEWEST_BEFORE:
        return 1
    return min(WIDEST, max(3, (points // 6) | 1))


def shifts(series: Sequence[Series], split: float) -> list[Shift]:
    """Judge all series; those of one shape are stacked and judged in one go. `split` in unix seconds."""
    shapes: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, one in enumerate(series):
        shapes[split_at(one.times, split), len(one.times)].append(place)
    found: dict[int, Shift] = {}
    for (early, total), places in shapes.items():
        group = [series[place] for place in places]
        judged = _unmeasured(group) if early == total else _measured(group, early)
        found.update(zip(places, judged, strict=True))
    return [found[place] for place in range(len(series))]


def _unmeasured(group: Sequence[Series]) -> Iterator[Shift]:
    for one in group:
        level = float(np.median(one.values)) if len(one.values) >= FEWEST_BEFORE else None
        yield Shift(level, None, None, None, "up", 0.0, abnormal=False, back=False, width=1)


def _baseline(values: Floats, group: Sequence[Series], early: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Level before and spread of each row, and whether a row can be judged at all."""
    if early >= FEWEST_BEFORE:
        low, middle, high = np.quantile(values[:, :early], [0.25, 0.5, 0.75], axis=1)
        return middle, (high - low) / 1.349, np.ones(len(group), dtype=np.bool_)
    assumed = [one.floor.assumed for one in group]
    level = np.array([0.0 if each is None else each for each in assumed])
    return level, np.zeros(len(group)), np.array([each is not None for each in assumed])


def _measured(group: Sequence[Series], early: int) -> Iterator[Shift]:
    values = np.vstack([one.values for one in group])
    base, spread, judged = _baseline(values, group, early)
    absolute = np.array([one.floor.absolute for one in group])
    relative = np.array([one.floor.relative for one in group])
    scale = np.maximum(spread, np.maximum(absolute, relative * np.abs(base)) / UNUSUAL)
    late = values[:, early:]
    width = smoothing(late.shape[1])
    smooth = rolling_median(late, width)
    up = (smooth.max(axis=1) - base) / scale * np.array([one.floor.rises for one in group])
    down = (base - smooth.min(axis=1)) / scale * np.array([one.floor.falls for one in group])
    sign = np.where(down > up, -1.0, 1.0)
    unusual = np.clip(np.maximum(up, down), 0.0, MOST_UNUSUAL) * judged
    extreme = np.where(sign > 0, smooth.max(axis=1), smooth.min(axis=1))
    # Most series are calm: only those that moved are walked back.
    moved = np.flatnonzero(unusual >= UNUSUAL)
    peak = early + width // 2 + np.argmax(smooth[moved] * sign[moved, None], axis=1)
    onset = dict(zip(moved, _onset(values[moved], base[moved], scale[moved], sign[moved], peak), strict=True))
    middle, now = np.median(late, axis=1), np.median(late[:, -width:], axis=1)
    back = sign * (now - base) < UNUSUAL / 2 * scale
    for row, one in enumerate(group):
        abnormal = row in onset
        yield Shift(
            before=float(base[row]) if early >= FEWEST_BEFORE else None,
            after=float(extreme[row] if abnormal else middle[row]),
            now=float(now[row]),
            onset=float(one.times[onset[row]]) if abnormal else None,
            direction="up" if sign[row] > 0 else "down",
            unusual=round(float(unusual[row]), 2),
            abnormal=abnormal,
            back=bool(back[row]),
            width=width,
        )


def _onset(values: Floats, base: Floats, scale: Floats, sign: Floats, peak: NDArray[np.int_]) -> NDArray[np.int_]:
    """Walk back from the peak of each row to the last three calm points in a row; the onset is right behind them.

    Calm is less than half of what makes a shift count, so that a ramp is dated to its foot; and less than a small part
    of the shift itself, so that a little background before a large one is not taken for its beginning.
    """
    away = sign[:, None] * (values - base[:, None])
    foot = FOOT * away[np.arange(len(values)), peak]
    calm = away < np.maximum(UNUSUAL / 2 * scale, foot)[:, None]
    run = calm.copy()
    run[:, 1:] &= calm[:, :-1]
    run[:, 2:] &= calm[:, :-2]
    places = np.where(run, np.arange(values.shape[1]), -1)
    last = np.maximum.accumulate(places, axis=1)[np.arange(len(values)), peak]
    return np.asarray(np.minimum(last + 1, peak), dtype=np.int_)
