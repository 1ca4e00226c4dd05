"""Proves that every row of the table leads to queries that Prometheus' own grammar accepts."""

from collections.abc import Iterator

import promql_parser
import pytest

from engine.diagnosis.roles import ROLES
from engine.sources.conventions import (
    CALLED,
    HTTP_CODES,
    LATENCY,
    LIMITS,
    PEER_LABELS,
    POOL_WAIT_MEANS,
    POOL_WAITS,
    POOLS,
    REPLICAS,
    SATURATION,
    SERVED,
    UP,
)
from engine.sources.families import families, lookups
from engine.sources.inside import workings
from engine.sources.questions import about_service
from engine.sources.workings import EVENTS, LEVELS, PARTS, SHARES, SPEEDS
from engine.team import Service
from tests.engine.sources.backends import Labels, selects

PAYMENT = Service(name="payment")


def rows() -> Iterator[tuple[str, list[Labels]]]:
    """Each row alone: the role it must bring, and the series it is found by."""
    for row in SERVED:
        extra = dict([row.extra.replace('"', "").split("=")] if row.extra else [])
        yield (
            "timeout_ratio",
            [{"__name__": row.name, row.identity[0]: "payment", row.codes[-1]: "200", "version": "v1"} | extra],
        )
    for row in CALLED:
        extra = dict([row.extra.replace('"', "").split("=")] if row.extra else [])
        peer = PEER_LABELS[0] if not extra else "destination_service_name"
        yield (
            "dependency_error_ratio",
            [{"__name__": row.name, row.identity[0]: "payment", row.codes[-1]: "", peer: "b"} | extra],
        )
    for timed in (*LATENCY, *POOL_WAITS):
        extra = dict([timed.extra.replace('"', "").split("=")] if timed.extra else [])
        role = "latency_p95" if timed in LATENCY else "pool_wait"
        yield role, [{"__name__": timed.name, timed.identity[0]: "payment", "le": "+Inf"} | extra]
    for pool in POOLS:
        states: Labels = {label: "used" for label, _ in pool.states[-1:]}
        names = [{"__name__": pool.used} | states, {"__name__": pool.most}]
        yield "pool_use", [labels | {"service": "payment", "pod": "p"} for labels in names]
    for pair in POOL_WAIT_MEANS:
        yield "pool_wait", [{"__name__": name, "service": "payment"} for name in pair]
    for role, name, resource in SATURATION:
        yield role, [{"__name__": n, "container": "payment", "pod": "p", "resource": resource} for n in (name, LIMITS)]
    yield from inner()
    yield "availability", [{"__name__": UP, "job": "shop/payment"}]
    yield "availability", [{"__name__": name, "deployment": "payment"} for name in REPLICAS]


def inner() -> Iterator[tuple[str, list[Labels]]]:
    """Each row about what goes on inside."""
    for part in PARTS:
        yield part.role, [{"__name__": n, part.identity[0]: "payment", "pod": "p"} for n in (part.used, part.most)]
    for share in SHARES:
        yield (
            share.role,
            [{"__name__": name, share.identity[0]: "payment"} for name in sorted({share.some, share.every})],
        )
    for row in (*SPEEDS, *LEVELS, *EVENTS):
        yield row.role, [{"__name__": row.name, row.identity[0]: "payment", "instance": "i"}]


def test_every_role_asked_of_the_inside_is_known_to_the_diagnosis_in_its_unit() -> None:
    series = [labels for _, found in inner() for labels in found]
    asks = workings(families(PAYMENT, {}, series), "20s")
    assert {ask.role for ask in asks} == {role for role, _ in inner()}
    assert all(ROLES[ask.role].unit == ask.unit for ask in asks)


@pytest.mark.parametrize(
    "role, series", list(rows()), ids=lambda value: value if isinstance(value, str) else value[0]["__name__"]
)
def test_a_row_is_looked_up_found_and_asked_in_valid_promql(role: str, series: list[Labels]) -> None:
    looked_up = lookups([PAYMENT])
    assert all(any(selects(match, labels) for match in looked_up) for labels in series)
    asks = about_service("payment", families(PAYMENT, {}, series), "20s", ["payment"])
    assert role in {ask.role for ask in asks}
    for ask in asks:
        promql_parser.parse(ask.query)


def test_every_lookup_is_a_selector_prometheus_accepts() -> None:
    hostile = Service(name='pay"}|{', labels={"team": 'a"b\\', "namespace": "shop"})
    for match in lookups([PAYMENT, hostile]):
        assert isinstance(promql_parser.parse(match), promql_parser.VectorSelector)


def test_no_label_of_codes_is_also_one_of_peers() -> None:
    assert not set(HTTP_CODES) & set(PEER_LABELS)
