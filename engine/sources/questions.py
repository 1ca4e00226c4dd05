"""Turns the metric families a service has into PromQL: which figures are asked for, and how."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeVar

from engine.model import Unit
from engine.sources.conventions import (
    CALLED,
    FAULT_ROLES,
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
    VERSION_LABELS,
    Counted,
    Timed,
)
from engine.sources.families import Families, Family
from engine.sources.inside import workings
from engine.team import Service

Row = TypeVar("Row", Counted, Timed)


class Ask(NamedTuple):
    """One query of a service's figures; `by` is the label it is broken down by, `meaning` what that label means;
    "own": the team wrote the query."""

    service: str
    role: str
    unit: Unit
    query: str
    by: str = ""
    meaning: Literal["", "version", "peer", "own"] = ""
    neighbours: tuple[str, ...] = ()


def by_the_team(service: Service) -> list[Ask]:
    """What the team itself watches of a service."""
    return [Ask(service.name, each.name, each.unit, each.expression, meaning="own") for each in service.signals]


def about_service(service: str, known: Families, window: str, neighbours: Sequence[str]) -> list[Ask]:
    """Everything worth knowing of the alerted service."""
    return [
        *_served(service, known, window, FAULT_ROLES),
        *_latency(service, known, window),
        *_by_version(service, known, window),
        *_calls(service, known, window, tuple(neighbours)),
        *_pool(service, known),
        *_pool_wait(service, known, window),
        *_availability(service, known),
        *_saturation(service, known, window),
        *_inside(service, known, window),
    ]


def about_neighbour(service: str, known: Families, window: str) -> list[Ask]:
    """What tells whether a neighbour is well."""
    return [
        *_served(service, known, window, ("error_ratio", "limited_ratio")),
        *_latency(service, known, window),
        *_pool(service, known),
        *_availability(service, known),
        *_inside(service, known, window),
    ]


def _inside(service: str, known: Families, window: str) -> Iterable[Ask]:
    """What goes on inside it; a pool of the service's own speaks before one of its database."""
    pooled = any(True for _ in _pool(service, known))
    for each in workings(known, window):
        if each.role != "pool_use" or not pooled:
            yield Ask(service, each.role, each.unit, each.query)


def _served(service: str, known: Families, window: str, roles: Iterable[str]) -> Iterable[Ask]:
    for row, family in _having(SERVED, known):
        yield Ask(service, "traffic", "per_second", f"sum(rate({family.pick()}[{window}]))")
        code = family.label(row.codes)
        if code:
            yield from (Ask(service, role, "ratio", _share(family, code + row.faults[role], window)) for role in roles)
        return


def _by_version(service: str, known: Families, window: str) -> Iterable[Ask]:
    for row, family in _having(SERVED, known):
        code, version = family.label(row.codes), family.label(VERSION_LABELS)
        if code and version:
            query = _share(family, code + row.faults["error_ratio"], window, version)
            yield Ask(service, "error_ratio", "ratio", query, version, "version")
        return


def _calls(service: str, known: Families, window: str, neighbours: tuple[str, ...]) -> Iterable[Ask]:
    for row, family in _having(CALLED, known):
        code, peer = family.label(row.codes), family.label(PEER_LABELS)
        if code and peer:
            query = _share(family, code + row.failed, window, peer)
            yield Ask(service, "dependency_error_ratio", "ratio", query, peer, "peer", neighbours)
        return


def _latency(service: str, known: Families, window: str) -> Iterable[Ask]:
    for row, family in _having(LATENCY, known):
        yield Ask(service, "latency_p95", "seconds", _p95(row, family, window))
        return


def _pool_wait(service: str, known: Families, window: str) -> Iterable[Ask]:
    for row, family in _having(POOL_WAITS, known):
        yield Ask(service, "pool_wait", "seconds", _p95(row, family, window))
        return
    for total, count in POOL_WAIT_MEANS:
        waited, waits = known.get((total, "")), known.get((count, ""))
        if waited and waits:
            query = f"sum(rate({waited.pick()}[{window}])) / sum(rate({waits.pick()}[{window}]))"
            yield Ask(service, "pool_wait", "seconds", query)
            return


def _pool(service: str, known: Families) -> Iterable[Ask]:
    """The fullest pool of any replica: one that is exhausted hides in a mean."""
    for pool in POOLS:
        used, most = known.get((pool.used, "")), known.get((pool.most, ""))
        if not used or not most:
            continue
        state = next((f'{label}=~"{values}"' for label, values in pool.states if label in used.labels), "")
        if pool.states and not state:
            continue
        by = ", ".join(
            label for label in ("instance", "pod", "pool", "pool_name") if label in used.labels & most.labels
        )
        query = f"max(sum by ({by}) ({used.pick(state)}) / sum by ({by}) ({most.pick()}))"
        yield Ask(service, "pool_use", "ratio", query)
        return


def _availability(service: str, known: Families) -> Iterable[Ask]:
    if up := known.get((UP, "")):
        yield Ask(service, "availability", "ratio", f"avg({up.pick()})")
    ready, wanted = (known.get((name, "")) for name in REPLICAS)
    if ready and wanted:
        yield Ask(service, "availability", "ratio", f"sum({ready.pick()}) / sum({wanted.pick()})")


def _saturation(service: str, known: Families, window: str) -> Iterable[Ask]:
    """The container nearest to its limit."""
    limits = known.get((LIMITS, ""))
    for role, name, resource in SATURATION:
        used = known.get((name, ""))
        if used and limits:
            now = f"rate({used.pick()}[{window}])" if name.endswith("_total") else used.pick()
            most = limits.pick(f'resource="{resource}"')
            yield Ask(service, role, "ratio", f"max(sum by (pod) ({now}) / sum by (pod) ({most}))")


def _share(family: Family, matcher: str, window: str, by: str = "") -> str:
    """The share of these among all; 0, not nothing, while there are none of these."""
    total = f"sum by ({by}) " if by else "sum"
    some, every = f"{total}(rate({family.pick(matcher)}[{window}]))", f"{total}(rate({family.pick()}[{window}]))"
    return f"({some} or 0 * {every}) / {every}"


def _p95(row: Timed, family: Family, window: str) -> str:
    query = f"histogram_quantile(0.95, sum by (le) (rate({family.pick()}[{window}])))"
    return query if row.scale == 1.0 else f"{query} * {row.scale:g}"


def _having(rows: tuple[Row, ...], known: Families) -> Iterable[tuple[Row, Family]]:
    return ((row, known[row.name, row.extra]) for row in rows if (row.name, row.extra) in known)
