"""Measures the analysis of many series at once, against a plain median and IQR scorer on the same arrays."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.measuring import Figure, median
from engine.diagnosis.series import Floor, Series, shifts

SERIES, LENGTH, STEP = 1000, 2 * 3600, 15
SPLIT = 0.75
"""Share of the time that counts as before."""
ROUNDS = 15
SLOWER = 4.0

Floats = NDArray[np.float64]


async def measure(rounds: int = ROUNDS) -> list[Figure]:
    """Both in turns, on the same 1,000 series of two hours at 15 seconds, a tenth of which move."""
    times, values = _arrays()
    split = float(times[int(SPLIT * len(times))])
    floor = Floor(absolute=0.05, relative=0.5, falls=True)
    series = [Series(times, row, floor) for row in values]
    shifts(series, split)
    ours, plain = [], []
    for _ in range(rounds):
        plain.append(_timed(lambda: scored(times, values, split)))
        ours.append(_timed(lambda: shifts(series, split)))
    return [Figure(f"{SERIES:,} series analysed", "ms", 1000 * median(ours), 1000 * median(plain), SLOWER)]


def scored(times: Floats, values: Floats, split: float) -> Floats:
    """How far each series goes after the split, in IQRs from its median before."""
    early = int(np.searchsorted(times, split))
    low, middle, high = np.quantile(values[:, :early], [0.25, 0.5, 0.75], axis=1)
    spread = np.where(high > low, high - low, 1.0)
    return np.asarray(np.abs(values[:, early:] - middle[:, None]).max(axis=1) / spread, dtype=np.float64)


def _arrays() -> tuple[Floats, Floats]:
    draw = np.random.default_rng(3)
    times = np.arange(0, LENGTH, STEP, dtype=np.float64)
    values = draw.gamma(4.0, 0.25, (SERIES, len(times)))
    late = int(SPLIT * len(times)) + len(times) // 20
    values[:: SERIES // 100, late:] *= 4.0
    return times, values


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
