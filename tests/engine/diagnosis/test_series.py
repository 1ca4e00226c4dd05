"""Checks that shifts are found whatever the spread, dated to their foot, and shown as anybody would compute them."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnosis.floors import floor
from engine.diagnosis.series import Series, Shift, shifts


def one(values: list[float], split: int, role: str = "error_ratio") -> Shift:
    """The shift of a series with a point a second, where `split` points lie before."""
    times = np.arange(len(values), dtype=np.float64)
    return shifts([Series(times, np.array(values), floor(role, "ratio"))], float(split))[0]


def test_a_series_without_any_spread_is_no_more_sensitive_than_its_floor():
    assert not one([0.0] * 30 + [0.01] * 15, 30).abnormal
    assert one([0.0] * 30 + [0.02] * 15, 30).abnormal


def test_a_noisy_series_needs_more_than_its_floor():
    noisy = [0.05, 0.15] * 15
    assert not one([*noisy, *[0.17] * 15], 30).abnormal
    assert one([*noisy, *[0.6] * 15], 30).abnormal


def test_the_onset_is_the_foot_of_the_ramp():
    ramp = [0.0] * 35 + [0.02 * n for n in range(1, 11)]
    found = one(ramp, 30)
    assert found.onset == 36.0
    assert found.after == pytest.approx(0.18)


def test_a_little_background_before_a_large_shift_is_not_its_onset():
    assert one([0.0] * 30 + [0.008] * 8 + [0.1] * 8, 30).onset == 38.0


def test_an_onset_before_the_split_is_found_too():
    assert one([0.0] * 25 + [0.5] * 20, 30).onset == 25.0


def test_one_blip_is_no_shift():
    assert not one([0.0] * 36 + [0.9] + [0.0] * 8, 30).abnormal


def test_what_came_back_is_told():
    found = one([0.0] * 30 + [0.4] * 8 + [0.0] * 12, 30)
    assert (found.abnormal, found.back) == (True, True)


def test_a_share_without_samples_before_was_nought_and_a_latency_is_not_judged():
    assert one([0.2] * 8, 0).abnormal
    assert one([0.2] * 8, 0).before is None
    assert not one([0.9] * 8, 0, role="latency_p95").abnormal


def test_fewer_errors_are_no_trouble_and_fewer_instances_are():
    assert not one([0.5] * 30 + [0.0] * 15, 30).abnormal
    fallen = one([1.0] * 30 + [0.5] * 15, 30, role="availability")
    assert (fallen.abnormal, fallen.direction, fallen.after) == (True, "down", 0.5)


def test_series_of_different_length_are_judged_as_if_alone():
    rows = [[0.0] * 30 + [0.3] * n for n in (5, 15, 40)]
    together = shifts(
        [Series(np.arange(len(row), dtype=np.float64), np.array(row), floor("error_ratio", "ratio")) for row in rows],
        30.0,
    )
    assert together == [one(row, 30) for row in rows]


@given(
    before=st.lists(st.floats(0, 1), min_size=3, max_size=60),
    after=st.lists(st.floats(0, 1), min_size=1, max_size=60),
)
def test_the_figures_are_those_of_an_independent_computation(before: list[float], after: list[float]):
    found = one([*before, *after], len(before))
    assert found.before == pytest.approx(statistics.median(before))
    width = found.width
    rolled = [statistics.median(after[at : at + width]) for at in range(len(after) - width + 1)]
    expected = max(rolled) if found.abnormal else statistics.median(after)
    assert found.after == pytest.approx(expected)
    assert (found.onset is not None) == found.abnormal
