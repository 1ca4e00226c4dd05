"""Checks the evaluator: rates as Prometheus extrapolates them, vectors that match one to one, and what it refuses."""

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.promql.evaluate import Evaluation, parse_query
from bot.demo.promql.quantile import bucket_quantile
from bot.demo.promql.values import BadQuery, CannotExecute, Scalar, Text, exponent_text, number_text
from bot.demo.samples import SampleStore, labels_of

Points = list[tuple[float, float]]


def stored(series: dict[str, Points]) -> SampleStore:
    """A store with the series written as `name{a="b"}` and points of (seconds, value)."""
    store = SampleStore()
    for text, points in series.items():
        name, _, inside = text.partition("{")
        labels = dict(pair.split("=") for pair in inside.rstrip("}").split(",") if pair)
        full = labels_of({key: value.strip('"') for key, value in labels.items()} | {"__name__": name})
        for at, value in points:
            store.append(full, round(at * 1000), value)
    return store


def ask(store: SampleStore, query: str, at: float) -> dict[str, float]:
    """The value of each element at one moment, keyed by its labels in one line."""
    value = Evaluation(store, np.array([round(at * 1000)], np.int64)).value(parse_query(query))
    if isinstance(value, Scalar):
        return {"scalar": float(value.values[0])}
    assert not isinstance(value, Text)
    return {
        ",".join(f"{key}={text}" for key, text in each.labels): float(each.values[0])
        for each in value
        if each.present[0]
    }


def counter(rate: float, start: float = 0.0, seconds: int = 30, first: float = 1000.0) -> Points:
    return [(start + second, first + rate * second) for second in range(seconds + 1)]


def test_the_rate_of_a_steady_counter_is_its_slope() -> None:
    assert ask(stored({"x": counter(3)}), "rate(x[10s])", 30) == {"": pytest.approx(3)}


def test_both_ends_of_a_range_belong_to_it() -> None:
    assert ask(stored({"x": counter(3)}), "count_over_time(x[10s])", 30) == {"": 11}


def test_a_reset_counts_from_zero_again() -> None:
    store = stored({"x": [(0, 10), (1, 20), (2, 5), (3, 15)]})
    assert ask(store, "increase(x[3s])", 3) == {"": pytest.approx(25)}
    assert ask(store, "delta(x[3s])", 3) == {"": pytest.approx(5)}
    assert ask(store, "resets(x[3s])", 3) == {"": 1}
    assert ask(store, "irate(x[3s])", 2) == {"": 5}


def test_a_range_that_samples_nearly_fill_is_extrapolated_to_its_ends() -> None:
    store = stored({"x": [(0.5 + second, 100 + 2 * second) for second in range(10)]})
    assert ask(store, "increase(x[10s])", 10) == {"": pytest.approx(20)}


def test_a_series_that_began_inside_the_range_is_extrapolated_by_half_a_step() -> None:
    store = stored({"x": [(second, 100 + 2 * second) for second in range(20, 31)]})
    assert ask(store, "increase(x[30s])", 30) == {"": pytest.approx(20 * (10 + 0.5) / 10)}


def test_a_counter_is_never_extrapolated_below_zero() -> None:
    store = stored({"x": [(9.2, 1), (10.2, 21), (11.2, 41)]})
    assert ask(store, "increase(x[3s])", 12) == {"": pytest.approx(40 * (2 + 0.05 + 0.8) / 2)}


def test_one_sample_makes_no_rate() -> None:
    assert ask(stored({"x": [(5, 1)]}), "rate(x[10s])", 6) == {}


@given(
    slope=st.floats(0.1, 1000),
    window=st.integers(3, 20),
    cuts=st.sets(st.integers(1, 29), max_size=6),
)
def test_restarts_do_not_change_what_was_counted(slope: float, window: int, cuts: set[int]) -> None:
    points, value = [], 1e6
    for second in range(31):
        value = slope if second in cuts else value + slope
        points.append((float(second), value))
    found = ask(stored({"x": points}), f"increase(x[{window}s])", 30)
    real = [slope for second in range(31 - window, 31)]
    near_zero = any(second in cuts for second in range(30 - window, 31))
    assert found[""] <= sum(real) * 1.001
    if not near_zero:
        assert found[""] == pytest.approx(sum(real))


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=20))
def test_an_increase_is_never_negative_and_scales(values: list[float]) -> None:
    points = [(float(second), value) for second, value in enumerate(values)]
    end = len(values) - 1
    single = ask(stored({"x": points}), f"increase(x[{end}s])", end)[""]
    doubled = ask(stored({"x": [(at, 2 * value) for at, value in points]}), f"increase(x[{end}s])", end)[""]
    assert single >= 0
    assert doubled == pytest.approx(2 * single)


def test_a_value_is_seen_for_five_minutes_and_not_after_its_series_ended() -> None:
    store = stored({"x": [(10, 1)]})
    assert ask(store, "x", 309) == {"__name__=x": 1}
    assert ask(store, "x", 311) == {}
    labels = labels_of({"__name__": "y"})
    store.write("origin", 10_000, [(labels, 2.0)])
    store.write("origin", 11_000, [])
    assert ask(store, "y", 10.5) == {"__name__=y": 2}
    assert ask(store, "y", 11) == {}


def test_matchers_offset_and_aggregation() -> None:
    store = stored({'x{a="1",b="p"}': [(0, 1), (60, 5)], 'x{a="2",b="p"}': [(0, 2), (60, 6)], 'x{a="3"}': [(60, 9)]})
    assert ask(store, 'x{a=~"1|2",b!="q",a!~"2"}', 60) == {"__name__=x,a=1,b=p": 5}
    assert ask(store, 'x{b=""}', 60) == {"__name__=x,a=3": 9}
    assert ask(store, "sum by (b) (x)", 60) == {"b=p": 11, "": 9}
    assert ask(store, "max without (a) (x offset 1m)", 60) == {"b=p": 2}
    assert ask(store, "count(x) + avg(x) - min(x) * 2", 60) == {"": pytest.approx(3 + 20 / 3 - 10)}
    assert ask(store, "topk(1, x)", 60) == {"__name__=x,a=3": 9}


def test_vectors_match_one_to_one() -> None:
    store = stored({'e{s="a",c="5"}': [(0, 2)], 't{s="a"}': [(0, 8)], 't{s="b"}': [(0, 4)]})
    assert ask(store, "e / on(s) t", 0) == {"s=a": 0.25}
    assert ask(store, "e / ignoring(c) t", 0) == {"s=a": 0.25}
    assert ask(store, "e / t", 0) == {}
    assert ask(store, "sum by (s) (e) / sum by (s) (t) > 0.2", 0) == {"s=a": 0.25}
    assert ask(store, "t > 5", 0) == {"__name__=t,s=a": 8}
    assert ask(store, "t > bool 5", 0) == {"s=a": 1, "s=b": 0}
    assert ask(store, "sum by (s) (e) or sum by (s) (t)", 0) == {"s=a": 2, "s=b": 4}
    assert ask(store, "t unless on(s) e", 0) == {"__name__=t,s=b": 4}
    assert ask(store, "clamp_min(t, 5)", 0) == {"s=a": 8, "s=b": 5}
    assert ask(store, "-t", 0) == {"s=a": -8, "s=b": -4}
    assert ask(store, 'absent(nope{k="v"})', 0) == {"k=v": 1}
    assert ask(store, "absent(t)", 0) == {}
    assert ask(store, "scalar(e) * 2", 0) == {"scalar": 4}
    assert ask(store, "vector(1) / 0", 0) == {"": math.inf}


def test_a_steps_row_equals_one_step_at_a_time() -> None:
    store = stored({'x{v="1"}': counter(2, 0, 20), 'x{v="2"}': counter(5, 10, 25)})
    query = parse_query("sum(rate(x[5s])) + max(x)")
    steps = list(range(0, 36_000, 700))
    row = Evaluation(store, np.array(steps, np.int64)).value(query)
    assert isinstance(row, list)
    for place, at in enumerate(steps):
        alone = ask(store, "sum(rate(x[5s])) + max(x)", at / 1000)
        together = {"": float(row[0].values[place])} if row[0].present[place] else {}
        assert together == pytest.approx(alone)


@pytest.mark.parametrize(
    "quantile, counts, expected",
    [
        (0.5, [0, 10, 20], 2.0),
        (0.95, [0, 10, 20], 2.0),
        (0.25, [10, 10, 10], 0.25),
        (0.5, [5, 4, 10], 1.0),
        (-1, [1, 2, 3], -math.inf),
        (2, [1, 2, 3], math.inf),
    ],
)
def test_quantiles_of_buckets(quantile: float, counts: list[float], expected: float) -> None:
    assert bucket_quantile(quantile, [1.0, 2.0, math.inf], counts) == pytest.approx(expected)


def test_quantiles_of_no_observations_are_not_a_number() -> None:
    assert math.isnan(bucket_quantile(0.5, [1.0, math.inf], [0, 0]))
    assert math.isnan(bucket_quantile(0.5, [1.0, 2.0], [1, 2]))


@pytest.mark.parametrize(
    "query",
    [
        "max_over_time(x[1m:1s])",
        "x @ 5",
        "x * on(a) group_left(b) x",
        "label_replace(x, 'a', '', '', '')",
        "deriv(x[1m])",
    ],
)
def test_what_is_outside_the_supported_part_is_refused(query: str) -> None:
    with pytest.raises((CannotExecute, BadQuery)):
        ask(stored({"x": counter(1)}), query, 10)


def test_series_that_collide_are_refused() -> None:
    store = stored({'x{a="1"}': counter(1), 'y{a="1"}': counter(1)})
    with pytest.raises(CannotExecute, match="same labelset"):
        ask(store, 'rate({__name__=~"x|y"}[10s])', 20)


@given(st.text(max_size=40))
def test_no_query_text_does_anything_but_answer_or_be_refused(query: str) -> None:
    with contextlib.suppress(BadQuery, CannotExecute):
        expr = parse_query(query)
        Evaluation(stored({"x": counter(1)}), np.array([10_000], np.int64)).value(expr)


@pytest.mark.parametrize(
    "value, plain, exponent",
    [
        (0.0, "0", "0e+00"),
        (1.0, "1", "1e+00"),
        (0.3964497041420118, "0.3964497041420118", "3.964497041420118e-01"),
        (1e-9, "0.000000001", "1e-09"),
        (1e21, "1000000000000000000000", "1e+21"),
        (-120.0, "-120", "-1.2e+02"),
        (math.inf, "+Inf", "+Inf"),
        (math.nan, "NaN", "NaN"),
    ],
)
def test_numbers_are_written_as_prometheus_writes_them(value: float, plain: str, exponent: str) -> None:
    assert (number_text(value), exponent_text(value)) == (plain, exponent)
