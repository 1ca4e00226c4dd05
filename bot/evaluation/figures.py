"""Reads the figures an alert carries: what each stands for, by the words in its name, and what it usually is."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from engine.diagnosis.roles import ROLES
from engine.model import Unit

SPLIT = re.compile(r"[^a-z0-9]+")
BASELINE = frozenset({"baseline", "usual", "normal", "before"})
MOST = frozenset({"limit", "max", "maximum", "total", "capacity"})
IGNORED = frozenset({"threshold", "target"})
FILLING = frozenset(
    {"rate", "avg", "current", "used", "usage", "active", "count", "time", "response", "desired", "per"}
)
UNITS: Mapping[str, float] = {
    "percent": 0.01, "pct": 0.01, "ms": 0.001, "seconds": 1.0, "s": 1.0, "days": 86400.0, "hours": 3600.0,
    "minutes": 60.0, "mb": 1.0, "gb": 1.0, "bytes": 1.0, "millicores": 1.0, "cores": 1.0,
}  # fmt: skip
PER_MINUTE = 1 / 60

MEANINGS: tuple[tuple[str, tuple[frozenset[str], ...]], ...] = tuple(
    (role, tuple(frozenset(part.split("|")) for part in parts.split()))
    for role, parts in (
        ("cert_expiry", "cert|certificate|tls|ssl expiry|expires|remaining|left"),
        ("tls_errors", "handshake|tls|ssl failure|failures|errors|failed"),
        ("dns_error_ratio", "dns|resolution failure|failures|error|errors|nxdomain"),
        ("network_denials", "policy|firewall|packet|packets deny|denies|denied|drop|dropped"),
        ("auth_failed_ratio", "401|403"),
        ("auth_failed_ratio", "token|auth|authentication|jwt failure|failures|failed|rejected"),
        ("queries_per_request", "query|queries request"),
        ("deadlocks", "deadlock|deadlocks"),
        ("slow_queries", "slow query|queries"),
        ("pool_use", "pool|connections active|used|open"),
        ("pool_waiting", "pool queue|waiting|pending"),
        ("oom_kills", "oom|oomkilled"),
        ("restarts", "restart|restarts"),
        ("autoscaler_use", "hpa|autoscaler|replicas desired|wanted"),
        ("heap_use", "heap"),
        ("gc_time", "gc"),
        ("thread_use", "thread|threads|worker|workers"),
        ("cache_hit_ratio", "cache hit|hits"),
        ("evictions", "evicted|evictions"),
        ("backlog", "lag|backlog"),
        ("backlog", "queue depth|length|size"),
        ("replication_lag", "replication|replica lag|delay"),
        ("disk_use", "disk|filesystem|volume"),
        ("cpu_use", "cpu|dtu"),
        ("memory_use", "memory|mem"),
        ("unavailable_ratio", "503"),
        ("limited_ratio", "429"),
        ("timeout_ratio", "504|timeout|timeouts"),
        ("error_ratio", "5xx|error|errors|500"),
        ("traffic", "2xx|requests|rps|qps|traffic"),
        ("latency_p95", "latency|p50|p90|p95|p99|response|duration"),
    )
)
"""Which role a name stands for: one word of each group must be in it; the first that fits counts."""


class Figure(NamedTuple):
    """One figure of an alert. `usual` is None where the alert does not say."""

    name: str
    role: str
    unit: Unit
    now: float
    usual: float | None


def figures(metrics: Mapping[str, Any]) -> Iterator[Figure]:
    """The figures of an alert, each with what it usually is; parts of a whole become shares of it."""
    told = {
        name: float(value)
        for name, value in metrics.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    for name, now in told.items():
        words = _words(name)
        if words & (BASELINE | IGNORED) or (words & MOST and not words & {"desired", "active", "used", "usage"}):
            continue
        usual = next((told[other] for other in told if _is_of(other, name, BASELINE)), None)
        yield _figure(name, words, now, usual, next((told[o] for o in told if _is_of(o, name, MOST)), None))


def _figure(name: str, words: frozenset[str], now: float, usual: float | None, most: float | None) -> Figure:
    role = next((role for role, groups in MEANINGS if all(words & group for group in groups)), name)
    if most and role in ROLES and ROLES[role].unit == "ratio":
        return Figure(name, role, "ratio", now / most, None if usual is None else usual / most)
    unit, scale = _unit(role, words)
    return Figure(name, role, unit, now * scale, None if usual is None else usual * scale)


def _unit(role: str, words: frozenset[str]) -> tuple[Unit, float]:
    scale = next((factor for word, factor in UNITS.items() if word in words), 1.0)
    if words & {"percent", "pct"}:
        return "ratio", scale
    if words >= {"per", "min"} or words >= {"per", "minute"}:
        return "per_second", PER_MINUTE
    known = ROLES[role].unit if role in ROLES else "none"
    if known == "seconds":
        return "seconds", scale
    return ("count" if known in ("ratio", "per_second") else known), 1.0


def _words(name: str) -> frozenset[str]:
    return frozenset(SPLIT.split(name.lower())) - {""}


def _is_of(other: str, name: str, kind: frozenset[str]) -> bool:
    """Whether `other` tells the usual level (or the whole) of `name`: the same words but for filling."""
    told, own = _words(other), _words(name)
    if not told & kind or own & kind:
        return False
    core, meant = own - FILLING - MOST, told - kind - FILLING
    return bool(meant) and meant <= core | FILLING and core - meant <= {"hour", "last", "connections", "request", "min"}
