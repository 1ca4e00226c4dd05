"""Proves that a threshold is taken off an alert's expression where it plainly is one, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sources.expression import expression_of, threshold_of, unit_of, without_threshold
from tests.engine.sources.backends import CAPTURES

RATIO = (
    'sum by (service) (rate(http_requests_total{code=~"5.."}[10s])) / sum by (service) (rate(http_requests_total[10s]))'
)


@pytest.mark.parametrize(
    "expression, watched",
    [
        (f"{RATIO} > 0.02", RATIO),
        ("up == 0", "up"),
        ("up != bool 1", "up"),
        ("0.5 < errors:ratio", "errors:ratio"),
        ("0.1 < load < 0.9", "load"),
        ("(errors / total) > (14.4 * 0.001)", "errors / total"),
        ("((errors > 5))", "errors"),
        ("latency > 1e-3", "latency"),
        ("latency >= +Inf", "latency"),
        ("latency > scalar(limit)", "latency"),
        ("latency > -5", "latency"),
        ("errors > 0.02 and on (service) traffic > 1", "errors"),
        ("errors > 0.02 unless on () maintenance", "errors"),
        ('log_lines{text="a > 1 and b"} > 3', 'log_lines{text="a > 1 and b"}'),
        ("log_lines{text='say \\'x\\' > 2'} > 3", "log_lines{text='say \\'x\\' > 2'}"),
        ("log_lines{text=`> 1`} > 3", "log_lines{text=`> 1`}"),
        ('requests{code!="200"} > 7 # too many > 3', 'requests{code!="200"}'),
        ("max_over_time(rate(x[5m])[1h:1m]) > 3", "max_over_time(rate(x[5m])[1h:1m])"),
        ("x offset 5m > 3", "x offset 5m"),
        (
            "histogram_quantile(0.99, sum by (le) (rate(d_bucket[10s]))) > 0.2",
            "histogram_quantile(0.99, sum by (le) (rate(d_bucket[10s])))",
        ),
    ],
)
def test_the_threshold_comes_off(expression: str, watched: str) -> None:
    assert without_threshold(expression) == watched


@pytest.mark.parametrize(
    "expression",
    [
        "vector(1)",
        "absent(up)",
        "errors > on (service) group_left limits",
        "a > 1 or b > 2",
        "errors and traffic",
        "sum(rate(x[5m])",
        'x{a="unclosed} > 1',
        "x) > 1",
        "(a > 1) + (b > 2)",
        "count(up == 0)",
        "5",
    ],
)
def test_what_is_unsure_stays(expression: str) -> None:
    assert without_threshold(expression) == expression


@given(st.text(alphabet="ab_ ><=!(){}[]\"'`#0.5,/\\+-\n", max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    shorter = without_threshold(text)
    assert len(shorter) <= len(text)
    unit_of(text)


def test_links_of_the_real_prometheus_are_read() -> None:
    links = (CAPTURES / "prometheus" / "generator_urls.txt").read_text(encoding="utf-8").split()
    assert [without_threshold(expression_of(link)) for link in links] == [
        "histogram_quantile(0.99, sum by (le, service, team, env) (rate(http_request_duration_seconds_bucket[10s])))",
        "service:http_error_ratio:rate10s",
        "up",
    ]


@pytest.mark.parametrize(
    "link, expression",
    [
        ("http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1", "up == 0"),
        ("http://vm/vmui/#/?g0.expr=up%20%3E%201", "up > 1"),
        ("http://grafana/alerting/grafana/abc/view", ""),
        ("http://[broken", ""),
        ("", ""),
        ("javascript:alert(1)", ""),
        (f"http://p/graph?g0.expr={'a' * 5_000}", ""),
    ],
)
def test_a_link_gives_its_expression(link: str, expression: str) -> None:
    assert expression_of(link) == expression


@pytest.mark.parametrize(
    "expression, unit",
    [
        (RATIO, "ratio"),
        ("histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[1m])))", "seconds"),
        ("sum(rate(http_requests_total[1m]))", "per_second"),
        ("node_memory_used / cpu_cores", "none"),
        ("up", "none"),
        ('container_memory_working_set_bytes{pod="x"}', "bytes"),
        ("process_resident_memory_bytes / 1024", "none"),
    ],
)
def test_the_unit_is_what_the_expression_plainly_says(expression: str, unit: str) -> None:
    assert unit_of(expression) == unit


@pytest.mark.parametrize(
    "expression, told",
    [
        (f"{RATIO} > 0.05", (">", 0.05)),
        ("up < bool 1", ("<", 1.0)),
        ("latency >= 2.5e-1", (">=", 0.25)),
        ("up == 0", None),
        ("a > 5 and b > 2", None),
        ("a > scalar(b)", None),
        ("a > 5 * 2", None),
        ("0.5 < a", None),
        ("(a > 5)", None),
        ("a", None),
        ("", None),
        ("((", None),
    ],
)
def test_a_threshold_is_read_where_it_is_plain(expression: str, told: tuple[str, float] | None) -> None:
    assert threshold_of(expression) == told


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_a_threshold(text: str) -> None:
    threshold_of(text)
